"""A fact that the law needs is missing: said aloud, never read as clean."""

from datetime import date

import polars as pl

from yunque.solutions.aml.law.rule import Rule

RULE = Rule(
    id="R13_dato_insuficiente",
    title="Dato insuficiente",
    fires=pl.col("estado").is_in(
        [
            "informacion_insuficiente",
            "sin_mapeo",
            "uma_no_disponible",
            "sin_regla_para_la_fecha",
            "regimen_no_cargado",
        ]
    )
    | pl.col("falta_dato").is_not_null()
    | pl.col("efectivo_sin_regla"),
    obligation="informacion_insuficiente",
    citation="Regla propia: lo que falta se dice",
    since=date(2016, 1, 28),
    nature="propia",
    reason="Falta un dato que la ley necesita: {falta_dato} ({estado}).",
    reason_without="{estado}",
    numbers=("estado", "falta_dato"),
)
