"""The prediction log keeps every row as it was read and answered, or counts what it could not keep."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from watched_models import KINDS, answered, predictor, watched

from yunque.monitoring.answered_rows import AnsweredRows, frame_of
from yunque.monitoring.prediction_log import FORMAT, FORMAT_KEY, RING_ROWS, PredictionLog, read_log
from yunque.runtime.clock import FixedClock


@pytest.mark.parametrize("kind", KINDS)
def test_rows_come_back_as_they_were_read_and_answered(kind: str, tmp_path: Path) -> None:
    source, clock = watched(kind), FixedClock()
    log = PredictionLog(tmp_path, "w1", clock)
    log.add(answered(source, 1))
    log.add(answered(source, 5, at=1_800_000_001.5, request_id="r2"))
    log.flush(is_last=True)
    found = read_log(tmp_path, kind).collect()
    assert (found.height, log.written, log.dropped) == (6, 6, 0)
    assert found["request_id"].to_list() == ["r1", *["r2"] * 5] and found["row"].to_list() == [
        0,
        0,
        1,
        2,
        3,
        4,
    ]
    assert found["at"][0] == datetime.fromtimestamp(1_800_000_000.25, UTC) and set(found["arm"]) == {
        "champion"
    }
    model, sent = predictor(kind), answered(source, 5)
    features = found["features"].struct.unnest()
    assert features.columns == list(model.fields)
    assert [list(row) for row in features[1:].iter_rows()] == [list(row) for row in sent.rows]
    answers = found["answer"].struct.unnest()[1:]
    assert answers["prediction"].to_list() == [answer.value for answer in sent.predictions]
    if model.task.is_classification:
        assert answers["confidence"].to_list() == [answer.confidence for answer in sent.predictions]
    else:
        assert answers.columns == ["prediction", "interval_low", "interval_high"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_is_logged_as_its_rows_would_be(kind: str) -> None:
    source = watched(kind)
    model = source.predictor
    records = [model.golden.record(i) for i in range(4)]
    frame = pl.DataFrame(records, infer_schema_length=None)
    prediction = model.predict_table(frame)
    as_table = frame_of([AnsweredRows(source, 1.0, "r", prediction.typed, prediction.frame)])
    as_rows = frame_of([answered(source, 4, at=1.0, request_id="r")])
    assert as_table.equals(as_rows, null_equal=True) and as_table.schema == as_rows.schema


def test_segments_are_written_when_long_or_old_and_carry_their_format(tmp_path: Path) -> None:
    clock, source = FixedClock(), watched()
    log = PredictionLog(tmp_path, "w1", clock)
    log.add(answered(source, 3))
    log.flush()
    assert not list(tmp_path.rglob("*.parquet"))
    clock.advance(61)
    log.flush()
    (path,) = tmp_path.rglob("*.parquet")
    assert path.relative_to(tmp_path).parts[:3] == ("binary", "1", "2026-01-01")
    assert pl.read_parquet_metadata(path)[FORMAT_KEY] == FORMAT
    for _ in range(21):
        log.add(answered(source, 1_000))
    log.flush()
    assert len(list(tmp_path.rglob("*.parquet"))) == 2


def test_a_full_ring_drops_and_counts_and_never_blocks(tmp_path: Path) -> None:
    log, source = PredictionLog(tmp_path, "w1", FixedClock()), watched()
    thousand = answered(source, 1_000)
    for _ in range(RING_ROWS // 1_000 + 3):
        log.add(thousand)
    assert log.dropped == 3_000
    log.flush(is_last=True)
    assert log.written == RING_ROWS and read_log(tmp_path, "binary").collect().height == RING_ROWS
    log.add(thousand)
    assert log.dropped == 3_000


def test_a_disk_that_refuses_costs_rows_of_the_log_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "binary").write_text("in the way")
    log = PredictionLog(tmp_path, "w1", FixedClock())
    log.add(answered(watched(), 2))
    log.flush(is_last=True)
    assert (log.dropped, log.written) == (2, 0) and log.failed


def test_listeners_are_told_each_source_by_itself_even_without_a_folder() -> None:
    first, second = watched("binary"), watched("regression", arm="canary")
    log = PredictionLog(None, "w1", FixedClock())
    for source in (first, second, first):
        log.add(answered(source, 2))
    told: list[tuple[str, int, str]] = []
    log.flush(lambda source, frame: told.append((source.name, frame.height, frame["arm"][0])))
    assert told == [("binary", 4, "champion"), ("regression", 2, "canary")]


def test_old_days_go_away(tmp_path: Path) -> None:
    for day in ("2025-11-01", "2025-12-31"):
        (tmp_path / "m" / "1" / day).mkdir(parents=True)
    PredictionLog(tmp_path, "w", FixedClock(), keep_days=30).flush()
    assert [path.name for path in (tmp_path / "m" / "1").iterdir()] == ["2025-12-31"]


def test_a_model_without_a_log_has_an_empty_one(tmp_path: Path) -> None:
    assert read_log(tmp_path, "nobody").collect().height == 0
