"""What a bundle must show before it may be promoted."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from yunque.errors import ContractError, GateError, NotFoundError, UsageError
from yunque.learning.metrics import CATALOGUE, metric
from yunque.learning.task import Task, TaskKind
from yunque.models.golden import Answers, check_golden
from yunque.models.manifest import BaselineRecord, Manifest

Sign = Literal[">=", "<=", ">", "<"]
Gate = Literal["baseline", "leak_alarm", "requirement", "golden"]

_REQUIREMENT = re.compile(r"\s*([^\s<>=\[\]]+)\s*(\[.*\])?\s*(>=|<=|>|<)\s*(\S+)\s*")
PER_CLASS = ("precision", "recall", "f1")


NOISE_ERRORS = 2.0


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """A target declared before training.

    Attributes:
        metric: canonical name, with the class in brackets where it is one class's ("recall[yes]").
        sign, value: what the metric must be.
    """

    metric: str
    sign: Sign
    value: float

    def __str__(self) -> str:
        """Give the requirement as it is declared."""
        return f"{self.metric}{self.sign}{self.value!r}"

    def holds(self, found: float) -> bool:
        """Whether the value that was found meets it; one that is not a number never does."""
        return {
            ">=": found >= self.value,
            "<=": found <= self.value,
            ">": found > self.value,
            "<": found < self.value,
        }[self.sign]


@dataclass(frozen=True, kw_only=True)
class Shortfall:
    """One gate that a bundle does not pass.

    Attributes:
        gate: which.
        message: what was found and what was needed, with numbers.
        found, needed: those numbers, where there are two.
    """

    gate: Gate
    message: str
    found: float | None = None
    needed: float | None = None


def parse_requirement(text: str, task: Task | None = None) -> Requirement:
    """Read "roc_auc>=0.85" or "recall[yes]>=0.8".

    Args:
        text: a metric by name or alias, one of >=, <=, >, <, and a number.
        task: when given, the metric must be defined for it and the class be one of its.

    Raises:
        UsageError: not of that form, an unknown metric, or one that the task does not have.
    """
    matched = _REQUIREMENT.fullmatch(text)
    number = _number(matched[4]) if matched else None
    if matched is None or number is None or matched[3] not in get_args(Sign):
        raise UsageError(
            f"{text[:80]!r} is not a requirement.",
            hint='Write a metric, a sign and a number: "roc_auc>=0.85".',
        )
    name = metric(matched[1], task.kind if task else None).name
    if name not in CATALOGUE:
        raise UsageError(
            f"{matched[1]!r} is not measured in every run, so it cannot be required.",
            hint=f"Use one of: {', '.join(CATALOGUE)}.",
        )
    if matched[2] is not None:
        name += f"[{_class_name(name, matched[2][1:-1], task)}]"
    sign: Sign = matched[3]  # type: ignore[assignment]
    return Requirement(metric=name, sign=sign, value=number)


def _class_name(name: str, label: str, task: Task | None) -> str:
    if name not in PER_CLASS:
        raise UsageError(
            f"The metric {name!r} is not given for single classes.",
            hint=f"For one class use {', '.join(PER_CLASS)}.",
        )
    if task is None:
        return label
    if not task.is_classification:
        raise UsageError(f"A {task.kind} task has no classes.")
    names = {str(each): str(each) for each in task.classes}
    names |= {str(each).lower(): str(each) for each in task.classes if isinstance(each, bool)}
    if label not in names:
        raise NotFoundError.among("class", label, tuple(names))
    return names[label]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def check_gates(manifest: Manifest, predictor: Answers) -> tuple[Shortfall, ...]:
    """Hold a bundle against every gate; () when it may be promoted."""
    return (
        *(gap for baseline in manifest.baselines for gap in _beats(manifest, baseline)),
        *_has_both(manifest),
        *(
            Shortfall(gate="leak_alarm", message=f"The leak alarm {alarm.id} fired: {alarm.message}")
            for alarm in manifest.alarms
        ),
        *_requirements(manifest),
        *_golden(predictor),
    )


def refuse_shortfalls(label: str, shortfalls: Sequence[Shortfall]) -> None:
    """Stop a promotion that falls short.

    Raises:
        GateError: there is at least one shortfall; it lists all of them.
    """
    if shortfalls:
        listed = "\n".join(f"  - {shortfall.message}" for shortfall in shortfalls)
        raise GateError(
            f"{label} falls short of {len(shortfalls)} gate(s):\n{listed}",
            shortfalls=shortfalls,
            hint="Improve the data or the budget, or promote with a named person and a reason on record.",
        )


def loss_needed(baseline_loss: float, baseline_error: float, champion_error: float) -> float:
    """Give the loss below which a champion beats a baseline by more than noise: two standard errors.

    The errors are combined as if independent; on the same rows they rarely are, which makes the gate stricter
    than its name, and that is meant: the champion was chosen among many, the baseline was not.
    """
    return baseline_loss - NOISE_ERRORS * math.hypot(champion_error, baseline_error)


def _beats(manifest: Manifest, baseline: BaselineRecord) -> tuple[Shortfall, ...]:
    champion = manifest.champion
    error = math.hypot(_or_nan(champion.loss_error), _or_nan(baseline.loss_error))
    needed = loss_needed(_or_nan(baseline.loss), _or_nan(baseline.loss_error), _or_nan(champion.loss_error))
    if _or_nan(champion.loss) < needed:
        return ()
    which = baseline.name.replace("_", " ") + (f" {baseline.column!r}" if baseline.column else "")
    return (
        Shortfall(
            gate="baseline",
            message=(
                f"The baseline ({which}) is not beaten by more than noise: loss {_shown(champion.loss)} "
                f"against {_shown(baseline.loss)}, two standard errors of the difference {_shown(2 * error)} "
                f"({manifest.task.metric}, as a loss: lower is better)."
            ),
            found=champion.loss,
            needed=needed if math.isfinite(needed) else None,
        ),
    )


def needed_baselines(kind: str) -> tuple[str, ...]:
    """Name the baselines that a model of that kind of task must be held against."""
    own = {str(TaskKind.ANOMALY): ("chance",), str(TaskKind.CLUSTERS): ("permuted_columns",)}
    return own.get(str(kind), ("constant", "single_column"))


def _has_both(manifest: Manifest) -> tuple[Shortfall, ...]:
    missing = set(needed_baselines(manifest.task.kind)) - {baseline.name for baseline in manifest.baselines}
    return tuple(
        Shortfall(gate="baseline", message=f"The baseline ({name.replace('_', ' ')}) was not measured.")
        for name in sorted(missing)
    )


def _requirements(manifest: Manifest) -> tuple[Shortfall, ...]:
    gaps = []
    for text in manifest.requirements:
        try:
            requirement = parse_requirement(text)
        except UsageError as error:
            gaps.append(Shortfall(gate="requirement", message=f"A requirement is unclear: {error.message}"))
            continue
        found = _or_nan(manifest.champion.metrics.get(requirement.metric))
        if not requirement.holds(found):
            gaps.append(
                Shortfall(
                    gate="requirement",
                    message=f"{requirement} is not met: {requirement.metric} is {_shown(found)}.",
                    found=found if math.isfinite(found) else None,
                    needed=requirement.value,
                )
            )
    return tuple(gaps)


def _golden(predictor: Answers) -> tuple[Shortfall, ...]:
    try:
        mismatches = check_golden(predictor)
    except ContractError as error:
        return (Shortfall(gate="golden", message=f"A golden row is refused: {error.message}"),)
    if not mismatches:
        return ()
    first = mismatches[0]
    message = (
        f"{len(mismatches)} golden rows do not reproduce; row {first.row} gives {first.got} "
        f"instead of {first.expected}."
    )
    return (Shortfall(gate="golden", message=message),)


def _or_nan(number: float | None) -> float:
    return math.nan if number is None else number


def _shown(number: float | None) -> str:
    return "unknown" if number is None or math.isnan(number) else f"{number:.6g}"
