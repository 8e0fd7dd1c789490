"""Gates: each shortfall is named with its numbers, all of them at once."""

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from bundle_world import World

from yunque.errors import GateError, NotFoundError, UsageError
from yunque.learning.task import Task, TaskKind
from yunque.models.gates import Requirement, check_gates, parse_requirement, refuse_shortfalls
from yunque.models.golden import Golden
from yunque.models.manifest import AlarmRecord, BaselineRecord, Manifest

TASK = Task(kind=TaskKind.BINARY, target="late", classes=("no", "yes"), metric="log_loss")


@pytest.mark.parametrize(
    ("text", "metric", "sign", "value"),
    [
        ("roc_auc>=0.85", "roc_auc", ">=", 0.85),
        (" log_loss < 1e-1 ", "log_loss", "<", 0.1),
        ("recall[yes]>=0.8", "recall[yes]", ">=", 0.8),
        ("ROC-AUC > .5", "roc_auc", ">", 0.5),
        ("mcc<=1", "mcc", "<=", 1.0),
    ],
)
def test_a_requirement_is_read(text: str, metric: str, sign: str, value: float) -> None:
    requirement = parse_requirement(text, TASK)
    assert requirement == Requirement(metric=metric, sign=sign, value=value)  # type: ignore[arg-type]
    assert parse_requirement(str(requirement), TASK) == requirement


