"""Uploads, the folder view, and the collecting of orphans, on SQLite and on Postgres."""

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from yunque.errors import ConflictError, LimitError, NotFoundError, UsageError
from yunque.runtime.database import Database
from yunque.runtime.jobs.collect import Retention, collect
from yunque.runtime.jobs.folders import FolderView
from yunque.runtime.jobs.job import Failure, Finished, Job
from yunque.runtime.jobs.keys import result_prefix
from yunque.runtime.jobs.kind import Kind, kinds_by_name
from yunque.runtime.jobs.queue import Queue, claim
from yunque.runtime.jobs.queue_finish import complete, fail
from yunque.runtime.jobs.queue_operate import cancel
from yunque.runtime.jobs.queue_submit import Submission, submit
from yunque.runtime.jobs.uploads import NewUpload, Upload, UploadLimits, delete_upload, receive, upload_of
from yunque.runtime.storage import Storage, open_storage
from yunque.services.job_documents import job_document

NOW = Retention(orphans=timedelta(0), uploads=timedelta(0))


@pytest.fixture
def storage(quick_path: Path) -> Storage:
    return open_storage(str(quick_path / "store"))


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database=database, kinds=kinds_by_name(Kind(name="score", entry="m:f")))


def send(database: Database, storage: Storage, content: bytes = b"a,b\n1,2\n", **more: object) -> Upload:
    limits = more.pop("limits", UploadLimits())
    facts = {"tenant": "t", "file_name": "clients.csv", "chunks": [content], **more}
    return receive(database, storage, NewUpload(**facts), limits)  # type: ignore[arg-type]


# -- uploads ----------------------------------------------------------------------------------------------


def test_an_upload_is_counted_hashed_and_kept(database: Database, storage: Storage) -> None:
    upload = send(database, storage, b"x" * 1000)
    assert upload == upload_of(database, "t", upload.id)
    assert upload.size == 1000
    with storage.open(upload.key) as stream:
        assert stream.read() == b"x" * 1000
    with pytest.raises(NotFoundError):
        upload_of(database, "other", upload.id)


def test_an_upload_past_its_limit_stops_where_the_limit_is(database: Database, storage: Storage) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 100
            yield b"x" * 100

    with pytest.raises(LimitError) as caught:
        send(database, storage, chunks=endless(), limits=UploadLimits(file_bytes=1000))
    assert caught.value.details == {"limit_bytes": 1000}
    assert sent == 1100
    assert list(storage.list("")) == []


def test_a_tenant_has_room_for_so_much_and_gets_it_back(database: Database, storage: Storage) -> None:
    limits = UploadLimits(tenant_bytes=1500)
    first = send(database, storage, b"x" * 1000, limits=limits)
    with pytest.raises(LimitError, match="together"):
        send(database, storage, b"x" * 501, limits=limits)
    send(database, storage, b"x" * 1000, limits=limits, tenant="other")
    delete_upload(database, storage, "t", first.id)
    send(database, storage, b"x" * 1500, limits=limits)
    assert sum(entry.size for entry in storage.list("tenant/t")) == 1500


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\ventas año.csv", "ventas año.csv"),
        ("", "upload"),
        ("a\nb.csv", "ab.csv"),
        ("x" * 400, "x" * 255),
    ],
)
def test_a_file_name_is_only_shown(database: Database, storage: Storage, sent: str, kept: str) -> None:
    upload = send(database, storage, file_name=sent)
    assert upload.file_name == kept
    assert upload.key == f"tenant/t/uploads/{upload.id}"


def test_an_upload_in_use_stays(database: Database, storage: Storage, queue: Queue) -> None:
    upload = send(database, storage)
    job = submit(queue, Submission(tenant="t", kind="score", payload={}, upload_id=upload.id)).job
    with pytest.raises(ConflictError):
        delete_upload(database, storage, "t", upload.id)
    collect(database, storage, NOW)
    assert storage.exists(upload.key)
    with pytest.raises(NotFoundError):
        submit(queue, Submission(tenant="other", kind="score", payload={}, upload_id=upload.id))
    cancel(queue, "t", job.id)
    delete_upload(database, storage, "t", upload.id)
    with pytest.raises(NotFoundError):
        delete_upload(database, storage, "t", upload.id)
    with pytest.raises(UsageError):
        send(database, storage, tenant="../x")


# -- orphans ----------------------------------------------------------------------------------------------


