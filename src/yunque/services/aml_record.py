"""What was done at a desk: the chained log by pages, whether it is whole, and decisions by pages."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from yunque.services.aml_desk import Desk
from yunque.services.aml_queue import recorded_document
from yunque.solutions.aml.store.audit import Anchor, verify
from yunque.solutions.aml.store.dispositions import read_dispositions
from yunque.solutions.aml.store.tables import AUDIT


def log(desk: Desk, *, limit: int, before: int | None = None) -> dict[str, Any]:
    """Give entries of the audit log before number `before`, newest first."""
    query = sa.select(AUDIT).where(AUDIT.c.tenant == desk.tenant).order_by(AUDIT.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(AUDIT.c.number < before)
    with desk.database.reading_as(desk.tenant) as connection:
        rows = connection.execute(query).all()
    entries = [
        {
            "numero": row.number,
            "fecha": row.at.isoformat(),
            "quien": row.actor,
            "que": row.action,
            "sobre": row.subject,
            "detalles": row.details,
            "sello": row.digest,
            "anterior": row.previous,
        }
        for row in rows
    ]
    last = rows[-1].number if rows else 1
    return {"entradas": entries, "next": last if len(rows) == limit and last > 1 else None}


def verified(desk: Desk, anchors: Sequence[Anchor] = ()) -> dict[str, Any]:
    """Check the log of a tenant: every entry against its seal, its number, the one before it and anchors."""
    found = verify(desk.database, desk.tenant, anchors)
    last = Anchor(number=found.entries, digest=found.last_digest)
    return {
        "integra": found.is_whole,
        "entradas": found.entries,
        "rota_en": found.broken_at,
        "falta_desde": found.missing_from,
        "ultimo_sello": found.last_digest,
        "ancla": str(last) if found.is_whole and found.entries else None,
        "anclas_comparadas": len(anchors),
        "nota": "Lo quitado del final solo se nota contra un ancla posterior: guarde esta en otra parte.",
    }


def decisions(desk: Desk, *, limit: int, offset: int) -> dict[str, Any]:
    """Give decisions and signatures, newest first."""
    found = read_dispositions(desk.database, desk.tenant)[::-1]
    return {
        "total": len(found),
        "decisiones": [recorded_document(one) for one in found[offset : offset + limit]],
    }