@pytest.mark.parametrize(
    "text", ["", "roc_auc", "roc_auc=0.8", "roc_auc>=", ">=0.8", "roc_auc>=high", "roc_auc>=nan", "a b>=1"]
)
def test_what_is_no_requirement_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a requirement"):
        parse_requirement(text, TASK)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("roc_acu>=0.8", NotFoundError),
        ("rmse<=3", UsageError),
        ("recall[maybe]>=0.8", NotFoundError),
        ("roc_auc[yes]>=0.8", UsageError),
        ("ndcg@20>=0.8", UsageError),
    ],
)
def test_an_unknown_metric_or_class_is_refused_before_training(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        parse_requirement(text, TASK)


def test_classes_of_any_type_can_be_named() -> None:
    truth = Task(kind=TaskKind.BINARY, target="t", classes=(False, True), metric="log_loss")
    assert parse_requirement("f1[true]>=0.5", truth).metric == "f1[True]"
    numbers = Task(kind=TaskKind.MULTICLASS, target="t", classes=(1, 2, 3), metric="log_loss")
    assert parse_requirement("precision[2]>=0.5", numbers).metric == "precision[2]"
    values = Task(kind=TaskKind.REGRESSION, target="t", metric="rmse")
    with pytest.raises(UsageError):
        parse_requirement("recall[2]>=0.5", values)


def changed(world: World, **changes: Any) -> Manifest:
    return msgspec.structs.replace(world.bundle.manifest, **changes)


def gates(world: World, **changes: Any) -> list[tuple[str, str]]:
    return [(gap.gate, gap.message) for gap in check_gates(changed(world, **changes), world.predictor)]


def baseline(name: str, loss: float | None, error: float | None = 0.02) -> BaselineRecord:
    return BaselineRecord(name=name, column="city", loss=loss, loss_error=error, metrics={})


def test_an_honest_model_passes(world: World) -> None:
    assert gates(world) == []


@pytest.mark.parametrize(
    ("loss", "error", "passes"),
    [
        (0.5565, 0.02, False),  # loss 0.5 with error 0.02: two errors of the difference are 0.05657
        (0.5566, 0.02, True),
        (0.5, 0.0, False),
        (0.4, 0.02, False),
        (None, 0.02, False),
        (math.nan, 0.02, False),
        (0.9, None, False),
        (0.9, math.inf, False),
    ],
)
@pytest.mark.parametrize("which", ["constant", "single_column"])
def test_both_baselines_must_be_beaten_by_more_than_noise(
    binary: World, which: str, loss: float | None, error: float | None, passes: bool
) -> None:
    other = "constant" if which == "single_column" else "single_column"
    found = gates(binary, baselines=[baseline(which, loss, error), baseline(other, 0.9)])
    assert ([gate for gate, _ in found] == []) is passes
    assert passes or ("0.5" in found[0][1] and which.replace("_", " ") in found[0][1])


def test_a_baseline_that_was_not_measured_is_a_shortfall(binary: World) -> None:
    assert [message for _, message in gates(binary, baselines=[baseline("constant", 0.9)])] == [
        "The baseline (single column) was not measured."
    ]


def test_an_alarm_stops_it(binary: World) -> None:
    alarm = AlarmRecord(id="one_column", message="'x' alone gives 0.99.", evidence={})
    assert gates(binary, alarms=[alarm]) == [
        ("leak_alarm", "The leak alarm one_column fired: 'x' alone gives 0.99.")
    ]


def test_requirements_are_held_against_the_champions_metrics(binary: World) -> None:
    champion = msgspec.structs.replace(
        binary.bundle.manifest.champion, metrics={"roc_auc": 0.8, "recall[yes]": 0.9, "mcc": None}
    )
    requirements = [
        "roc_auc>=0.8",
        "roc_auc>0.8",
        "recall[yes]<0.95",
        "recall[yes]>=0.95",
        "mcc>=0",
        "ece<=1",
    ]
    found = gates(binary, champion=champion, requirements=requirements)
    assert [gate for gate, _ in found] == ["requirement"] * 4
    assert [message for _, message in found] == [
        "roc_auc>0.8 is not met: roc_auc is 0.8.",
        "recall[yes]>=0.95 is not met: recall[yes] is 0.9.",
        "mcc>=0.0 is not met: mcc is unknown.",
        "ece<=1.0 is not met: ece is unknown.",
    ]


def test_a_requirement_that_nobody_can_read_is_a_shortfall(binary: World) -> None:
    found = gates(binary, requirements=["be good", "accuracy>=0"])
    assert [gate for gate, _ in found] == ["requirement"] and "be good" in found[0][1]


class Altered:
    """The world's predictor beside golden rows that were altered."""

    def __init__(self, world: World, golden: Golden) -> None:
        self.golden = golden
        self.evaluate_rows = world.predictor.evaluate_rows


def test_golden_rows_must_reproduce(binary: World) -> None:
    honest = binary.predictor.golden
    expected = honest.expected.copy()
    expected[3, 0] = np.nextafter(expected[3, 0], 1.0)
    nudged = Golden(fields=honest.fields, rows=honest.rows, expected=expected)
    found = check_gates(binary.bundle.manifest, Altered(binary, nudged))
    assert [gap.gate for gap in found] == ["golden"] and "row 3" in found[0].message
    unreadable = Golden(
        fields=honest.fields, rows=(("x",) * len(honest.fields), *honest.rows[1:]), expected=honest.expected
    )
    found = check_gates(binary.bundle.manifest, Altered(binary, unreadable))
    assert [gap.gate for gap in found] == ["golden"] and "refused" in found[0].message


def test_all_shortfalls_are_listed_with_numbers(binary: World) -> None:
    manifest = changed(
        binary,
        requirements=["roc_auc>=0.999999"],
        alarms=[AlarmRecord(id="a", message="m", evidence={})],
        baselines=[baseline("constant", 0.1), baseline("single_column", 0.9)],
    )
    shortfalls = check_gates(manifest, binary.predictor)
    assert [gap.gate for gap in shortfalls] == ["baseline", "leak_alarm", "requirement"]
    with pytest.raises(GateError) as caught:
        refuse_shortfalls("orders@1", shortfalls)
    assert caught.value.shortfalls == shortfalls
    assert "3 gate(s)" in str(caught.value) and "0.999999" in str(caught.value)
    assert (shortfalls[2].needed, shortfalls[2].found) == (
        0.999999,
        binary.bundle.manifest.champion.metrics["roc_auc"],
    )
    refuse_shortfalls("orders@1", ())
