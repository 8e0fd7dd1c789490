"""Article 17 and 18 I: an act that reaches identification obliges to identify the client."""

from datetime import date

import polars as pl

from yunque.solutions.aml.law.rule import Rule

RULE = Rule(
    id="R01_identificacion",
    title="Identificación del cliente",
    fires=pl.col("es_cierre") & pl.col("cumple_identificacion"),
    obligation="identificacion",
    citation="LFPIORPI 17 fr. {fraccion} y 18 fr. I",
    since=date(2016, 1, 28),
    reason="Se identifica al cliente: el acto suma {acto_c} y la identificación procede desde {ident_min_c}.",
    reason_without="Se identifica al cliente: en este supuesto la identificación procede siempre.",
    numbers=("acto_c", "ident_uma", "ident_min_c", "acto_uma_c"),
)
