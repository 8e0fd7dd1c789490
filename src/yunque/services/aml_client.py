"""One client as an officer sees them: six-month sums, what is missing to thresholds, timeline, decisions."""

from fractions import Fraction
from typing import Any

import polars as pl

from yunque.errors import NotFoundError
from yunque.services.aml_desk import Desk
from yunque.services.aml_picture import Picture, picture
from yunque.services.aml_queue import QueueWish, items_of, recorded_document
from yunque.solutions.aml.accumulated import notified
from yunque.solutions.aml.law.catalogue import Threshold
from yunque.solutions.aml.law.deadlines import months_before
from yunque.solutions.aml.money import plain
from yunque.solutions.aml.store.audit import Entry, record
from yunque.solutions.aml.store.dispositions import read_dispositions

MONTHS = 6
SHOWN = 200


def client_view(desk: Desk, client_id: str) -> dict[str, Any]:
    """Give everything of a client; that it was seen is noted in the audit log.

    Raises:
        NotFoundError: the tenant has no operation of that client.
    """
    seen = picture(desk)
    mine = operations_of(seen, client_id)
    record(
        desk.database,
        desk.tenant,
        Entry(actor=desk.actor, action="cliente_visto", subject=client_id[:200], details={}),
    )
    return view(desk, seen, client_id, mine)


def operations_of(seen: Picture, client_id: str) -> pl.DataFrame:
    """Give a client's operations.

    Raises:
        NotFoundError: there are none.
    """
    if seen.found is None:
        raise NotFoundError("There is no such client.")
    mine = seen.operations.filter(pl.col("cliente_id") == client_id)
    if mine.is_empty():
        raise NotFoundError("There is no such client.")
    return mine


def view(desk: Desk, seen: Picture, client_id: str, mine: pl.DataFrame) -> dict[str, Any]:
    """Build the view of a client, without noting that it was seen."""
    timeline = mine.sort("orden", descending=True).head(SHOWN)
    names = set(mine["id_operacion"].to_list())
    decisions = [
        recorded_document(one)
        for one in read_dispositions(desk.database, desk.tenant)
        if one.disposition.operation_id in names
    ]
    wish = QueueWish(client_id=client_id)
    rows = {row["id_operacion"]: row for row in seen.rows(timeline)}
    return {
        "cliente_id": client_id,
        "al": desk.today().isoformat(),
        "perfil": profile(mine),
        "umbrales": [standing_of(mine, rule, desk) for rule in rules_of(mine)],
        "pendientes": items_of(desk, seen, wish),
        "operaciones_total": mine.height,
        "operaciones": [rows[name] for name in timeline["id_operacion"].to_list()],
        "decisiones": decisions,
        "catalogo": {"version": desk.catalogue.version, "sha256": desk.catalogue.sha256},
        "nota": "Lo que aquí no aparece no se sabe con los datos recibidos; decide la persona encargada.",
    }


def rules_of(mine: pl.DataFrame) -> list[str]:
    """Give the cases of Article 17 that a client's operations fall under."""
    return sorted(mine["regla"].drop_nulls().unique().to_list())


