"""What was known of a client before an order: strictly earlier instants only, so the future never leaks in.

Orders of one client at one instant see the same past, none of them the other: their order is not known.
"""

import polars as pl

from yunque.solutions.orders.columns import AMOUNTS, CHANNELS, CLIENT, TARGET, TIME

SEVERAL = "VARIOS"  # orders of different channels at one instant
DAYS_PER_MONTH = 30.4375
FIXED = 10_000.0  # amounts are summed as whole ten-thousandths, so that no other client moves a last bit
COUNTS = tuple(f"n_{channel.lower()}_prev" for channel in CHANNELS)
SHARES = tuple(f"pct_{channel.lower()}_prev" for channel in CHANNELS)
MEANS = ("facturacion_prev_media", "materiales_prev_media", "cajas_prev_media")
LAST_CHANNELS = ("canal_pedido_prev", "canal_pedido_prev_2")
HISTORY = (
    *LAST_CHANNELS,
    "n_pedidos_prev",
    *COUNTS,
    *SHARES,
    "dias_desde_ultimo_pedido",
    "antiguedad_dias",
    "freq_pedidos_mes",
    *MEANS,
)


def with_history(orders: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of HISTORY to orders sorted by client and moment.

    Sums run over the whole table and lose what stood before the client, which is one pass whatever the number
    of clients.
    """
    instant = orders.select(pl.struct(CLIENT, TIME).rle_id().alias("instant"))["instant"]
    return orders.hstack(_of_instants(orders.with_columns(instant))[instant])


def next_moment(orders: pl.DataFrame, moment: pl.Expr) -> pl.DataFrame:
    """Give one row a client: what is known of it once all its orders are past, as of `moment`.

    Args:
        orders: sorted by client and moment, every channel known.
        moment: of the order that has not happened yet.
    """
    last = orders.group_by(CLIENT, maintain_order=True).last().select(orders.columns)
    asked = last.with_columns(
        moment.alias(TIME).cast(orders.schema[TIME]), pl.lit(None, orders.schema[TARGET]).alias(TARGET)
    )
    both = pl.concat([orders, asked]).with_row_index("place")
    code = pl.col(CLIENT).to_physical()
    ordered = both.sort(code, TIME, "place", maintain_order=True)
    known = with_history(ordered.drop("place"))
    return known.filter(pl.col(TARGET).is_null())


def _of_instants(orders: pl.DataFrame) -> pl.DataFrame:
    """Give the columns of HISTORY, one row an instant."""
    channel = pl.col(TARGET).cast(pl.String)
    single = pl.when(channel.n_unique() == 1).then(channel.first()).otherwise(pl.lit(SEVERAL))
    instants = (
        _alone(orders, channel)
        if orders["instant"].n_unique() == orders.height
        else orders.group_by("instant", maintain_order=True).agg(
            pl.col(CLIENT, TIME).first(),
            single.alias("channel"),
            pl.len().alias("orders"),
            *((channel == name).sum().alias(name) for name in CHANNELS),
            *(expression for name in AMOUNTS for expression in (_fixed(name).sum(), _known(name).sum())),
        )
    )
    starts = instants.select(starts=pl.col(CLIENT) != pl.col(CLIENT).shift(1))["starts"].fill_null(value=True)
    frame = instants.with_columns(starts.alias("starts"))
    summed_up = ("orders", *CHANNELS, *AMOUNTS, *(f"known_{name}" for name in AMOUNTS))
    before = {name: _before(pl.col(name).cast(pl.Int64)) for name in summed_up}
    summed = frame.select(
        pl.col(TIME, "channel", "starts"),
        second=pl.col("starts").shift(1, fill_value=True),
        begun=_since_start(pl.col(TIME)),
        **before,
    )
    return summed.select(_features())


def _alone(orders: pl.DataFrame, channel: pl.Expr) -> pl.DataFrame:
    """Give instants that hold one order each, without grouping."""
    counted = [(channel == name).cast(pl.Int64).alias(name) for name in CHANNELS]
    amounts = [expression for name in AMOUNTS for expression in (_fixed(name), _known(name))]
    return orders.select(
        "instant", CLIENT, TIME, channel.alias("channel"), pl.lit(1).alias("orders"), *counted, *amounts
    )


def _fixed(name: str) -> pl.Expr:
    return (pl.col(name) * FIXED).round().cast(pl.Int64).fill_null(0)


def _known(name: str) -> pl.Expr:
    return pl.col(name).is_not_null().cast(pl.Int64).alias(f"known_{name}")


def _since_start(value: pl.Expr) -> pl.Expr:
    """Give each instant the value of its client's first one."""
    return pl.when(pl.col("starts")).then(value).forward_fill()


def _before(value: pl.Expr) -> pl.Expr:
    """Sum a column over the client's earlier instants."""
    running = value.cum_sum() - value
    return running - _since_start(running)


def _features() -> list[pl.Expr]:
    count = pl.col("orders")
    some = pl.when(count > 0)
    days = (pl.col(TIME) - pl.col(TIME).shift(1)).dt.total_minutes() / 1440.0
    age = (pl.col(TIME) - pl.col("begun")).dt.total_minutes() / 1440.0
    first, second = ~pl.col("starts"), ~pl.col("starts") & ~pl.col("second")
    return [
        pl.when(first).then(pl.col("channel").shift(1)).cast(pl.Categorical).alias(LAST_CHANNELS[0]),
        pl.when(second).then(pl.col("channel").shift(2)).cast(pl.Categorical).alias(LAST_CHANNELS[1]),
        count.alias("n_pedidos_prev"),
        *(pl.col(name).alias(to) for name, to in zip(CHANNELS, COUNTS, strict=True)),
        *(some.then(pl.col(name) / count).alias(to) for name, to in zip(CHANNELS, SHARES, strict=True)),
        some.then(days).alias("dias_desde_ultimo_pedido"),
        some.then(age).alias("antiguedad_dias"),
        pl.when(age > 0).then(count / (age / DAYS_PER_MONTH)).alias("freq_pedidos_mes"),
        *(_mean(name).alias(to) for name, to in zip(AMOUNTS, MEANS, strict=True)),
    ]


def _mean(name: str) -> pl.Expr:
    known = pl.col(f"known_{name}")
    return pl.when(known > 0).then(pl.col(name) / FIXED / known)
