"""Article 17 and 23: an act that reaches the notice threshold by itself owes a monthly notice."""

from datetime import date

import polars as pl

from yunque.solutions.aml.law.rule import Rule

RULE = Rule(
    id="R02_aviso_individual",
    title="Aviso mensual por operación",
    fires=pl.col("es_cierre") & pl.col("cumple_aviso") & (pl.col("regla") != "X-b"),
    obligation="aviso_mensual",
    floor="relevante",
    due="mensual",
    citation="LFPIORPI 17 fr. {fraccion} y 23",
    since=date(2016, 1, 28),
    reason="El acto suma {acto_c}; el aviso procede desde {aviso_min_c}.",
    reason_without="El aviso procede en este supuesto cualquiera que sea el monto.",
    numbers=("acto_c", "aviso_uma", "aviso_min_c", "acto_uma_c"),
)
