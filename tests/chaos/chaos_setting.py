"""What a run under chaos is made of, and the queue and workers that its processes open."""

import functools
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from kill_points import VARIABLE, name_step, watch_commits

from yunque.runtime.database import open_database
from yunque.runtime.jobs import outbox, queue_finish, supervise, upkeep, watch
from yunque.runtime.jobs import worker as worker_module
from yunque.runtime.jobs.kind import Kind, kinds_by_name
from yunque.runtime.jobs.prices import Price, Tier
from yunque.runtime.jobs.queue import Policy, Queue
from yunque.runtime.jobs.supervise import Workplace
from yunque.runtime.jobs.webhook import Rules
from yunque.runtime.jobs.worker import Worker, owner_name

TENANTS = ("norte", "sur")
COST_MINOR = 7
PRICE = Price(
    item="chaos",
    valid_from=date(2025, 1, 1),
    currency="MXN",
    tiers=(Tier(up_to=None, minor_per_unit=COST_MINOR),),
    source="test",
)
KINDS = kinds_by_name(
    Kind(
        name="chaos",
        entry="job_bodies:die_at_random",
        timeout_seconds=30.0,
        max_attempts=25,
        price_item="chaos",
    ),
    Kind(name="crash", entry="job_bodies:segfault", max_attempts=2, price_item="chaos"),
    Kind(name="hang", entry="job_bodies:hang", timeout_seconds=1.5, max_attempts=25, price_item="chaos"),
    Kind(name="slow", entry="job_bodies:echo", timeout_seconds=60.0, price_item="chaos"),
    Kind(name="full", entry="job_bodies:fill_disk_once", max_attempts=25, price_item="chaos"),
)
_ODD_KINDS = {3: "crash", 7: "hang", 11: "full"}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One run: where it stands and with which chance each kill point fires.

    `points` may name any of kill_points.POINTS; `child` is the chance of a child's two points each. Of each
    `round` jobs one crashes, one hangs, and one finds the disk full at first; one lasts past some heartbeats.
    """

    database_url: str
    storage_url: str
    folder: str
    jobs: int = 20
    lease_seconds: float = 1.5
    points: Mapping[str, float] = field(default_factory=dict)
    child: float = 0.0
    webhook_port: int = 0
    job_seconds: float = 0.05
    long_seconds: float = 6.0
    round: int = 100

    def kind_of(self, number: int) -> str:
        return _ODD_KINDS.get(number % self.round, "chaos")

    def seconds_of(self, number: int) -> float:
        return self.long_seconds if number % self.round == 13 else self.job_seconds

    @property
    def doomed(self) -> int:
        """How many of the jobs cannot succeed: those that crash and those that hang."""
        return sum(self.kind_of(number) in ("crash", "hang") for number in range(self.jobs))

    def environment(self) -> dict[str, str]:
        paths = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {**os.environ, VARIABLE: json.dumps(asdict(self)), "PYTHONPATH": os.pathsep.join(paths)}

    @classmethod
    def from_environment(cls) -> "Setting":
        return cls(**json.loads(os.environ[VARIABLE]))


def open_queue(setting: Setting) -> Queue:
    policy = Policy(lease_seconds=setting.lease_seconds, backoff_seconds=0.05, backoff_cap_seconds=1.0)
    return Queue(database=open_database(setting.database_url), kinds=KINDS, policy=policy)


def place_of(setting: Setting) -> Workplace:
    scratch = Path(setting.folder) / "scratch"
    return Workplace(owner=owner_name(), storage_url=setting.storage_url, scratch=scratch, grace_seconds=0.5)


def open_worker(setting: Setting) -> Worker:
    """Open a worker that may kill itself at the points of the setting."""
    queue = open_queue(setting)
    watch_commits(queue.database.engine, setting.points)
    _prepare_process(tuple(setting.points.items()))
    chores = [upkeep.taking_back(queue)]
    if setting.webhook_port:
        chores.append(upkeep.telling(queue.database, rules_of(setting), every_seconds=0.2))
    return Worker(queue=queue, place=place_of(setting), chores=chores, poll_seconds=0.1)


@functools.cache  # a forked process keeps what its parent has prepared
def _prepare_process(points: tuple[tuple[str, float], ...]) -> None:
    chances = dict(points)
    name_step(worker_module, "claim", "claim", chances)
    name_step(watch, "heartbeat", "heartbeat", chances)
    name_step(supervise, "heartbeat", "heartbeat", chances)  # the last words of an attempt
    name_step(supervise, "complete", "complete", chances)
    name_step(queue_finish, "_reap_one", "reap", chances)
    name_step(upkeep, "record_answer", "tell", chances)
    # What waits for hours in production waits for seconds here: also for a sender that was killed.
    outbox._WAITS_SECONDS = (0.2,) * 199  # type: ignore[assignment]
    outbox.MAX_TRIES = 200  # type: ignore[misc]
    upkeep._SENDING_LEASE_SECONDS = 3.0  # type: ignore[misc]


def rules_of(setting: Setting) -> Rules:
    return Rules(
        schemes=("http",),
        ports=(setting.webhook_port,),
        allows_private=True,
        timeout_seconds=0.5,
        resolve=lambda host, port: ["127.0.0.1"],
    )
