"""Champion against challenger on the same outcomes; the better one is promoted, through its gates."""

from dataclasses import dataclass, replace

import numpy as np

from yunque.errors import ConflictError, GateError
from yunque.learning.metrics import metric
from yunque.models.gates import Shortfall
from yunque.models.predictor import Predictor
from yunque.models.registry import Registry
from yunque.models.registry_rows import Version
from yunque.monitoring.drift_reference import outputs_of
from yunque.monitoring.paired import Duel, Side, compare_pair
from yunque.services.outcomes import Told
from yunque.services.publish import promote


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What came of a comparison.

    Attributes:
        champion, challenger: labels.
        duel: the comparison.
        promoted: the challenger answers now.
        shortfalls: gates that kept a better challenger from it.
    """

    champion: str
    challenger: str
    duel: Duel
    promoted: bool = False
    shortfalls: tuple[Shortfall, ...] = ()


def judge(champion: Predictor, challenger: Predictor, told: Told) -> Judged:
    """Let the challenger answer the rows that the champion answered, and compare both with the truth.

    Raises:
        ConflictError: they answer different questions, or the rows' features were not recorded.
        ContractError: the challenger needs columns that were not recorded.
    """
    ours, theirs = champion.task, challenger.task
    if (ours.kind, ours.target, ours.classes) != (theirs.kind, theirs.target, theirs.classes):
        raise ConflictError(
            f"{challenger.version_label} answers another question than {champion.version_label}.",
            hint="Both must have the same target and classes.",
        )
    if told.features is None:
        raise ConflictError(
            "The rows were recorded without their features, so the challenger cannot answer them.",
            hint="Name a table with the target, or record features (YUNQUE_LOG_LEAVE_OUT).",
        )
    answered = challenger.predict_table(told.features)
    kept = np.setdiff1d(np.arange(told.features.height), answered.rejected_rows)
    outputs = outputs_of(ours, answered.frame[kept])
    sides = (
        Side(decision=champion.champion.decision, outputs=told.known.outputs[kept]),
        Side(decision=challenger.champion.decision, outputs=outputs),
    )
    duel = compare_pair(metric(ours.metric, ours.kind), ours, told.known.y[kept], sides)
    return Judged(champion=champion.version_label, challenger=challenger.version_label, duel=duel)


def settle_duel(registry: Registry, judged: Judged, version: Version, *, by: str) -> Judged:
    """Promote the challenger if it won and passes its gates; otherwise everything stays as it is.

    Args:
        registry: where both stand.
        judged: the comparison.
        version: the challenger's.
        by: who promotes, for the record.
    """
    duel = judged.duel
    if duel.winner != "challenger":
        return judged
    reason = (
        f"better than {judged.champion} on {duel.rows} outcomes: {duel.metric} loss {duel.challenger:.5g} "
        f"against {duel.champion:.5g}, gain {duel.low:.3g} to {duel.high:.3g} (95 %)"
    )
    try:
        promote(registry, version.label, by=by, reason=reason)
    except GateError as error:
        return replace(judged, shortfalls=tuple(error.shortfalls))
    return replace(judged, promoted=True)
