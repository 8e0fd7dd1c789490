"""Article 18 VI: an operation, even attempted, with a listed person owes a notice within 24 hours."""

from datetime import date

import polars as pl

from yunque.solutions.aml.law.rule import Rule

RULE = Rule(
    id="R09_persona_listada",
    title="Persona en lista",
    fires=pl.col("en_lista"),
    obligation="aviso_24h",
    floor="preocupante",
    due="24_horas",
    citation="LFPIORPI 18 fr. VI; RCG 27 párr. 2 y 38",
    since=date(2016, 1, 28),
    reason="La persona figura en una lista; el aviso de 24 horas procede por cualquier monto, aun intentado.",
)
