"""Article 17 XII C and D: no figure was published, so a professional decides."""

from datetime import date

import polars as pl

from yunque.solutions.aml.law.rule import Rule

RULE = Rule(
    id="R14_sin_umbral_publicado",
    title="Sin umbral publicado",
    fires=pl.col("estado") == "revision_profesional",
    obligation="revision_profesional",
    floor="relevante",
    citation="LFPIORPI 17 fr. {fraccion}",
    since=date(2025, 7, 17),
    reason="No hay umbral publicado para este supuesto: decide una persona profesional.",
)
