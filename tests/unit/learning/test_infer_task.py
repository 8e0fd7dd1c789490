"""The question that a target column asks."""

from typing import Any

import polars as pl
import pytest

from yunque.data.contract import Contract
from yunque.data.schema import Column, Kind, Role, Schema
from yunque.errors import DataError, NotFoundError, UsageError
from yunque.learning.infer_task import infer_task
from yunque.learning.task import TaskKind


def asked(values: list[Any], kind: Kind, dtype: Any, **wish: str) -> Any:
    schema = Schema(
        columns=(Column(name="x", kind=Kind.NUMBER), Column(name="y", kind=kind, role=Role.TARGET))
    )
    frame = pl.DataFrame({"x": [1.0] * len(values), "y": pl.Series(values, dtype=dtype)})
    return infer_task(Contract(name="t", schema=schema), frame, **wish)


@pytest.mark.parametrize(
    ("values", "kind", "dtype", "expected", "classes"),
    [
        (["yes", "no", None, "yes"], Kind.CATEGORY, pl.String, TaskKind.BINARY, ("no", "yes")),
        ([True, False], Kind.BOOLEAN, pl.Boolean, TaskKind.BINARY, (False, True)),
        ([0, 1, 1, None], Kind.INTEGER, pl.Int64, TaskKind.BINARY, (0, 1)),
        ([0.0, 1.0], Kind.NUMBER, pl.Float64, TaskKind.BINARY, (0.0, 1.0)),
        (["a", "b", "c"], Kind.CATEGORY, pl.String, TaskKind.MULTICLASS, ("a", "b", "c")),
        ([3, 4, 5, 9, 6], Kind.INTEGER, pl.Int64, TaskKind.MULTICLASS, (3, 4, 5, 6, 9)),
        ([1, 10, 100, 1000], Kind.INTEGER, pl.Int64, TaskKind.REGRESSION, ()),
        (list(range(21)), Kind.INTEGER, pl.Int64, TaskKind.REGRESSION, ()),
        ([0.5, 1.5], Kind.NUMBER, pl.Float64, TaskKind.REGRESSION, ()),
        ([1.0, 2.0, 3.0], Kind.NUMBER, pl.Float64, TaskKind.REGRESSION, ()),
    ],
)
def test_the_kind_follows_from_the_values(
    values: list[Any], kind: Kind, dtype: Any, expected: TaskKind, classes: tuple[Any, ...]
) -> None:
    task = asked(values, kind, dtype)
    assert task.kind is expected
    assert task.classes == classes
    assert [type(label) for label in task.classes] == [type(label) for label in classes]
    assert task.metric == ("rmse" if expected is TaskKind.REGRESSION else "log_loss")
    assert task.reason


def test_a_wish_is_followed_when_it_fits() -> None:
    assert asked([1, 2, 3, 4], Kind.INTEGER, pl.Int64, task="regression").kind is TaskKind.REGRESSION
    assert asked([1, 9, 70], Kind.INTEGER, pl.Int64, task="classification").classes == (1, 9, 70)
    assert asked(["a", "b"], Kind.CATEGORY, pl.String, metric="auc").metric == "roc_auc"


@pytest.mark.parametrize(
    ("values", "dtype", "wish", "error"),
    [
        (["a", "b"], pl.String, {"task": "regression"}, UsageError),
        (["a", "b", "c"], pl.String, {"task": "binary"}, UsageError),
        (["a", "b"], pl.String, {"task": "ranking"}, UsageError),
        (["a", "b"], pl.String, {"metric": "rmse"}, UsageError),
        (["a", "b"], pl.String, {"metric": "rocauk"}, NotFoundError),
        (["a", "a", None], pl.String, {}, DataError),
        ([None, None], pl.String, {}, DataError),
        ([f"label {i}" for i in range(1001)], pl.String, {}, DataError),
    ],
)
def test_what_cannot_be_asked_is_refused(
    values: list[Any], dtype: Any, wish: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        asked(values, Kind.CATEGORY, dtype, **wish)


def test_a_contract_without_a_target_is_refused() -> None:
    schema = Schema(columns=(Column(name="x", kind=Kind.NUMBER),))
    with pytest.raises(UsageError):
        infer_task(Contract(name="t", schema=schema), pl.DataFrame({"x": [1.0, 2.0]}))
