"""Games: several operations with one client within 24 hours of the first (Reglamento 21 Bis)."""

import numpy as np
import polars as pl

from yunque.solutions.aml.law.catalogue import Catalogue
from yunque.solutions.aml.law.exact import as_numbers, denominator, in_umas, running, window_starts, windowed

GAMES = "I"
HALVES = 2 * 86_400  # half seconds of a day
NANOSECONDS_OF_HALF = 500_000_000
SERIES = {
    "serie_24h": pl.Boolean,
    "serie_24h_c": pl.Int64,
    "serie_24h_umas": pl.Float64,
    "serie_24h_n": pl.Int64,
    "serie_24h_aviso": pl.Boolean,
    "serie_24h_sin_hora": pl.Boolean,
}


def moments() -> tuple[pl.Expr, pl.Expr]:
    """Give each operation's moment in half seconds, and from which moment on earlier ones count with it.

    An unknown hour stands half a second before its day: later operations of that day count it, those of the
    next day do not, and it counts only others of unknown hour of its own day. Exactly 24 hours are within.
    """
    day = pl.col("fecha").to_physical().cast(pl.Int64) * HALVES
    hour = pl.col("hora").cast(pl.Int64) // NANOSECONDS_OF_HALF
    moment = pl.coalesce(day + hour, day - 1)
    since = pl.coalesce(day + hour - HALVES, day - 1)
    return moment, since


def with_game_series(rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Mark the operations at which a series of games reaches identification.

    Args:
        rows: operations that happened, in the order of the law, with `fila_c`, `uma_c`, `ident_uma`,
            `aviso_uma`.

    Returns:
        the rows with the columns of `SERIES`: `serie_24h` (two or more operations reach identification
        together), centavos, UMA and number of operations so far.
    """
    games = rows.filter((pl.col("regla") == GAMES) & pl.col("uma_c").is_not_null())
    flags = [name for name, kind in SERIES.items() if kind == pl.Boolean]
    if games.is_empty():
        nothing = rows.with_columns(**{name: pl.lit(None, kind) for name, kind in SERIES.items()})
        return nothing.with_columns(pl.col(flags).fill_null(value=False))
    moment, since = moments()
    facts = games.select(
        "orden", "cliente_n", "fila_c", "uma_c", "ident_uma", "aviso_uma", "hora"
    ).with_columns(moment=games.select(moment).to_series(), since=games.select(since).to_series())
    first = window_starts(*(facts[name].to_numpy() for name in ("cliente_n", "moment", "since")))
    whole = denominator(catalogue)
    exact = in_umas(facts["fila_c"].to_numpy(), facts["uma_c"].to_numpy(), whole)
    umas = windowed(running(exact), first)
    cents = windowed(running(facts["fila_c"].to_numpy().astype(object)), first)
    several = np.arange(len(first)) > first
    reached = np.asarray(umas >= facts["ident_uma"].to_numpy().astype(object) * whole, dtype=np.bool_)
    notice = np.asarray(umas >= facts["aviso_uma"].to_numpy().astype(object) * whole, dtype=np.bool_)
    found = facts.select(
        "orden",
        serie_24h=pl.Series(reached & several),
        serie_24h_c=pl.Series(cents.astype(np.int64)),
        serie_24h_umas=pl.Series(as_numbers(umas, whole)),
        serie_24h_n=pl.Series(np.arange(len(first)) - first + 1),
        serie_24h_aviso=pl.Series(notice & several),
        serie_24h_sin_hora=pl.col("hora").is_null(),
    )
    joined = rows.join(found, on="orden", how="left", maintain_order="left")
    return joined.with_columns(pl.col(flags).fill_null(value=False))
