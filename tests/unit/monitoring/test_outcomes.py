"""Outcomes that come later find the answers they belong to."""

from pathlib import Path

import polars as pl
import pytest
from watched_models import answered, watched

from yunque.errors import TableError
from yunque.monitoring.outcomes import join_outcomes
from yunque.monitoring.prediction_log import PredictionLog
from yunque.runtime.clock import FixedClock


def test_outcomes_are_joined_by_request_and_row(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "w", FixedClock())
    log.add(answered(watched(), 1, request_id="one"))
    log.add(answered(watched(), 3, request_id="many"))
    log.flush(is_last=True)
    single = join_outcomes(
        tmp_path, "binary", pl.DataFrame({"request_id": ["one", "gone"], "outcome": [1, 0]})
    )
    assert single["request_id"].to_list() == ["one"] and single["outcome"].to_list() == [1]
    rows = pl.DataFrame({"request_id": ["many"] * 2, "row": [0, 2], "outcome": ["a", "b"]})
    assert join_outcomes(tmp_path, "binary", rows).sort("row")["outcome"].to_list() == ["a", "b"]
    assert join_outcomes(tmp_path, "nobody", rows).height == 0


def test_outcomes_without_a_key_or_with_two_for_a_row_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no column 'request_id'"):
        join_outcomes(tmp_path, "binary", pl.DataFrame({"outcome": [1]}))
    with pytest.raises(TableError, match="two outcomes"):
        join_outcomes(tmp_path, "binary", pl.DataFrame({"request_id": ["a", "a"], "outcome": [1, 0]}))


def test_features_that_nobody_may_keep_are_not_written(tmp_path: Path) -> None:
    source = watched()
    fields = source.predictor.fields
    for left_out in (fields[:1], fields):
        folder = tmp_path / str(len(left_out))
        log = PredictionLog(folder, "w", FixedClock(), leave_out=left_out)
        log.add(answered(source, 2))
        told: list[pl.DataFrame] = []
        log.flush(lambda _, frame, told=told: told.append(frame), is_last=True)  # type: ignore[misc]
        (path,) = folder.rglob("*.parquet")
        written = pl.read_parquet(path)
        kept = written["features"].struct.fields if "features" in written.columns else []
        assert kept == list(fields[len(left_out) :])
        assert told[0]["features"].struct.fields == list(fields)
