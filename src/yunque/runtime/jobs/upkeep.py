"""The chores that every worker does beside its jobs: taking back, telling, tidying, showing."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from yunque.errors import StorageError
from yunque.runtime.database import Database
from yunque.runtime.jobs.collect import KEEP, Retention, collect
from yunque.runtime.jobs.folders import FolderView
from yunque.runtime.jobs.outbox import Delivery, Endpoint, record_answer, take_due
from yunque.runtime.jobs.queue import Queue
from yunque.runtime.jobs.queue_finish import reap
from yunque.runtime.jobs.webhook import Rules, deliver
from yunque.runtime.storage import Storage

_LOG = logging.getLogger(__name__)
_SENDERS = 4
_BATCH = 16
# All of a batch may hang until it is cut off, name resolution included; only then is it due again.
_SENDING_LEASE_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class Chore:
    """Something to do at once and then every `every_seconds`; any number of workers may do it at a time."""

    name: str
    every_seconds: float
    do: Callable[[], object]


@contextmanager
def doing(chores: Sequence[Chore], stop: threading.Event) -> Iterator[None]:
    """Do the chores, each in a thread of its own, until the block ends or `stop` is set.

    A chore that cannot reach the database or the store is logged and tried again at its next turn: one
    that hangs or fails keeps no other from being done.
    """
    over = threading.Event()
    threads = [
        threading.Thread(target=_repeat, args=(chore, stop, over), name=f"chore-{chore.name}", daemon=True)
        for chore in chores
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(timeout=5.0)


def _repeat(chore: Chore, stop: threading.Event, over: threading.Event) -> None:
    while not (stop.is_set() or over.is_set()):
        try:
            chore.do()
        except (StorageError, OSError):
            _LOG.exception("a chore could not be done", extra={"chore": chore.name})
        over.wait(chore.every_seconds)


def taking_back(queue: Queue) -> Chore:
    """Take back jobs of lost workers, three times a lease."""
    return Chore(name="reap", every_seconds=queue.policy.lease_seconds / 3, do=lambda: reap(queue))


def telling(database: Database, rules: Rules, *, every_seconds: float = 1.0) -> Chore:
    """Send the webhooks that are due."""
    return Chore(name="send", every_seconds=every_seconds, do=lambda: send_due(database, rules))


def tidying(database: Database, storage: Storage, retention: Retention = KEEP) -> Chore:
    """Collect what nobody can reach any more, once an hour."""
    return Chore(name="collect", every_seconds=3600.0, do=lambda: collect(database, storage, retention))


def showing(view: FolderView, *, every_seconds: float = 2.0) -> Chore:
    """Keep the folder view true: all of it at start, then what has changed."""
    return Chore(name="view", every_seconds=every_seconds, do=view.update)


def forgetting(view: FolderView) -> Chore:
    """Remove copies of inputs whose uploads are gone, every ten minutes."""
    return Chore(name="forget", every_seconds=600.0, do=view.forget)


def send_due(database: Database, rules: Rules) -> int:
    """Send every webhook that is due now, several at a time, and give how many were tried."""
    count = 0
    while batch := take_due(database, limit=_BATCH, lease_seconds=_SENDING_LEASE_SECONDS):
        count += len(batch)
        with ThreadPoolExecutor(_SENDERS, thread_name_prefix="webhook") as pool:
            list(pool.map(lambda message: _send(database, rules, *message), batch))
    return count


def _send(database: Database, rules: Rules, delivery: Delivery, endpoint: Endpoint) -> None:
    answer = deliver(delivery, endpoint, rules, database.clock.now())
    record_answer(database, delivery, answer)
    if not answer.is_accepted:
        facts = {"webhook_id": delivery.id, "job_id": delivery.job_id, "answer": answer.text}
        _LOG.warning("a webhook was not accepted", extra=facts)
