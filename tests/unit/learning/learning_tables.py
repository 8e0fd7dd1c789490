"""Small typed tables with a known signal, for the tests of the learning stage."""

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from yunque.data.schema import Column, Kind, Role, Schema
from yunque.learning.task import Task, TaskKind


def table(
    rows: int, kind: TaskKind = TaskKind.BINARY, *, classes: int = 3, seed: int = 0, columns: int = 3
) -> tuple[pl.DataFrame, Schema, Task]:
    """Make a table whose target follows the first two columns, with a category and missing cells."""
    rng = np.random.default_rng(seed)
    data: dict[str, object] = {f"number {i}": rng.normal(size=rows) for i in range(columns)}
    group = rng.choice(["red", "green", "blue"], rows)
    data["colour"] = group
    signal = data["number 0"] + (group == "red") + 0.4 * rng.normal(size=rows)  # type: ignore[operator]
    if columns > 1:
        signal = signal + 0.5 * np.asarray(data["number 1"])
        hollow = np.asarray(data["number 1"]).copy()
        data["number 1"] = pl.Series(hollow).set(pl.Series(rng.random(rows) < 0.05), None)
    if kind is TaskKind.REGRESSION:
        data["target"], labels, target_kind = signal * 10 + 100, (), Kind.NUMBER
    elif kind is TaskKind.BINARY:
        data["target"] = np.where(signal > np.median(signal), "yes", "no")
        labels, target_kind = ("no", "yes"), Kind.CATEGORY
    else:
        cuts = np.quantile(signal, np.linspace(0, 1, classes + 1)[1:-1])
        data["target"] = np.digitize(signal, cuts)
        labels, target_kind = tuple(range(classes)), Kind.INTEGER
    frame = pl.DataFrame(data)
    schema = Schema(
        columns=(
            *(Column(name=f"number {i}", kind=Kind.NUMBER) for i in range(columns)),
            Column(name="colour", kind=Kind.CATEGORY),
            Column(name="target", kind=target_kind, role=Role.TARGET),
        )
    )
    metric = "rmse" if kind is TaskKind.REGRESSION else "log_loss"
    return frame, schema, Task(kind=kind, target="target", classes=labels, metric=metric)


def with_time(frame: pl.DataFrame, schema: Schema, days: int) -> tuple[pl.DataFrame, Schema]:
    """Add a time column whose rows are shuffled over some days."""
    rng = np.random.default_rng(5)
    start = datetime.fromisoformat("2024-01-01")
    times = [start + timedelta(days=int(day)) for day in rng.integers(0, days, frame.height)]
    column = Column(name="when", kind=Kind.TIMESTAMP, role=Role.TIME)
    series = pl.Series("when", times, dtype=pl.Datetime("us"))
    return frame.with_columns(series), Schema(columns=(*schema.columns, column))


def with_groups(frame: pl.DataFrame, schema: Schema, groups: int) -> tuple[pl.DataFrame, Schema]:
    """Add a group column."""
    codes = np.random.default_rng(6).integers(0, groups, frame.height)
    column = Column(name="client", kind=Kind.CATEGORY, role=Role.GROUP)
    series = pl.Series("client", [f"client {code}" for code in codes])
    return frame.with_columns(series), Schema(columns=(*schema.columns, column))


def ticking(step: float) -> Callable[[], float]:
    """Give a clock that moves on by `step` seconds every time it is asked."""
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += step
        return now

    return clock
