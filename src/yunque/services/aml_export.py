"""The review export of an activity and a month: rows to look at before a notice is captured, CSV or XLSX."""

import csv
import hashlib
import importlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import polars as pl

from yunque.errors import NotFoundError, UsageError
from yunque.services.aml_desk import Desk
from yunque.services.aml_picture import Picture, picture, standing
from yunque.solutions.aml.calendar import month_of
from yunque.solutions.aml.law.catalogue import Catalogue
from yunque.solutions.aml.store.audit import Entry, record

NOTICES = ("aviso_mensual", "aviso_24h")
COLUMNS = (
    *("clave_actividad", "mes", "id_operacion", "cliente_id", "fecha", "fecha_del_acto", "monto", "umas"),
    *("regla", "tipo", "fundamento", "vence", "vence_habil", "acumulado_desde", "acumulado_pesos"),
    *("acumulado_ids", "clase", "estado", "folio", "analysis_id", "advertencias"),
)
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
Format = Literal["csv", "xlsx"]


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A file that was made: its name, bytes and SHA-256; the audit log has the same hash."""

    name: str
    content: bytes
    media_type: str

    @property
    def sha256(self) -> str:
        """The content's hash."""
        return hashlib.sha256(self.content).hexdigest()


def keys_of(catalogue: Catalogue) -> dict[str, list[str]]:
    """Give the activities' keys of the authority's portal with their rules of Article 17."""
    found: dict[str, list[str]] = {}
    for row in catalogue.thresholds:
        for key in filter(None, row.sppld_key.split("/")):
            rules = found.setdefault(key, [])
            if row.rule not in rules:
                rules.append(row.rule)
    return found


def export(desk: Desk, *, key: str, month: date, form: Format) -> Exported:
    """Make the review export of an activity and a month; a month without notices has the header only.

    Raises:
        NotFoundError: no activity has that key.
        UsageError: XLSX, and the extra `excel` is not installed.
    """
    first = month_of(month)
    rows = rows_of(desk, picture(desk), key=key, month=first)
    content = as_csv(rows) if form == "csv" else as_workbook(rows)
    made = Exported(
        name=f"revision_{key}_{first:%Y%m}.{form}",
        content=content,
        media_type="text/csv; charset=utf-8"
        if form == "csv"
        else "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )
    note_export(desk, made, {"clave": key, "mes": f"{first:%Y-%m}", "filas": len(rows)})
    return made


def note_export(desk: Desk, made: Exported, facts: Mapping[str, Any]) -> None:
    """Write into the audit log that a file was made, with its hash."""
    details = {**facts, "archivo": made.name, "sha256": made.sha256}
    entry = Entry(actor=desk.actor, action="exportado", subject=made.name[:200], details=details)
    record(desk.database, desk.tenant, entry)


def rows_of(desk: Desk, seen: Picture, *, key: str, month: date) -> list[dict[str, Any]]:
    """Give the notices of an activity whose acts were done in a month: a row an operation and kind.

    Raises:
        NotFoundError: no activity has that key.
    """
    rules = keys_of(desk.catalogue).get(key)
    if rules is None:
        raise NotFoundError.among("activity key", key[:40], sorted(keys_of(desk.catalogue)))
    if seen.found is None:
        return []
    owed = seen.found.obligations.filter(
        pl.col("tipo").is_in(NOTICES) & (pl.col("acto_fecha").dt.truncate("1mo") == month)
    )["orden"]
    chosen = seen.operations.filter(pl.col("regla").is_in(rules) & pl.col("orden").is_in(owed.implode()))
    decided = standing(desk)
    found = []
    for row in seen.rows(chosen):
        where = decided.get(row["id_operacion"])
        for one in row["obligaciones"]:
            if one["tipo"] in NOTICES:
                state = "nueva" if where is None else where.state
                folio = None if where is None else where.last.disposition.reference
                found.append(review_row(row, one, {"clave_actividad": key, "estado": state, "folio": folio}))
    return found


def review_row(row: Mapping[str, Any], owed: Mapping[str, Any], beside: Mapping[str, Any]) -> dict[str, Any]:
    """Build one row of the review export."""
    summed = row["acumulado"] or {}
    return {
        **beside,
        "mes": (owed["fecha_del_acto"] or row["fecha"])[:7],
        "id_operacion": row["id_operacion"],
        "cliente_id": row["cliente_id"],
        "fecha": row["fecha"],
        "fecha_del_acto": owed["fecha_del_acto"],
        "monto": row["monto"],
        "umas": row["umas"],
        "regla": owed["regla"],
        "tipo": owed["tipo"],
        "fundamento": owed["fundamento"],
        "vence": owed["vence"],
        "vence_habil": owed["vence_habil"],
        "acumulado_desde": summed.get("desde"),
        "acumulado_pesos": summed.get("pesos"),
        "acumulado_ids": " ".join(summed.get("ids") or []),
        "clase": row["clase"],
        "analysis_id": row["analysis_id"],
        "advertencias": " ".join(row["advertencias"]),
    }


def harmless(value: Any) -> str:
    """Write a cell so that no spreadsheet runs it: text that begins like a formula gets an apostrophe."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(DANGEROUS) else text


def as_csv(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Give rows as CSV with a byte-order mark, which spreadsheets need to read accents."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([harmless(row.get(name)) for name in COLUMNS] for row in rows)
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def as_workbook(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Give rows as a workbook whose cells are all text.

    Raises:
        UsageError: the extra `excel` is not installed.
    """
    try:
        writer = importlib.import_module("xlsxwriter")
    except ImportError as error:
        raise UsageError(
            "Workbooks need the optional part `excel`.", hint="Install it, or ask for CSV."
        ) from error
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with writer.Workbook(buffer, options) as book:
        sheet = book.add_worksheet("revision")
        sheet.write_row(0, 0, COLUMNS)
        for number, row in enumerate(rows, start=1):
            sheet.write_row(number, 0, [harmless(row.get(name)) for name in COLUMNS])
        sheet.freeze_panes(1, 0)
    return buffer.getvalue()
