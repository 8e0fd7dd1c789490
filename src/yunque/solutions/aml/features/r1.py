"""R1's columns under their names, each from the past only; the documentation tells what differs from R1."""

import numpy as np
import polars as pl

from yunque.solutions.aml.features.history import History, Ints, Numbers
from yunque.solutions.aml.features.network import is_night
from yunque.solutions.aml.features.sliding import largest
from yunque.solutions.aml.law.exact import running, windowed

CENTS = 100
ROUND_AMOUNT = 10_000 * CENTS
PAY_DAYS = (13, 17)
HOUR = 3600
NANOSECONDS = 1_000_000_000
BURST = 3  # operations of one day, where hours are unknown
SATURDAY = 6


def add_plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Add what the row alone tells."""
    return frame.with_columns(
        monto=pl.col("monto_c") / CENTS,
        fraccion=pl.col("regla"),
        EsEfectivo=pl.col("es_efectivo"),
        EsInternacional=pl.col("es_internacional"),
        SectorAltoRiesgo=pl.col("sector_alto_riesgo"),
        es_nocturno=is_night().cast(pl.Int8),
        es_monto_redondo=(pl.col("monto_c") % ROUND_AMOUNT == 0).cast(pl.Int8),
        mes=pl.col("fecha").dt.month().cast(pl.Int64),
        dia_semana=(pl.col("fecha").dt.weekday() - 1).cast(pl.Int64),
        quincena=pl.col("fecha").dt.day().is_between(*PAY_DAYS).cast(pl.Int8),
    )


def half_year(frame: pl.DataFrame, history: History) -> dict[str, Ints | Numbers]:
    """Give sum, count, largest and spread of six calendar months, the row itself included."""
    cents = frame["monto_c"].to_numpy()
    first = history.since_half_year()
    n = history.here - first + 1
    exact = cents.astype(object)
    total, squares = windowed(running(exact), first), windowed(running(exact * exact), first)
    # n * sum of squares - square of the sum, exact; the spread of one row is 0
    inner = np.array(n.astype(object) * squares - total * total, dtype=np.float64)
    return {
        "monto_6m": np.array(total / CENTS, dtype=np.float64),
        "ops_6m": n,
        "monto_max_6m": largest(first, cents) / CENTS,
        "monto_std_6m": np.sqrt(inner / np.maximum(n * (n - 1), 1)) / CENTS,
    }


def rhythm(frame: pl.DataFrame, history: History) -> dict[str, Ints | Numbers]:
    """Give frequency, share, variety and rhythm of the client's own operations up to the row."""
    month, half = history.since(30), history.since(180)
    in_month, in_half = history.here - month + 1, history.here - half + 1
    cents = frame["monto_c"].to_numpy()
    earlier = history.here - half
    mean = history.before(cents, half) / np.maximum(earlier, 1)
    return {
        "frecuencia_mensual": in_month,
        "ops_relativas": in_month / in_half,
        "diversidad_operaciones": variety(frame["tipo_operacion"], history, half),
        "concentracion_temporal": gaps(history, half),
        "ratio_vs_promedio": np.where((earlier > 0) & (mean > 0), cents / np.where(mean > 0, mean, 1.0), 1.0),
        "posible_burst": bursts(frame, history),
    }


def variety(kinds: pl.Series, history: History, first: Ints) -> Numbers:
    """Give the entropy (nats) of kinds of operation in the window; a loop over kinds, not over rows."""
    n = history.here - first + 1
    entropy = np.zeros(len(n))
    for kind in sorted(kinds.drop_nulls().unique().to_list()):
        share = history.upto((kinds == kind).fill_null(value=False).cast(pl.Int64).to_numpy(), first) / n
        entropy -= np.where(share > 0, share * np.log(np.where(share > 0, share, 1.0)), 0.0)
    return np.maximum(entropy, 0.0)


def gaps(history: History, first: Ints) -> Numbers:
    """Give the spread of days between one operation and the next in the window; 0 with under two gaps."""
    is_first = history.here == history.start
    gap = np.where(is_first, 0, history.day - history.day[history.here - 1])
    opening = np.minimum(first + 1, history.here + 1)  # the first row of a window closes no gap inside it
    n = history.here + 1 - opening
    sums = np.concatenate(([0], np.cumsum(gap)))
    squares = np.concatenate(([0], np.cumsum(gap * gap)))
    total = sums[history.here + 1] - sums[opening]
    squared = squares[history.here + 1] - squares[opening]
    inner = n * squared - total * total
    return np.where(n > 1, np.sqrt(inner / np.maximum(n * (n - 1), 1)), 0.0)


def bursts(frame: pl.DataFrame, history: History) -> Ints:
    """Less than an hour after the one before, where hours are known; else three or more on the day."""
    seconds = (frame["hora"].cast(pl.Int64) // NANOSECONDS).to_frame("s")
    known = seconds["s"].is_not_null().to_numpy()
    moment = history.day * 86_400 + seconds["s"].fill_null(0).to_numpy()
    before = np.maximum(history.here - 1, 0)
    has_before = history.here > history.start
    soon = has_before & known & known[before] & (moment - moment[before] < HOUR)
    on_day = history.here - history.since(0) + 1
    return np.where(known, soon, on_day >= BURST).astype(np.int64)
