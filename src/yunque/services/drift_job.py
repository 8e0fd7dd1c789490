"""A watch as a job: measure drift and late labels, judge the rules, and do what they ask for."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from yunque.errors import NotFoundError, YunqueError
from yunque.models.bundle_json import one_line
from yunque.models.predictor import Predictor
from yunque.models.registry import Registry
from yunque.models.registry_names import CHALLENGER
from yunque.models.registry_rows import Version
from yunque.monitoring.drift import DriftWish
from yunque.monitoring.drift_report import render_drift
from yunque.monitoring.live_report import render_live
from yunque.monitoring.rules import Alert, alert_document, drift_values, judge_rules, live_values
from yunque.runtime.clock import Clock
from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.runtime.jobs.folders import RESULT_NAME
from yunque.runtime.jobs.outbox import tell
from yunque.services.drift import Measured, drift_of_log, drift_of_table
from yunque.services.duel import Judged, judge, settle_duel
from yunque.services.job_input import fetch_upload
from yunque.services.job_office import Office, take_path
from yunque.services.jobs import Request, submit
from yunque.services.outcomes import Live, Told, kept_outcomes, live, told_by_log
from yunque.services.watch_file import Retrain, RuleEntry, Watched, seconds_of
from yunque.services.webhooks import ALERT_EVENT

DRIFT_FILE, REPORT_FILE, LIVE_FILE = "drift.json", "drift.html", "live.html"
logger = logging.getLogger("yunque.monitoring")


@dataclass(frozen=True, kw_only=True)
class DriftHouse:
    """The real things that a watch needs.

    Attributes:
        registry, clock: as the platform has them.
        log, outcomes: folders of the prediction log and of late labels.
        office: gives what takes jobs, for trainings that a rule starts.
    """

    registry: Registry
    clock: Clock
    log: Path
    outcomes: Path
    office: Callable[[], Office]


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What one run of a watch saw."""

    measured: Measured | None
    live: Live | None
    judged: Judged | None


def run_drift_job(context: JobContext, house: DriftHouse) -> JobResult:
    """Measure, judge, act; runs in the child of a worker. Doing it twice tells and trains once.

    Raises:
        NotFoundError: the model is gone.
    """
    watched = msgspec.convert(dict(context.payload), Watched)
    version = house.registry.resolve(watched.model)
    predictor = house.registry.open(version.label)
    context.log(f"watching {version.label}")
    seen = _see(context, house, watched, (version, predictor))
    alerts = judge_rules([entry.rule() for entry in watched.rules], _values(seen), _moved(seen))
    for alert in alerts:
        context.log(alert.text())
    done = _act(context, house, watched, alerts, version)
    date = house.clock.now().date().isoformat()
    document = {
        "model_version": version.label,
        "drift": seen.measured.to_document() if seen.measured else None,
        "live": seen.live.to_document() if seen.live else None,
        "challenge": asdict(seen.judged) if seen.judged else None,
        "alerts": [alert_document(alert) for alert in alerts],
        "actions": done,
    }
    context.publish(DRIFT_FILE, [one_line(document)])
    if seen.measured is not None:
        context.publish(REPORT_FILE, [render_drift(seen.measured.facts(date), watched.language).encode()])
    if seen.live is not None:
        context.publish(LIVE_FILE, [render_live(seen.live.facts(date), watched.language).encode()])
    summary = _summary(version, seen, alerts, done)
    answer = {"success": True, "job_id": context.job_id, **summary}
    context.publish(RESULT_NAME, [one_line(answer) + b"\n"])
    return JobResult(summary=summary)


def _see(context: JobContext, house: DriftHouse, watched: Watched, model: tuple[Version, Predictor]) -> _Seen:
    version, predictor = model
    measured = _measured(context, house, watched, model)
    context.progress(0.5, "drift measured")
    told = _told(context, house, version, predictor)
    if told is None:
        return _Seen(measured=measured, live=None, judged=None)
    judged = _duel(context, house, version, told) if watched.duel else None
    return _Seen(measured=measured, live=live(predictor, told), judged=judged)


def _measured(
    context: JobContext, house: DriftHouse, watched: Watched, model: tuple[Version, Predictor]
) -> Measured | None:
    version, predictor = model
    wish = DriftWish(is_together=watched.together, threads=context.threads)
    if context.upload_key is not None:
        name = watched.origin.file_name or "table"
        return drift_of_table(predictor, fetch_upload(context, name), name, wish)
    try:
        return drift_of_log(predictor, house.log, version, timedelta(days=watched.days), wish)
    except NotFoundError as error:
        context.log(f"{error.message} Nothing was measured.")
        return None


