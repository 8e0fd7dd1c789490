"""Read the body of R2's question and answer it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from yunque.services.ask import AskDesks, Asked, ask
from yunque.services.job_fields import read_fields


class AskBody(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What is sent: R2's two keys, and the context of a conversation."""

    consulta: str
    empresa_servidor_id: int | str = ""
    nit: str = ""
    contexto: dict[str, Any] | None = None
    fecha: date | None = None


def ask_document(desks: AskDesks, tenant: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a question that was sent.

    Raises:
        FieldsError: a field is unknown or of another type.
        UsageError: the question or its context cannot be read.
        NotFoundError: the tenant trained no such company.
    """
    body = read_fields(document, AskBody)
    asked = Asked(
        question=body.consulta,
        tenant=tenant,
        company=str(body.empresa_servidor_id).strip() or body.nit.strip(),
        before=body.contexto,
        today=body.fecha,
    )
    return ask(asked, desks)
