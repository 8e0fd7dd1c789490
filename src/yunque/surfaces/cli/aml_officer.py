"""The officer on the command line: `yunque aml queue|client|decide|sign|calendar|export|xml|case|audit`."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yunque.errors import UsageError
from yunque.surfaces.cli.console import note, say, write_json, write_table
from yunque.surfaces.cli.options import AsJson

if TYPE_CHECKING:
    from yunque.services.aml_desk import Desk
    from yunque.services.aml_export import Exported

Tenant = Annotated[str, typer.Option("--tenant", metavar="NAME", help="Whose operations these are.")]
Month = Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="The month of the acts.")]
Actor = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides; the user of this machine.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to write; its own name here.")]
Key = Annotated[str, typer.Argument(metavar="CLAVE", help="Activity key of the portal: VEH, INM, JYS, …")]
audit_app = typer.Typer(help="The chained audit log.", rich_markup_mode=None)
xsd_app = typer.Typer(help="XSDs that a person loaded, by activity.", rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Add the commands to `yunque aml`."""
    for name, command in (
        ("queue", queue), ("client", client), ("decide", decide), ("sign", sign), ("calendar", calendar),
        ("export", export), ("xml", xml), ("case", case),
    ):  # fmt: skip
        app.command(name)(command)
    audit_app.command("verify")(verify)
    audit_app.command("list")(listed)
    xsd_app.command("load")(load)
    app.add_typer(audit_app, name="audit")
    app.add_typer(xsd_app, name="xsd")


def desk_by(tenant: str, actor: str = "") -> "Desk":
    """Build the desk of a tenant in somebody's name."""
    from dataclasses import replace

    from yunque.surfaces.cli.aml import desk_of

    desk = desk_of(None, tenant)
    return replace(desk, actor=actor.strip()) if actor.strip() else desk


