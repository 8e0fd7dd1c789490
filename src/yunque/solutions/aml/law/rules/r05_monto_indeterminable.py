"""Article 17 X b: valuables moved whose amount cannot be known always owe a notice."""

from datetime import date

import polars as pl

from yunque.solutions.aml.law.rule import Rule

RULE = Rule(
    id="R05_monto_indeterminable",
    title="Traslado o custodia de monto no determinable",
    fires=pl.col("es_cierre") & (pl.col("regla") == "X-b") & pl.col("cumple_aviso"),
    obligation="aviso_mensual",
    floor="relevante",
    due="mensual",
    citation="LFPIORPI 17 fr. X b y 23; Reglamento 26",
    since=date(2025, 7, 17),
    reason="El monto trasladado o custodiado no es determinable: el aviso procede en todos los casos.",
)
