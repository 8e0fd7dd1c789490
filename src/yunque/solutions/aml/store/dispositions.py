"""What officers decided on operations: added to, never changed; closing a worrying one takes two people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

import sqlalchemy as sa

from yunque.errors import AccessError, ConflictError, NotFoundError, UsageError
from yunque.runtime.database import Database
from yunque.solutions.aml.store.audit import Entry, record_within
from yunque.solutions.aml.store.history import lock
from yunque.solutions.aml.store.learnt_tables import DISPOSITION

Verdict = Literal["confirmar", "descartar", "pedir_datos", "aviso_presentado"]
State = Literal["en_espera_de_datos", "confirmada", "por_firmar", "descartada", "aviso_presentado"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
CLOSING = ("descartar", "aviso_presentado")
WORRYING = "preocupante"
STATES: Mapping[str, State] = {
    "confirmar": "confirmada",
    "descartar": "descartada",
    "pedir_datos": "en_espera_de_datos",
    "aviso_presentado": "aviso_presentado",
}
LONGEST_NOTE = 4_000


@dataclass(frozen=True, kw_only=True)
class Disposition:
    """One decision on one operation of one analysis.

    Attributes:
        analysis_id, operation_id, client_id: what is decided on.
        shown_class: the class that the officer saw; a worrying one is closed by two people.
        verdict: "confirmar" and "descartar" say whether it is suspicious and are learnt from; "pedir_datos"
            keeps it open; "aviso_presentado" says that the notice was sent and is no verdict on suspicion.
        note: why, never empty.
        actor: who decided.
        reference: folio or receipt of the notice; needed with "aviso_presentado".
        facts: what was shown with it (scores, thresholds, whether it was a sample below the line), as JSON.
    """

    analysis_id: str
    operation_id: str
    client_id: str
    shown_class: str
    verdict: Verdict
    note: str
    actor: str
    reference: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a decision that says too little.

        Raises:
            UsageError: unknown verdict, no note, or a notice without its folio.
        """
        if self.verdict not in VERDICTS:
            raise UsageError(f"{self.verdict!r} is no verdict.", hint=f"Use one of {', '.join(VERDICTS)}.")
        if not self.note.strip() or len(self.note) > LONGEST_NOTE:
            raise UsageError(
                "A decision needs a note.", hint=f"Say why, in at most {LONGEST_NOTE:,} characters."
            )
        if not self.actor.strip():
            raise UsageError("A decision needs the name of who decided.")
        if self.verdict == "aviso_presentado" and not (self.reference or "").strip():
            raise UsageError("A notice that was sent needs its folio.", hint="Give the receipt's number.")

    @property
    def needs_second(self) -> bool:
        """Whether a second person must sign before it holds."""
        return self.shown_class == WORRYING and self.verdict in CLOSING


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A decision as it was kept, or a signature under one.

    Attributes:
        number: of the tenant's decisions, from 1.
        signs: the number that this entry signs; None for a decision.
    """

    number: int
    at: datetime
    disposition: Disposition
    signs: int | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where an operation stands: its newest decision, and who signed it.

    Attributes:
        state: "por_firmar" while a second person has to sign.
        last: the decision that made it so; `signed_by`: the second person, None where none signed.
    """

    state: State
    last: Recorded
    signed_by: str | None = None

    @property
    def is_closed(self) -> bool:
        """Whether nothing is left to do."""
        return self.state in ("descartada", "aviso_presentado")


def dispose(database: Database, tenant: str, dispositions: Sequence[Disposition]) -> tuple[Recorded, ...]:
    """Keep decisions, all or none, each with an entry in the audit log.

    Whether an operation is one of the analysis is the caller's to know.
    """
    with database.writing() as connection:
        lock(connection, tenant)
        return tuple(_add(connection, database, tenant, one, signs=None) for one in dispositions)


