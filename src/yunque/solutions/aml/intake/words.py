"""Words with a fixed meaning: yes and no, kinds of operation, instruments of payment."""

from dataclasses import dataclass

import polars as pl

from yunque.solutions.aml.intake.faults import Faults
from yunque.solutions.aml.intake.headers import simple

YES = ("si", "s", "true", "verdadero", "1", "x", "yes", "y", "v", "t")
NO = ("no", "n", "false", "falso", "0", "f", "nan", "none", "null")

# kinds of operation that a file may name -> kind as R1 has it
KINDS: dict[str, str] = {
    "efectivo": "efectivo",
    "deposito_en_efectivo": "efectivo",
    "deposito_efectivo": "efectivo",
    "tarjeta": "tarjeta",
    "tarjeta_credito": "tarjeta",
    "tarjeta_de_credito": "tarjeta",
    "tarjeta_debito": "tarjeta",
    "tarjeta_de_debito": "tarjeta",
    "transferencia_nacional": "transferencia_nacional",
    "transferencia": "transferencia_nacional",
    "transferencia_bancaria": "transferencia_nacional",
    "spei": "transferencia_nacional",
    "transferencia_internacional": "transferencia_internacional",
    "swift": "transferencia_internacional",
    "cheque": "cheque",
    "cheque_de_caja": "cheque",
    "deposito": "deposito",
    "deposito_bancario": "deposito",
    "pago_servicios": "pago_servicios",
    "pago_de_servicios": "pago_servicios",
    "metales_preciosos": "metales_preciosos",
    "metales": "metales_preciosos",
    "activos_virtuales": "activos_virtuales",
    "criptoactivos": "activos_virtuales",
    "otro": "otro",
    "especie": "otro",
    "permuta": "otro",
}
# instruments that Article 32 calls cash: notes, coin and precious metals ("01" is the tax office's code)
CASH = (
    *("efectivo", "billetes", "monedas", "billetes_y_monedas", "cash", "01", "1"),
    *("divisas_en_efectivo", "dolares_en_efectivo", "ventanilla_efectivo"),
    *("deposito_en_efectivo", "deposito_efectivo"),
    *("metales_preciosos", "metales", "oro", "plata", "platino"),
)
# a longer text with one of these words is cash too ("pago en efectivo en caja"), unless it denies it
CASH_WORD = r"(?:^|_)(?:efectivo|billetes?|monedas?)(?:_|$)"
METAL_WORD = r"(?:^|_)(?:oro|plata|platino|metales)(?:_|$)"
DENIED = r"(?:^|_)(?:no|sin|excepto)(?:_|$)"
CARD_WORD = r"tarjeta"  # a gold card is no gold
# instruments that are not cash; any other word is unknown and leaves the answer to the kind of operation
NOT_CASH = (
    *("transferencia", "transferencia_nacional", "transferencia_internacional", "transferencia_bancaria"),
    *("transferencia_electronica", "transferencia_electronica_de_fondos", "spei", "swift", "03", "3", "codi"),
    *("cheque", "cheque_nominativo", "cheque_de_caja", "cheque_certificado", "02", "2"),
    *(
        "tarjeta",
        "tarjeta_credito",
        "tarjeta_de_credito",
        "tarjeta_debito",
        "tarjeta_de_debito",
        "04",
        "4",
        "28",
    ),
    *("tarjeta_prepagada", "tarjeta_de_prepago", "tarjeta_de_servicios", "29", "monedero_electronico"),
    *("dinero_electronico", "domiciliacion", "orden_de_pago", "giro_bancario", "credito_bancario"),
    *("activos_virtuales", "criptoactivos", "especie", "permuta", "dacion_en_pago", "compensacion"),
)


def each_simple(texts: pl.Series) -> pl.Series:
    """Simplify every word, once for each distinct one."""
    distinct = texts.drop_nulls().unique().to_list()
    table = {word: simple(word) for word in distinct}
    return texts.replace_strict(table, default=None, return_dtype=pl.String)


def yes_or_no(texts: pl.Series, column: str, faults: Faults) -> pl.Series:
    """Read yes and no; an empty cell is null, any other word a fault."""
    words = each_simple(texts)
    said = words.replace_strict(
        dict.fromkeys(YES, True) | dict.fromkeys(NO, False), default=None, return_dtype=pl.Boolean
    )
    faults.add(texts.is_not_null() & said.is_null(), texts, column, "si_o_no_ilegible")
    return said


def kinds(texts: pl.Series, faults: Faults) -> pl.Series:
    """Read the kind of operation."""
    known = each_simple(texts).replace_strict(KINDS, default=None, return_dtype=pl.String)
    faults.add(texts.is_null(), texts, "tipo_operacion", "falta")
    faults.add(texts.is_not_null() & known.is_null(), texts, "tipo_operacion", "tipo_operacion_desconocido")
    return known


@dataclass(frozen=True, kw_only=True)
class Cash:
    """Which rows were paid in notes, coin or precious metals.

    Attributes:
        is_cash: the answer.
        is_unknown: an instrument is told in words that are not known; the kind of operation decided.
        differs: the kind of operation says cash and the instrument says it was not.
    """

    is_cash: pl.Series
    is_unknown: pl.Series
    differs: pl.Series


def cash_of(kind: pl.Series, instruments: pl.Series) -> Cash:
    """Say which payments were cash; a known instrument decides, else the kind of operation."""
    by_kind = kind.is_in(["efectivo", "metales_preciosos"]).fill_null(value=False)
    word = each_simple(instruments)
    metal = word.str.contains(METAL_WORD) & ~word.str.contains(CARD_WORD)
    spoken = (word.str.contains(CASH_WORD) | metal) & ~word.str.contains(DENIED)
    told = (word.is_in(list(CASH)) | spoken).fill_null(value=False)
    denied = word.is_in(list(NOT_CASH)).fill_null(value=False) & ~told
    return Cash(
        is_cash=told | (by_kind & ~denied),
        is_unknown=word.is_not_null() & ~told & ~denied,
        differs=by_kind & denied,
    )
