"""Cash of an act so far against Article 32, each payment at the UMA of its own day, summed exactly."""

import numpy as np
import polars as pl

from yunque.solutions.aml.law.catalogue import Catalogue
from yunque.solutions.aml.law.exact import Exact, as_numbers, denominator, in_umas, running, starts
from yunque.solutions.aml.law.resolve import with_limit

CASH = {
    "efectivo_c": pl.Int64,
    "efectivo_umas": pl.Float64,
    "efectivo_pagador_c": pl.Int64,
    "efectivo_pagador_umas": pl.Float64,
    "efectivo_prohibido": pl.Boolean,
    "efectivo_sin_regla": pl.Boolean,
    "efectivo_sin_uma": pl.Boolean,
}


def act_key() -> pl.Expr:
    """Name what one limit covers: the month of a rent, the instalments of one act, else the row."""
    month = pl.col("fecha").dt.strftime("%Y-%m")
    act = pl.col("id_acto").fill_null("")
    own = pl.when(pl.col("id_acto").is_not_null()).then(pl.concat_str(pl.lit("a:"), act))
    rent = pl.concat_str(pl.lit("m:"), month, pl.lit(":"), act)
    return (
        pl.when(pl.col("limite_mensual"))
        .then(rent)
        .otherwise(pl.coalesce(own, pl.concat_str(pl.lit("l:"), pl.col("orden"))))
    )


def payer_key() -> pl.Expr:
    """Name the payer whose acts count together (Reglamento 42 II), by month for rents; null without one."""
    month = pl.when(pl.col("limite_mensual")).then(pl.col("fecha").dt.strftime("%Y-%m")).otherwise(pl.lit(""))
    return pl.concat_str(pl.col("id_pagador"), pl.lit("\t"), month)


def sums_so_far(rows: pl.DataFrame, keys: list[str], exact: Exact) -> tuple[Exact, Exact]:
    """Sum cash within each key up to each row, in the order of payment.

    Returns:
        sums in UMA over the common denominator, and in centavos, in the order of `rows`.
    """
    order = rows.with_row_index("_fila").sort(*keys, "fecha", "hora", "turno", "orden", nulls_last=False)
    places = order["_fila"].to_numpy()
    group = order.select(pl.struct(keys).rle_id().cast(pl.Int64)).to_series().to_numpy()
    begin = starts(group)
    results = []
    for amounts in (exact, rows["_pago"].to_numpy().astype(object)):
        sums = running(amounts[places])
        mine = np.empty(len(places), dtype=object)
        mine[places] = sums[1:] - sums[begin]
        results.append(mine)
    return results[0], results[1]


def with_cash(rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Add to each row the cash of its act so far and whether Article 32 forbids it.

    Cash paid through a financial entity counts (Article 32, first paragraph): `es_efectivo` is about the
    instrument, not about the counter where it was handed over.

    Args:
        rows: operations that happened, with `regla`, `es_efectivo`, amounts, and `uma_c` of the day of
            payment.

    Returns:
        the rows with the limit of the payment's day (`resolve.LIMITS`) and the columns of `CASH`; sums are
        null where nothing is compared.
    """
    held = with_limit(rows, catalogue, "fecha")
    paid = held.filter(pl.col("es_efectivo") & pl.col("regla").is_in(limited_rules(catalogue)))
    compared = paid.filter(pl.col("limite_uma").is_not_null() & pl.col("uma_c").is_not_null())
    found = pl.concat([compare(compared, catalogue), silent(paid)], how="diagonal").select("orden", *CASH)
    joined = held.join(found, on="orden", how="left", maintain_order="left")
    flags = [name for name, kind in CASH.items() if kind == pl.Boolean]
    return joined.with_columns(pl.col(flags).fill_null(value=False))


def limited_rules(catalogue: Catalogue) -> list[str]:
    """Give the rules that Article 32 binds today."""
    return [rule for limit in catalogue.cash_limits for rule in limit.rules]


def silent(paid: pl.DataFrame) -> pl.DataFrame:
    """Say of cash that cannot be compared why not: no limit in the tables for its date, or no UMA."""
    early = pl.col("limite_uma").is_null()
    return paid.filter(early | pl.col("uma_c").is_null()).with_columns(
        efectivo_sin_regla=early, efectivo_sin_uma=~early
    )


def compare(paid: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Compare the cash of each act, and of each payer, so far with the limit."""
    if paid.is_empty():
        return paid.with_columns(**{name: pl.lit(None, kind) for name, kind in CASH.items()})
    with_taxes = pl.col("limite_con_contribuciones")
    net = pl.coalesce("monto_sin_c", "monto_c")
    keyed = paid.with_columns(
        _pago=pl.when(with_taxes).then("monto_c").otherwise(net), _acto=act_key(), _pagador=payer_key()
    )
    whole = denominator(catalogue)
    exact = in_umas(keyed["_pago"].to_numpy(), keyed["uma_c"].to_numpy(), whole)
    needed = keyed["limite_uma"].to_numpy().astype(object) * whole
    acts = sums_so_far(keyed, ["cliente_n", "limite_fraccion", "_acto"], exact)
    payers = sums_so_far(keyed, ["limite_fraccion", "_pagador"], exact)
    known = keyed["_pagador"].is_not_null().to_numpy()
    by_act = np.asarray(acts[0] >= needed, dtype=np.bool_)
    by_payer = np.asarray(payers[0] >= needed, dtype=np.bool_) & known
    shown = pl.when(pl.col("_pagador").is_not_null())
    return keyed.with_columns(
        efectivo_c=pl.Series(acts[1].astype(np.int64)),
        efectivo_umas=pl.Series(as_numbers(acts[0], whole)),
        efectivo_pagador_c=shown.then(pl.Series(payers[1].astype(np.int64))),
        efectivo_pagador_umas=shown.then(pl.Series(as_numbers(payers[0], whole))),
        efectivo_prohibido=pl.Series(by_act | by_payer),
    )
