"""The queue's promises, on SQLite and on Postgres, with a clock that moves when told."""

import threading
from collections.abc import Callable
from datetime import date

import pytest

from yunque.errors import ConflictError, LimitError, NotFoundError, UsageError
from yunque.runtime.clock import FixedClock
from yunque.runtime.database import Database
from yunque.runtime.jobs.job import Failure, Finished, Job, State
from yunque.runtime.jobs.kind import Kind, kinds_by_name
from yunque.runtime.jobs.ledger import FundsError, add_funds, balance_of, entries_of, verify_ledger
from yunque.runtime.jobs.outbox import add_endpoint, deliveries
from yunque.runtime.jobs.prices import Price, Tier, publish_prices
from yunque.runtime.jobs.progress import Note, events_after
from yunque.runtime.jobs.queue import LeaseLost, Policy, Queue, Verdict, claim, has_work, heartbeat
from yunque.runtime.jobs.queue_finish import cancelled, complete, fail, put_back, reap
from yunque.runtime.jobs.queue_operate import cancel, pause, resume, retry, running
from yunque.runtime.jobs.queue_submit import Submission, submit, submit_many
from yunque.runtime.jobs.queue_view import JobFilter, attempts_of, count_jobs, job_of, list_jobs, pauses

CRASH = Failure(code="crashed", message="The job's process crashed.", is_retryable=True)
BAD_DATA = Failure(code="data", message="The table has no target.")


def only_words(payload: object) -> dict[str, object]:
    assert isinstance(payload, dict)
    if "word" not in payload:
        raise UsageError("Say a word.")
    return {"word": payload["word"]}


KINDS = kinds_by_name(
    Kind(name="free", entry="m:f", max_attempts=3),
    Kind(name="picky", entry="m:f", check=only_words),
    Kind(name="paid", entry="m:f", price_item="rows"),
)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def make_queue(open_at: Callable[..., Database], clock: FixedClock) -> Callable[..., Queue]:
    database = open_at(clock)

    def make(**policy: object) -> Queue:
        return Queue(database=database, kinds=KINDS, policy=Policy(**policy))  # type: ignore[arg-type]

    return make


@pytest.fixture
def queue(make_queue: Callable[..., Queue]) -> Queue:
    return make_queue()


def put(queue: Queue, tenant: str = "a", kind: str = "free", **more: object) -> Job:
    payload = more.pop("payload", {"n": 1})
    if isinstance(queue.database.clock, FixedClock):
        queue.database.clock.advance(0.001)  # no two submissions at the very same moment
    return submit(queue, Submission(tenant=tenant, kind=kind, payload=payload, **more)).job  # type: ignore[arg-type]


def taken(queue: Queue, owner: str = "w") -> Job:
    job = claim(queue, owner)
    assert job is not None
    return job


def state_of(queue: Queue, job: Job) -> State:
    return job_of(queue.database, job.tenant, job.id).state


# -- submitting -------------------------------------------------------------------------------------------


def test_the_same_key_and_request_give_the_same_job(queue: Queue) -> None:
    first = submit(queue, Submission(tenant="a", kind="free", payload={"x": 1, "y": 2}, idempotency_key="k"))
    again = submit(queue, Submission(tenant="a", kind="free", payload={"y": 2, "x": 1}, idempotency_key="k"))
    other = submit(queue, Submission(tenant="b", kind="free", payload={"x": 9}, idempotency_key="k"))
    assert (first.is_new, again.is_new, other.is_new) == (True, False, True)
    assert first.job.id == again.job.id != other.job.id


def test_without_a_key_each_submission_is_a_job_of_its_own(queue: Queue) -> None:
    assert len({put(queue).id for _ in range(3)} | {put(queue, "b").id}) == 4
    assert put(queue, idempotency_key="k").id != put(queue).id


def test_of_jobs_submitted_together_all_are_there_or_none(queue: Queue) -> None:
    def wishes(*words: dict[str, object]) -> list[Submission]:
        return [Submission(tenant="a", kind="picky", payload=word) for word in words]

    found = submit_many(queue, wishes({"word": "one"}, {"word": "two"}))
    assert [accepted.job.payload for accepted in found] == [{"word": "one"}, {"word": "two"}]
    keyed = Submission(tenant="a", kind="free", payload={"n": 1}, idempotency_key="k")
    first, again = submit_many(queue, [keyed, keyed])
    assert (first.is_new, again.is_new, first.job.id == again.job.id) == (True, False, True)
    with pytest.raises(UsageError):
        submit_many(queue, wishes({"word": "three"}, {}))
    other = Submission(tenant="a", kind="free", payload={"n": 2}, idempotency_key="k")
    with pytest.raises(ConflictError):  # found out in the middle of the transaction
        submit_many(queue, [*wishes({"word": "four"}), other])
    assert len(list_jobs(queue.database, JobFilter())) == 3


