"""Column names as files have them, brought to the names of the contract."""

import unicodedata
from dataclasses import dataclass

import polars as pl

from yunque.errors import ContractError, TableError

REQUIRED = ("cliente_id", "monto", "fecha", "tipo_operacion")
SECTOR = ("sector_actividad", "fraccion")  # one of them at least

# the contract's name -> other names that files use
SYNONYMS: dict[str, tuple[str, ...]] = {
    "cliente_id": ("id_cliente", "cliente", "clienteid", "client_id", "customer_id", "usuario_id"),
    "monto": (
        "importe",
        "cantidad",
        "monto_operacion",
        "amount",
        "valor",
        "total",
        "monto_con_contribuciones",
    ),
    "fecha": ("fecha_operacion", "fecha_hora", "date", "timestamp", "fecha_de_operacion", "fecha_pago"),
    "tipo_operacion": ("tipo", "operacion", "tipo_de_operacion", "tipo_transaccion", "metodo_pago"),
    "sector_actividad": ("sector", "actividad", "giro", "actividad_vulnerable", "sector_de_actividad"),
    "fraccion": ("fraccion_lfpiorpi", "fraccion_art17", "fraccion_articulo_17"),
    "id_operacion": ("id_transaccion", "transaccion_id", "folio", "id", "operacion_id", "transaction_id"),
    "hora": ("hora_operacion", "time"),
    "inciso": (),
    "id_acto": ("acto", "contrato", "id_contrato", "acto_id"),
    "id_pagador": ("pagador", "pagador_id", "quien_paga"),
    "forma_pago": ("instrumento", "instrumento_monetario", "forma_de_pago", "medio_pago"),
    "monto_sin_contribuciones": ("monto_sin_iva", "subtotal", "monto_neto", "monto_sin_impuestos"),
    "moneda": ("divisa", "currency"),
    "tipo_cambio": ("tipo_de_cambio", "exchange_rate"),
    "contraprestacion": ("comision", "contraprestacion_cobrada"),
    "cuenta_tarjeta": ("tarjeta", "numero_tarjeta", "cuenta"),
    "valor_catastral": (),
    "valor_comercial": ("valor_avaluo",),
    "monto_garantizado": ("suerte_principal",),
    "valor_individual": ("valor_unitario", "valor_pieza"),
    "id_contraparte": ("contraparte", "contraparte_id", "beneficiario_id"),
    "sentido": ("direccion", "entrada_salida"),
    "pais": ("pais_contraparte", "country"),
    "entidad": ("estado", "entidad_federativa"),
    "es_pep": ("pep",),
    "en_lista": ("listado", "lista", "en_listas"),
    "riesgo_alto": ("cliente_riesgo_alto",),
    "grado_riesgo": ("grado_de_riesgo", "nivel_riesgo_cliente"),
    "en_representacion": ("en_nombre_del_cliente", "representacion"),
    "monto_determinable": (),
    "sospecha": ("marca_sospecha",),
    "intento": ("intentada", "es_intento", "no_celebrada"),
    "aviso_presentado": ("avisada",),
    "clasificacion_lfpiorpi": ("clasificacion", "etiqueta"),
}
KNOWN = {other: name for name, others in SYNONYMS.items() for other in (name, *others)}


@dataclass(frozen=True, kw_only=True)
class Named:
    """A table under the contract's column names.

    Attributes:
        frame: columns of the contract, all text.
        renamed: the file's names that were understood as others: (as in the file, as in the contract).
        ignored: columns that the contract does not know.
    """

    frame: pl.DataFrame
    renamed: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]


def simple(name: str) -> str:
    """Bring a column name to lower case, without accents, signs or spaces at its ends."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower().strip()
    return "_".join("".join(sign if sign.isalnum() else " " for sign in plain).split())


def name_columns(table: pl.DataFrame) -> Named:
    """Give the table under the contract's names; a name of the contract wins over a synonym of it.

    Raises:
        TableError: two columns mean the same thing.
        ContractError: required columns are missing; all of them are named.
    """
    found: dict[str, str] = {}
    ignored: list[str] = []
    exact = {simple(name) for name in table.columns} & set(SYNONYMS)
    for column in table.columns:
        meaning = KNOWN.get(simple(column))
        if meaning is None or (meaning in exact and simple(column) != meaning):
            ignored.append(column)
            continue
        if meaning in found:
            raise TableError(
                f"The columns {found[meaning]!r} and {column!r} both mean {meaning!r}.",
                hint="Remove or rename one of them.",
            )
        found[meaning] = column
    require(tuple(found))
    frame = table.select(as_text(table[column]).alias(name) for name, column in found.items())
    renamed = tuple((column, name) for name, column in found.items() if column != name)
    return Named(frame=frame, renamed=renamed, ignored=tuple(ignored))


def require(names: tuple[str, ...]) -> None:
    """Refuse a table that lacks what the law cannot do without.

    Raises:
        ContractError: it does; the failures name every missing column.
    """
    missing = [name for name in REQUIRED if name not in names]
    if not any(name in names for name in SECTOR):
        missing.append("sector_actividad")
    if missing:
        raise ContractError(
            f"Required columns are missing: {', '.join(missing)}.",
            failures=[{"check": "missing_column", "column": name} for name in missing],
            hint="Required: cliente_id, monto, fecha, tipo_operacion, and sector_actividad or fraccion.",
        )


def as_text(column: pl.Series) -> pl.Series:
    """Give a column as text without blanks around it, empty cells null, numbers in their shortest form."""
    if column.dtype == pl.Boolean:
        column = column.replace_strict({True: "si", False: "no"}, default=None, return_dtype=pl.String)
    elif column.dtype.is_float():
        column = column.map_elements(number_text, return_dtype=pl.String)
    elif column.dtype.is_decimal():  # its point is a decimal one: no zeros after it that could seem thousands
        column = column.cast(pl.String).str.replace(r"(\.[0-9]*?)0+$", "${1}").str.strip_suffix(".")
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text == "", None)


def number_text(value: float) -> str:
    """Write a number of a spreadsheet in its shortest exact form: 376565.1, 5."""
    return repr(int(value)) if value.is_integer() else repr(value)
