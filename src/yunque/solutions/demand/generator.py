"""Make a small company whose true demand is known: sales, returns, stock, orders, suppliers, promotions."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from yunque.kernel.form import FloatArray
from yunque.solutions.demand.generator_articles import Range, make_range, make_suppliers
from yunque.solutions.demand.generator_shop import Shop, run_shop

FIRST_DAY = date(2023, 1, 2)  # a Monday
WEEKDAYS = np.array([1.05, 1.0, 1.0, 1.05, 1.2, 1.1, 0.6])
NIT, COMPANY = "900123456", 1


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How large a company: articles, days of history, its first day, its company number and NIT."""

    articles: int = 120
    days: int = 3 * 365
    first_day: date = FIRST_DAY
    company: int = COMPANY
    nit: str = NIT


@dataclass(frozen=True, kw_only=True)
class Company:
    """A made-up company.

    Attributes:
        tables: raw tables by name, as files of a company would have them: movements, items, stock, orders,
            suppliers, promotions.
        truth: what was asked for, sold or not: code, date, demand, on_hand at the day's end.
        today: the day after the last one.
    """

    tables: dict[str, pl.DataFrame]
    truth: pl.DataFrame
    today: date


def make_company(seed: int, wish: Wish | None = None) -> Company:
    """Make a company; the same seed and wish give the same tables.

    Demand: gamma-mixed Poisson around a season, a weekday, a trend and promotions; one order in 3,000 is a
    one-off of forty days' sales. The shop buys by a rule of thumb (an average and a fifth more),
    so that stock-outs and leftovers happen.
    """
    asked = wish or Wish()
    rng = np.random.default_rng(seed)
    range_ = make_range(asked.articles, asked.days, rng)
    promotions = _promotions(range_, asked, rng)
    demand, bulk = _demand(range_, promotions, asked, rng)
    suppliers = make_suppliers(rng)
    shop = run_shop(demand + bulk, range_.items, suppliers, rng)
    codes = range_.items["articulo_codigo"].to_numpy()
    tables = {
        "movements": _movements(shop, bulk, range_.items, asked, rng),
        "items": range_.items,
        "stock": pl.DataFrame(
            {
                "articulo_codigo": codes,
                "codigo_bodega": "B1",
                "existencias": shop.on_hand[-1],
                "reservado": 0.0,
            }
        ),
        "orders": _orders(shop, range_.items, asked),
        "suppliers": suppliers,
        "promotions": promotions.drop("row"),
    }
    days = [asked.first_day + timedelta(days=k) for k in range(asked.days)]
    truth = pl.DataFrame(
        {
            "code": np.tile(codes, asked.days),
            "date": np.repeat(np.array(days, dtype="datetime64[D]"), asked.articles),
            "demand": demand.ravel(),
            "on_hand": shop.on_hand.ravel(),
        }
    )
    return Company(tables=tables, truth=truth, today=asked.first_day + timedelta(days=asked.days))


