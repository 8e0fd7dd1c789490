"""Counts of what is served, in the bins of what was learnt from."""

import json
import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from watched_models import KINDS, answered, predictor, watched

from yunque.data.contract import Contract
from yunque.data.profile import profile
from yunque.data.schema import Column, Kind, Role, Schema
from yunque.models.manifest import PROFILE
from yunque.monitoring.answered_rows import frame_of
from yunque.monitoring.online import ANSWER, WINDOW_ROWS, OnlineHistograms, references_of, stability

COLUMNS = (
    Column(name="x", kind=Kind.NUMBER), Column(name="n", kind=Kind.INTEGER), Column(name="city", kind=Kind.CATEGORY),
    Column(name="ok", kind=Kind.BOOLEAN), Column(name="day", kind=Kind.DATE), Column(name="at", kind=Kind.TIMESTAMP),
    Column(name="note", kind=Kind.TEXT), Column(name="y", kind=Kind.BOOLEAN, role=Role.TARGET),
)  # fmt: skip
CONTRACT = Contract(name="t", schema=Schema(columns=COLUMNS))


def table(rows: int, seed: int, shift: float = 0.0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 12, 30), "1d", eager=True)
    frame = pl.DataFrame(
        {
            "x": rng.normal(shift, 1, rows), "n": rng.integers(0, 9, rows), "city": rng.choice(["a", "b", "c"], rows),
            "ok": rng.random(rows) < 0.4, "day": days.sample(rows, with_replacement=True, seed=seed),
            "note": ["some text"] * rows, "y": rng.random(rows) < 0.2,
        }
    )  # fmt: skip
    frame = frame.with_columns(pl.col("day").cast(pl.Datetime("us")).alias("at"))
    return frame.with_columns(
        pl.when(pl.Series(rng.random(rows) < 0.1)).then(None).otherwise(pl.col("x")).alias("x")
    )


def test_counting_the_training_table_gives_the_profiles_own_counts() -> None:
    frame = table(3_000, 1)
    facts = json.loads(json.dumps(profile(CONTRACT, frame)))
    references = references_of(CONTRACT, facts)
    assert {reference.column for reference in references} == {"x", "n", "city", "ok", "day", "at", ANSWER}
    for reference in references:
        series = frame["y" if reference.column == ANSWER else reference.column]
        assert reference.count(series).tolist() == reference.counts.tolist()
        assert reference.counts.sum() == frame.height


def test_drift_shows_in_the_column_that_moved_and_in_no_other() -> None:
    references = references_of(CONTRACT, json.loads(json.dumps(profile(CONTRACT, table(5_000, 1)))))
    moved = table(5_000, 2, shift=1.0).with_columns(pl.lit("d").alias("city"))
    index = {
        r.column: stability(r.counts, r.count(moved["y" if r.column == ANSWER else r.column]))
        for r in references
    }
    assert index["x"] > 0.25 and index["city"] > 0.25
    assert max(value for name, value in index.items() if name not in ("x", "city")) < 0.1


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=30))
def test_stability_is_never_negative_and_nothing_for_equal_shares(pairs: list[tuple[int, int]]) -> None:
    expected, seen = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    value = stability(expected, seen)
    assert value >= 0 and math.isfinite(value)
    assert stability(expected, 3 * expected) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_log_of_a_real_model_is_counted_column_by_column(kind: str) -> None:
    model = predictor(kind)
    facts: dict[str, Any] = json.loads(model.bundle.read(PROFILE))
    histograms = OnlineHistograms(references_of(model.contract, facts))
    histograms.add(frame_of([answered(watched(kind), 40)]))
    histograms.add(frame_of([answered(watched(kind), 2)]))
    counts = histograms.counts()
    assert ANSWER in counts and all(sum(column) == 42 for column in counts.values())


def test_old_rows_are_forgotten() -> None:
    model = predictor("binary")
    histograms = OnlineHistograms(references_of(model.contract, json.loads(model.bundle.read(PROFILE))))
    frame = frame_of([answered(watched(), 5_000)])
    for _ in range(25):
        histograms.add(frame)
    assert WINDOW_ROWS <= sum(histograms.counts()[ANSWER]) < 2 * WINDOW_ROWS
