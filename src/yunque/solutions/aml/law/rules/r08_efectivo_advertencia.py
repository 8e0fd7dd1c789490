"""A stricter reading of Article 32: an act at or above the limit in which some cash was used."""

from datetime import date

import polars as pl

from yunque.solutions.aml.law.rule import Rule

RULE = Rule(
    id="R08_efectivo_advertencia",
    title="Acto sobre el límite con parte en efectivo",
    fires=pl.col("es_cierre")
    & (pl.col("acto_efectivo_c") > 0)
    & (pl.col("acto_total_c") >= pl.col("limite_uma") * pl.col("uma_c"))
    & ~pl.col("efectivo_prohibido"),
    obligation="advertencia",
    citation="LFPIORPI 32; Reglamento 44 (lectura estricta, por confirmar)",
    since=date(2025, 7, 17),
    nature="politica",
    reason=(
        "El acto suma {acto_total_c} y una parte se pagó en efectivo ({acto_efectivo_c}); el límite es de "
        "{limite_uma} UMA."
    ),
    numbers=("acto_total_c", "acto_efectivo_c", "efectivo_c", "limite_uma", "uma_c"),
)
