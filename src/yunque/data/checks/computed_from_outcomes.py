"""Columns that were computed from the outcomes that they are to foretell: shares, sums, running means."""

from collections.abc import Iterable, Sequence

from yunque.data.bins import as_numbers
from yunque.data.examined import Check, Examined, class_codes
from yunque.data.finding import Finding
from yunque.data.keyed import Outcomes
from yunque.data.own_outcome import suspects

FEWEST_ROWS = 500
MOST_TESTED = 20
LEAST_SKILL = 0.005


def _run(table: Examined, found: Sequence[Finding]) -> Iterable[Finding]:
    if table.frame.height < FEWEST_ROWS:
        return
    said = {name for finding in found if finding.severity == "blocking" for name in finding.columns}
    useful = [each for each in table.strengths if each.skill >= LEAST_SKILL and each.name not in said]
    tested = [each.name for each in sorted(useful, key=lambda each: -each.skill)][:MOST_TESTED]
    for suspect in suspects(table.frame, table.schema, _outcomes(table), tested, table.seed):
        yield Finding(
            id=f"computed_from_outcomes:{suspect.feature}",
            severity="warning",
            columns=(suspect.feature, suspect.key) if suspect.key else (suspect.feature,),
            evidence={"sign": suspect.sign, **suspect.evidence},
            message=(
                f"The column {suspect.feature!r} seems to be computed from the outcomes that it is to "
                f"foretell: {suspect.words}."
            ),
            suggested_action=(
                "Compute it from earlier rows only, without the row itself, "
                f"or leave it out (--ignore {suspect.feature!r})."
            ),
        )


def _outcomes(table: Examined) -> Outcomes:
    if table.is_regression:
        return Outcomes(y=as_numbers(table.target_values), n_classes=0)
    codes = class_codes(table.target_values)
    return Outcomes(y=codes, n_classes=int(codes.max()) + 1)


CHECK = Check(name="computed_from_outcomes", order=45, run=_run)
