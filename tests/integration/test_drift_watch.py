"""A watch from its file to its alerts: submitted once in its stretch, told once, and a training begun once."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from watched_home import BUNDLE, fill_log, watched_home

from yunque.runtime.jobs.checkpoints import Checkpoints
from yunque.runtime.jobs.context import JobContext
from yunque.runtime.jobs.job import Job
from yunque.runtime.jobs.outbox import add_endpoint, deliveries
from yunque.runtime.jobs.queue_view import JobFilter
from yunque.services import jobs
from yunque.services.drift_job import DriftHouse, run_drift_job
from yunque.services.job_fields import FieldsError
from yunque.services.job_payloads import TrainPayload
from yunque.services.outcomes import keep_outcomes
from yunque.services.schedule import Schedule
from yunque.services.train_job import settle_training
from yunque.services.watch_file import check_drift, read_watch_file
from yunque.surfaces.bootstrap import OUTCOMES, PREDICTIONS, WATCH_FILE, Platform
from yunque.surfaces.cli.app import run
from yunque.surfaces.worker import Desk, open_desk

WATCH = """
format: 1
watch:
  - model: late
    every: 6h
    together: false
    duel: true
    language: es
    rules:
      - {name: inputs moved, measure: drift.columns, over: 0}
      - {name: quiet, measure: drift.columns, over: 1000}
      - {name: too few, measure: drift.columns, over: 0, least_rows: 100000}
      - name: got worse
        measure: live.loss_increase
        over: 0.05
        do: [log]
        retrain:
          table: new/late.csv
          payload: {target: late, name: late, budget: 5s}
