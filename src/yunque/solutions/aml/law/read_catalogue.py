"""Read the tables that come with this release into a catalogue."""

import csv
import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import pairwise

from yunque.errors import DataError
from yunque.solutions.aml.law.catalogue import (
    CashLimit,
    Catalogue,
    Jurisdiction,
    Reading,
    Sector,
    Threshold,
    Uma,
)
from yunque.solutions.aml.money import cents_of

# what says, in each table, where a row comes from and how far it was verified
PROVENANCE = {
    "umbrales.csv": ("fuente", "estado"),
    "uma.csv": ("fuente", "estado"),
    "efectivo.csv": ("fuente", "estado"),
    "inhabiles.csv": ("fuente", "estado"),
    "sectores.csv": ("fuente", "verificacion"),
    "lecturas.csv": ("fundamento", "estado"),
    "jurisdicciones.csv": ("fuente", "estado"),
}
TABLES = ("umbrales.csv", "uma.csv", "efectivo.csv", "inhabiles.csv", "sectores.csv", "lecturas.csv")
LATER = ("jurisdicciones.csv",)  # tables that earlier editions did not have
ALL = (*TABLES, *LATER)


@cache
def catalogue() -> Catalogue:
    """Read the tables of this release.

    Raises:
        DataError: the tables contradict themselves.
    """
    return catalogue_of(package_texts())


def package_texts() -> dict[str, str]:
    """Give the texts of this release's tables by their names."""
    return {name: table_text(name) for name in ALL}


def catalogue_of(texts: Mapping[str, str]) -> Catalogue:
    """Build a catalogue from the texts of its tables.

    Raises:
        DataError: the tables contradict themselves, or a row does not say where it comes from.
    """
    rows = {
        name: list(csv.DictReader(texts[name].splitlines()))
        for name in ALL
        if name in TABLES or name in texts
    }
    require_provenance(rows)
    read = Catalogue(
        thresholds=tuple(map(read_threshold, rows["umbrales.csv"])),
        umas=tuple(map(read_uma, rows["uma.csv"])),
        cash_limits=tuple(map(read_cash_limit, rows["efectivo.csv"])),
        holidays=frozenset(day_of(row["fecha"]) for row in rows["inhabiles.csv"]),
        sectors=tuple(
            Sector(name=row["sector"], rule=row["regla"], state=row["estado"]) for row in rows["sectores.csv"]
        ),
        readings=tuple(map(read_reading, rows["lecturas.csv"])),
        jurisdictions=tuple(map(read_jurisdiction, rows.get("jurisdicciones.csv", ()))),
        sha256=digest_of(texts),
    )
    check(read)
    return read


def digest_of(texts: Mapping[str, str]) -> str:
    """Give the hash of the tables' texts: any cell that changes changes it."""
    digest = hashlib.sha256()
    for name in (name for name in ALL if name in TABLES or name in texts):
        digest.update(name.encode() + b"\0" + texts[name].encode() + b"\0")
    return digest.hexdigest()


def require_provenance(rows: Mapping[str, list[dict[str, str]]]) -> None:
    """Refuse a row that does not say its source and how far it was verified.

    Raises:
        DataError: there is one; its table and line are told.
    """
    for table, columns in PROVENANCE.items():
        for line, row in enumerate(rows.get(table, ()), start=2):
            for column in columns:
                if not (row.get(column) or "").strip():
                    raise DataError(
                        f"A row of the law's tables has no {column}.",
                        place={"file": table, "row": str(line), "column": column},
                        hint="Every row says its source and how far it was verified.",
                    )


def check(read: Catalogue) -> None:
    """Refuse tables whose periods overlap, or whose rule changes what it compares.

    Raises:
        DataError: they do.
    """
    for rule in read.rules:
        rows = sorted((row for row in read.thresholds if row.rule == rule), key=lambda row: row.since)
        for before, after in pairwise(rows):
            if before.until is None or before.until >= after.since:
                raise DataError(f"The periods of rule {rule} overlap.")
            if before.base != after.base:
                raise DataError(f"The rule {rule} compares {before.base} and later {after.base}.")
    umas = sorted(read.umas, key=lambda row: row.since)
    if any(before.until >= after.since for before, after in pairwise(umas)):
        raise DataError("The periods of the UMA overlap.")


def read_rows(name: str) -> Iterator[dict[str, str]]:
    """Read one table of the package, row by row."""
    yield from csv.DictReader(table_text(name).splitlines())


def table_text(name: str) -> str:
    """Give the text of one table."""
    return (files("yunque.solutions.aml.law") / "tables" / name).read_text(encoding="utf-8")


def day_of(text: str) -> date:
    """Read an ISO date of a table."""
    return date.fromisoformat(text)


def read_uma(row: dict[str, str]) -> Uma:
    """Build one value of the UMA."""
    return Uma(
        since=day_of(row["desde"]),
        until=day_of(row["hasta"]),
        cents=cents_of(row["valor_diario"]),
        source=row["fuente"],
        verification=row["estado"],
    )


def read_threshold(row: dict[str, str]) -> Threshold:
    """Build one row of Article 17."""
    return Threshold(
        rule=row["regla"],
        fraction=row["fraccion"],
        clause=row["inciso"],
        sppld_key=row["clave_sppld"],
        activity=row["actividad"],
        identify=row["ident_tipo"],
        identify_uma=int(row["ident_uma"]) if row["ident_uma"] else None,
        identify_strict=row["ident_estricto"] == "si",
        notice=row["aviso_tipo"],
        notice_uma=int(row["aviso_uma"]) if row["aviso_uma"] else None,
        base=row["base"],
        accumulates=row["acumula"] == "si",
        listed_since=day_of(row["rcg_acumula_desde"]) if row["rcg_acumula_desde"] else None,
        term=row["plazo"],
        since=day_of(row["desde"]),
        until=day_of(row["hasta"]) if row["hasta"] else None,
        source=row["fuente"],
        verification=row["estado"],
        note=row["nota"],
    )


def read_cash_limit(row: dict[str, str]) -> CashLimit:
    """Build one case of Article 32."""
    return CashLimit(
        fraction=row["fraccion"],
        case=row["supuesto"],
        uma=int(row["limite_uma"]),
        monthly=row["periodicidad"] == "mensual",
        rules=tuple(row["reglas"].split("|")),
        doubtful=tuple(filter(None, row["reglas_dudosas"].split("|"))),
        since=day_of(row["desde"]),
        taxes_since=day_of(row["base_con_contribuciones_desde"]),
        source=row["fuente"],
    )


def read_jurisdiction(row: dict[str, str]) -> Jurisdiction:
    """Build one country of a list."""
    return Jurisdiction(
        code=row["codigo"],
        names=tuple(row["nombres"].split("|")),
        listed=row["lista"],
        since=day_of(row["desde"]),
        until=day_of(row["hasta"]) if row["hasta"] else None,
        source=row["fuente"],
        verification=row["estado"],
    )


def read_reading(row: dict[str, str]) -> Reading:
    """Build one named default."""
    return Reading(
        key=row["clave"],
        value=row["valor"],
        alternatives=tuple(filter(None, row["alternativas"].split("|"))),
        basis=row["fundamento"],
        verification=row["estado"],
        explanation=row["explicacion"],
    )
