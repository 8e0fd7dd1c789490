"""Run a made-up shop day by day: what it had, sold, was returned, ordered and received."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from yunque.kernel.form import FloatArray

WINDOW, FACTOR = 90, 1.2  # the rule of thumb: the average of three months, and a fifth more
START_DAYS = 45  # of first sales, in stock on the first day
RETURNED = 0.015  # share of sales that come back


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What happened.

    Attributes:
        sold, returned, received, on_hand: units by day and article; on hand at the day's end.
        lead: days that each article's supplier takes.
        orders: row (article), placed, due, arrived (days from the first), units.
    """

    sold: FloatArray
    returned: FloatArray
    received: FloatArray
    on_hand: FloatArray
    lead: FloatArray
    orders: pl.DataFrame


def run_shop(
    demand: FloatArray, items: pl.DataFrame, suppliers: pl.DataFrame, rng: np.random.Generator
) -> Shop:
    """Live through the days of `demand` (days x articles), ordering once a week, lost sales lost."""
    days, articles = demand.shape
    terms = items.join(suppliers, on="proveedor", how="left", maintain_order="left")
    lead, deviation = (terms[name].to_numpy() for name in ("lead_time_dias", "desviacion_lead_time"))
    pack, minimum = (terms[name].to_numpy() for name in ("unidades_por_paquete", "pedido_minimo"))
    sold, returned, on_hand = (np.zeros((days, articles)) for _ in range(3))
    received = np.zeros((days + 400, articles))
    stock = np.ceil(demand[:START_DAYS].sum(axis=0) + 2)
    on_order = np.zeros(articles)
    orders: list[dict[str, float]] = []
    for day in range(days):
        stock += received[day]
        on_order -= received[day]
        sold[day] = np.minimum(stock, demand[day])
        if day:
            returned[day] = rng.binomial(sold[day - 1].astype(int), RETURNED)
        stock += returned[day] - sold[day]
        on_hand[day] = stock
        if day % 7 or day < 14:
            continue
        average = sold[max(0, day - WINDOW) : day + 1].mean(axis=0)
        short = average * (lead + 7) * FACTOR - stock - on_order
        units = np.where(short > 0, np.maximum(np.ceil(short / pack) * pack, minimum), 0.0)
        for row in np.flatnonzero(units):
            late = max(1, round(rng.normal(lead[row], deviation[row])))
            received[day + late, row] += units[row]
            on_order[row] += units[row]
            orders.append(
                {"row": int(row), "placed": day, "due": day + int(lead[row]), "arrived": day + late,
                 "units": float(units[row])}
            )  # fmt: skip
    schema = {"row": pl.Int64, "placed": pl.Int64, "due": pl.Int64, "arrived": pl.Int64, "units": pl.Float64}
    return Shop(
        sold=sold,
        returned=returned,
        received=received[:days],
        on_hand=on_hand,
        lead=lead,
        orders=pl.DataFrame(orders, schema=schema),
    )
