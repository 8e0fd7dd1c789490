"""What makes an operation itself: its id, or a fingerprint of its content; repeats are told."""

import hashlib

import polars as pl

from yunque.solutions.aml.intake.faults import Faults

FORMULA = r"^[=+\-@\t\r]"
CONTROL = r"[\x00-\x1f\x7f]"
LONGEST = 200
PREFIX = "huella:"
SEPARATOR = "\x1f"
DIGITS = 24

# What a fingerprint covers, in this order; never the line: a file in another order is the same file.
CONTENT = (
    *("cliente_id", "fecha", "hora", "monto_c", "monto_sin_c", "tipo_operacion", "regla", "estado_regla"),
    *("es_efectivo", "id_acto", "id_pagador", "cuenta", "contraprestacion_c", "valor_mayor_c"),
    *("valor_individual_c", "en_representacion", "intento", "id_contraparte"),
)
# Two rows of one id with the same of these are the same operation twice; others contradict each other.
COMPARED = (
    *CONTENT[1:],
    "cliente_id",
    "en_lista",
    "es_pep",
    "riesgo_alto",
    "jurisdiccion",
    "sospecha",
    "aviso_presentado",
    "marcas",
)


def check_identifiers(frame: pl.DataFrame, names: tuple[str, ...], faults: Faults) -> None:
    """Tell identifiers that a spreadsheet would run, or that hold control characters or have no end."""
    for name in names:
        if name in frame.columns:
            text = frame[name]
            runs = text.str.contains(FORMULA)
            faults.add(runs, text, name, "caracter_de_formula")
            odd = text.str.contains(CONTROL) | (text.str.len_chars() > LONGEST)
            faults.add(odd & ~runs, text, name, "caracter_de_control")


def content_keys(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.Series:
    """Give the content of each row as one text; a column that older files did not have is empty."""
    parts = [
        pl.col(name).cast(pl.String).fill_null("") if name in frame.columns else pl.lit("")
        for name in columns
    ]
    return frame.select(pl.concat_str(parts, separator=SEPARATOR)).to_series()


def digests(texts: pl.Series) -> pl.Series:
    """Give a short SHA-256 of each text."""
    made = [hashlib.sha256(text.encode()).hexdigest()[:DIGITS] for text in texts.to_list()]
    return pl.Series(made, dtype=pl.String)


def with_ids(frame: pl.DataFrame) -> pl.DataFrame:
    """Give every operation an id.

    Where the file has none: "huella:" with the first 24 hex digits of the SHA-256 of the row's content (see
    `CONTENT`) and, after a colon, the how-manieth such row of the file it is. The same file again gives the
    same ids; two equal rows in one file are two operations, and in two files one.
    """
    numbered = frame.with_row_index("_fila")
    own = numbered.filter(pl.col("id_operacion").is_not_null())
    without = numbered.filter(pl.col("id_operacion").is_null())
    marked = without.with_columns(_huella=digests(content_keys(without, CONTENT)))
    count = pl.int_range(1, pl.len() + 1).over("_huella").cast(pl.String)
    made = marked.with_columns(
        id_operacion=pl.concat_str(pl.lit(PREFIX), "_huella", pl.lit(":"), count),
        id_propio=pl.lit(value=False),
    ).drop("_huella")
    kept = own.with_columns(id_propio=pl.lit(value=True))
    return pl.concat([kept, made]).sort("_fila").drop("_fila")


def repeats(frame: pl.DataFrame, faults: Faults) -> pl.Series:
    """Tell rows whose id came before in the file; give the mask of them."""
    again = ~frame["id_operacion"].is_first_distinct() & frame["id_propio"]
    if not again.any():
        return again
    keyed = frame.select("id_operacion").with_columns(_todo=content_keys(frame, COMPARED))
    equal = keyed.select(pl.col("_todo") == pl.col("_todo").first().over("id_operacion")).to_series()
    ids = frame["id_operacion"]
    faults.add(again & equal, ids, "id_operacion", "id_repetido")
    faults.add(again & ~equal, ids, "id_operacion", "id_repetido_distinto")
    return again