def test_the_same_key_with_another_request_is_a_conflict(queue: Queue) -> None:
    put(queue, idempotency_key="k")
    with pytest.raises(ConflictError, match="another request"):
        put(queue, idempotency_key="k", payload={"n": 2})


def test_of_many_clients_with_one_key_all_get_one_job(queue: Queue) -> None:
    ids: list[str] = []
    start = threading.Barrier(8)

    def client() -> None:
        start.wait()
        ids.append(put(queue, idempotency_key="k").id)

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1
    assert len(list_jobs(queue.database, JobFilter())) == 1


def test_what_a_kind_refuses_is_never_queued(queue: Queue) -> None:
    with pytest.raises(UsageError, match="word"):
        put(queue, kind="picky")
    with pytest.raises(NotFoundError, match="nope"):
        put(queue, kind="nope")
    with pytest.raises(UsageError, match="JSON"):
        put(queue, payload={"n": float("nan")})
    with pytest.raises(LimitError, match="large"):
        put(queue, payload={"n": "x" * 1_100_000})
    with pytest.raises(UsageError, match="tenant"):
        put(queue, tenant="../a")
    for key in ("", "x" * 201, "a\nb"):
        with pytest.raises(UsageError, match="key"):
            put(queue, idempotency_key=key)
    with pytest.raises(NotFoundError, match="upload"):
        put(queue, upload_id="not-there")
    assert list_jobs(queue.database, JobFilter()) == ()
    assert put(queue, kind="picky", payload={"word": "hi", "noise": 1}).payload == {"word": "hi"}


def test_a_tenant_may_only_wait_so_much(make_queue: Callable[..., Queue]) -> None:
    queue = make_queue(waiting_per_tenant=2)
    put(queue), put(queue), put(queue, "b")
    with pytest.raises(LimitError, match="2 jobs wait"):
        put(queue)


# -- the line ---------------------------------------------------------------------------------------------


def test_higher_priority_goes_first_then_tenants_take_turns(queue: Queue) -> None:
    flood = [put(queue, "a").id for _ in range(5)]
    late = [put(queue, "b").id for _ in range(2)]
    urgent = put(queue, "c", priority=5).id
    order = [taken(queue).id for _ in range(8)]
    assert order == [urgent, flood[0], late[0], flood[1], late[1], flood[2], flood[3], flood[4]]
    assert claim(queue, "w") is None


def test_a_tenant_that_comes_later_waits_for_one_job_not_for_all(queue: Queue) -> None:
    flood = [put(queue, "a") for _ in range(6)]
    assert [taken(queue).id for _ in range(3)] == [job.id for job in flood[:3]]
    late = put(queue, "b")
    assert late.id in {taken(queue).id, taken(queue).id}


def test_a_tenant_at_its_limit_is_passed_over(make_queue: Callable[..., Queue]) -> None:
    queue = make_queue(running_per_tenant=2)
    for _ in range(4):
        put(queue, "a")
    put(queue, "b")
    held = [taken(queue) for _ in range(3)]
    assert sorted(job.tenant for job in held) == ["a", "a", "b"]
    assert claim(queue, "w") is None
    complete(queue, next(job for job in held if job.tenant == "a"), Finished())
    assert taken(queue).tenant == "a"


