"""Rules over what was measured: which of them speak, and what they say."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # servers and workers read rules, and do without what measures
    from yunque.monitoring.drift_values import Drift
    from yunque.monitoring.estimated import Estimate
    from yunque.monitoring.live import Before, Window

FIXED = (
    "rows",
    "rejected.share",
    "drift.alarms",
    "drift.columns",
    "drift.score",
    "drift.together",
    "live.rows",
    "live.loss",
    "live.loss_increase",
    "live.has_fallen",
)
FAMILIES = ("drift.column[NAME]", "live.METRIC", "estimated.METRIC", "estimated.fallen[METRIC]")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When to speak.

    Attributes:
        name: of the rule, in the alert.
        measure: one of `FIXED`, or of a family: "drift.column[age]", "live.roc_auc", "estimated.accuracy".
        over, under: bounds; the rule speaks beyond either. None is no bound.
        least_rows: rows that must have been measured before it speaks.
    """

    name: str
    measure: str
    over: float | None = None
    under: float | None = None
    least_rows: int = 100


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A rule that spoke: what was found, beyond which bound, and which columns moved, weightiest first."""

    rule: str
    measure: str
    found: float
    bound: float
    columns: tuple[str, ...] = ()

    def text(self) -> str:
        """Say it in one line."""
        side = "over" if self.found > self.bound else "under"
        moved = f"; moved: {', '.join(self.columns)}" if self.columns else ""
        return f"{self.rule}: {self.measure} is {self.found:.6g}, {side} {self.bound:g}{moved}"


def is_measure(name: str) -> bool:
    """Tell whether a rule may name it."""
    head, _, tail = name.partition(".")
    if name in FIXED:
        return True
    if head == "drift":
        return tail.startswith("column[") and tail.endswith("]") and len(tail) > len("column[]")
    return head in ("live", "estimated") and bool(tail)


def drift_values(drift: "Drift", estimates: "Sequence[Estimate]", rejected: int) -> dict[str, float]:
    """Give what rules may look at, without labels."""
    found: dict[str, float] = {
        "rows": drift.rows,
        "rejected.share": rejected / max(1, rejected + drift.rows),
        "drift.alarms": len(drift.alarms),
        "drift.columns": sum(each.is_alarm for each in drift.columns),
    }
    for each in drift.answers[:1]:
        found["drift.score"] = each.effect("stability") or 0.0
    if drift.together is not None:
        found["drift.together"] = drift.together.verdict.effect
    for each in drift.columns:
        found[f"drift.column[{each.name}]"] = max(
            each.effect("stability") or 0.0, each.effect("missing") or 0.0
        )
    for estimated in estimates:
        found[f"estimated.{estimated.metric}"] = estimated.value
        found[f"estimated.fallen[{estimated.metric}]"] = float(estimated.has_fallen)
    return found


def live_values(window: "Window", before: "Before") -> dict[str, float]:
    """Give what rules may look at once labels are known."""
    found = {f"live.{name}": value for name, value in window.metrics.items()}
    found |= {"live.rows": window.rows, "live.loss": window.loss}
    found["live.has_fallen"] = float(window.has_fallen)
    if before.loss is not None:
        found["live.loss_increase"] = window.loss - before.loss
    return found


def judge_rules(
    rules: Sequence[Rule], values: Mapping[str, float], columns: Sequence[str] = ()
) -> tuple[Alert, ...]:
    """Give the alerts of the rules that speak; what was not measured speaks never.

    Args:
        rules: to be judged.
        values: what was measured, by name.
        columns: that moved, weightiest first.
    """
    alerts = []
    for rule in rules:
        found = values.get(rule.measure)
        rows = values.get("live.rows" if rule.measure.startswith("live.") else "rows", 0)
        if found is None or not math.isfinite(found) or rows < rule.least_rows:
            continue
        bound = _crossed(rule, found)
        if bound is not None:
            named = tuple(columns[:10]) if rule.measure.startswith("drift.") else ()
            alerts.append(
                Alert(rule=rule.name, measure=rule.measure, found=float(found), bound=bound, columns=named)
            )
    return tuple(alerts)


def _crossed(rule: Rule, found: float) -> float | None:
    if rule.over is not None and found > rule.over:
        return rule.over
    return rule.under if rule.under is not None and found < rule.under else None


def alert_document(alert: Alert) -> dict[str, Any]:
    """Give an alert as JSON values."""
    return {
        "rule": alert.rule,
        "measure": alert.measure,
        "found": alert.found,
        "bound": alert.bound,
        "columns": list(alert.columns),
        "text": alert.text(),
    }
