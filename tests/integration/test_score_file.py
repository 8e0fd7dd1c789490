"""Scoring files: whole outputs or none, every rejected row with its reasons, and a killed run that goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from small_models import clients

from yunque.data.table import read_table
from yunque.errors import ConflictError, ContractError, TableError, UsageError
from yunque.models.predictor import Predictor
from yunque.services.parts import Outputs, PartsFolder
from yunque.services.score_file import ScoreFileRequest, score_file
from yunque.surfaces.bootstrap import Platform

ROWS, BATCH = 2_000, 130


@pytest.fixture
def predictor(platform: Platform) -> Predictor:
    return platform.registry.open("buys")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Clients as CSV; three rows cannot be read."""
    frame = clients(ROWS).drop("buys", "spend").with_columns(pl.col("income €").cast(pl.String))
    bad = pl.Series([i in (7, 501, 1999) for i in range(ROWS)])
    frame = frame.with_columns(
        pl.when(bad).then(pl.lit("plenty")).otherwise(pl.col("income €")).alias("income €")
    )
    path = tmp_path / "clients.csv"
    frame.write_csv(path)
    return path


def request(source: Path, output: Path, **changes: Any) -> ScoreFileRequest:
    return ScoreFileRequest(source=source, output=output, **{"batch_rows": BATCH, **changes})


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".ndjson", ".arrow"])
def test_every_row_keeps_its_place_and_every_rejected_one_its_reasons(
    predictor: Predictor, source: Path, tmp_path: Path, suffix: str
) -> None:
    done: list[int] = []
    output = tmp_path / f"out{suffix}"
    scored = score_file(predictor, request(source, output), done.append)
    assert (scored.rows, scored.rejected, scored.resumed_rows) == (ROWS, 3, 0)
    assert done == [*range(BATCH, ROWS, BATCH), ROWS]
    answers = read_table(output)
    assert answers.height == ROWS and answers["client id"].to_list() == [f"c{i}" for i in range(ROWS)]
    empty = answers["prediction"].is_null() | (answers["prediction"].cast(pl.String) == "")
    assert empty.arg_true().to_list() == [7, 501, 1999]
    reasons = pl.read_csv(f"{output}.rejected.csv")
    assert reasons["row"].to_list() == [8, 502, 2000] and set(reasons["column"]) == {"income €"}
    assert not list(tmp_path.glob(".*"))


def test_batches_and_threads_do_not_change_a_byte(predictor: Predictor, source: Path, tmp_path: Path) -> None:
    contents = set()
    for number, changes in enumerate([{}, {"batch_rows": 1_999}, {"batch_rows": 100_000, "threads": 2}]):
        output = tmp_path / f"out{number}.csv"
        score_file(predictor, request(source, output, **changes))
        contents.add((output.read_bytes(), Path(f"{output}.rejected.csv").read_bytes()))
    assert len(contents) == 1