def queue(
    tenant: Tenant = "local",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    client_id: Annotated[str | None, typer.Option("--client", metavar="ID", help="Of one client.")] = None,
    grouped: Annotated[bool, typer.Option("--grouped", help="Repeats of a client once.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is open, the soonest due first and then the gravest."""
    from yunque.services.aml_queue import QueueWish
    from yunque.services.aml_queue import queue as look

    found = look(desk_by(tenant), QueueWish(limit=limit, client_id=client_id, grouped=grouped))
    if as_json:
        write_json(found)
        return
    names = ("vence", "dias", "clase", "id_operacion", "cliente_id", "fecha", "monto", "estado", "razon")
    rows = [["" if it[name] is None else str(it[name]) for name in names] for it in found["items"]]
    write_table("", list(names), rows, right="dias,monto")
    say(f"{found['total']} pendientes al {found['hoy']}.")


def client(
    client_id: Annotated[str, typer.Argument(metavar="CLIENTE")],
    tenant: Tenant = "local",
    as_json: AsJson = False,
) -> None:
    """Show one client: six-month sums, what is missing to each threshold, operations, decisions."""
    from yunque.services.aml_case import spoken
    from yunque.services.aml_client import client_view

    found = client_view(desk_by(tenant), client_id)
    if as_json:
        write_json(found)
        return
    for one in found["umbrales"]:
        say(spoken(one))
    names = ("fecha", "id_operacion", "monto", "regla_art17", "clase")
    rows = [["" if row[name] is None else str(row[name]) for name in names] for row in found["operaciones"]]
    write_table("", list(names), rows, right="monto")
    note(found["nota"])


def decide(
    operation: Annotated[list[str], typer.Argument(metavar="OPERACION…", help="One or more operations.")],
    verdict: Annotated[
        str, typer.Option("--as", metavar="WORD", help="confirmar, descartar, pedir_datos, aviso_presentado.")
    ],
    why: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why; it is never empty.")],
    folio: Annotated[str | None, typer.Option("--folio", metavar="TEXT", help="Of the notice sent.")] = None,
    tenant: Tenant = "local",
    actor: Actor = "",
    as_json: AsJson = False,
) -> None:
    """Decide on operations; closing a `preocupante` waits for another person's signature."""
    from yunque.services.aml_queue import Decision, recorded_document
    from yunque.services.aml_queue import decide as keep
    from yunque.solutions.aml.store.dispositions import VERDICTS

    known = {word: word for word in VERDICTS}
    if verdict not in known:
        raise UsageError(f"{verdict[:40]!r} is no decision.", hint=f"Use one of {', '.join(known)}.")
    made = [
        Decision(operation_id=name, verdict=known[verdict], note=why, reference=folio) for name in operation
    ]
    kept = [recorded_document(one) for one in keep(desk_by(tenant, actor), made)]
    if as_json:
        write_json({"decisiones": kept})
        return
    for one in kept:
        waits = "; falta la firma de otra persona" if one["requiere_segunda_firma"] else ""
        say(f"{one['numero']}: {one['decision']} sobre {one['id_operacion']}{waits}")


def sign(
    number: Annotated[int, typer.Argument(metavar="NUMERO", help="Of the decision.", min=1)],
    why: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why; it is never empty.")],
    tenant: Tenant = "local",
    actor: Actor = "",
) -> None:
    """Sign another person's decision."""
    from yunque.services.aml_queue import second

    kept = second(desk_by(tenant, actor), number, why)
    say(f"{kept.number}: firma de la decisión {kept.signs}, por {kept.disposition.actor}")


def calendar(
    month: Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="The last three by default.")] = "",
    fractions: Annotated[
        str, typer.Option("--fractions", metavar="VIII,XV", help="The activities that are registered.")
    ] = "",
    tenant: Tenant = "local",
    as_json: AsJson = False,
) -> None:
    """Show what is to be sent by day 17, the reports of nothing, and the 24-hour clocks."""
    from yunque.services.aml_agenda import agenda

    wanted = [part.strip() for part in fractions.split(",") if part.strip()]
    found = agenda(desk_by(tenant), month=month_of(month) if month else None, fractions=wanted)
    if as_json:
        write_json(found)
        return
    names = ("vence", "vence_habil", "dias", "fraccion", "mes", "que", "avisos")
    rows = [["" if it[name] is None else str(it[name]) for name in names] for it in found["por_enviar"]]
    write_table("", list(names), rows, right="dias,avisos")
    for one in found["relojes_24h"]:
        say(f"24 h: {one['id_operacion']} ({one['cliente_id']}), a más tardar {one['vence_24h']}")
    for text in found["notas"]:
        note(text)


def export(
    key: Key,
    month: Month,
    as_format: Annotated[str, typer.Option("--format", metavar="csv|xlsx")] = "csv",
    out: Out = None,
    tenant: Tenant = "local",
) -> None:
    """Write the review export of an activity and a month."""
    from yunque.services.aml_export import export as make

    if as_format == "csv":
        made = make(desk_by(tenant), key=key, month=month_of(month), form="csv")
    elif as_format == "xlsx":
        made = make(desk_by(tenant), key=key, month=month_of(month), form="xlsx")
    else:
        raise UsageError("The format is csv or xlsx.")
    save(made, out)


def xml(
    key: Key,
    month: Month,
    given: Annotated[
        Path | None,
        typer.Option("--data", metavar="JSON", help="clave_sujeto_obligado, personas, operaciones."),
    ] = None,
    out: Out = None,
    tenant: Tenant = "local",
) -> None:
    """Write the month's notices as XML, validated by the XSD that was loaded; refused otherwise."""
    from yunque.services.aml_xml import export_xml
    from yunque.surfaces.cli.jobs import office

    told: Any = {}
    if given is not None:
        try:
            told = json.loads(given.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"{given.name} is not JSON that can be read.") from error
    if not isinstance(told, dict):
        raise UsageError("The data file holds one JSON object.")
    save(export_xml(desk_by(tenant), office().storage, key=key, month=month_of(month), given=told), out)


def load(
    key: Key,
    file: Annotated[Path, typer.Argument(metavar="XSD", exists=True, dir_okay=False)],
    source: Annotated[str, typer.Option("--source", metavar="TEXT", help="Where the XSD comes from.")],
    tenant: Tenant = "local",
    actor: Actor = "",
) -> None:
    """Load the XSD of an activity in the name of who does it."""
    from yunque.services.aml_xml import load_schema
    from yunque.surfaces.cli.jobs import office

    digest = load_schema(desk_by(tenant, actor), office().storage, key, file.read_bytes(), source)
    say(f"XSD de {key} cargado: {digest}")


def case(
    client_id: Annotated[str, typer.Argument(metavar="CLIENTE")], out: Out = None, tenant: Tenant = "local"
) -> None:
    """Write a client's case file as PDF."""
    from yunque.services.aml_case import case_file

    save(case_file(desk_by(tenant), client_id), out)


def verify(
    tenant: Tenant = "local",
    anchor: Annotated[
        list[str] | None,
        typer.Option("--anchor", metavar="NUMBER:SEAL", help="Noted before; entries up to it must be there."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the audit log: every entry against its seal, its number, the one before it, and anchors."""
    from yunque.runtime.storage import open_storage
    from yunque.services.aml_anchor import anchors_of, read_anchors
    from yunque.services.aml_record import verified
    from yunque.surfaces.bootstrap import open_platform
    from yunque.surfaces.worker import storage_address

    storage = open_storage(storage_address(open_platform().settings))
    found = verified(desk_by(tenant), (*anchors_of(storage, tenant), *read_anchors(anchor or ())))
    if as_json:
        write_json(found)
    elif found["integra"]:
        say(f"La bitácora está íntegra: {found['entradas']} entradas; {found['anclas_comparadas']} anclas.")
        if found["ancla"]:
            say(f"Ancla para guardar en otra parte: {found['ancla']}")
    elif found["falta_desde"]:
        say(f"Faltan entradas al final, desde la {found['falta_desde']}: hay un ancla posterior.")
    else:
        say(f"La bitácora se rompe en la entrada {found['rota_en']}.")
    if not found["integra"]:
        raise typer.Exit(2)


def listed(
    tenant: Tenant = "local",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the newest entries of the audit log."""
    from yunque.services.aml_record import log

    found = log(desk_by(tenant), limit=limit)
    if as_json:
        write_json(found)
        return
    names = ("numero", "fecha", "quien", "que", "sobre")
    write_table(
        "", list(names), [[str(it[name]) for name in names] for it in found["entradas"]], right="numero"
    )


def month_of(text: str) -> date:
    """Read a month.

    Raises:
        UsageError: it is none.
    """
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise UsageError(f"{text[:20]!r} is no month.", hint="Write 2026-03.") from error


def save(made: "Exported", out: Path | None) -> None:
    """Write a file that was made and tell its hash."""
    from yunque.services.aml_desk import write_whole

    target = out or Path(made.name)
    write_whole(target, [made.content])
    say(f"{target}: {len(made.content):,} bytes, SHA-256 {made.sha256}")
