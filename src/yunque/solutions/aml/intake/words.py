"""Words with a fixed meaning: yes and no, kinds of operation, instruments of payment."""

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
# instruments that Article 32 calls cash: notes, coin and precious metals
CASH = (
    *("efectivo", "billetes", "monedas", "billetes_y_monedas", "cash", "01"),
    *("divisas_en_efectivo", "dolares_en_efectivo", "ventanilla_efectivo"),
    *("deposito_en_efectivo", "deposito_efectivo"),
    *("metales_preciosos", "metales", "oro", "plata", "platino"),
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


def is_cash(kind: pl.Series, instruments: pl.Series | None) -> pl.Series:
    """Whether payment was in notes, coin or precious metals; the instrument, where told, decides."""
    by_kind = kind.is_in(["efectivo", "metales_preciosos"]).fill_null(value=False)
    if instruments is None:
        return by_kind
    by_instrument = each_simple(instruments).is_in(list(CASH))
    return by_instrument.zip_with(by_instrument.is_not_null(), by_kind)
