"""A client's case file as PDF: sums, what is owed and why, decisions and the seal of the audit log."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from yunque.services.aml_client import operations_of, view
from yunque.services.aml_desk import Desk
from yunque.services.aml_export import Exported, note_export
from yunque.services.aml_picture import picture
from yunque.services.aml_sheet import SMALL, Sheet
from yunque.solutions.aml.result import glossary
from yunque.solutions.aml.store.audit import verify

LISTED = 60
CAREFUL = (
    "Este expediente reúne lo que el sistema calculó con los datos recibidos. No es un dictamen y no "
    "certifica la situación legal de nadie: decide y firma la persona Representante Encargada de "
    "Cumplimiento. Es confidencial: no se revela al cliente ni a terceros (RCG 31). "
    "Consérvese diez años (LFPIORPI 18 fr. IV)."
)


def case_file(desk: Desk, client_id: str) -> Exported:
    """Make the case file of a client; the audit log notes it with its hash.

    Raises:
        NotFoundError: the tenant has no operation of that client.
        UsageError: the extra `pdf` is not installed.
    """
    seen = picture(desk)
    mine = operations_of(seen, client_id)
    told = view(desk, seen, client_id, mine)
    page = Sheet(title=f"Expediente de caso: cliente {client_id}")
    page.paragraph(CAREFUL, size=SMALL)
    page.paragraph(
        f"Al {told['al']}; lo pidió: {desk.actor}. Tablas de la ley: versión {told['catalogo']['version']}, "
        f"huella {told['catalogo']['sha256']}."
    )
    page.heading("Perfil")
    page.pairs(told["perfil"])
    page.heading("Sumas de seis meses y lo que falta")
    for one in told["umbrales"]:
        page.paragraph(spoken(one))
    page.heading("Pendiente")
    for one in told["pendientes"][:LISTED]:
        page.paragraph(
            f"{one['id_operacion']} ({one['fecha']}, {pesos(one['monto'])}): {one['clase']}; "
            f"{', '.join(one['obligaciones'])}; vence {one['vence_24h'] or one['vence'] or 'sin día fijo'}; "
            f"{one['estado']}. {one['razon']}"
        )
    page.heading("Operaciones")
    for row in told["operaciones"][:LISTED]:
        page.paragraph(operation(row), size=SMALL)
    if told["operaciones_total"] > LISTED:
        page.paragraph(f"Se muestran las {LISTED} más recientes de {told['operaciones_total']}.")
    page.heading("Decisiones")
    for one in told["decisiones"]:
        page.paragraph(decision(one))
    page.heading("Advertencias")
    for code, text in glossary(mine).items():
        page.paragraph(f"{code}: {text}", size=SMALL)
    log = verify(desk.database, desk.tenant)
    state = "íntegra" if log.is_whole else f"rota en la entrada {log.broken_at}"
    page.paragraph(f"Bitácora {state}: {log.entries} entradas; último sello {log.last_digest}.", size=SMALL)
    made = Exported(
        name=f"caso_{desk.today():%Y%m%d}.pdf",
        content=page.content(desk.clock.now()),
        media_type="application/pdf",
    )
    note_export(desk, made, {"cliente_id": client_id})
    return made


def pesos(amount: str) -> str:
    """Write an amount as people read it: 376565.10 as $376,565.10."""
    return f"${Decimal(amount):,.2f}"


def spoken(one: Mapping[str, Any]) -> str:
    """Write the standing of a sum as a sentence."""
    if one["estado"] is not None:
        return f"{one['regla']}: {one['estado']}."
    missing, notice = one["falta_aviso"], one["aviso"]
    lacks = "no se acumula" if missing is None else f"faltan {pesos(missing)} para el aviso"
    threshold = notice if one["falta_aviso_por_una_operacion"] is None else pesos(notice)
    return (
        f"Fracción {one['fraccion']} ({one['actividad']}): {one['actos_que_cuentan']} actos "
        f"desde {one['desde']} suman {pesos(one['suma_pesos'])} ({one['suma_umas']} UMA); {lacks} (umbral "
        f"{threshold}). Ya avisado: {pesos(one['ya_avisado_pesos'])}. {one['fundamento']}."
    )


def operation(row: Mapping[str, Any]) -> str:
    """Write an operation with its reasons."""
    reasons = " ".join(f"[{it['codigo']}] {it['texto']}" for it in row["razones"])
    owed = "; ".join(f"{it['tipo']} ({it['fundamento']}), vence {it['vence']}" for it in row["obligaciones"])
    return (
        f"{row['id_operacion']} | {row['fecha']} | {pesos(row['monto'])} | {row['umas']} UMA | "
        f"{row['regla_art17']} | {row['clase']} | {owed or 'sin obligación aparente'} "
        f"{reasons} {' '.join(row['advertencias'])}"
    )


def decision(one: Mapping[str, Any]) -> str:
    """Write a decision."""
    signed = f" (segunda firma de la {one['firma_de']})" if one["firma_de"] else ""
    folio = f" Folio {one['folio']}." if one["folio"] else ""
    return (
        f"{one['numero']}{signed}, {one['fecha']}, {one['por']}: {one['decision']} "
        f"sobre {one['id_operacion']} ({one['clase_mostrada']}).{folio} {one['nota']}"
    )
