"""Features 1 to 31: an operation against the law's thresholds and against the client's own past."""

import numpy as np
import polars as pl

from yunque.solutions.aml.features.history import History, Ints, Numbers
from yunque.solutions.aml.features.sliding import counts_between, distinct, medians

MICRO = 1_000_000  # sums of UMA are kept in millionths, as integers: exact and the same in any company
FINE = 10_000  # logarithms are kept in ten-thousandths
NEAR = 0.80
KNOWN = 3  # rows of history from which a client's own level is known
LONG_AGO = 365
GROUPS = 64
SPREAD = 0.1
REPEATED = (99, 101)  # per cent of an amount that count as the same
CENTS_OF_PESO = 100
ROUND_DIGITS = 6


def add_scale(frame: pl.DataFrame) -> pl.DataFrame:
    """Add features 1 to 6 and 26, 28, 29: the row itself."""
    umas = pl.col("monto_c") / pl.col("uma_cercana_c")
    frame = frame.with_columns(
        monto_log=(pl.col("monto_c") / CENTS_OF_PESO).log1p(),
        monto_umas=umas,
        razon_umbral_identificacion=share(umas, "ident"),
        razon_umbral_aviso=share(umas, "aviso"),
        es_efectivo=pl.col("es_efectivo").cast(pl.Int8),
        razon_limite_efectivo=(pl.col("efectivo_umas") / pl.col("limite_uma")).fill_null(0.0),
        redondez=roundness(),
    )
    return frame.with_columns(
        cerca_umbral_identificacion=pl.col("razon_umbral_identificacion").is_between(
            NEAR, 1.0, closed="left"
        ),
        cerca_umbral_aviso=pl.col("razon_umbral_aviso").is_between(NEAR, 1.0, closed="left"),
    ).with_columns(pl.col("cerca_umbral_identificacion", "cerca_umbral_aviso").cast(pl.Int8))


def share(umas: pl.Expr, kind: str) -> pl.Expr:
    """Amount over a threshold; 1 where the law says always, 0 where it says nothing."""
    always = pl.col(f"{kind}_tipo") == "siempre"
    return pl.when(always).then(1.0).otherwise(umas / pl.col(f"{kind}_uma")).fill_null(0.0)


def roundness() -> pl.Expr:
    """The largest k up to 6 such that 10^k divides the pesos, over 6; 0 with centavos."""
    found = pl.lit(0.0)
    for k in range(1, ROUND_DIGITS + 1):
        divides = pl.col("monto_c") % (CENTS_OF_PESO * 10**k) == 0
        found = pl.when(divides & (pl.col("monto_c") > 0)).then(pl.lit(k / ROUND_DIGITS)).otherwise(found)
    return found


