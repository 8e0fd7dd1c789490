"""Article 17, penultimate paragraph: acts that count reach the notice within six calendar months."""

from datetime import date

import polars as pl

from yunque.solutions.aml.law.rule import Rule

RULE = Rule(
    id="R03_aviso_acumulado",
    title="Aviso mensual por acumulación de seis meses",
    fires=pl.col("es_cierre") & ~pl.col("cumple_aviso") & (pl.col("acum_n") > 1) & pl.col("acum_alcanza"),
    obligation="aviso_mensual",
    floor="relevante",
    due="mensual",
    citation="LFPIORPI 17 fr. {fraccion} y penúltimo párrafo, y 23; Reglamento 7; RCG 19",
    since=date(2016, 1, 28),
    reason=(
        "{acum_n} actos desde {acum_desde} suman {acum_c} ({acum_umas} UMA); el aviso procede desde "
        "{aviso_uma} UMA ({aviso_min_c})."
    ),
    numbers=(
        "acum_desde",
        "acum_n",
        "acum_c",
        "acum_umas",
        "acum_nuevo_c",
        "acum_nuevo_umas",
        "acum_avisados_n",
        "aviso_uma",
        "aviso_min_c",
        "acto_uma_c",
    ),
    lists_ids=True,
)