def test_of_many_workers_each_job_has_one_and_no_tenant_passes_its_limit(
    make_queue: Callable[..., Queue],
) -> None:
    queue = make_queue(running_per_tenant=3)
    for tenant in ("a", "b"):
        for _ in range(10):
            put(queue, tenant)
    found: list[Job] = []
    start = threading.Barrier(6)

    def worker(name: str) -> None:
        start.wait()
        for _ in range(4):
            job = claim(queue, name)
            if job is not None:
                found.append(job)

    threads = [threading.Thread(target=worker, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({job.id for job in found}) == len(found)
    for tenant in ("a", "b"):
        assert sum(job.tenant == tenant for job in found) <= 3
    while claim(queue, "last") is not None:
        pass
    assert running(queue) == 6


def test_a_named_job_is_claimed_once(queue: Queue) -> None:
    first, second = put(queue), put(queue)
    job = claim(queue, "w", job_id=second.id)
    assert job is not None and job.id == second.id
    assert claim(queue, "w", job_id=second.id) is None
    assert claim(queue, "w", job_id="no-such-job") is None
    assert taken(queue).id == first.id


def test_a_paused_kind_waits(queue: Queue) -> None:
    put(queue), put(queue, kind="picky", payload={"word": "x"})
    pause(queue, kind="free", reason="upgrade")
    pause(queue, kind="free", reason="longer upgrade")
    assert pauses(queue.database) == {"free": "longer upgrade"}
    assert taken(queue).kind == "picky"
    assert not has_work(queue)
    resume(queue, kind="free")
    assert has_work(queue)
    pause(queue, reason="all stop")
    assert claim(queue, "w") is None
    resume(queue)
    assert taken(queue).kind == "free"
    assert running(queue, kind="free") == 1


# -- lease and fence --------------------------------------------------------------------------------------


def test_a_heartbeat_keeps_the_job_and_a_missed_lease_loses_it(queue: Queue, clock: FixedClock) -> None:
    put(queue)
    job = taken(queue, "first")
    clock.advance(50)
    assert heartbeat(queue, job) is Verdict.GO_ON
    clock.advance(50)
    assert reap(queue) == ()
    clock.advance(11)
    (waiting,) = reap(queue)
    assert (waiting.state, waiting.attempts, waiting.fence) == (State.QUEUED, 1, job.fence + 1)
    assert heartbeat(queue, job) is Verdict.LOST
    assert claim(queue, "second") is None  # it waits before it is tried again
    clock.advance(4)
    assert taken(queue, "second").attempts == 2


def test_a_late_finisher_writes_nothing(queue: Queue, clock: FixedClock) -> None:
    job = put(queue)
    add_endpoint(queue.database, "a", "https://example.com/hook")
    late = taken(queue, "stopped")
    clock.advance(61)
    reap(queue)
    clock.advance(10)
    present = taken(queue, "present")
    for action in (
        lambda: complete(queue, late, Finished(summary={"from": "late"})),
        lambda: fail(queue, late, CRASH),
        lambda: cancelled(queue, late),
        lambda: put_back(queue, late, reason="stop"),
    ):
        with pytest.raises(LeaseLost):
            action()
    complete(queue, present, Finished(summary={"from": "present"}))
    with pytest.raises(LeaseLost):
        complete(queue, late, Finished(summary={"from": "late"}))
    with pytest.raises(LeaseLost):
        complete(queue, present, Finished(summary={"from": "present, again"}))
    assert job_of(queue.database, "a", job.id).result == {"from": "present"}
    assert [delivery.event for delivery in deliveries(queue.database)] == ["job.succeeded"]
    assert [attempt.outcome for attempt in attempts_of(queue.database, job.id)] == [
        "worker_lost",
        "succeeded",
    ]


def test_a_job_that_kills_its_workers_is_given_up(queue: Queue, clock: FixedClock) -> None:
    job = put(queue)
    for _ in range(3):
        taken(queue)
        clock.advance(61)
        reap(queue)
        clock.advance(600)
    ended = job_of(queue.database, "a", job.id)
    assert (ended.state, ended.error_code, ended.attempts) == (State.FAILED, "worker_lost", 3)
    assert claim(queue, "w") is None


def test_many_sweepers_take_a_job_back_once(queue: Queue, clock: FixedClock) -> None:
    for _ in range(5):
        put(queue)
    for _ in range(5):
        taken(queue)
    clock.advance(61)
    found: list[Job] = []
    threads = [threading.Thread(target=lambda: found.extend(reap(queue))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len({job.id for job in found}) == 5


# -- endings ----------------------------------------------------------------------------------------------


def test_waits_grow_with_each_attempt_and_differ_between_jobs() -> None:
    policy = Policy(backoff_seconds=2, backoff_cap_seconds=60)
    waits = [policy.backoff("job", attempts).total_seconds() for attempts in range(1, 12)]
    for attempts, wait in enumerate(waits, start=1):
        base = min(60, 2 * 2 ** (attempts - 1))
        assert base * 0.5 <= wait <= base * 1.5
    assert policy.backoff("other", 1) != policy.backoff("job", 1)


def test_only_what_may_go_well_next_time_is_tried_again(queue: Queue, clock: FixedClock) -> None:
    put(queue)
    assert fail(queue, taken(queue), CRASH).state is State.QUEUED
    clock.advance(60)
    ended = fail(queue, taken(queue), BAD_DATA)
    assert (ended.state, ended.error_code, ended.attempts) == (State.FAILED, "data", 2)


def test_a_job_put_back_has_lost_no_attempt(queue: Queue) -> None:
    put(queue)
    for _ in range(5):
        assert put_back(queue, taken(queue), reason="shutdown").attempts == 0
    assert taken(queue).attempts == 1


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_at_its_next_beat(queue: Queue) -> None:
    waiting = put(queue)
    assert cancel(queue, "a", waiting.id).state is State.CANCELLED
    put(queue)
    job = taken(queue)
    assert cancel(queue, "a", job.id).state is State.RUNNING
    assert cancel(queue, "a", job.id).cancel_requested
    assert heartbeat(queue, job) is Verdict.CANCEL
    assert cancelled(queue, job).state is State.CANCELLED
    assert cancel(queue, "a", job.id).state is State.CANCELLED


@pytest.mark.parametrize("ending", ["complete", "fail", "put_back", "reap"])
def test_whatever_happens_after_cancelling_the_job_is_cancelled(
    queue: Queue, clock: FixedClock, ending: str
) -> None:
    publish_prices(queue.database, [price()])
    add_funds(queue.database, "a", 1000, currency="MXN", source="purchase")
    put(queue, kind="paid", units=10)
    job = taken(queue)
    cancel(queue, "a", job.id)
    if ending == "reap":
        clock.advance(61)
        reap(queue)
    else:
        {
            "complete": lambda: complete(queue, job, Finished()),
            "fail": lambda: fail(queue, job, CRASH),
            "put_back": lambda: put_back(queue, job, reason="stop"),
        }[ending]()
    assert state_of(queue, job) is State.CANCELLED
    assert balance_of(queue.database, "a").available_minor == 1000


def test_a_failed_job_is_run_again_as_a_new_one(queue: Queue) -> None:
    old = put(queue)
    with pytest.raises(ConflictError, match="queued"):
        retry(queue, "a", old.id)
    fail(queue, taken(queue), BAD_DATA)
    again = retry(queue, "a", old.id)
    assert again.is_new and not retry(queue, "a", old.id).is_new
    assert (again.job.retry_of, again.job.payload) == (old.id, old.payload)
    assert state_of(queue, old) is State.FAILED
    complete(queue, taken(queue), Finished())
    with pytest.raises(ConflictError, match="succeeded"):
        retry(queue, "a", again.job.id)


def test_a_foreign_job_does_not_exist(queue: Queue) -> None:
    job = put(queue, "a")
    for action in (
        lambda: job_of(queue.database, "b", job.id),
        lambda: cancel(queue, "b", job.id),
        lambda: retry(queue, "b", job.id),
    ):
        with pytest.raises(NotFoundError):
            action()
    assert list_jobs(queue.database, JobFilter(tenant="b")) == ()
    assert events_after(queue.database, "b", job.id) == ()


# -- what a client sees -----------------------------------------------------------------------------------


def test_events_are_numbered_without_a_gap_and_can_be_followed(queue: Queue) -> None:
    job = put(queue)
    held = taken(queue)
    heartbeat(queue, held, [Note.log("reading"), Note.progress(0.25, "read"), Note.progress(0.5, "half")])
    shown = job_of(queue.database, "a", job.id)
    assert (shown.progress, shown.progress_message) == (0.5, "half")
    seen = events_after(queue.database, "a", job.id)
    complete(queue, held, Finished(summary={"ok": True}))
    seen += events_after(queue.database, "a", job.id, seen[-1].number)
    assert [event.number for event in seen] == [1, 2, 3, 4, 5, 6]
    assert [event.kind for event in seen] == ["state", "state", "log", "progress", "progress", "state"]
    assert [event.text for event in seen] == ["queued", "running", "reading", "read", "half", "succeeded"]


def test_jobs_are_listed_newest_first_in_pages_and_counted(queue: Queue, clock: FixedClock) -> None:
    ids = []
    for _ in range(5):
        ids.append(put(queue).id)
        clock.advance(1)
    page = list_jobs(queue.database, JobFilter(tenant="a", limit=2))
    rest = list_jobs(queue.database, JobFilter(tenant="a", after=page[-1].id))
    assert [job.id for job in page + rest] == ids[::-1]
    fail(queue, taken(queue), BAD_DATA)
    assert count_jobs(queue.database) == {"free": {"queued": 4, "failed": 1}}
    assert [job.id for job in list_jobs(queue.database, JobFilter(state=State.FAILED, kind="free"))] == ids[
        :1
    ]


# -- money ------------------------------------------------------------------------------------------------


def price(item: str = "rows", day: date = date(2025, 1, 1), first: int = 100) -> Price:
    tiers = (
        Tier(up_to=2000, minor_per_unit=first),
        Tier(up_to=5000, minor_per_unit=75),
        Tier(up_to=10_000, minor_per_unit=50),
        Tier(up_to=None, minor_per_unit=35),
    )
    return Price(
        item=item, valid_from=day, currency="MXN", tiers=tiers, source="price list", quote_above=50_000
    )


@pytest.fixture
def paid(queue: Queue) -> Queue:
    publish_prices(queue.database, [price()])
    add_funds(queue.database, "a", 3000, currency="MXN", source="gift")
    add_funds(queue.database, "a", 2000, currency="MXN", source="purchase")
    return queue


def test_money_is_reserved_then_captured_with_the_result(paid: Queue) -> None:
    job = put(paid, kind="paid", units=30)
    assert balance_of(paid.database, "a").reserved_minor == 3000
    complete(paid, taken(paid), Finished())
    after = balance_of(paid.database, "a")
    assert (after.purchased_minor, after.gifted_minor, after.reserved_minor) == (0, 2000, 0)
    newest = entries_of(paid.database, "a")[0]
    assert (newest["entry"], newest["job_id"], newest["units"]) == ("capture", job.id, 30)
    assert (newest["balance_minor"], newest["price_version"]) == (2000, "rows@2025-01-01")
    assert verify_ledger(paid.database, "a") == 4


def test_less_than_reserved_may_be_captured_never_more(paid: Queue) -> None:
    put(paid, kind="paid", units=10)
    job = taken(paid)
    with pytest.raises(UsageError):
        complete(paid, job, Finished(charge_minor=1001))
    complete(paid, job, Finished(charge_minor=400))
    assert balance_of(paid.database, "a").available_minor == 4600


def test_without_a_result_nothing_is_charged(paid: Queue) -> None:
    put(paid, kind="paid", units=10)
    fail(paid, taken(paid), BAD_DATA)
    waiting = put(paid, kind="paid", units=10)
    cancel(paid, "a", waiting.id)
    assert balance_of(paid.database, "a").available_minor == 5000
    assert [entry["entry"] for entry in entries_of(paid.database, "a", limit=4)] == [
        "release", "reserve", "release", "reserve",
    ]  # fmt: skip


def test_who_cannot_pay_is_told_before_any_work(paid: Queue) -> None:
    put(paid, kind="paid", units=40)
    with pytest.raises(FundsError) as caught:
        put(paid, kind="paid", units=11)
    assert caught.value.details == {
        "required_minor": 1100, "available_minor": 1000, "currency": "MXN", "units": 11,
    }  # fmt: skip
    with pytest.raises(FundsError):
        put(paid, "stranger", kind="paid", units=1)
    with pytest.raises(UsageError, match="how many"):
        put(paid, kind="paid")
    with pytest.raises(LimitError, match="covers"):
        put(paid, kind="paid", units=50_001)
    assert len(list_jobs(paid.database, JobFilter())) == 1


def test_many_submissions_at_once_never_overdraw(paid: Queue) -> None:
    outcomes: list[bool] = []
    start = threading.Barrier(8)

    def client() -> None:
        start.wait()
        for _ in range(3):
            try:
                put(paid, kind="paid", units=10)
                outcomes.append(True)
            except FundsError:
                outcomes.append(False)

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(outcomes), sum(outcomes)) == (24, 5)
    assert balance_of(paid.database, "a").available_minor == 0
    verify_ledger(paid.database, "a")
