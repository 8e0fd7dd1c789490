"""Write down a run as a manifest."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from yunque.data.contract import Contract
from yunque.data.finding import Finding
from yunque.data.fingerprint import fingerprint
from yunque.learning.leaderboard import Alarm, Baseline, Entry, Leaderboard
from yunque.models.bundle_context import PackContext
from yunque.models.bundle_json import plain
from yunque.models.manifest import (
    FORMAT,
    AlarmRecord,
    BaselineRecord,
    CandidateRecord,
    ChampionRecord,
    ClockRecord,
    ContractRecord,
    DatasetRecord,
    FindingRecord,
    Manifest,
    Metrics,
    TaskRecord,
)


def describe(
    leaderboard: Leaderboard, contract: Contract, context: PackContext, versions: Mapping[str, str]
) -> Manifest:
    """Give the manifest of a run, without its files."""
    task = leaderboard.task
    return Manifest(
        format=FORMAT,
        name=context.name,
        task=TaskRecord(
            kind=str(task.kind), target=task.target, classes=plain(task.classes), metric=task.metric
        ),
        dataset=DatasetRecord(
            fingerprint=fingerprint(context.frame),
            rows=context.frame.height,
            columns=context.frame.width,
            source=context.source,
        ),
        contract=ContractRecord(name=contract.name, version=contract.version, digest=contract.digest()),
        split=plain(leaderboard.split),
        seed=leaderboard.seed,
        champion=_champion(leaderboard),
        candidates=[_candidate(entry) for entry in leaderboard.entries],
        baselines=[_baseline(baseline) for baseline in leaderboard.baselines],
        alarms=[_alarm(alarm) for alarm in leaderboard.alarms],
        findings=[_finding(finding) for finding in context.findings],
        accepted=list(context.accepted),
        requirements=list(context.requirements),
        overrides=list(context.overrides),
        budget_seconds=float(context.budget_seconds),
        plan=plain(leaderboard.plan),
        versions=dict(versions),
        clock=_clock(leaderboard, context),
        files={},
    )


def _clock(leaderboard: Leaderboard, context: PackContext) -> ClockRecord:
    entries = leaderboard.entries
    return ClockRecord(
        created=context.created.astimezone(UTC).isoformat(timespec="seconds"),
        budget_used_seconds=float(context.budget_used_seconds),
        stage_seconds=_metrics(leaderboard.timings),
        fit_seconds=_metrics({entry.name: entry.fit_seconds for entry in entries}),
        microseconds_per_row=_metrics({entry.name: entry.microseconds_per_row for entry in entries}),
    )


def _champion(leaderboard: Leaderboard) -> ChampionRecord:
    return ChampionRecord(
        members={member.name: float(member.weight) for member in leaderboard.champion.blend.members},
        loss=plain(leaderboard.champion_loss),
        loss_error=plain(leaderboard.champion_loss_error),
        metrics=_metrics(leaderboard.champion_metrics),
        held_out=leaderboard.held_out.kind,
        held_out_rows=len(leaderboard.held_out.rows),
        importance=_metrics(leaderboard.importance),
    )


def _candidate(entry: Entry) -> CandidateRecord:
    return CandidateRecord(
        name=entry.name,
        algorithm=entry.algorithm,
        family=entry.family,
        params=plain(entry.params),
        state=entry.state,
        reason=entry.reason,
        loss=plain(entry.loss),
        loss_error=plain(entry.loss_error),
        metrics=_metrics(entry.metrics),
        fold_losses=plain(entry.fold_losses),
        weight=float(entry.weight),
        rounds=int(entry.rounds),
    )


def _baseline(baseline: Baseline) -> BaselineRecord:
    return BaselineRecord(
        name=baseline.name,
        column=baseline.column,
        loss=plain(baseline.loss),
        loss_error=plain(baseline.loss_error),
        metrics=_metrics(baseline.metrics),
    )


def _alarm(alarm: Alarm) -> AlarmRecord:
    return AlarmRecord(id=alarm.id, message=alarm.message, evidence=plain(alarm.evidence))


def _finding(finding: Finding) -> FindingRecord:
    return FindingRecord(
        id=finding.id,
        severity=finding.severity,
        columns=list(finding.columns),
        message=finding.message,
        suggested_action=finding.suggested_action,
        evidence=plain(finding.evidence),
    )


def _metrics(values: Mapping[str, Any]) -> Metrics:
    found: Metrics = plain(values)
    return found
