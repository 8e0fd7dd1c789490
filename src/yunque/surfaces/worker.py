"""The embedded worker: does jobs in this process's children until it is asked to stop."""

import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import FrameType

from yunque.errors import UsageError
from yunque.runtime.database import Database
from yunque.runtime.jobs.collect import Retention
from yunque.runtime.jobs.folders import FolderView
from yunque.runtime.jobs.kind import Kind, find_kinds
from yunque.runtime.jobs.queue import Policy, Queue
from yunque.runtime.jobs.supervise import Workplace
from yunque.runtime.jobs.upkeep import Chore, forgetting, showing, taking_back, telling, tidying
from yunque.runtime.jobs.uploads import UploadLimits
from yunque.runtime.jobs.webhook import Rules
from yunque.runtime.jobs.worker import Worker, owner_name, work, work_off
from yunque.runtime.logs import configure_logs
from yunque.runtime.storage import Storage, open_storage
from yunque.services.aml_anchor import anchor_logs
from yunque.services.job_office import Office
from yunque.services.job_units import SOLUTIONS
from yunque.services.schedule import Schedule
from yunque.settings import Settings
from yunque.surfaces.bootstrap import WATCH_FILE, Platform, open_platform

KINDS = "yunque.surfaces.kinds"
ANCHOR_SECONDS = 300.0  # between seals of the audit logs that are kept outside the database
LOOK_SECONDS = 20.0  # between looks at what is watched


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What ways in need to take jobs and to do them.

    Args:
        storage: uploads, results and logs.
        view: the folders pending/, processed/ and failed/ below the home.
        office: what taking, showing and steering jobs needs.
    """

    queue: Queue
    storage: Storage
    storage_url: str
    view: FolderView
    worker: Worker
    office: Office


def open_desk(platform: Platform, *, policy: Policy | None = None, rules: Rules | None = None) -> Desk:
    """Build the job side of the platform from its settings.

    Raises:
        UsageError: the storage address is of no known kind.
    """
    settings = platform.settings
    url = storage_address(settings)
    storage = open_storage(url)
    queue = Queue(database=platform.database, kinds=kinds_of(settings), policy=policy or policy_of(settings))
    view = FolderView(platform.database, storage, settings.home / "outputs")
    scratch = (settings.home / "scratch").absolute()
    place = Workplace(
        owner=owner_name(),
        storage_url=url,
        scratch=scratch,
        threads=platform.threads,
        environment=settings.environment(),
    )
    chores: tuple[Chore, ...] = (
        taking_back(queue),
        telling(platform.database, rules or Rules()),
        tidying(platform.database, storage, Retention(uploads=timedelta(days=settings.upload_keep_days))),
        showing(view),
        forgetting(view),
        anchoring(platform.database, storage),
    )
    office = Office(
        queue=queue,
        storage=storage,
        registry=platform.registry,
        limits=UploadLimits(file_bytes=settings.max_upload_bytes, tenant_bytes=settings.tenant_upload_bytes),
        data_folder=settings.data_folder or settings.home / "data",
        wake=_wake_by(platform),
        rules=rules or Rules(),
    )
    schedule = Schedule(office, settings.home / WATCH_FILE, platform.clock.now)
    looking = Chore(name="schedule", every_seconds=LOOK_SECONDS, do=schedule.look)
    worker = Worker(queue=queue, place=place, chores=(*chores, looking))
    return Desk(queue=queue, storage=storage, storage_url=url, view=view, worker=worker, office=office)


def anchoring(database: Database, storage: Storage) -> Chore:
    """Keep a seal of every audit log outside the database."""
    return Chore(name="anchor", every_seconds=ANCHOR_SECONDS, do=lambda: anchor_logs(database, storage))


def kinds_of(settings: Settings) -> Mapping[str, Kind]:
    """Give the kinds of job, with the time that the settings give to a solution's run."""
    found = find_kinds(KINDS)
    if SOLUTIONS not in found:
        return found
    seconds = settings.analysis_timeout_seconds
    return {**found, SOLUTIONS: replace(found[SOLUTIONS], timeout_seconds=seconds)}


def storage_address(settings: Settings) -> str:
    """Give the storage's address so that it holds in another working folder too."""
    url = settings.storage_url or str(settings.home / "files")
    return url if "://" in url else str(Path(url).absolute())


def policy_of(settings: Settings) -> Policy:
    """Give the queue's times and limits."""
    return Policy(
        lease_seconds=settings.lease_seconds,
        running_per_tenant=settings.running_per_tenant,
        waiting_per_tenant=settings.waiting_per_tenant,
    )


def _wake_by(platform: Platform) -> Callable[[str], object] | None:
    """Give what tells the broker of a new job; Celery is loaded only where one is configured."""
    if platform.settings.broker_url is None:
        return None

    def wake(job_id: str) -> object:
        from yunque.surfaces.celery import announce, app

        return announce(app, job_id)

    return wake


def run_worker(*, until_empty: bool = False, kind: str | None = None, parent: int | None = None) -> int:
    """Do jobs until a signal asks to stop (or none is left), and give how many attempts were made.

    SIGTERM and SIGINT end it gently: a running job may go on for the grace time, then goes back in line
    and loses no attempt. A second signal ends it at once; the lease takes care of the rest. A worker with a
    `parent` process ends, as gently, when that one is gone.

    Raises:
        UsageError: there is no such kind of job.
    """
    configure_logs()
    desk = open_desk(open_platform())
    worker = desk.worker if kind is None else only_kind(desk.worker, kind)
    stop = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        del frame
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    if parent is not None:
        threading.Thread(target=_follow, args=(parent, stop), name="parent", daemon=True).start()
    return work_off(worker, stop) if until_empty else work(worker, stop)


def _follow(parent: int, stop: threading.Event) -> None:
    while os.getppid() == parent:
        if stop.wait(1.0):
            return
    stop.set()


def only_kind(worker: Worker, kind: str) -> Worker:
    """Give a worker that does jobs of one kind and leaves all others to the rest."""
    known = worker.queue.kinds
    if kind not in known:
        raise UsageError(
            f"There is no job kind named {kind!r}.", hint=f"Known: {', '.join(known) or 'none'}."
        )
    queue = replace(worker.queue, kinds={kind: known[kind]})
    return replace(worker, queue=queue)
