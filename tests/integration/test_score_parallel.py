"""Parts of a file scored elsewhere: the same bytes as one after the other, also when a worker is killed."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from dask_cluster import local_cluster
from small_models import clients

from yunque.models.predictor import Predictor
from yunque.runtime.parallel import Parallel
from yunque.services.parts import PartsFolder
from yunque.services.score_file import ScoredFile, ScoreFileRequest, score_file
from yunque.surfaces.bootstrap import Platform

ROWS, BATCH = 2_000, 45


@pytest.fixture
def predictor(platform: Platform) -> Predictor:
    return platform.registry.open("buys")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "clients.csv"
    frame = clients(ROWS).drop("buys", "spend").cast({"class": str})
    rows = frame.rows()
    rows[77] = (*rows[77][:1], "very old", *rows[77][2:])
    frame = type(frame)(rows, schema=frame.schema, orient="row")
    frame.write_csv(path)
    return path


def score(predictor: Predictor, table: Path, output: Path, plan: Parallel) -> ScoredFile:
    request = ScoreFileRequest(source=table, output=output, batch_rows=BATCH, plan=plan)
    return score_file(predictor, request)


def outputs(output: Path) -> tuple[bytes, bytes]:
    return output.read_bytes(), output.with_name(f"{output.name}.rejected.csv").read_bytes()


@pytest.mark.parametrize("where", ["threads", "processes"])
def test_parts_done_elsewhere_come_out_as_those_done_here(
    predictor: Predictor, table: Path, tmp_path: Path, where: str
) -> None:
    here, there = tmp_path / "here.csv", tmp_path / "there.csv"
    expected = score(predictor, table, here, Parallel())
    found = score(predictor, table, there, Parallel(where=where, workers=2))  # type: ignore[arg-type]
    assert (found.rows, found.rejected, found.warnings) == (ROWS, 1, expected.warnings)
    assert outputs(there) == outputs(here)
    assert not PartsFolder.beside(there).exists() or not any(
        PartsFolder.beside(there).glob("*.batch.parquet")
    )


@pytest.mark.timeout(200)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_killed_dask_worker_loses_no_part_of_a_file(
    platform: Platform, predictor: Predictor, table: Path, tmp_path: Path
) -> None:
    pytest.importorskip("distributed")
    here, there = tmp_path / "here.csv", tmp_path / "there.csv"
    score(predictor, table, here, Parallel())
    with local_cluster() as (address, workers):
        settings = platform.settings.model_copy(update={"dask_address": address})
        plan = Platform(
            settings=settings, clock=platform.clock, database=platform.database, registry=platform.registry
        ).parallel
        assert plan.where == "dask"
        folder = PartsFolder.beside(there)
        killed = threading.Event()

        def kill_one_when_it_has_begun() -> None:
            deadline = time.monotonic() + 150
            while not list(folder.glob("00000[0-9].csv")) and time.monotonic() < deadline:
                time.sleep(0.01)
            os.kill(workers[0].pid, signal.SIGKILL)
            killed.set()

        thread = threading.Thread(target=kill_one_when_it_has_begun)
        thread.start()
        found = score(predictor, table, there, plan)
        thread.join()
    assert killed.is_set()
    assert (found.rows, found.rejected) == (ROWS, 1)
    assert outputs(there) == outputs(here)