def test_reasons_of_an_earlier_run_go_away_when_there_are_none(
    predictor: Predictor, source: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.csv"
    score_file(predictor, request(source, output))
    good = tmp_path / "good.csv"
    clients(50).drop("buys", "spend").write_csv(good)
    scored = score_file(predictor, request(good, output))
    assert scored.rejected_output is None and not Path(f"{output}.rejected.csv").exists()


class StopError(Exception):
    """What a test stops a run with."""


def stop_after(rows: int) -> Any:
    def listen(done: int) -> None:
        if done >= rows:
            raise StopError

    return listen


def test_a_stopped_run_goes_on_after_its_last_finished_part(
    predictor: Predictor, source: Path, tmp_path: Path
) -> None:
    whole, output = tmp_path / "whole.csv", tmp_path / "out.csv"
    score_file(predictor, request(source, whole))
    output.write_text("of yesterday")
    with pytest.raises(StopError):
        score_file(predictor, request(source, output), stop_after(3 * BATCH))
    assert output.read_text() == "of yesterday"
    scored = score_file(predictor, request(source, output))
    assert (scored.rows, scored.rejected, scored.resumed_rows) == (ROWS, 3, 3 * BATCH)
    assert output.read_bytes() == whole.read_bytes()
    assert Path(f"{output}.rejected.csv").read_bytes() == Path(f"{whole}.rejected.csv").read_bytes()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("change", ["source", "model", "batch"])
def test_parts_of_other_work_are_not_taken_up(
    predictor: Predictor, platform: Platform, source: Path, tmp_path: Path, change: str
) -> None:
    output = tmp_path / "out.csv"
    with pytest.raises(StopError):
        score_file(predictor, request(source, output), stop_after(BATCH))
    if change == "source":
        source.write_bytes(source.read_bytes()[:-1])
    other = platform.registry.open("spend") if change == "model" else predictor
    scored = score_file(other, request(source, output, batch_rows=BATCH + (change == "batch")))
    assert scored.resumed_rows == 0 and scored.rows == ROWS


def test_parts_that_were_cut_or_edited_are_not_trusted(
    predictor: Predictor, source: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.csv"
    for content in (b"", b"{", b'{"format":1,"key":"x","parts":[]}', b'{"format":2,"key":"","parts":[]}'):
        with pytest.raises(StopError):
            score_file(predictor, request(source, output), stop_after(BATCH))
        (tmp_path / ".out.csv.parts" / "parts.json").write_bytes(content)
        assert score_file(predictor, request(source, output)).resumed_rows == 0


def test_two_processes_do_not_write_one_output(predictor: Predictor, source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    with PartsFolder(Outputs(answers=output, reasons=tmp_path / "r.csv"), "x"), pytest.raises(ConflictError):
        score_file(predictor, request(source, output))


def test_what_cannot_be_done_leaves_nothing_behind(
    predictor: Predictor, source: Path, tmp_path: Path
) -> None:
    narrow = tmp_path / "narrow.csv"
    pl.DataFrame({"class": [1]}).write_csv(narrow)
    for path, output, error in (
        (narrow, tmp_path / "out.csv", ContractError),
        (tmp_path / "none.csv", tmp_path / "out.csv", TableError),
        (source, tmp_path / "out.xyz", UsageError),
        (source, tmp_path / "no folder" / "out.csv", UsageError),
    ):
        with pytest.raises(error):
            score_file(predictor, request(path, output))
    assert not list(tmp_path.glob(".*")) and not list(tmp_path.glob("out*"))


KILLED = """
import sys, time
from pathlib import Path
from yunque.services.score_file import ScoreFileRequest, score_file
from yunque.settings import Settings
from yunque.surfaces.bootstrap import open_platform
home, source, output = map(Path, sys.argv[1:])
predictor = open_platform(Settings(home=home)).registry.open("buys")
def listen(done):
    print(done, flush=True)
    time.sleep(0.05)
score_file(predictor, ScoreFileRequest(source=source, output=output, batch_rows=%d), listen)
"""


def test_a_run_that_is_killed_goes_on(predictor: Predictor, home: Path, source: Path, tmp_path: Path) -> None:
    """SIGKILL at three places, each followed by another run; the last one finishes with the same bytes."""
    whole, output = tmp_path / "whole.csv", tmp_path / "out.csv"
    score_file(predictor, request(source, whole))
    command = [sys.executable, "-c", KILLED % BATCH, str(home), str(source), str(output)]
    finished = 0
    for _ in range(3):
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
        ) as run:
            assert run.stdout is not None
            for _ in range(3):
                finished = int(run.stdout.readline())
            time.sleep(0.02)
            run.send_signal(signal.SIGKILL)
        assert not output.exists()
    scored = score_file(predictor, request(source, output))
    assert finished <= scored.resumed_rows < ROWS and scored.resumed_rows >= 7 * BATCH
    assert output.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob(".*"))