def profile(mine: pl.DataFrame) -> dict[str, Any]:
    """Say how a client behaves, in few numbers; amounts in pesos."""
    done = mine.filter(~pl.col("intento"))
    classes = dict(mine["clase"].value_counts(sort=True).iter_rows())
    if done.is_empty():
        return {"operaciones": 0, "intentos": mine.height, "clases": classes}
    cash = done.filter("es_efectivo")
    whole = sum(done["monto_c"].to_list())
    return {
        "operaciones": done.height,
        "intentos": mine.height - done.height,
        "primera": done["fecha"].min().isoformat(),  # type: ignore[union-attr]
        "ultima": done["fecha"].max().isoformat(),  # type: ignore[union-attr]
        "suma": plain(whole),
        "mediana": plain(sorted(done["monto_c"].to_list())[done.height // 2]),
        "mayor": plain(max(done["monto_c"].to_list())),
        "en_efectivo": plain(sum(cash["monto_c"].to_list())),
        "en_efectivo_pct": sum(cash["monto_c"].to_list()) * 10_000 // max(1, whole) / 100,
        "clases": classes,
    }


def standing_of(mine: pl.DataFrame, rule: str, desk: Desk) -> dict[str, Any]:
    """Say where the six-month sum of a client and a rule stands today, and what is missing to each threshold.

    `falta_identificacion` is for one operation; `falta_aviso` is what one more operation would need so that
    the sum reaches the notice, in pesos at today's UMA, the smaller of both readings of the sum. An operation
    counts only if it reaches identification by itself (Reglamento 7).
    """
    today = desk.today()
    row, uma = desk.catalogue.threshold_on(rule, today), desk.catalogue.uma_on(today)
    if row is None or uma is None:
        return {"regla": rule, "estado": "sin_regla_para_la_fecha" if row is None else "uma_no_disponible"}
    start = months_before(today, MONTHS)
    acts = mine.filter(
        (pl.col("regla") == rule)
        & pl.col("se_acumula").fill_null(value=False)
        & pl.col("acto_fecha").is_between(start, today)
    )
    cents = sum(acts["acto_c"].to_list())
    in_umas = sum(
        (Fraction(one, value) for one, value in acts.select("acto_c", "acto_uma_c").iter_rows()), Fraction(0)
    )
    told = sum(acts.filter(notified())["acto_c"].to_list())
    return {
        "regla": rule,
        "regla_id": row.id,
        "fraccion": row.place,
        "actividad": row.activity,
        "estado": None,
        "desde": start.isoformat(),
        "hasta": today.isoformat(),
        "actos_que_cuentan": acts.height,
        "ids": acts["id_operacion"].to_list()[-SHOWN:],
        "suma_pesos": plain(cents),
        "suma_umas": f"{float(in_umas):.4f}",
        "ya_avisado_pesos": plain(told),
        **missing(row, uma.cents, cents, in_umas),
        "fundamento": f"LFPIORPI 17 fr. {row.place} y penúltimo párrafo; Reglamento 7",
    }


def missing(row: Threshold, uma: int, cents: int, in_umas: Fraction) -> dict[str, Any]:
    """Give thresholds in pesos and what is missing to them; "siempre" where any amount reaches."""
    identify = row.identify_uma * uma if row.identify_uma is not None else None
    notice = row.notice_uma * uma if row.notice_uma is not None else None
    strict = 1 if row.identify_strict else 0
    lacks: int | None = None
    if notice is not None and row.notice_uma is not None and row.accumulates:
        by_umas = (row.notice_uma - in_umas) * uma
        lacks = max(0, min(notice - cents, -(-by_umas.numerator // by_umas.denominator)))
    return {
        "identificacion": plain(identify) if identify is not None else row.identify,
        "falta_identificacion": plain(identify + strict) if identify is not None else "0.00",
        "aviso": plain(notice) if notice is not None else row.notice,
        "acumula": row.accumulates,
        "falta_aviso_por_una_operacion": plain(notice) if notice is not None else None,
        "falta_aviso": plain(lacks) if lacks is not None else None,
        "avance_aviso_pct": None if not notice or not row.accumulates else cents * 10_000 // notice / 100,
    }


def clients_of(seen: Picture, *, limit: int, offset: int) -> dict[str, Any]:
    """List the clients of a tenant, those with the gravest and most operations first."""
    if seen.found is None:
        return {"total": 0, "clientes": []}
    counted = seen.operations.group_by("cliente_id").agg(
        operaciones=pl.len(),
        preocupante=(pl.col("clase") == "preocupante").sum(),
        inusual=(pl.col("clase") == "inusual").sum(),
        relevante=(pl.col("clase") == "relevante").sum(),
        ultima=pl.col("fecha").max(),
    )
    order = ["preocupante", "inusual", "relevante", "operaciones"]
    ranked = counted.sort(*order, "cliente_id", descending=[True] * 4 + [False])
    page = ranked.slice(offset, limit).with_columns(pl.col("ultima").cast(pl.String))
    return {"total": ranked.height, "clientes": page.to_dicts()}
