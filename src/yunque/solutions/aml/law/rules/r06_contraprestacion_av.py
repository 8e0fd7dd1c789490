"""Article 17 XVI b: the fee of a virtual-asset operation reaches 4 UMA; by a) only where both hold."""

from datetime import date

import polars as pl

from yunque.solutions.aml.law.rule import Rule

RULE = Rule(
    id="R06_contraprestacion_av",
    title="Contraprestación por activos virtuales",
    fires=pl.col("es_cierre")
    & pl.col("cumple_contraprestacion")
    & ~pl.col("cumple_aviso")
    & ~((pl.col("acum_n") > 1) & pl.col("acum_alcanza")).fill_null(value=False),
    obligation="aviso_mensual",
    floor="relevante",
    due="mensual",
    citation="LFPIORPI 17 fr. XVI b y 23; Reglamento 31 Bis; RCG 24 Bis 5",
    since=date(2025, 7, 17),
    reason=(
        "La contraprestación es de {acto_contraprestacion_c}; el aviso procede desde "
        "{contraprestacion_min_c}."
    ),
    numbers=("acto_contraprestacion_c", "contraprestacion_min_c", "acto_uma_c"),
)
