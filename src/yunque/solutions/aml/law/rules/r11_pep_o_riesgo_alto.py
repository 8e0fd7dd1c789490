"""Article 18 X: an exposed person, or a high-risk client or jurisdiction, calls for closer follow-up."""

from datetime import date

import polars as pl

from yunque.solutions.aml.law.rule import Rule

RULE = Rule(
    id="R11_pep_o_riesgo_alto",
    title="PEP o riesgo alto",
    fires=pl.col("es_pep") | pl.col("riesgo_alto") | pl.col("jurisdiccion_lista").is_not_null(),
    obligation="seguimiento_intensificado",
    floor="inusual",
    citation="LFPIORPI 18 fr. X; RCG 23 Bis 4 y 41 fr. V",
    since=date(2025, 7, 17),
    reason=(
        "Persona políticamente expuesta, o cliente o jurisdicción de riesgo alto: seguimiento intensificado."
    ),
    numbers=("jurisdiccion_lista",),
)