def test_what_nobody_can_reach_is_collected_and_nothing_else(
    database: Database, storage: Storage, queue: Queue, quick_path: Path
) -> None:
    kept_upload = send(database, storage)
    done = submit(queue, Submission(tenant="t", kind="score", payload={}, upload_id=kept_upload.id)).job
    held = claim(queue, "w")
    assert held is not None
    submit(queue, Submission(tenant="t", kind="score", payload={}))
    busy = claim(queue, "w")
    assert busy is not None and busy.fence == 1
    kept = [
        f"{result_prefix(held)}/answer.txt",
        f"{result_prefix(busy)}/half-done.txt",
        f"tenant/t/work/{busy.id}/abc",
        f"tenant/t/logs/{done.id}/1.txt",
        kept_upload.key,
        "models/elsewhere",
    ]
    orphans = [
        f"tenant/t/results/{done.id}/0/answer.txt",
        f"tenant/t/results/{done.id}/7/answer.txt",
        f"tenant/t/results/{busy.id}/0/answer.txt",
        f"tenant/t/work/{done.id}/abc",
        "tenant/t/uploads/no-row",
        "tenant/t/results/no-job/1/x",
        "tenant/t/logs/no-job/1.txt",
    ]
    for key in {*kept, *orphans} - {kept_upload.key}:
        storage.put_new(key, [b"content"])
    partial = quick_path / "store" / "tenant" / ".partial-abc"
    partial.write_bytes(b"half")
    complete(queue, held, Finished(prefix=result_prefix(held)))
    assert collect(database, storage).objects == 0  # all of it is too young
    assert partial.exists()
    time.sleep(0.01)
    found = collect(database, storage, Retention(orphans=timedelta(0)))
    assert (found.objects, found.size) == (len(orphans), 7 * len(orphans))
    assert sorted(entry.key for entry in storage.list("")) == sorted(kept)
    assert not partial.exists()
    collect(database, storage, NOW)  # the upload's job is done, its time is over
    with pytest.raises(NotFoundError):
        upload_of(database, "t", kept_upload.id)


# -- folders ----------------------------------------------------------------------------------------------


@pytest.fixture
def view(queue: Queue, storage: Storage, quick_path: Path) -> FolderView:
    return FolderView(queue.database, storage, quick_path / "outputs")