def generate(rows: int, seed: int) -> pl.DataFrame:
    """Give that many movements of such a company, by date, as R2's table has them."""
    articles = 120
    days = max(120, -(-rows * 4 // articles))
    table = make_company(seed, Wish(articles=articles, days=days)).tables["movements"]
    while table.height < rows:
        days *= 2
        table = make_company(seed, Wish(articles=articles, days=days)).tables["movements"]
    return table.head(rows)


def _promotions(range_: Range, asked: Wish, rng: np.random.Generator) -> pl.DataFrame:
    """Draw two promotions a year for a third of the articles: a fortnight, 10 to 30 % off."""
    rows = []
    for row in np.flatnonzero(rng.random(asked.articles) < 0.33):
        for year in range(max(asked.days // 365, 1) * 2):
            first = int(year * 182 + rng.integers(0, 160))
            if first + 14 >= asked.days:
                continue
            start = asked.first_day + timedelta(days=first)
            rows.append(
                {
                    "row": int(row),
                    "articulo_codigo": range_.items["articulo_codigo"][int(row)],
                    "fecha_inicio": start,
                    "fecha_fin": start + timedelta(days=13),
                    "descuento": float(np.round(rng.uniform(0.1, 0.3), 2)),
                }
            )
    schema = {"row": pl.Int64, "articulo_codigo": pl.String, "fecha_inicio": pl.Date, "fecha_fin": pl.Date,
              "descuento": pl.Float64}  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


def _demand(
    range_: Range, promotions: pl.DataFrame, asked: Wish, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw units asked for, and one-off bulk orders apart: days x articles each."""
    day = np.arange(asked.days)[:, None]
    dates = np.array([asked.first_day + timedelta(days=int(k)) for k in range(asked.days)], "datetime64[D]")
    month = (dates - dates.astype("datetime64[Y]")).astype(float) / 365.25 * 12
    weekday = WEEKDAYS[(np.arange(asked.days) + asked.first_day.weekday()) % 7]
    season = np.exp(range_.strength * np.cos(2 * np.pi * (month[:, None] - (range_.peak - 0.5)) / 12))
    mean = range_.rate * season * weekday[:, None] * np.exp(np.log1p(range_.trend) * day / 365)
    for promotion in promotions.iter_rows(named=True):
        first = (promotion["fecha_inicio"] - asked.first_day).days
        mean[first : first + 14, promotion["row"]] *= 1 + 3 * promotion["descuento"]
    mean *= (day >= range_.launched) & (day < range_.ended)
    level = mean * rng.gamma(range_.dispersion, 1 / range_.dispersion, mean.shape)
    units = rng.poisson(level / range_.size) * np.where(
        range_.size > 1, rng.poisson(range_.size - 1, mean.shape) + 1.0, 1.0
    )
    bulk = np.where(rng.random(mean.shape) < 1 / 3000, np.ceil(40 * mean), 0.0)
    return units.astype(float), bulk


def _movements(
    shop: Shop, bulk: FloatArray, items: pl.DataFrame, asked: Wish, rng: np.random.Generator
) -> pl.DataFrame:
    """Write what happened as lines of documents, in order of time."""
    parts = [
        _lines(shop.sold - np.minimum(shop.sold, bulk), "FACTURA_VENTA", "FV", rng),
        _lines(np.minimum(shop.sold, bulk), "FACTURA_VENTA", "FE", rng),
        _lines(shop.received, "FACTURA_COMPRA", "FC", rng),
        _lines(shop.returned, "DEVOLUCION_VENTA", "DV", rng),
        _lines(np.where(rng.random(shop.sold.shape) < 0.001, 2.0, 0.0), "TRASLADO", "TR", rng),
    ]
    lines = pl.concat(parts).sort("day", "row", "order", maintain_order=True)
    row, day = lines["row"].to_numpy(), lines["day"].to_numpy()
    price = items["precio_venta"].to_numpy()[row]
    cost = items["costo_unitario"].to_numpy()[row]
    paid = np.where(lines["tipo_documento"] == "FACTURA_COMPRA", cost, price)
    units = lines["cantidad"].to_numpy()
    first = np.datetime64(asked.first_day, "D")
    return pl.DataFrame(
        {
            "empresa_servidor_id": pl.Series(np.full(lines.height, asked.company), dtype=pl.Int64),
            "nit": [asked.nit] * lines.height,
            "tipo_documento": lines["tipo_documento"],
            "documento": lines["documento"],
            "fecha": (first + day.astype("timedelta64[D]")).astype("datetime64[D]"),
            "articulo_codigo": items["articulo_codigo"].to_numpy()[row],
            "articulo_nombre": items["articulo_nombre"].to_numpy()[row],
            "categoria": items["categoria"].to_numpy()[row],
            "codigo_bodega": ["B1"] * lines.height,
            "ciudad": ["Bogotá"] * lines.height,
            "cantidad": units,
            "precio_unitario": paid,
            "valor_total": paid * units,
            "stock_nuevo": shop.on_hand[day, row],
            "lead_time_dias": shop.lead[row],
        }
    )


def _lines(units: FloatArray, kind: str, prefix: str, rng: np.random.Generator) -> pl.DataFrame:
    day, row = np.nonzero(units)
    document = rng.integers(0, 9, day.size)
    order = {"FACTURA_COMPRA": 0, "DEVOLUCION_VENTA": 2, "TRASLADO": 3}.get(kind, 1)
    return pl.DataFrame(
        {
            "day": day,
            "row": row,
            "order": np.full(day.size, order),
            "tipo_documento": [kind] * day.size,
            "documento": [f"{prefix}-{d:05d}-{k}" for d, k in zip(day, document, strict=True)],
            "cantidad": units[day, row],
        }
    )


def _orders(shop: Shop, items: pl.DataFrame, asked: Wish) -> pl.DataFrame:
    placed = shop.orders
    row = placed["row"].to_numpy()
    first = np.datetime64(asked.first_day, "D")

    def dates(name: str) -> pl.Series:
        days = (first + placed[name].to_numpy().astype("timedelta64[D]")).astype("datetime64[D]")
        return pl.Series(name, days)

    received = dates("arrived")
    return pl.DataFrame(
        {
            "orden": [f"OC-{k + 1:05d}" for k in range(placed.height)],
            "articulo_codigo": items["articulo_codigo"].to_numpy()[row],
            "proveedor": items["proveedor"].to_numpy()[row],
            "fecha_orden": dates("placed"),
            "fecha_entrega": dates("due"),
            "fecha_recibido": pl.select(
                pl.when(placed["arrived"] < asked.days).then(received).otherwise(None)
            ).to_series(),
            "cantidad": placed["units"],
            "costo_unitario": items["costo_unitario"].to_numpy()[row],
        }
    )
