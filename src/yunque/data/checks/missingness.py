"""Columns whose gaps foretell the target: often they are filled in, or left empty, after the outcome."""

from collections.abc import Iterable, Sequence

import numpy as np

from yunque.data.bins import Bins
from yunque.data.examined import Check, Examined
from yunque.data.finding import Finding, listed
from yunque.data.single_column import strength

WORTH_KNOWING = 0.02
STRONG = 0.35
FEWEST_ROWS = 50
PRESENCE = Bins(edges=np.zeros(0), levels=None)
ACTION = "Ask when the column is filled in. If the outcome decides that, leave it out (--ignore)."


def _run(table: Examined, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG001
    if table.frame.height < FEWEST_ROWS:
        return
    skills = {column.name: _skill_of_gaps(table, column.name) for column in table.features}
    strong = {name: skill for name, skill in skills.items() if skill >= STRONG}
    weak = {name: skill for name, skill in skills.items() if WORTH_KNOWING <= skill < STRONG}
    for name, skill in strong.items():
        yield Finding(
            id=f"missingness_predicts_target:{name}",
            severity="warning",
            columns=(name,),
            evidence={"skill": round(skill, 4), "rows": table.sample.height},
            message=f"Whether {name!r} is missing explains {skill:.1%} of the target by itself.",
            suggested_action=ACTION,
        )
    if weak:
        names = sorted(weak, key=lambda name: -weak[name])
        yield Finding(
            id="missingness_predicts_target",
            severity="info",
            columns=tuple(names),
            evidence={"skills": {name: round(weak[name], 4) for name in names}, "rows": table.sample.height},
            message=(
                f"Whether a value is missing says something about the target in {len(names)} column(s): "
                f"{listed(names)}; most in {names[0]!r}, which explains {weak[names[0]]:.1%}."
            ),
            suggested_action=ACTION,
        )


def _skill_of_gaps(table: Examined, name: str) -> float:
    """Give what the mere presence of a value foretells; 0 when it is always or never there."""
    missing = table.sample.get_column(name).is_null()
    if not 0 < missing.sum() < len(missing):
        return 0.0
    codes = (~missing).to_numpy().astype(np.int64)
    return max(strength(PRESENCE, codes, goal).skill for goal in table.goals)


CHECK = Check(name="missingness_predicts_target", order=50, run=_run)