def tree(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def put(queue: Queue, storage: Storage, name: str = "clients.csv") -> Job:
    upload = send(queue.database, storage, file_name=name)
    return submit(queue, Submission(tenant="t", kind="score", payload={"a": 1}, upload_id=upload.id)).job


def test_the_folders_follow_the_table(
    queue: Queue, storage: Storage, view: FolderView, quick_path: Path
) -> None:
    root = quick_path / "outputs"
    good, bad, other = put(queue, storage), put(queue, storage), put(queue, storage, "x.parquet")
    plain = submit(queue, Submission(tenant="t", kind="score", payload={"a": 1})).job
    view.refresh()
    assert tree(root) == {
        f"pending/{good.id}.csv", f"pending/{bad.id}.csv", f"pending/{other.id}.parquet",
        f"pending/{plain.id}.json",
    }  # fmt: skip
    held = {job.id: job for job in (claim(queue, "w", job_id=id_) for id_ in (good.id, bad.id)) if job}
    storage.put_new(f"{result_prefix(held[good.id])}/result.json", [b'{"success": true}'])
    complete(queue, held[good.id], Finished(prefix=result_prefix(held[good.id])))
    fail(queue, held[bad.id], Failure(code="data", message="No target."))
    cancel(queue, "t", other.id)
    last = claim(queue, "w", job_id=plain.id)
    assert last is not None
    complete(queue, last, Finished(prefix=result_prefix(last), summary={"rows": 3}))
    expected = {
        f"processed/{good.id}.csv", f"processed/{good.id}.json", f"processed/{plain.id}.json",
        f"failed/{bad.id}.csv", f"failed/{bad.id}_error.json",
        f"failed/{other.id}.parquet", f"failed/{other.id}_error.json",
    }  # fmt: skip
    view.refresh()
    assert tree(root) == expected
    assert (root / f"processed/{good.id}.csv").read_bytes() == b"a,b\n1,2\n"
    assert json.loads((root / f"processed/{good.id}.json").read_text()) == {"success": True}
    assert json.loads((root / f"processed/{plain.id}.json").read_text()) == {"rows": 3}
    error = json.loads((root / f"failed/{bad.id}_error.json").read_text())
    assert (error["success"], error["analysis_id"], error["code"]) == (False, bad.id, "data")

    (root / "pending" / f"{good.id}.csv").write_text("a leftover of a crash")
    (root / "failed" / "00000000-0000-4000-8000-000000000000_error.json").write_text("of a forgotten job")
    (root / "failed" / "notes of a person.txt").write_text("stays")
    (root / f"processed/{good.id}.json").unlink()
    assert FolderView(queue.database, storage, root).rebuild() == 4
    assert tree(root) == expected | {"failed/notes of a person.txt"}


def test_the_operator_finds_the_traceback_in_files_that_nobody_else_can_read(
    queue: Queue, storage: Storage, view: FolderView, quick_path: Path
) -> None:
    root = quick_path / "outputs"
    job, waiting = put(queue, storage), put(queue, storage)
    held = claim(queue, "w", job_id=job.id)
    assert held is not None
    trace = "Traceback (most recent call last):\n  File x.py\nValueError: año"
    storage.put_new("tenant/t/logs/x.txt", [b"y" * 100_000, trace.encode()])
    failure = Failure(
        code="internal", message="The job failed inside the platform.", error_key="tenant/t/logs/x.txt"
    )
    ended = fail(queue, held, failure)
    view.refresh()
    error = json.loads((root / f"failed/{job.id}_error.json").read_text())
    assert error["traceback"].endswith(trace) and len(error["traceback"]) < 70_000
    assert "Traceback" not in json.dumps(job_document(ended))
    shown = [root, root / "failed", root / "pending", *root.rglob("*.*")]
    assert len(shown) == 6 and root / f"pending/{waiting.id}.csv" in shown
    assert [path for path in shown if path.stat().st_mode & 0o077] == []


def test_the_copy_of_an_input_goes_when_its_upload_goes(
    queue: Queue, storage: Storage, view: FolderView, quick_path: Path
) -> None:
    root = quick_path / "outputs"
    job, waiting = put(queue, storage, "page.html"), put(queue, storage, "rows.json")
    view.refresh()
    assert tree(root) == {f"pending/{job.id}.csv", f"pending/{waiting.id}.ndjson"}  # never .html, never .json
    held = claim(queue, "w", job_id=job.id)
    assert held is not None
    storage.put_new(f"{result_prefix(held)}/result.json", [b"{}"])
    complete(queue, held, Finished(prefix=result_prefix(held)))
    view.refresh()
    assert view.forget() == 0
    collect(queue.database, storage, NOW)
    assert view.forget() == 1  # the result stays, and what a waiting job needs
    view.refresh()
    assert tree(root) == {f"processed/{job.id}.json", f"pending/{waiting.id}.ndjson"}
    assert FolderView(queue.database, storage, root).rebuild() == 2
    assert tree(root) == {f"processed/{job.id}.json", f"pending/{waiting.id}.ndjson"}


def test_the_view_works_where_links_do_not(
    queue: Queue, storage: Storage, view: FolderView, monkeypatch: pytest.MonkeyPatch, quick_path: Path
) -> None:
    def no_links(*_: object) -> None:
        raise OSError("not here")

    job = put(queue, storage)
    monkeypatch.setattr(os, "link", no_links)
    view.rebuild()
    cancel(queue, "t", job.id)
    view.refresh()
    assert tree(quick_path / "outputs") == {f"failed/{job.id}.csv", f"failed/{job.id}_error.json"}


def test_a_view_of_many_jobs_reads_page_by_page(
    queue: Queue, view: FolderView, monkeypatch: pytest.MonkeyPatch, quick_path: Path
) -> None:
    monkeypatch.setattr("yunque.runtime.jobs.folders._PAGE", 3)
    jobs = [submit(queue, Submission(tenant="t", kind="score", payload={"n": n})).job for n in range(8)]
    assert view.rebuild() == 8
    assert tree(quick_path / "outputs") == {f"pending/{job.id}.json" for job in jobs}
    for job in jobs:
        cancel(queue, "t", job.id)
    view.refresh()
    assert tree(quick_path / "outputs") == {f"failed/{job.id}_error.json" for job in jobs}


def test_uploads_at_once_do_not_share_the_last_room(
    open_at: Callable[..., Database], storage: Storage
) -> None:
    import threading

    database, limits = open_at(), UploadLimits(tenant_bytes=1000)
    outcomes: list[bool] = []
    start = threading.Barrier(6)

    def client() -> None:
        start.wait()
        try:
            send(database, storage, b"x" * 300, limits=limits)
            outcomes.append(True)
        except LimitError:
            outcomes.append(False)

    threads = [threading.Thread(target=client) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 3 + [True] * 3
    assert sum(entry.size for entry in storage.list("")) == 900
