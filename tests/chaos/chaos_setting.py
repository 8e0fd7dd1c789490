"""What a run under chaos is made of, and the queue that its clients and workers share."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from yunque.runtime.database import open_database
from yunque.runtime.jobs.kind import Kind, kinds_by_name
from yunque.runtime.jobs.prices import Price, Tier
from yunque.runtime.jobs.queue import Policy, Queue
from yunque.runtime.jobs.supervise import Workplace
from yunque.runtime.jobs.webhook import Rules
from yunque.runtime.jobs.worker import owner_name

TENANTS = ("norte", "sur")
COST_MINOR = 7
VARIABLE = "YUNQUE_CHAOS"
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
        timeout_seconds=20.0,
        max_attempts=25,
        price_item="chaos",
    ),
    Kind(name="crash", entry="job_bodies:segfault", max_attempts=2, price_item="chaos"),
    Kind(name="hang", entry="job_bodies:hang", timeout_seconds=1.5, max_attempts=25, price_item="chaos"),
    Kind(name="slow", entry="job_bodies:echo", timeout_seconds=60.0, price_item="chaos"),
)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One run: where it stands and with which chance each kill point fires.

    `points` may name before_submit_commit, after_submit_commit, before_claim_commit, after_claim_commit,
    before_complete_commit, after_complete_commit; `child` is the chance of a child's two points each.
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

    def environment(self) -> dict[str, str]:
        here = str(Path(__file__).parent)
        return {**os.environ, VARIABLE: json.dumps(asdict(self)), "PYTHONPATH": here}

    @classmethod
    def from_environment(cls) -> "Setting":
        return cls(**json.loads(os.environ[VARIABLE]))


def open_queue(setting: Setting) -> Queue:
    policy = Policy(lease_seconds=setting.lease_seconds, backoff_seconds=0.05, backoff_cap_seconds=1.0)
    return Queue(database=open_database(setting.database_url), kinds=KINDS, policy=policy)


def place_of(setting: Setting) -> Workplace:
    scratch = Path(setting.folder) / "scratch"
    return Workplace(owner=owner_name(), storage_url=setting.storage_url, scratch=scratch, grace_seconds=0.5)


def rules_of(setting: Setting) -> Rules:
    return Rules(
        schemes=("http",),
        ports=(setting.webhook_port,),
        allows_private=True,
        timeout_seconds=0.5,
        resolve=lambda host, port: ["127.0.0.1"],
    )
