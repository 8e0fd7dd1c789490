"""A column that alone says nearly everything, or far more than any other, and so may be known too late."""

from collections.abc import Iterable, Sequence

from yunque.data.examined import Check, ColumnStrength, Examined
from yunque.data.finding import Finding
from yunque.data.together import skill_together

PERFECT_CLASSES = 0.97
PERFECT_VALUES = 0.99
EASY_WITHOUT = 0.90
STRONG = 0.40
STANDS_OUT = 4.0
FEWEST_ROWS = 50


def _run(table: Examined, found: Sequence[Finding]) -> Iterable[Finding]:
    if table.frame.height < FEWEST_ROWS:
        return
    said = {name for finding in found for name in finding.columns}
    ranked = sorted((each for each in table.strengths if each.name not in said), key=lambda each: -each.skill)
    perfect = PERFECT_VALUES if table.is_regression else PERFECT_CLASSES
    suspects = [each for each in ranked if each.skill >= perfect]
    others = [each for each in ranked if each.skill < perfect]
    if suspects:
        together = _together(table, others)
        for suspect in suspects:
            yield _leak(table, suspect, others, together)
    if len(others) > 1 and others[0].skill >= STRONG:
        following = _next_different(others)
        if others[0].skill >= STANDS_OUT * max(following.skill, 0.0):
            yield _stands_out(table, others[0], following, _together(table, others[1:]))


def _together(table: Examined, columns: list[ColumnStrength]) -> float:
    codes = [each.codes for each in columns[:60]]
    return max(skill_together(codes, goal, table.seed) for goal in table.goals)


def _next_different(ranked: list[ColumnStrength]) -> ColumnStrength:
    """Give the next column that is not the first one in other words."""
    first = ranked[0]
    different = (each for each in ranked[1:] if not _says_the_same(first, each))
    return next(different, ranked[-1])


def _says_the_same(first: ColumnStrength, other: ColumnStrength) -> bool:
    return bool((first.codes == other.codes).mean() > 0.99)


def _leak(table: Examined, suspect: ColumnStrength, others: list[ColumnStrength], together: float) -> Finding:
    easy = together >= EASY_WITHOUT
    rest = f"all other columns together {together:.0%}" if others else "there are no other columns"
    doubt = "The question seems easy in any case." if easy else "That is seldom honest."
    return Finding(
        id=f"single_column_leak:{suspect.name}",
        severity="warning" if easy else "blocking",
        columns=(suspect.name,),
        evidence=_evidence(table, suspect) | {"skill_of_others_together": round(together, 4)},
        message=(
            f"The column {suspect.name!r} alone explains {suspect.skill:.1%} of the "
            f"target{_auc(suspect)}; {rest}. {doubt}"
        ),
        suggested_action=(
            "Ask when it is written. If after the outcome, leave it out (--ignore "
            f"{suspect.name!r}); if it is honest, accept the finding."
        ),
    )


def _stands_out(
    table: Examined, first: ColumnStrength, following: ColumnStrength, together: float
) -> Finding:
    return Finding(
        id=f"column_stands_out:{first.name}",
        severity="warning",
        columns=(first.name,),
        evidence=_evidence(table, first)
        | {
            "next_column": following.name,
            "skill_of_next": round(following.skill, 4),
            "skill_of_others_together": round(together, 4),
        },
        message=(
            f"The column {first.name!r} alone explains {first.skill:.0%} of the "
            f"target{_auc(first)}; the next, {following.name!r}, explains "
            f"{max(following.skill, 0):.0%}, and all others together {max(together, 0):.0%}."
        ),
        suggested_action=(
            "Ask when it is written. If after the moment of prediction, leave it out (--ignore "
            f"{first.name!r})."
        ),
    )


def _evidence(table: Examined, column: ColumnStrength) -> dict[str, object]:
    best = max(column.strengths, key=lambda each: each.skill)
    facts: dict[str, object] = {
        "skill": round(column.skill, 4),
        "rows": len(column.codes),
        "folds": table.folds,
    }
    if table.is_regression:
        facts["on_ranks"] = best is not column.strengths[0]
    else:
        facts |= {"log_loss": round(best.loss, 4), "log_loss_of_constant": round(best.constant_loss, 4)}
    if column.auc == column.auc:
        facts["roc_auc"] = round(column.auc, 4)
    return facts


def _auc(column: ColumnStrength) -> str:
    return f" (ROC-AUC {column.auc:.3f})" if column.auc == column.auc else ""


CHECK = Check(name="single_column_leak", order=30, run=_run)
