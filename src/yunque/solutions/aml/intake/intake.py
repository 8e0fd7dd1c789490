"""A file's table becomes operations: every cell read exactly or told, nothing guessed in silence."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from yunque.solutions.aml.intake.amounts import (
    converted,
    currency_code,
    currency_in,
    read_cents,
    read_rate,
)
from yunque.solutions.aml.intake.article17 import places
from yunque.solutions.aml.intake.faults import Faults
from yunque.solutions.aml.intake.headers import Named, name_columns
from yunque.solutions.aml.intake.identity import check_identifiers, repeats, with_ids
from yunque.solutions.aml.intake.moments import read_moments
from yunque.solutions.aml.intake.words import cash_of, each_simple, kinds, yes_or_no
from yunque.solutions.aml.law.catalogue import Catalogue
from yunque.solutions.aml.law.warning import Warn, flag

IDENTIFIERS = ("cliente_id", "id_operacion", "id_acto", "id_pagador", "cuenta_tarjeta", "id_contraparte")
FLAGS = ("en_lista", "es_pep", "riesgo_alto", "sospecha", "intento", "aviso_presentado")
FACTS = ("en_representacion", "monto_determinable")
AMOUNTS = {
    "monto": "monto_c",
    "monto_sin_contribuciones": "monto_sin_c",
    "contraprestacion": "contraprestacion_c",
    "valor_catastral": "valor_catastral_c",
    "valor_comercial": "valor_comercial_c",
    "monto_garantizado": "monto_garantizado_c",
    "valor_individual": "valor_individual_c",
}
MAY_BE_ZERO = ("contraprestacion",)
HOME = ("mexico", "mx", "mex", "mexicana", "484")
FIRST_LINE = 2  # the header is line 1


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What a file holds.

    Attributes:
        operations: one row an operation in the law's columns, with those of R1 and of the features beside
            them.
        rejected: cells that could not be read: line, column, value, reason, detail; a row may have several.
        rows: rows of the file.
        notes: what an officer must know of the file as a whole.
        has_hour, has_label: whether the file tells hours, and a label.
    """

    operations: pl.DataFrame
    rejected: pl.DataFrame
    rows: int
    notes: tuple[str, ...]
    has_hour: bool
    has_label: bool

    @property
    def rejected_rows(self) -> int:
        """How many rows were left out."""
        return self.rejected["linea"].n_unique()


def take_in(table: pl.DataFrame, catalogue: Catalogue, as_of: date) -> Intake:
    """Read a table of text cells.

    Args:
        table: as the file has it; typed columns of a spreadsheet are taken at their text.
        catalogue: says what sectors and fractions stand for.
        as_of: the day of the analysis; later dates are refused.

    Raises:
        ContractError: required columns are missing.
        TableError: two columns mean the same.
    """
    named = name_columns(table)
    frame = named.frame
    faults = Faults(line=pl.Series(range(FIRST_LINE, frame.height + FIRST_LINE), dtype=pl.Int64))
    check_identifiers(frame, IDENTIFIERS, faults)
    faults.add(frame["cliente_id"].is_null(), frame["cliente_id"], "cliente_id", "falta")
    read = read_cells(frame, catalogue, as_of, faults)
    lines = faults.table()["linea"].unique()
    good = with_ids(read.frame.filter(~pl.col("linea").is_in(lines.implode())))
    final = Faults(line=good["linea"], found=list(faults.found))
    kept = good.filter(~repeats(good, final))
    return Intake(
        operations=kept,
        rejected=final.table(),
        rows=frame.height,
        notes=notes(named, doubtful=read.doubtful_order),
        has_hour=kept["hora"].is_not_null().any(),
        has_label="clasificacion_lfpiorpi" in frame.columns,
    )


@dataclass(frozen=True, kw_only=True)
class Read:
    """Cells as values, bad ones null."""

    frame: pl.DataFrame
    doubtful_order: bool


def read_cells(frame: pl.DataFrame, catalogue: Catalogue, as_of: date, faults: Faults) -> Read:
    """Read every column of the contract."""
    empty = pl.Series([None] * frame.height, dtype=pl.String)

    def cell(name: str) -> pl.Series:
        return frame[name] if name in frame.columns else empty

    flags = {name: yes_or_no(cell(name), name, faults) for name in (*FLAGS, *FACTS)}
    high = cell("grado_riesgo").str.to_lowercase().str.strip_chars().eq("alto")
    flags["riesgo_alto"] = flags["riesgo_alto"].fill_null(value=False) | high.fill_null(value=False)
    kind = kinds(cell("tipo_operacion"), faults)
    placed = places(pl.DataFrame({n: cell(n) for n in ("fraccion", "inciso", "sector_actividad")}), catalogue)
    unknowable = (
        placed["regla"].is_in(["X-a", "X-b"]) & flags["monto_determinable"].eq(other=False)
    ).fill_null(value=False) | placed["regla"].eq("X-b").fill_null(value=False)
    cash = cash_of(kind, cell("forma_pago"))
    no_amount = placed["regla"].is_in(amount_free(catalogue)).fill_null(value=False) & ~cash.is_cash
    free = unknowable | no_amount | flags["intento"].fill_null(value=False)
    money = read_money(frame, faults, free)
    when = read_moments(cell("fecha"), frame.get_column("hora", default=None), as_of, faults)
    columns = pl.DataFrame(
        {
            "linea": faults.line,
            "cliente_id": cell("cliente_id"),
            "id_operacion": cell("id_operacion"),
            "fecha": when.day,
            "hora": when.hour,
            "tipo_operacion": kind,
            "sector_actividad": cell("sector_actividad"),
            "fraccion": cell("fraccion"),
            "es_efectivo": cash.is_cash,
            "id_acto": cell("id_acto"),
            "id_pagador": cell("id_pagador"),
            "cuenta": cell("cuenta_tarjeta"),
            "id_contraparte": cell("id_contraparte"),
            "sentido": cell("sentido").str.to_lowercase(),
            "pais": cell("pais"),
            "jurisdiccion": each_simple(cell("pais")),
            "entidad": cell("entidad"),
            "clasificacion_lfpiorpi": cell("clasificacion_lfpiorpi"),
            "_zona": when.is_converted,
            "_sin_instrumento": cell("forma_pago").is_null() | cash.is_unknown,
            "_instrumento_desconocido": cash.is_unknown,
            "_instrumento_distinto": cash.differs,
            "_sin_monto": no_amount & ~(money["monto_c"] > 0).fill_null(value=False),
            **flags,
        }
    )
    whole = pl.concat([columns, money, placed], how="horizontal")
    return Read(frame=settle(whole, unknowable), doubtful_order=when.doubtful_order)


