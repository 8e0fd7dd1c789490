"""The columns that the law reads, with their types and what an absent one means."""

import polars as pl

# name -> (type, value when the column is absent). Amounts are integer centavos.
COLUMNS: dict[str, tuple[pl.DataType, object]] = {
    "id_operacion": (pl.String(), None),
    "linea": (pl.Int64(), None),
    "turno": (pl.Int64(), None),  # breaks ties of one moment; the line where absent
    "cliente_id": (pl.String(), None),
    "fecha": (pl.Date(), None),
    "hora": (pl.Time(), None),
    "monto_c": (pl.Int64(), None),  # with taxes and accessories: what Article 32 compares
    "monto_sin_c": (pl.Int64(), None),  # without them: what Article 17 compares (Reglamento 6)
    "regla": (pl.String(), None),  # key of Article 17, None where `estado_regla` says why
    "estado_regla": (pl.String(), None),
    "es_efectivo": (pl.Boolean(), False),
    "id_acto": (pl.String(), None),  # joins the instalments of one act
    "id_pagador": (pl.String(), None),  # joins acts paid by one person (Reglamento 42)
    "cuenta": (pl.String(), None),  # card account, for fraction II a
    "contraprestacion_c": (pl.Int64(), None),  # fee of a virtual-asset operation
    "valor_mayor_c": (pl.Int64(), None),  # highest of cadastral, commercial and guaranteed value
    "valor_individual_c": (pl.Int64(), None),  # value of each piece, for fraction XIV d and e
    "en_representacion": (pl.Boolean(), None),
    "en_lista": (pl.Boolean(), False),
    "es_pep": (pl.Boolean(), False),
    "riesgo_alto": (pl.Boolean(), False),
    "jurisdiccion": (pl.String(), None),  # simple name or code of the country that the row involves
    "sospecha": (pl.Boolean(), False),
    "intento": (pl.Boolean(), False),
    "aviso_presentado": (pl.Boolean(), False),  # the officer filed a notice of it
    "marcas": (pl.Int64(), 0),  # warnings that reading the file gave (see `warning`)
}
REQUIRED = ("id_operacion", "linea", "cliente_id", "fecha", "monto_c")


def complete(operations: pl.DataFrame) -> pl.DataFrame:
    """Give the frame with every column of the law, absent ones filled with what their absence means.

    Rows come back in the order of the law: client, date, hour (unknown first), turn, line, id. `orden`
    numbers them, `fila` is their place in the frame that came in, and `cliente_n` numbers the clients.
    """
    columns = [
        (pl.col(name) if name in operations.columns else pl.lit(default)).cast(kind).alias(name)
        for name, (kind, default) in COLUMNS.items()
    ]
    flags = [name for name, (_, default) in COLUMNS.items() if default is False]
    return (
        operations.select(columns)
        .with_row_index("fila")
        .with_columns(
            pl.col(flags).fill_null(value=False),
            pl.col("marcas").fill_null(0),
            pl.coalesce("turno", "linea").alias("turno"),
        )
        .sort("cliente_id", "fecha", "hora", "turno", "linea", "id_operacion", nulls_last=False)
        .with_row_index("orden")
        .with_columns(
            pl.col("orden", "fila").cast(pl.Int64),
            cliente_n=pl.col("cliente_id").rle_id().cast(pl.Int64),
        )
    )