def _told(context: JobContext, house: DriftHouse, version: Version, predictor: Predictor) -> Told | None:
    outcomes = kept_outcomes(house.outcomes, version.name)
    if not outcomes.height or not predictor.task.has_target:
        return None
    try:
        return told_by_log(predictor, version, house.log, outcomes)
    except NotFoundError as error:
        context.log(error.message)
        return None


def _duel(context: JobContext, house: DriftHouse, version: Version, told: Told) -> Judged | None:
    """Compare the challenger, where there is one, and promote it if it is better and passes its gates."""
    others = [each for each in house.registry.versions(version.name) if CHALLENGER in each.aliases]
    if not others or others[0].version == version.version:
        return None
    try:
        champion, challenger = (house.registry.open(each.label) for each in (version, others[0]))
        judged = settle_duel(house.registry, judge(champion, challenger, told), others[0], by="a watch")
    except YunqueError as error:
        context.log(f"The challenger could not be compared: {error.message}")
        return None
    state = "promoted" if judged.promoted else judged.duel.winner
    context.log(f"{judged.challenger} against {judged.champion}: {state}")
    return judged


def _values(seen: _Seen) -> dict[str, float]:
    found: dict[str, float] = {}
    if seen.measured is not None:
        found |= drift_values(seen.measured.drift, seen.measured.estimates, seen.measured.rejected)
    if seen.live is not None:
        found |= live_values(seen.live.windows[0], seen.live.before)
    return found


def _moved(seen: _Seen) -> tuple[str, ...]:
    return seen.measured.drift.alarms if seen.measured is not None else ()


def _act(
    context: JobContext, house: DriftHouse, watched: Watched, alerts: Sequence[Alert], version: Version
) -> list[dict[str, Any]]:
    """Do what the rules that spoke ask for, and say what was done."""
    entries = {entry.name: entry for entry in watched.rules}
    done: list[dict[str, Any]] = []
    for alert in alerts:
        entry = entries[alert.rule]
        if "log" in entry.do:
            logger.warning(alert.text(), extra={"model": version.label, "rule": alert.rule})
            done.append({"rule": alert.rule, "action": "log"})
        if entry.retrain is not None:
            done.append({"rule": alert.rule, **_retrain(context, house, entry, entry.retrain)})
    told = [alert for alert in alerts if "webhook" in entries[alert.rule].do]
    if told:
        data = {"model_version": version.label, "alerts": [alert_document(alert) for alert in told]}
        office = house.office()
        count = tell(office.database, (context.tenant, context.job_id), ALERT_EVENT, data)
        done.append({"action": "webhook", "endpoints": count})
    return done


def _retrain(context: JobContext, house: DriftHouse, entry: RuleEntry, wish: Retrain) -> dict[str, Any]:
    """Submit a training, one in the rule's pause at most; what prevents it is told and harms nothing else."""
    office = house.office()
    slot = int(house.clock.now().timestamp() // seconds_of(wish.pause))
    key = f"retrain:{context.payload['model']}:{entry.name}:{slot}"[:200]
    try:
        upload = take_path(office, context.tenant, wish.table)
        asked = Request(
            tenant=context.tenant,
            kind="train",
            payload={"as_challenger": True, **wish.payload},
            upload=upload,
            idempotency_key=key,
            by=f"rule {entry.name}",
        )
        accepted = submit(office, asked)
    except YunqueError as error:
        context.log(f"The training could not be started: {error.message}")
        return {"action": "retrain", "job_id": None, "failure": error.message}
    return {"action": "retrain", "job_id": accepted.job.id, "is_new": accepted.is_new}


def _summary(
    version: Version, seen: _Seen, alerts: Sequence[Alert], done: list[dict[str, Any]]
) -> dict[str, Any]:
    drift = seen.measured.drift if seen.measured is not None else None
    return {
        "model": version.label,
        "measured": drift is not None,
        "rows": drift.rows if drift is not None else 0,
        "moved": list(drift.alarms) if drift is not None else [],
        "alerts": [alert.text() for alert in alerts],
        "actions": done,
        "promoted": seen.judged.challenger if seen.judged is not None and seen.judged.promoted else None,
    }
