"""Anchors of the audit log: seals kept outside the database, against which a cut-off end shows.

A chain proves that nothing inside it was changed; it cannot tell how long it was. So a worker writes the
newest entry's number and seal of every tenant into the store, under a key that is never written again:

    tenant/{tenant}/audit/{number}-{seal}

Whoever shortens the log in the database would have to shorten the store, too. What came after the last
anchor may still be cut unnoticed, which is why a person can note an anchor and verify against it.
"""

import re
from collections.abc import Iterable

import sqlalchemy as sa

from yunque.errors import ConflictError, UsageError
from yunque.runtime.database import Database
from yunque.runtime.storage import Storage
from yunque.solutions.aml.store.audit import Anchor
from yunque.solutions.aml.store.tables import AUDIT

_KEY = re.compile(r"tenant/[^/]+/audit/(\d{12})-([0-9a-f]{64})")
_NOTED = re.compile(r"(\d{1,12}):([0-9a-f]{64})")


def anchor_logs(database: Database, storage: Storage) -> int:
    """Anchor the newest entry of every tenant; give how many anchors are new. Any number of workers may.

    Raises:
        StorageError: the store does not answer.
    """
    newest = sa.select(AUDIT.c.tenant, sa.func.max(AUDIT.c.number).label("number")).group_by(AUDIT.c.tenant)
    last = newest.subquery()
    query = sa.select(AUDIT.c.tenant, AUDIT.c.number, AUDIT.c.digest).join(
        last, sa.and_(AUDIT.c.tenant == last.c.tenant, AUDIT.c.number == last.c.number)
    )
    with database.reading() as connection:
        rows = connection.execute(query).all()
    return sum(_keep(storage, row.tenant, Anchor(number=row.number, digest=row.digest)) for row in rows)


def _keep(storage: Storage, tenant: str, anchor: Anchor) -> bool:
    key = f"tenant/{tenant}/audit/{anchor.number:012d}-{anchor.digest}"
    if storage.exists(key):
        return False
    try:
        storage.put_new(key, [f"{anchor}\n".encode()])
    except ConflictError:  # another worker was first
        return False
    return True


def anchors_of(storage: Storage, tenant: str) -> tuple[Anchor, ...]:
    """Give the anchors of a tenant's log, oldest first; two of one number are two stories of it."""
    found = (_KEY.fullmatch(entry.key) for entry in storage.list(f"tenant/{tenant}/audit"))
    return tuple(Anchor(number=int(match[1]), digest=match[2]) for match in found if match)


def read_anchors(texts: Iterable[str]) -> tuple[Anchor, ...]:
    """Read anchors that a person noted, as NUMBER:SEAL.

    Raises:
        UsageError: one is not of that form.
    """
    anchors = []
    for text in texts:
        match = _NOTED.fullmatch(text.strip())
        if match is None:
            raise UsageError(
                f"{text[:80]!r} is no anchor.",
                hint="Write NUMBER:SEAL, as `aml audit verify` shows it.",
            )
        anchors.append(Anchor(number=int(match[1]), digest=match[2]))
    return tuple(anchors)
