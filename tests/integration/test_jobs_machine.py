"""The job state machine under random interleavings, against the real databases.

Every step is one transaction of one of several clients, workers, sweepers and zombies (workers that lost
their lease and do not know it), in any order, with time passing in between. A small model says what must
be true afterwards.

Hypothesis replays the steps of an example, so nothing may hang on what differs from run to run: jobs are
drawn in the order of their submission (their ids are random), no two are submitted in the same moment (the
line would be in the order of ids), and the wait before another attempt has no jitter (it comes of the id).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from yunque.errors import ConflictError
from yunque.runtime.clock import FixedClock
from yunque.runtime.database import open_database
from yunque.runtime.jobs.job import FINAL, Failure, Finished, Job, State
from yunque.runtime.jobs.kind import Kind, kinds_by_name
from yunque.runtime.jobs.ledger import FundsError, add_funds, balance_of, entries_of, verify_ledger
from yunque.runtime.jobs.outbox import add_endpoint, deliveries
from yunque.runtime.jobs.prices import Price, Tier, publish_prices
from yunque.runtime.jobs.progress import Note, events_after
from yunque.runtime.jobs.queue import LeaseLost, Policy, Queue, Verdict, claim, heartbeat
from yunque.runtime.jobs.queue_finish import cancelled, complete, fail, put_back, reap
from yunque.runtime.jobs.queue_operate import cancel
from yunque.runtime.jobs.queue_submit import Submission, submit
from yunque.runtime.jobs.queue_view import attempts_of, job_of

COST = 100
FUNDS = 450
LEASE = 60.0
MAX_ATTEMPTS = 2
TENANTS = 2


@dataclass(frozen=True, kw_only=True)
class Steady(Policy):
    """The queue's rules without the jitter of the wait."""

    def backoff(self, job_id: str, attempts: int) -> timedelta:
        del job_id
        return timedelta(seconds=self.backoff_seconds * 2.0 ** max(0, attempts - 1))


@dataclass
class Expected:
    """What the model knows of one job."""

    tenant: str
    state: State = State.QUEUED
    attempts: int = 0
    fence: int = 0
    lease_until: datetime | None = None
    is_cancelled: bool = False
    results: list[str] = field(default_factory=list)


