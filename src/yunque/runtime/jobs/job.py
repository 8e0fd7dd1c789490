"""A job as a value: what was asked, where it stands, and the words for its states."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa


class State(StrEnum):
    """Where a job stands: queued -> running -> one of three final states, which never change.

    A running job whose worker is lost, or which failed in a way worth another attempt, is queued again.
    """

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})


@dataclass(frozen=True, kw_only=True)
class Job:
    """One row of the job table.

    `fence` grows with every claim and every release: who holds an older one may write nothing any more.
    `attempts` counts claims, so that a job which kills its worker is limited too.
    """

    id: str
    tenant: str
    kind: str
    payload: Mapping[str, Any]
    idempotency_key: str | None
    upload_id: str | None
    retry_of: str | None
    state: State
    priority: int
    run_after: datetime
    fence: int
    attempts: int
    max_attempts: int
    timeout_seconds: float
    memory_bytes: int
    owner: str | None
    lease_until: datetime | None
    cancel_requested: bool
    progress: float
    progress_message: str
    events: int
    result_prefix: str | None
    result: Mapping[str, Any] | None
    error_code: str | None
    error_message: str | None
    error_key: str | None
    request_id: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_final(self) -> bool:
        """Whether the state can change no more."""
        return self.state in FINAL

    @classmethod
    def from_row(cls, row: sa.Row[Any]) -> "Job":
        """Build the value from a full row of the job table."""
        facts = {name: getattr(row, name) for name in cls.__dataclass_fields__}
        return cls(**{**facts, "state": State(facts["state"])})


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why an attempt ended without a result.

    `message` is public: no path, SQL or traceback. `is_retryable` is for what may go well next time
    (a lost worker, a crash, a store that did not answer), never for what the data or the request caused.
    """

    code: str
    message: str
    is_retryable: bool = False
    error_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a successful attempt leaves: where its files stand, a small summary, and the price to capture.

    `charge_minor` is at most what was reserved; None captures the whole reservation.
    """

    prefix: str | None = None
    summary: Mapping[str, Any] | None = None
    charge_minor: int | None = None
