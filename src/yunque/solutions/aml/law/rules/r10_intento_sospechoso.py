"""Article 18 VI: the officer marks a suspicion, even if the operation was not done."""

from datetime import date

import polars as pl

from yunque.solutions.aml.law.rule import Rule

RULE = Rule(
    id="R10_intento_sospechoso",
    title="Sospecha marcada por la oficial",
    fires=pl.col("sospecha"),
    obligation="aviso_24h",
    floor="preocupante",
    due="24_horas",
    citation="LFPIORPI 18 fr. VI; Reglamento 7 Bis; RCG 26 Bis",
    since=date(2016, 1, 28),  # the clock runs from the knowledge, whatever the operation's day
    reason=(
        "La oficial de cumplimiento marcó sospecha; el aviso de 24 horas procede aunque el acto no se haya "
        "celebrado."
    ),
)