def sign(database: Database, tenant: str, number: int, *, actor: str, note: str) -> Recorded:
    """Sign a decision as the second person; from then on it holds.

    Raises:
        NotFoundError: there is no such decision.
        AccessError: it is the signer's own.
        ConflictError: it needs no signature, has one, or a later decision replaced it.
        UsageError: the note is empty.
    """
    with database.writing() as connection:
        lock(connection, tenant)
        rows = _read(connection, tenant, DISPOSITION.c.number == number)
        if not rows:
            raise NotFoundError(f"There is no decision {number}.")
        first = rows[0].disposition
        history = _read(connection, tenant, DISPOSITION.c.operation_id == first.operation_id)
        standing = standing_of(history)
        if standing is None or standing.last.number != number or standing.state != "por_firmar":
            raise ConflictError(
                f"The decision {number} does not wait for a signature.",
                hint="It needs none, has one, or a later decision replaced it.",
            )
        if actor.strip().casefold() == first.actor.strip().casefold():
            raise AccessError("A worrying operation is closed by two people; the second must be another.")
        signed = Disposition(**{**vars(first), "actor": actor, "note": note})
        return _add(connection, database, tenant, signed, signs=number)


def read_dispositions(
    database: Database, tenant: str, *, operation_id: str | None = None
) -> tuple[Recorded, ...]:
    """Give decisions and signatures, oldest first; of one operation, or all."""
    with database.reading_as(tenant) as connection:
        if operation_id is None:
            return _read(connection, tenant, sa.true())
        return _read(connection, tenant, DISPOSITION.c.operation_id == operation_id)


def standings(records: Iterable[Recorded]) -> dict[str, Standing]:
    """Give where each operation stands, by its id; one without decisions is not there."""
    grouped: dict[str, list[Recorded]] = {}
    for one in records:
        grouped.setdefault(one.disposition.operation_id, []).append(one)
    found = {name: standing_of(mine) for name, mine in grouped.items()}
    return {name: standing for name, standing in found.items() if standing is not None}


def standing_of(records: Sequence[Recorded]) -> Standing | None:
    """Give where one operation stands after its decisions, oldest first."""
    decisions = [one for one in records if one.signs is None]
    if not decisions:
        return None
    last = decisions[-1]
    signature = next((one for one in records if one.signs == last.number), None)
    if last.disposition.needs_second and signature is None:
        return Standing(state="por_firmar", last=last)
    by = signature.disposition.actor if signature else None
    return Standing(state=STATES[last.disposition.verdict], last=last, signed_by=by)


def verdicts(records: Sequence[Recorded]) -> dict[str, tuple[bool, Recorded]]:
    """Give what is learnt from: per operation, whether the newest verdict that holds says suspicion.

    Requests for data, notices and closings that still wait for a signature teach nothing.
    """
    signed = {one.signs for one in records if one.signs is not None}
    found: dict[str, tuple[bool, Recorded]] = {}
    for one in records:
        told = one.disposition
        holds = not told.needs_second or one.number in signed
        if one.signs is None and told.verdict in ("confirmar", "descartar") and holds:
            found[told.operation_id] = (told.verdict == "confirmar", one)
    return found


def _read(connection: sa.Connection, tenant: str, condition: sa.ColumnElement[bool]) -> tuple[Recorded, ...]:
    query = sa.select(DISPOSITION).where(DISPOSITION.c.tenant == tenant, condition)
    rows = connection.execute(query.order_by(DISPOSITION.c.number))
    return tuple(
        Recorded(
            number=row.number,
            at=row.at,
            signs=row.signs,
            disposition=Disposition(
                analysis_id=row.analysis_id,
                operation_id=row.operation_id,
                client_id=row.client_id,
                shown_class=row.shown_class,
                verdict=row.verdict,
                note=row.note,
                actor=row.actor,
                reference=row.reference,
                facts=row.facts,
            ),
        )
        for row in rows
    )


def _add(
    connection: sa.Connection, database: Database, tenant: str, told: Disposition, *, signs: int | None
) -> Recorded:
    newest = sa.select(sa.func.max(DISPOSITION.c.number)).where(DISPOSITION.c.tenant == tenant)
    number = int(connection.execute(newest).scalar() or 0) + 1
    at = database.now(connection)
    facts = {name: value for name, value in vars(told).items() if name != "facts"}
    row = {"tenant": tenant, "number": number, "at": at, "signs": signs, "facts": dict(told.facts), **facts}
    connection.execute(DISPOSITION.insert().values(row))
    action = "disposicion" if signs is None else "segunda_firma"
    details = {"numero": number, "firma": signs, **{key: facts[key] for key in TOLD}}
    entry = Entry(actor=told.actor, action=action, subject=told.operation_id, details=details)
    record_within(connection, database, tenant, entry)
    return Recorded(number=number, at=at, disposition=told, signs=signs)


TOLD = ("analysis_id", "client_id", "shown_class", "verdict", "note", "reference")
