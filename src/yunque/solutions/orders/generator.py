"""Make orders with the marginals of R5's real ones, and say what the best possible model reaches on them.

Shares and conditional shares were measured on R5's 1,250,000 orders. There, as here, the channel depends on
the digital maturity of the client and on nothing else, so the Bayes ceiling is known in closed form.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.solutions.orders.columns import CHANNELS, LEVELS, MATURITY, RAW

FIRST_DAY, DAYS = datetime(2023, 1, 1), 601  # noqa: DTZ001 - the files have no zone
ORDERS_PER_CLIENT = 8.34
MATURITY_SHARES = (0.5003, 0.3504, 0.1493)  # BAJA, MEDIA, ALTA: of clients
CHANNEL_SHARES = ((0.35, 0.25, 0.40), (0.55, 0.15, 0.30), (0.75, 0.05, 0.20))
STAR_SHARES = ((0.60, 0.30, 0.10), (0.30, 0.50, 0.20), (0.20, 0.40, 0.40))
TYPE_SHARES = (0.60, 0.30, 0.10)
REGIONS = {
    "EC": ("AMAZONIA", "COSTA", "SIERRA"),
    "GT": ("METROPOLITANA", "NORTE", "OCCIDENTE", "ORIENTE", "SUR"),
    "PE": ("CENTRO", "LIMA", "NORTE", "SUR"),
    "SV": ("CENTRO", "OCCIDENTE", "ORIENTE"),
}
AGENCIES, ROUTES = 8, 14
BILLED, BOXES, MATERIALS = (120.0, 50.0), (12.0, 5.0), 14
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """What the best possible model reaches: it knows the true probabilities.

    Attributes:
        log_loss, accuracy: of three classes.
        constant_log_loss, majority_accuracy: of a model that knows the class shares only.
        lift: share of DIGITAL among the tenth most likely, over its share among all.
        shares: of the classes.
    """

    log_loss: float
    accuracy: float
    constant_log_loss: float
    majority_accuracy: float
    lift: float
    shares: dict[str, float]


def bayes_ceiling() -> Ceiling:
    """Work the ceiling out: the mean entropy of the channel given the maturity, in nats."""
    weight, given = np.array(MATURITY_SHARES), np.array(CHANNEL_SHARES)
    shares = weight @ given
    return Ceiling(
        log_loss=float(-(weight[:, None] * given * np.log(given)).sum()),
        accuracy=float(weight @ given.max(axis=1)),
        constant_log_loss=float(-(shares * np.log(shares)).sum()),
        majority_accuracy=float(shares.max()),
        lift=float(given[:, 0].max() / shares[0]),
        shares=dict(zip(CHANNELS, shares.tolist(), strict=True)),
    )


def generate(rows: int, seed: int) -> pl.DataFrame:
    """Make `rows` orders in R5's columns and types, in no order; the same seed gives the same table."""
    rng = np.random.default_rng(seed)
    clients = make_clients(max(2, round(rows / ORDERS_PER_CLIENT)), rng)
    owner = rng.integers(0, clients.height, rows)
    maturity = clients["maturity"].to_numpy()[owner]
    day = pl.Series("day", rng.integers(0, DAYS, rows))
    orders = (
        clients[owner]
        .with_columns(day)
        .with_columns(
            fecha_pedido_dt=pl.lit(FIRST_DAY) + pl.duration(days="day"),
            canal_pedido_cd=_named(_drawn(CHANNEL_SHARES, maturity, rng), CHANNELS),
            facturacion_usd_val=pl.Series(_amount(BILLED, rows, rng)),
            materiales_distintos_val=pl.Series(rng.integers(1, MATERIALS + 1, rows)),
            cajas_fisicas=pl.Series(_amount(BOXES, rows, rng)),
        )
    )
    return orders.select(RAW).with_columns(pl.col("fecha_pedido_dt").cast(pl.Datetime("us")))


def make_clients(count: int, rng: np.random.Generator) -> pl.DataFrame:
    """Make clients: country, region, agency and route within one another, all else by itself."""
    maturity = rng.choice(3, count, p=np.array(MATURITY_SHARES) / sum(MATURITY_SHARES))
    places = [(country, region) for country, regions in REGIONS.items() for region in regions]
    weight = np.array([1.0 / len(REGIONS[country]) for country, _ in places])
    place = rng.choice(len(places), count, p=weight / weight.sum())
    agency, route = rng.integers(1, AGENCIES, count), rng.integers(1, ROUTES + 1, count)
    frame = pl.DataFrame(
        {
            "cliente_id": pl.Series(np.arange(1, count + 1)),
            "maturity": maturity,
            "pais_cd": _named(place, [country for country, _ in places]),
            "region_comercial_txt": _named(place, [region for _, region in places]),
            "agency": agency,
            "route": route,
            "tipo_cliente_cd": _named(rng.choice(3, count, p=TYPE_SHARES), LEVELS["tipo_cliente_cd"]),
            MATURITY: _named(maturity, LEVELS[MATURITY]),
            "estrellas_txt": _named(_drawn(STAR_SHARES, maturity, rng), ("1", "2", "3")),
            "frecuencia_visitas_cd": _named(rng.integers(0, 4, count), LEVELS["frecuencia_visitas_cd"]),
        }
    )
    part = pl.col("region_comercial_txt").str.head(3)
    agency_id = pl.concat_str("pais_cd", pl.lit("-"), part, pl.lit("-A00"), pl.col("agency").cast(pl.String))
    return frame.with_columns(
        cliente_id=pl.lit("C") + pl.col("cliente_id").cast(pl.String).str.zfill(6), agencia_id=agency_id
    ).with_columns(ruta_id=pl.col("agencia_id") + "-R" + pl.col("route").cast(pl.String).str.zfill(3))


def _drawn(shares: tuple[tuple[float, ...], ...], given: Codes, rng: np.random.Generator) -> Codes:
    """Draw one of three for each row, by the shares that belong to its maturity."""
    edges = np.cumsum(np.array(shares), axis=1)[:, :-1]
    return np.asarray((rng.random(len(given))[:, None] > edges[given]).sum(axis=1), np.int64)


def _named(codes: Codes, names: tuple[str, ...] | list[str]) -> pl.Series:
    return pl.Series(list(names))[codes]


def _amount(shape: tuple[float, float], rows: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    return np.asarray(np.round(np.maximum(0.0, rng.normal(*shape, rows)), 2), np.float64)