"""


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    monkeypatch.setenv("YUNQUE_HOME", str(tmp_path / "home"))
    with watched_home(tmp_path / "home") as found:
        (found.settings.home / WATCH_FILE).write_text(WATCH, encoding="utf-8")
        yield found


def drift_jobs(desk: Desk, kind: str = "drift") -> tuple[Job, ...]:
    return jobs.list_(desk.office, JobFilter(tenant="local", kind=kind))


def do(desk: Desk, platform: Platform, job: Job, number: int) -> dict[str, Any]:
    """Do the job in this process; each attempt has a place of its own."""
    scratch = platform.settings.home / f"scratch-{number}"
    scratch.mkdir()
    context = JobContext(
        job_id=job.id,
        tenant=job.tenant,
        attempt=number,
        payload=job.payload,
        storage=desk.storage,
        checkpoints=Checkpoints(desk.storage, f"work/{job.id}"),
        scratch=scratch,
        threads=1,
        result_prefix=f"results/{job.id}/{number}",
        upload_key=None,
        tell=lambda kind, text, fraction: None,
    )
    house = DriftHouse(
        registry=platform.registry,
        clock=platform.clock,
        log=platform.settings.home / PREDICTIONS,
        outcomes=platform.settings.home / OUTCOMES,
        office=lambda: desk.office,
    )
    result = run_drift_job(context, house)
    assert {"drift.json", "result.json"} <= set(context.files)
    return dict(result.summary)


def test_what_is_due_becomes_one_job_however_many_look(platform: Platform) -> None:
    desk, now = open_desk(platform), datetime(2026, 5, 4, 1, tzinfo=UTC)
    path = platform.settings.home / WATCH_FILE
    moments = {"now": now}
    first, second = (Schedule(desk.office, path, lambda: moments["now"]) for _ in range(2))
    assert [first.look(), first.look(), second.look()] == [1, 0, 1]
    assert len(drift_jobs(desk)) == 1
    moments["now"] = now + timedelta(hours=6)
    assert [first.look(), second.look()] == [1, 1] and len(drift_jobs(desk)) == 2
    path.write_text(WATCH.replace("model: late", "model: nobody"), encoding="utf-8")
    assert first.look() == 0
    path.write_text("watch: [", encoding="utf-8")
    assert first.look() == 0  # said in the log; the worker goes on


def test_alerts_are_told_once_and_a_training_begins_once(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    fill_log(platform)
    rows = [(f"r{n // 10}", n % 10, "yes" if n % 2 else "no") for n in range(300)]
    told = pl.DataFrame(rows, schema=["request_id", "row", "outcome"], orient="row")
    keep_outcomes(platform.settings.home / OUTCOMES, "late", told)
    table = platform.settings.home / "data" / "new" / "late.csv"
    table.parent.mkdir(parents=True)
    table.write_text("a,late\n1,yes\n2,no\n")
    desk = open_desk(platform)
    add_endpoint(platform.database, "local", "https://example.com/hook")
    assert run(["monitor", "run", "late"]) == 0
    (job,) = drift_jobs(desk)
    summaries = [do(desk, platform, job, number) for number in (1, 2)]
    assert summaries[0]["model"] == "late@1" and "city" in summaries[0]["moved"]
    assert [text.partition(":")[0] for text in summaries[0]["alerts"]] == ["inputs moved", "got worse"]
    (message,) = deliveries(platform.database, tenant="local")
    assert message.event == "monitoring.alert" and message.job_id == job.id
    (alert,) = message.body["data"]["alerts"]
    assert alert["rule"] == "inputs moved" and alert["columns"][0] == summaries[0]["moved"][0]
    (training,) = drift_jobs(desk, "train")
    assert training.payload["as_challenger"] is True  # outcomes decide, not the rule
    started = [next(a for a in s["actions"] if a["action"] == "retrain") for s in summaries]
    assert [each["job_id"] for each in started] == [training.id] * 2
    assert [each["is_new"] for each in started] == [True, False]
    assert summaries[0]["promoted"] is None  # late@2 is no better than late@1: it is the same
    assert sum("got worse" in record.message for record in caplog.records) == 2


def test_nothing_recorded_is_no_failure(platform: Platform) -> None:
    desk = open_desk(platform)
    assert run(["monitor", "run"]) == 0
    (job,) = drift_jobs(desk)
    summary = do(desk, platform, job, 1)
    assert summary["measured"] is False and summary["alerts"] == []


def test_the_file_is_read_with_every_mistake_in_its_place(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    path = platform.settings.home / WATCH_FILE
    assert run(["monitor", "check", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["watch"]
    assert entry["rules"][0]["name"] == "inputs moved"
    path.write_text(
        WATCH.replace("6h", "soon").replace("drift.columns, over: 1000", "drift.moon, over: 1")
        .replace("new/late.csv", "../late.csv").replace("budget: 5s", "budget: never")
    )  # fmt: skip
    with pytest.raises(FieldsError) as raised:
        read_watch_file(path)
    assert [fault.pointer for fault in raised.value.fields] == [
        "/watch/0/every",
        "/watch/0/rules/1/measure",
        "/watch/0/rules/3/retrain/table",
        "/watch/0/rules/3/retrain/payload/budget",
    ]
    assert run(["monitor", "check"]) == 1
    assert "'soon' is no stretch of time" in capsys.readouterr().err
    with pytest.raises(FieldsError, match="over or under"):
        check_drift({"model": "late", "rules": [{"name": "a", "measure": "rows"}]})
    with pytest.raises(FieldsError, match="'surprise' is not known"):
        check_drift({"model": "late", "surprise": 1})
    path.write_text("- a\n")
    assert run(["monitor", "check"]) == 1
    path.unlink()
    assert run(["monitor", "check"]) == 0


def test_a_training_to_be_compared_stands_beside_the_champion(platform: Platform) -> None:
    version = platform.registry.publish(BUNDLE, by="a test", name="late")
    found = settle_training(platform.registry, version, TrainPayload(as_challenger=True))
    assert not found.promoted and found.version.aliases == ("challenger",)
    assert platform.registry.resolve("late").version == 1