class QueueMachine(RuleBasedStateMachine):
    """Clients, workers, sweepers and zombies on one queue; `url` is set by the test."""

    url = ""

    @initialize()
    def open(self) -> None:
        self.clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.database = open_database(self.url, clock=self.clock)
        self.run = uuid4().hex[:8]  # examples share a database; names keep them apart
        self.kind = f"k{self.run}"
        self.tenants = [f"{self.run}-{n}" for n in range(TENANTS)]
        kinds = kinds_by_name(
            Kind(name=self.kind, entry="m:f", max_attempts=MAX_ATTEMPTS, price_item=self.kind)
        )
        self.queue = Queue(
            database=self.database, kinds=kinds, policy=Steady(lease_seconds=LEASE, running_per_tenant=2)
        )
        tier = Tier(up_to=None, minor_per_unit=COST)
        publish_prices(
            self.database,
            [Price(item=self.kind, valid_from=date(2025, 1, 1), currency="MXN", tiers=(tier,), source="t")],
        )
        for tenant in self.tenants:
            add_funds(self.database, tenant, FUNDS, currency="MXN", source="purchase")
            add_endpoint(self.database, tenant, "https://example.com/hook")
        self.jobs: dict[str, Expected] = {}
        self.keys: dict[tuple[str, str], str] = {}
        self.held: list[Job] = []  # claims that some worker still believes in
        self.final: dict[str, Job] = {}

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.engine.dispose()

    def reserved(self, tenant: str) -> int:
        return COST * sum(e.tenant == tenant and e.state not in FINAL for e in self.jobs.values())

    def charged(self, tenant: str) -> int:
        return COST * sum(e.tenant == tenant and e.state is State.SUCCEEDED for e in self.jobs.values())

    @rule(number=st.integers(0, TENANTS - 1), key=st.sampled_from(["k1", "k2", None]), n=st.integers(1, 2))
    def a_client_submits(self, number: int, key: str | None, n: int) -> None:
        tenant = self.tenants[number]
        self.clock.advance(0.001)
        wish = Submission(
            tenant=tenant, kind=self.kind, payload={"n": n}, idempotency_key=key, units=1, priority=n
        )
        known = self.keys.get((tenant, key)) if key else None
        if known is not None and job_of(self.database, tenant, known).payload != {"n": n}:
            with pytest.raises(ConflictError):
                submit(self.queue, wish)
            return
        if known is None and self.charged(tenant) + self.reserved(tenant) + COST > FUNDS:
            with pytest.raises(FundsError):
                submit(self.queue, wish)
            return
        accepted = submit(self.queue, wish)
        assert accepted.is_new == (known is None)
        if known is not None:
            assert accepted.job.id == known
            return
        self.jobs[accepted.job.id] = Expected(tenant=tenant)
        if key:
            self.keys[tenant, key] = accepted.job.id

    @rule(owner=st.sampled_from(["w1", "w2"]))
    def a_worker_claims(self, owner: str) -> None:
        job = claim(self.queue, owner)
        if job is None:
            return
        expected = self.jobs[job.id]
        assert expected.state is State.QUEUED
        expected.state = State.RUNNING
        expected.attempts += 1
        expected.fence += 1
        expected.lease_until = self.clock.now() + timedelta(seconds=LEASE)
        assert (job.fence, job.attempts) == (expected.fence, expected.attempts)
        assert sum(e.tenant == job.tenant and e.state is State.RUNNING for e in self.jobs.values()) <= 2
        self.held.append(job)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def a_worker_beats(self, data: Any) -> None:
        job = self.draw_holder(data)
        verdict = heartbeat(self.queue, job, [Note.progress(0.5)])
        if not self.owns(job):
            assert verdict is Verdict.LOST
            return
        expected = self.jobs[job.id]
        assert verdict is (Verdict.CANCEL if expected.is_cancelled else Verdict.GO_ON)
        expected.lease_until = self.clock.now() + timedelta(seconds=LEASE)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), ending=st.sampled_from(["complete", "crash", "refuse", "put_back", "cancelled"]))
    def a_worker_ends(self, data: Any, ending: str) -> None:
        """Any holder may try to end its attempt, also one that lost its lease long ago or has ended it."""
        job = self.draw_holder(data)
        with self.only_for_the_owner(job):
            self.end(job, ending)
            self.settle(job, ending)

    @rule(ending=st.sampled_from(["complete", "crash", "put_back"]))
    def a_client_cancels_just_before_the_end(self, ending: str) -> None:
        self.a_worker_claims("w3")
        for job in self.held[-1:]:
            expected = self.jobs[job.id]
            if self.owns(job):
                cancel(self.queue, expected.tenant, job.id)
                expected.is_cancelled = True
                self.end(job, ending)
                self.settle(job, ending)

    def draw_holder(self, data: Any) -> Job:
        """Mostly holders of jobs that run now, the owner or a zombie; sometimes of any."""
        running = [job for job in self.held if self.jobs[job.id].state is State.RUNNING]
        return data.draw(st.sampled_from(running if running and data.draw(st.integers(0, 3)) else self.held))

    def end(self, job: Job, ending: str) -> None:
        if ending == "complete":
            complete(self.queue, job, Finished(summary={"fence": job.fence}))
        elif ending in ("crash", "refuse"):
            fail(self.queue, job, Failure(code=ending, message=ending, is_retryable=ending == "crash"))
        elif ending == "put_back":
            put_back(self.queue, job, reason="shutdown")
        else:
            cancelled(self.queue, job)

    def settle(self, job: Job, ending: str) -> None:
        expected = self.jobs[job.id]
        if expected.is_cancelled or ending == "cancelled":
            expected.state = State.CANCELLED
        elif ending == "complete":
            expected.state = State.SUCCEEDED
            expected.results.append(str(job.fence))
        elif ending == "put_back":
            expected.attempts -= 1
            self.requeue(expected)
        elif ending == "crash" and expected.attempts < MAX_ATTEMPTS:
            self.requeue(expected)
        else:
            expected.state = State.FAILED

    def requeue(self, expected: Expected) -> None:
        expected.state = State.QUEUED
        expected.fence += 1

    def owns(self, job: Job) -> bool:
        expected = self.jobs[job.id]
        return expected.state is State.RUNNING and expected.fence == job.fence

    @contextmanager
    def only_for_the_owner(self, job: Job) -> Iterator[None]:
        if self.owns(job):
            yield
        else:
            with pytest.raises(LeaseLost):
                yield

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def a_client_cancels(self, data: Any) -> None:
        live = [job_id for job_id, e in self.jobs.items() if e.state not in FINAL] or list(self.jobs)
        job_id = data.draw(st.sampled_from(live))
        expected = self.jobs[job_id]
        cancel(self.queue, expected.tenant, job_id)
        if expected.state is State.QUEUED:
            expected.state = State.CANCELLED
        if expected.state is State.RUNNING:
            expected.is_cancelled = True

    @rule(ending=st.sampled_from(["complete", "crash", "put_back", "cancelled"]))
    def a_stopped_worker_wakes_up_too_late(self, ending: str) -> None:
        """One worker is stopped past its lease, another takes over, then the first goes on."""
        self.a_worker_claims("stopped")
        stopped = self.held[-1:]
        self.time_passes(LEASE + 1)
        self.a_sweeper_reaps()
        self.time_passes(700.0)
        self.a_worker_claims("present")
        for job in stopped:
            with self.only_for_the_owner(job):
                self.end(job, ending)
                self.settle(job, ending)

    @rule(seconds=st.sampled_from([1.0, 30.0, 61.0, 700.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def a_sweeper_reaps(self) -> None:
        reap(self.queue, limit=10_000)
        for expected in self.jobs.values():
            if expected.state is State.RUNNING and expected.lease_until < self.clock.now():
                if expected.is_cancelled:
                    expected.state = State.CANCELLED
                elif expected.attempts < MAX_ATTEMPTS:
                    self.requeue(expected)
                else:
                    expected.state = State.FAILED

    @invariant()
    def every_job_stands_where_it_must(self) -> None:
        for job_id, expected in getattr(self, "jobs", {}).items():
            job = job_of(self.database, expected.tenant, job_id)
            assert (job.state, job.attempts, job.fence) == (expected.state, expected.attempts, expected.fence)
            if job.is_final:
                assert self.final.setdefault(job_id, job) == job  # a final row never changes
            if job.state is State.SUCCEEDED:
                assert job.result == {"fence": int(expected.results[0])}
                assert len(expected.results) == 1

    @invariant()
    def the_money_adds_up(self) -> None:
        for tenant in getattr(self, "tenants", ()):
            balance = balance_of(self.database, tenant)
            assert balance.reserved_minor == self.reserved(tenant)
            assert balance.purchased_minor == FUNDS - self.charged(tenant)

    def check_the_record(self) -> None:
        """What is too slow to ask after each step: the ledger's chain, events, attempts and webhooks."""
        for tenant in self.tenants:
            verify_ledger(self.database, tenant)
            captured = [e["job_id"] for e in entries_of(self.database, tenant) if e["entry"] == "capture"]
            mine = {id_: e for id_, e in self.jobs.items() if e.tenant == tenant}
            assert sorted(captured) == sorted(i for i, e in mine.items() if e.state is State.SUCCEEDED)
            told = {d.job_id: d.event for d in deliveries(self.database, tenant=tenant)}
            assert told == {i: f"job.{e.state}" for i, e in mine.items() if e.state in FINAL}
        for job_id, expected in self.jobs.items():
            events = events_after(self.database, expected.tenant, job_id)
            assert [event.number for event in events] == list(range(1, len(events) + 1))
            assert [e.text for e in events if e.kind == "state"][
                -1
            ] == expected.state or expected.is_cancelled
            attempts = attempts_of(self.database, job_id)
            assert all(attempt.outcome for attempt in attempts) or expected.state is State.RUNNING


class CheckedQueueMachine(QueueMachine):
    def teardown(self) -> None:
        if hasattr(self, "jobs"):
            self.check_the_record()
        super().teardown()


def test_random_interleavings_keep_every_promise(database_url: str) -> None:
    machine = type("Machine", (CheckedQueueMachine,), {"url": database_url})
    run_machine(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_many_random_interleavings_keep_every_promise(database_url: str) -> None:
    machine = type("Machine", (CheckedQueueMachine,), {"url": database_url})
    run_machine(
        machine,
        settings=settings(
            max_examples=150,
            stateful_step_count=60,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