def amount_free(catalogue: Catalogue) -> list[str]:
    """Give the rules in which no amount ever decides, such as irrevocable powers (Article 17 XII A b)."""
    decides = {row.rule for row in catalogue.thresholds if "uma" in row.identify or "uma" in row.notice}
    return [rule for rule in catalogue.rules if rule not in decides]


def settle(frame: pl.DataFrame, unknowable: pl.Series) -> pl.DataFrame:
    """Decide what follows from several cells: sub-cases, the highest value, warnings, countries."""
    is_x = pl.col("regla").is_in(["X-a", "X-b"])
    assumed = (pl.col("regla") == "X-a") & pl.col("monto_determinable").is_null()
    deposit = (pl.col("tipo_operacion") == "deposito") & pl.col("_sin_instrumento") & ~pl.col("es_efectivo")
    abroad = pl.col("pais").is_not_null() & ~pl.col("pais").str.to_lowercase().is_in(HOME)
    marks = (
        pl.col("marcas")
        | flag(assumed, Warn.AMOUNT_KNOWN_ASSUMED)
        | flag(deposit, Warn.DEPOSIT_UNKNOWN)
        | flag(pl.col("_zona"), Warn.MOMENT_CONVERTED)
        | flag(pl.col("_convertida"), Warn.CURRENCY_CONVERTED)
        | flag(pl.col("_sin_monto"), Warn.NO_AMOUNT)
        | flag(pl.col("_instrumento_desconocido"), Warn.INSTRUMENT_UNKNOWN)
        | flag(pl.col("_instrumento_distinto"), Warn.KIND_AND_INSTRUMENT_DIFFER)
    )
    return frame.with_columns(
        marcas=marks,
        regla=pl.when(is_x & pl.lit(unknowable)).then(pl.lit("X-b")).otherwise("regla"),
        valor_mayor_c=pl.max_horizontal("valor_catastral_c", "valor_comercial_c", "monto_garantizado_c"),
        es_internacional=(pl.col("tipo_operacion") == "transferencia_internacional")
        | abroad.fill_null(value=False),
        monto_c=pl.col("monto_c").fill_null(0),
    ).drop(
        "_zona",
        "_convertida",
        "_sin_instrumento",
        "_instrumento_desconocido",
        "_instrumento_distinto",
        "_sin_monto",
        "valor_catastral_c",
        "valor_comercial_c",
        "monto_garantizado_c",
    )


def read_money(frame: pl.DataFrame, faults: Faults, free: pl.Series) -> pl.DataFrame:
    """Read all amounts in pesos; `free` marks rows whose amount may be missing."""
    nothing = pl.Series([None] * frame.height, dtype=pl.String)
    told = frame.get_column("moneda", default=nothing)
    code = currency_code(told)
    inside = currency_in(frame["monto"])
    faults.add(
        (code != inside) & code.is_not_null() & inside.is_not_null(), told, "moneda", "moneda_contradictoria"
    )
    currency = inside.zip_with(code.is_null(), code).fill_null("MXN")
    rates = read_rate(frame.get_column("tipo_cambio", default=nothing), faults)
    foreign = currency != "MXN"
    faults.add(foreign & rates.is_null(), currency, "moneda", "moneda_sin_tipo_de_cambio")
    columns = {}
    for name, target in AMOUNTS.items():
        texts = frame.get_column(name, default=nothing)
        cents = read_cents(texts, name, faults)
        if name == "monto":
            faults.add(texts.is_null() & ~free, texts, name, "falta")
            faults.add((cents == 0) & ~free, texts, name, "monto_cero")
        if foreign.any():
            abroad = foreign & rates.is_not_null()
            cents = cents.zip_with(~abroad, converted(cents, rates, faults))
        columns[target] = cents.alias(target)
    net = columns["monto_sin_c"]
    faults.add(net > columns["monto_c"], frame["monto"], "monto_sin_contribuciones", "neto_mayor_que_total")
    return pl.DataFrame({**columns, "moneda": currency, "_convertida": foreign})


def notes(named: Named, *, doubtful: bool) -> tuple[str, ...]:
    """Say what was understood of the file as a whole."""
    said = [f"La columna {old!r} se leyó como {new!r}." for old, new in named.renamed]
    said += [f"La columna {name!r} no se conoce y no se leyó." for name in named.ignored]
    if doubtful:
        said.append(
            "Algunas fechas solo pueden ser mes/día/año y ninguna solo día/mes/año: revise el orden; "
            "se leyó día/mes/año."
        )
    if "fraccion" not in named.frame.columns:
        said.append("El archivo no trae fracción: se dedujo del sector de cada fila.")
    return tuple(said)
