"""A scoring whose worker is lost goes on after its last finished part, with the bytes of one that was not."""

from pathlib import Path
from typing import Any

import pytest
from small_models import clients

from yunque.models.registry import Registry
from yunque.runtime.jobs.checkpoints import Checkpoints
from yunque.runtime.jobs.context import JobContext
from yunque.runtime.storage import open_storage
from yunque.services.job_payloads import check_score
from yunque.services.publish import publish
from yunque.services.score_job import run_score_job
from yunque.surfaces.bootstrap import Platform

UPLOAD = "tenant/t/uploads/u"


class KilledError(Exception):
    """The worker is gone."""


def context_of(folder: Path, job: str, attempt: int, *, dies_after: int | None = None) -> JobContext:
    storage = open_storage(str(folder / "store"))
    scratch = folder / f"{job}-{attempt}"
    scratch.mkdir()
    told: list[float] = []

    def tell(kind: str, text: str, fraction: float | None) -> None:
        del text
        if kind == "progress" and fraction is not None:
            told.append(fraction)
            if dies_after is not None and len(told) == dies_after:
                raise KilledError

    payload: dict[str, Any] = {
        "model": "buys",
        "batch_rows": 100,
        "origin": {"sha256": "x", "file_name": "c.csv"},
    }
    return JobContext(
        job_id=job,
        tenant="t",
        attempt=attempt,
        payload=check_score(payload),
        storage=storage,
        checkpoints=Checkpoints(storage, f"tenant/t/work/{job}"),
        scratch=scratch,
        threads=1,
        result_prefix=f"tenant/t/results/{job}/{attempt}",
        upload_key=UPLOAD,
        tell=tell,
    )


def answers(context: JobContext, name: str = "answers.csv") -> bytes:
    with context.storage.open(f"{context.result_prefix}/{name}") as stream:
        return stream.read()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with a table of 600 rows, two of which cannot be read."""
    frame = clients().drop("buys", "spend")
    lines = frame.write_csv().splitlines(keepends=True)
    lines[150] = lines[150].replace("true", "maybe").replace("false", "maybe")
    lines[550] = lines[550].replace("true", "maybe").replace("false", "maybe")
    open_storage(str(tmp_path / "store")).put_new(UPLOAD, ["".join(lines).encode()])
    return tmp_path


def test_a_lost_scoring_costs_one_part_and_keeps_its_model(folder: Path, platform: Platform) -> None:
    registry: Registry = platform.registry
    whole = context_of(folder, "whole", 1)
    told = run_score_job(whole, registry).summary
    assert (told["rows"], told["rejected"], told["resumed_rows"]) == (600, 2, 0)
    for attempt in (1, 2):
        with pytest.raises(KilledError):
            run_score_job(context_of(folder, "lost", attempt, dies_after=2), registry)
    bundle = registry.folder_of(registry.resolve("buys@1"))
    publish(registry, bundle, name="buys", by="a test", override="a new champion meanwhile")
    last = context_of(folder, "lost", 3)
    summary = run_score_job(last, registry).summary
    assert summary["model"] == "buys@1" and summary["resumed_rows"] == 400
    assert answers(last) == answers(whole)
    assert answers(last, "answers.csv.rejected.csv") == answers(whole, "answers.csv.rejected.csv")
    assert b"\n150," in answers(last, "answers.csv.rejected.csv")
