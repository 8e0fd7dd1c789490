"""What a run under chaos has come to: counted from the tables, the results and the clients' own notes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from chaos_setting import COST_MINOR, TENANTS, Setting
from kill_points import KILLS

from yunque.errors import NotFoundError, StorageError
from yunque.runtime.database import Database
from yunque.runtime.jobs.job import State
from yunque.runtime.jobs.ledger import balance_of, verify_ledger
from yunque.runtime.jobs.tables import ATTEMPT, JOB, JOB_EVENT, LEDGER, OUTBOX
from yunque.runtime.storage import open_storage

Rows = Sequence[sa.Row[Any]]


@dataclass
class Report:
    """What a run has come to. The four counts below the first line must be zero, and `wrong` empty."""

    jobs: int = 0
    seconds: float = 0.0

    lost: int = 0
    double_results: int = 0
    double_charges: int = 0
    without_reason: int = 0
    wrong: list[str] = field(default_factory=list)

    succeeded: int = 0
    failed: int = 0
    attempts: int = 0
    deaths: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    orphans: int = 0
    delivered: int = 0
    repeated: int = 0

    @property
    def is_clean(self) -> bool:
        return not (
            self.lost or self.double_results or self.double_charges or self.without_reason or self.wrong
        )


@dataclass(frozen=True, kw_only=True)
class Record:
    """Everything that the database holds of a run."""

    jobs: Rows
    attempts: Rows
    ledger: Rows
    outbox: Rows
    events: Rows


def judge(database: Database, setting: Setting, report: Report) -> Report:
    """Fill in the report; nothing is asserted here, so that a table can show what went wrong."""
    with database.reading() as connection:
        tables = {"jobs": JOB, "attempts": ATTEMPT, "ledger": LEDGER, "outbox": OUTBOX, "events": JOB_EVENT}
        record = Record(**{name: connection.execute(sa.select(it)).all() for name, it in tables.items()})
    _count_lost(record, setting, report)
    _count_doubles(record, report)
    _read_results(record, setting, report)
    _check_money(record, database, setting, report)
    _check_record(record, report)
    kills = Path(setting.folder) / KILLS
    report.kills = Counter(kills.read_text().splitlines()) if kills.exists() else Counter()
    report.attempts = len(record.attempts)
    report.outcomes = Counter(row.outcome for row in record.attempts)
    report.reasons = Counter(row.error_code for row in record.jobs if row.state != State.SUCCEEDED)
    report.delivered = sum(row.state == "delivered" for row in record.outbox)
    return report


def _count_lost(record: Record, setting: Setting, report: Report) -> None:
    """A job is lost when it is not there, not final, or not the one that its client was told of."""
    found = {row.payload["n"]: row for row in record.jobs}
    final = {n for n, row in found.items() if row.state in (State.SUCCEEDED, State.FAILED)}
    lost = set(range(setting.jobs)) - final
    for path in Path(setting.folder).glob("acknowledged-*.txt"):
        for line in path.read_text().splitlines():
            number, job_id = line.split()
            if int(number) not in found or found[int(number)].id != job_id:
                lost.add(int(number))
    report.lost = len(lost)


def _count_doubles(record: Record, report: Report) -> None:
    rows = Counter(row.payload["n"] for row in record.jobs)
    wins = Counter(row.job_id for row in record.attempts if row.outcome == "succeeded")
    told = Counter((row.job_id, row.endpoint_id) for row in record.outbox)
    for counts in (rows, wins, told):
        report.double_results += sum(count - 1 for count in counts.values())
    for row in record.jobs:
        if wins[row.id] != (row.state == State.SUCCEEDED):
            report.wrong.append(f"{row.id} is {row.state} after {wins[row.id]} successful attempts")
    charges = Counter(row.job_id for row in record.ledger if row.entry == "capture")
    succeeded = {row.id for row in record.jobs if row.state == State.SUCCEEDED}
    report.double_charges = sum(count - (job_id in succeeded) for job_id, count in charges.items())


def _read_results(record: Record, setting: Setting, report: Report) -> None:
    storage = open_storage(setting.storage_url)
    kept = set()
    for row in record.jobs:
        if row.state != State.SUCCEEDED:
            report.failed += 1
            report.without_reason += not (row.error_code and row.error_message)
            continue
        report.succeeded += 1
        key = f"{row.result_prefix}/answer.txt"
        kept.add(key)
        try:
            with storage.open(key) as stream:
                content = stream.read()
        except (NotFoundError, StorageError) as error:
            content = str(error).encode()
        if content != str(row.payload["n"]).encode():
            report.wrong.append(f"the result of {row.id} is {content[:50]!r}")
    results = {entry.key for entry in storage.list("tenant") if "/results/" in entry.key}
    report.orphans = len(results - kept)


def _check_money(record: Record, database: Database, setting: Setting, report: Report) -> None:
    captured = sorted(row.job_id for row in record.ledger if row.entry == "capture")
    released = sorted(row.job_id for row in record.ledger if row.entry == "release")
    if captured != sorted(row.id for row in record.jobs if row.state == State.SUCCEEDED):
        report.wrong.append("charged is not what has succeeded")
    if released != sorted(row.id for row in record.jobs if row.state != State.SUCCEEDED):
        report.wrong.append("released is not what has not succeeded")
    for tenant in TENANTS:
        try:
            verify_ledger(database, tenant)
        except StorageError as error:
            report.wrong.append(str(error))
        done = sum(row.tenant == tenant and row.state == State.SUCCEEDED for row in record.jobs)
        balance = balance_of(database, tenant)
        expected = (0, COST_MINOR * (setting.jobs - done))
        if (balance.reserved_minor, balance.available_minor) != expected:
            report.wrong.append(f"{tenant} has {balance}, expected {expected}")


def _check_record(record: Record, report: Report) -> None:
    if any(not row.outcome for row in record.attempts):
        report.wrong.append("an attempt without an end")
    numbers = sorted((row.job_id, row.number) for row in record.events)
    if numbers != sorted((row.id, n) for row in record.jobs for n in range(1, row.events + 1)):
        report.wrong.append("the numbers of the events have gaps")
    untold = [row.last_result for row in record.outbox if row.state != "delivered"]
    if untold:
        report.wrong.append(f"{len(untold)} webhooks were not delivered: {untold[:3]}")
