"""Celery as transport: a message says "look at job N", the job table stays the truth.

    celery -A yunque.surfaces.celery worker -Q auto_ml

A message leaves the broker before the work begins, so neither visibility time-outs nor redelivery matter;
what the broker loses is announced again by the sweep that every worker does beside its jobs.
"""

import functools
import logging
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from celery import Celery, signals
from kombu.exceptions import ChannelError, OperationalError

from yunque.errors import StorageError, UsageError
from yunque.runtime.jobs.queue import next_in_line
from yunque.runtime.jobs.queue_finish import reap
from yunque.runtime.jobs.upkeep import Chore, doing
from yunque.runtime.jobs.worker import Worker, work_once
from yunque.surfaces.bootstrap import Platform, open_platform
from yunque.surfaces.worker import open_desk

QUEUE = "auto_ml"
RUN, SWEEP = "ml.run", "ml.sweep"
_SWEEP_SECONDS = 5.0
_MOST_WAITING = 100  # messages in the broker that a sweep fills up to; more would tell nothing new
_LOG = logging.getLogger(__name__)


def make_app(open_worker: Callable[[], Worker], broker_url: Callable[[], str]) -> Celery:
    """Build the Celery application; both functions are called when first needed, in each process anew."""
    app = Celery("yunque")
    app.add_defaults(lambda: _configuration(broker_url()))
    workers: dict[int, Worker] = {}
    never = threading.Event()

    def here() -> Worker:
        """Give this process's worker: a database connection must not be shared with a forked process."""
        return workers.get(os.getpid()) or workers.setdefault(os.getpid(), open_worker())

    def run(job_id: str) -> None:
        try:
            work_once(here(), never, job_id=job_id)
        except StorageError:
            _LOG.exception("the job was left for the sweep", extra={"job_id": job_id})

    def sweep() -> int:
        return sweep_once(app, here())

    # Not shared: each application has tasks of its own, on the queue it was built for.
    app.task(run, name=RUN, shared=False)
    app.task(sweep, name=SWEEP, shared=False)
    _do_chores_with(app, here)
    return app


def announce(app: Celery, job_id: str) -> bool:
    """Tell the workers to look at a job; say whether the broker took it. If not, a sweep tells them later."""
    try:
        app.send_task(RUN, args=[job_id], queue=QUEUE, retry=False, ignore_result=True)
    except (OperationalError, OSError):
        _LOG.warning("the broker did not take the announcement", extra={"job_id": job_id})
        return False
    return True


def sweep_once(app: Celery, worker: Worker) -> int:
    """Take back jobs of lost workers and announce what waits; give how many jobs were announced."""
    reap(worker.queue)
    room = _MOST_WAITING - _depth(app)
    waiting = next_in_line(worker.queue, room) if room > 0 else ()
    return sum(announce(app, job_id) for job_id in waiting)


def _depth(app: Celery) -> int:
    try:
        with app.connection_for_write() as connection:
            return int(connection.default_channel.queue_declare(QUEUE, passive=True).message_count)
    except (ChannelError, OperationalError, OSError):  # no queue yet, or no broker
        return 0


def _configuration(broker_url: str) -> dict[str, Any]:
    return {
        "broker_url": broker_url,
        "broker_connection_retry_on_startup": True,
        "task_default_queue": QUEUE,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_acks_late": False,
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
    }


def _do_chores_with(app: Celery, here: Callable[[], Worker]) -> None:
    """Do the chores in the main process of each Celery worker, from when it is ready to when it ends."""
    chores = ExitStack()

    def is_ours(sender: Any) -> bool:
        return getattr(sender, "app", app) is app

    def begin(sender: Any = None, **_: Any) -> None:
        if is_ours(sender):
            sweeping = Chore(name="sweep", every_seconds=_SWEEP_SECONDS, do=lambda: sweep_once(app, here()))
            chores.enter_context(doing((*here().chores, sweeping), threading.Event()))

    def end(sender: Any = None, **_: Any) -> None:
        if is_ours(sender):
            chores.close()

    signals.worker_ready.connect(begin, weak=False)
    signals.worker_shutdown.connect(end, weak=False)


@functools.cache
def _platform(pid: int) -> Platform:
    del pid
    return open_platform()


def _broker_url() -> str:
    url = _platform(os.getpid()).settings.broker_url
    if url is None:
        raise UsageError(
            "Celery needs a broker.", hint="Set YUNQUE_BROKER_URL, for example redis://host:6379/0."
        )
    return url.get_secret_value()


app = make_app(lambda: open_desk(_platform(os.getpid())).worker, _broker_url)
