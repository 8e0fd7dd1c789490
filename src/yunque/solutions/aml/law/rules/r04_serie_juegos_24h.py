"""Reglamento 21 Bis: games with one client within 24 hours that together reach identification."""

from datetime import date

import polars as pl

from yunque.solutions.aml.law.rule import Rule

RULE = Rule(
    id="R04_serie_juegos_24h",
    title="Serie de juegos en 24 horas",
    fires=pl.col("serie_24h"),
    obligation="identificacion",
    citation="Reglamento 21 Bis",
    since=date(2026, 3, 28),
    reason=(
        "{serie_24h_n} operaciones en 24 horas suman {serie_24h_c}; la identificación procede desde "
        "{ident_min_c}."
    ),
    numbers=("serie_24h_n", "serie_24h_c", "serie_24h_umas", "ident_uma", "ident_min_c"),
)