def own_past(frame: pl.DataFrame, history: History) -> dict[str, Ints | Numbers]:
    """Give features 11 to 25, 27, 30 and 31: the client's own past, whatever the rule."""
    cents = frame["monto_c"].to_numpy()
    umas = micro(frame)
    first = {days: history.since(days) for days in (1, 7, 30, 180)}
    counts = {days: history.here - begin for days, begin in first.items()}
    sums = {days: history.before(umas, first[days]) / MICRO for days in (7, 30, 180)}
    last = np.where(history.here > history.start, history.day - history.day[history.here - 1], LONG_AGO)
    cash = np.where(frame["es_efectivo"].to_numpy() == 1, cents, 0)
    paid = history.upto(cents, first[30])
    bounds = np.stack((-((-cents * REPEATED[0]) // 100), (cents * REPEATED[1]) // 100), axis=1)
    ordered = history.sorted_within(cents)
    rules = frame.select(
        pl.struct("cliente_n", pl.col("regla_n").fill_null(-1)).rank("dense") - 1
    ).to_series()
    return {
        **{f"n_ops_{days}d": n for days, n in counts.items()},
        **{f"suma_{days}d_umas": total for days, total in sums.items()},
        **own_level(frame, history, first[180]),
        "razon_vs_mediana_180d": against_median(cents, history, first[180], ordered),
        "dias_desde_ultima": np.minimum(last, LONG_AGO),
        "antiguedad_cliente_dias": history.day - history.day[history.start],
        "es_primera_operacion": (history.here == history.start).astype(np.int64),
        "aceleracion_7d_30d": (counts[7] / 7) / np.maximum(counts[30] / 30, 1 / 30),
        "razon_efectivo_30d": history.upto(cash, first[30]) / np.maximum(paid, 1),
        "n_monto_repetido_30d": counts_between(history.start, history.end, first[30], cents, ordered, bounds),
        "n_reglas_180d": distinct(first[180], rules.cast(pl.Int64).to_numpy(), False),
        "sin_historial": (counts[180] == 0).astype(np.int64),
    }


def own_level(frame: pl.DataFrame, history: History, first: Ints) -> dict[str, Numbers]:
    """Give features 18 to 20: mean and spread of the logarithm of amounts, and how far this one lies."""
    fine = np.rint(frame["monto_log"].to_numpy() * FINE).astype(np.int64)
    n = history.here - first
    total, squares = history.before(fine, first), history.before(fine * fine, first)
    mean = np.where(n > 0, total / np.maximum(n, 1), 0.0)
    variance = (squares - mean * total) / np.maximum(n - 1, 1)
    spread = np.where(n > 1, np.sqrt(np.maximum(variance, 0.0)), 0.0) / FINE
    mean = mean / FINE
    z = np.where(n >= KNOWN, (fine / FINE - mean) / np.maximum(spread, SPREAD), 0.0)
    return {"media_log_180d": mean, "desv_log_180d": spread, "z_monto_cliente": z}


def against_median(cents: Ints, history: History, first: Ints, ordered: Ints) -> Numbers:
    """Give feature 21: the amount over the median of 180 days; 1 without enough history."""
    middle = medians(history.start, history.end, first, cents, ordered)
    known = (history.here - first >= KNOWN) & (middle > 0)
    return np.where(known, cents / np.where(middle > 0, middle, 1.0), 1.0)


def micro(frame: pl.DataFrame) -> Ints:
    """Amounts in millionths of UMA."""
    found: Ints = np.rint(frame["monto_umas"].to_numpy() * MICRO).astype(np.int64)
    return found


def same_rule_past(frame: pl.DataFrame) -> pl.DataFrame:
    """Give features 7 to 10 with `orden`: the client's past under the same rule."""
    kept = frame.with_columns(_regla=pl.col("regla_n").fill_null(GROUPS - 1)).sort(
        "cliente_n", "_regla", "orden"
    )
    history = History.of(kept, pl.col("cliente_n") * GROUPS + pl.col("_regla"))
    near = kept.select(pl.col("cerca_umbral_identificacion") | pl.col("cerca_umbral_aviso")).to_series()
    reaches = (
        pl.when(pl.col("ident_tipo") == "siempre")
        .then(1)
        .otherwise((pl.col("razon_umbral_identificacion") >= 1).cast(pl.Int64))
    )
    identified = kept.select(reaches.fill_null(0)).to_series().to_numpy()
    umas, half = micro(kept), history.since_half_year()
    summed = history.upto(umas * identified, half) / MICRO
    units = kept["aviso_uma"].fill_null(0).to_numpy()
    return kept.select("orden").with_columns(
        n_cerca_umbral_30d=pl.Series(history.upto(near.cast(pl.Int64).to_numpy(), history.since(30))),
        acumulado_6m_umas=pl.Series(summed),
        razon_acumulado_aviso=pl.Series(np.where(units > 0, summed / np.maximum(units, 1), 0.0)),
        acumulado_6m_total_umas=pl.Series(history.upto(umas, half) / MICRO),
    )
