"""Enrich operations with every feature, point in time: a row's numbers never change when later rows come."""

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import polars as pl

from yunque.solutions.aml.features.client import add_scale, own_past, same_rule_past
from yunque.solutions.aml.features.history import History
from yunque.solutions.aml.features.names import (
    AVAILABLE,
    FEATURES,
    LABEL,
    MARKS,
    OPTIONAL,
    R1,
)
from yunque.solutions.aml.features.network import add_places, others
from yunque.solutions.aml.features.peers import earlier_peers, frozen_peers
from yunque.solutions.aml.features.r1 import add_plain, half_year, rhythm
from yunque.solutions.aml.law.catalogue import Catalogue
from yunque.solutions.aml.law.resolve import with_uma

EXTRA = {
    "tipo_operacion": pl.String,
    "sector_actividad": pl.String,
    "id_contraparte": pl.String,
    "sentido": pl.String,
    "pais": pl.String,
    "es_internacional": pl.Boolean,
    LABEL: pl.String,
}
WEEK, YEAR = 7, 12
FRIDAY = 5
KEYS = ("orden", "id_operacion", "linea")


@dataclass(frozen=True, kw_only=True)
class RiskList:
    """Activities and jurisdictions that the house holds to be of high risk; a policy, dated, not the law."""

    rules: tuple[tuple[str, date], ...]
    sectors: tuple[tuple[str, date], ...]
    countries: frozenset[str]


@cache
def risk_list() -> RiskList:
    """Read the table of this release."""
    text = (files("yunque.solutions.aml.features") / "riesgo.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))

    def dated(kind: str) -> tuple[tuple[str, date], ...]:
        return tuple((row["clave"], date.fromisoformat(row["desde"])) for row in rows if row["tipo"] == kind)

    countries = frozenset(row["clave"] for row in rows if row["tipo"] == "jurisdiccion")
    return RiskList(rules=dated("regla"), sectors=dated("sector"), countries=countries)


def enrich(
    prepared: pl.DataFrame,
    catalogue: Catalogue,
    *,
    peer_table: pl.DataFrame | None = None,
    training_mode: bool = False,
) -> pl.DataFrame:
    """Compute all features of operations that happened.

    Args:
        prepared: the operations of a tenant as the law prepared them (`Evaluation.operations`), history
            included;
            columns of `EXTRA` that are missing are taken as empty.
        catalogue: gives the UMA.
        peer_table: what peers looked like in training (`peers.peer_table`); without one, peers are those of
            the
            frame dated before each row.
        training_mode: also give the label; at inference it is never there.

    Returns:
        one row an operation that happened, in the order of the law: keys, R1's columns, features, optional
        features with `disponible_*`, and `sin_historial`.
    """
    frame = with_extra(prepared.filter(~pl.col("intento")))
    frame = add_calendar(
        add_places(add_scale(add_risk(nearest_uma(frame, catalogue))), risk_list().countries)
    )
    history = History.of(frame, pl.col("cliente_n"))
    found = {**own_past(frame, history), **others(frame, history), **half_year(frame, history)}
    found |= rhythm(frame, history)
    wide = add_plain(frame.with_columns(pl.Series(name, values) for name, values in found.items()))
    peers = earlier_peers(wide) if peer_table is None else frozen_peers(wide, peer_table)
    joined = wide
    for part in (same_rule_past(wide), peers):
        joined = joined.join(part, on="orden", how="left", maintain_order="left")
    return joined.select(columns(training_mode=training_mode))


def columns(*, training_mode: bool) -> list[str]:
    """Give the columns of an enriched table, each once."""
    names = [*KEYS, *R1, *FEATURES, *OPTIONAL, *AVAILABLE, *MARKS]
    return [name for name in dict.fromkeys(names) if training_mode or name != LABEL]


def with_extra(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the frame with every column that features read beside the law's."""
    missing = [pl.lit(None, kind).alias(name) for name, kind in EXTRA.items() if name not in frame.columns]
    return frame.with_columns(missing).with_columns(pl.col("es_internacional").fill_null(value=False))


def nearest_uma(frame: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Add `uma_cercana_c`: the UMA of the day or, for features only, of the nearest day that has one."""
    first, last = min(row.since for row in catalogue.umas), max(row.until for row in catalogue.umas)
    dated = frame.with_columns(_dia=pl.col("fecha").clip(first, last))
    return with_uma(dated, catalogue, "_dia", "uma_cercana_c").drop("_dia")


def add_risk(frame: pl.DataFrame) -> pl.DataFrame:
    """Add feature 34 from the dated list."""
    listed = risk_list()
    hits = [(pl.col("regla") == rule) & (pl.col("fecha") >= since) for rule, since in listed.rules]
    hits += [
        (pl.col("sector_actividad") == name) & (pl.col("fecha") >= since) for name, since in listed.sectors
    ]
    return frame.with_columns(sector_alto_riesgo=pl.any_horizontal(hits).fill_null(value=False).cast(pl.Int8))


def around(place: pl.Expr, places: int, wave: Callable[[float], float]) -> pl.Expr:
    """Give a wave at a place of a round of `places`.

    It is looked up: computed over a column, the last bit depends on how many rows the column has.
    """
    values = {n: wave(2 * math.pi * n / places) for n in range(places + 1)}
    return place.cast(pl.Int64).replace_strict(values, default=None, return_dtype=pl.Float64)


def add_calendar(frame: pl.DataFrame) -> pl.DataFrame:
    """Add features 35 to 40."""
    day, month = pl.col("fecha").dt.weekday() - 1, pl.col("fecha").dt.month()
    return frame.with_columns(
        fin_de_semana=(day >= FRIDAY).cast(pl.Int8),
        dia_semana_sin=around(day, WEEK, math.sin),
        dia_semana_cos=around(day, WEEK, math.cos),
        mes_sin=around(month, YEAR, math.sin),
        mes_cos=around(month, YEAR, math.cos),
        dia_mes=pl.col("fecha").dt.day().cast(pl.Int64),
    )
