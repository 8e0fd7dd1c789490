"""Collect the warnings of each operation: where the answer rests on a reading or on a missing fact."""

import polars as pl

from yunque.solutions.aml.law.acts import ACT, HIGHEST, PIECE
from yunque.solutions.aml.law.warning import Warn, flag

SIX_MONTHS = "6mo"


def with_warnings(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the bits of `warning.Warn` to `marcas`."""
    known = with_old_history(with_reached_before(rows))
    bits = pl.col("marcas")
    for warn, condition in conditions().items():
        bits = bits | flag(condition, warn)
    return known.with_columns(marcas=bits).drop("_sin_uma", "_alcanzo_antes", "_historia_sin_uma")


def conditions() -> dict[Warn, pl.Expr]:
    """Give when each warning is due."""
    limited = pl.col("es_efectivo") & pl.col("limite_uma").is_not_null()
    summed = pl.col("acum_n") > 1
    taxes_matter = pl.col("ident_uma").is_not_null() | pl.col("aviso_uma").is_not_null()
    notified = pl.col("es_cierre") & pl.col("cumple_aviso")
    reaches_gross = pl.col("acto_total_c") >= pl.col("limite_uma") * pl.col("uma_c")
    return {
        Warn.ONE_AMOUNT: pl.col("monto_sin_c").is_null() & taxes_matter & (pl.col("base") != PIECE),
        Warn.CASH_BEFORE_RULE: pl.col("efectivo_sin_regla"),
        Warn.CASH_WITHOUT_UMA: pl.col("efectivo_sin_uma"),
        Warn.CASH_V_BIS: limited & pl.col("limite_dudoso"),
        Warn.CASH_WITHOUT_PAYER: limited & pl.col("id_pagador").is_null(),
        Warn.EARLY_ACCUMULATION: summed & pl.col("acumula_pronto"),
        Warn.HISTORY_WITHOUT_UMA: pl.col("_historia_sin_uma"),
        Warn.ONLY_PRICE: (pl.col("base") == HIGHEST) & pl.col("valor_mayor_c").is_null(),
        Warn.SERIES_REACHES_NOTICE: pl.col("serie_24h_aviso") & ~pl.col("cumple_aviso"),
        Warn.SERIES_WITHOUT_HOUR: pl.col("serie_24h_sin_hora") & ~pl.col("cumple_identificacion"),
        Warn.INSTALMENTS_REACHED_BEFORE: pl.col("_alcanzo_antes"),
        Warn.JURISDICTION_LISTED: pl.col("jurisdiccion_lista").is_not_null(),
        Warn.OTHER_TERM: notified & (pl.col("plazo") != "dia_17"),
        Warn.ALREADY_NOTIFIED: pl.col("acum_alcanza") & (pl.col("acum_avisados_n") > 0),
        Warn.PIECE_VALUE_ASSUMED: (pl.col("base") == PIECE) & pl.col("valor_individual_c").is_null(),
        Warn.CASH_ONLY_WITH_TAXES: limited
        & (pl.col("monto_sin_c") < pl.col("monto_c"))
        & reaches_gross
        & ~pl.col("efectivo_prohibido"),
    }


def with_reached_before(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `_alcanzo_antes`: an act in instalments reached the notice before its last known instalment."""
    several = pl.col("acto_filas") > 1
    candidates = rows.filter(several & pl.col("aviso_uma").is_not_null() & pl.col("id_acto").is_not_null())
    before = candidates.with_columns(_previo=pl.col("fila_c").cum_sum().over(ACT_OR_ID) - pl.col("fila_c"))
    found = before.select(
        "orden",
        _alcanzo_antes=(pl.col("es_cierre") & (pl.col("_previo") >= pl.col("aviso_min_c"))).fill_null(
            value=False
        ),
    )
    return rows.join(found, on="orden", how="left", maintain_order="left")


def with_old_history(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `_historia_sin_uma`: acts of the last six months could not be summed for want of a UMA."""
    unknown = rows.filter("_sin_uma").group_by("cliente_n", "regla_n").agg(_ultima=pl.col("acto_fecha").max())
    joined = rows.join(unknown, on=["cliente_n", "regla_n"], how="left", maintain_order="left")
    near = pl.col("_ultima").dt.offset_by(SIX_MONTHS) >= pl.col("acto_fecha")
    is_later = pl.col("acto_fecha") >= pl.col("_ultima")
    return joined.with_columns(_historia_sin_uma=pl.col("se_acumula") & near & is_later).drop("_ultima")


ACT_OR_ID = [name for name in ACT if name != "acto"] + ["id_acto"]
