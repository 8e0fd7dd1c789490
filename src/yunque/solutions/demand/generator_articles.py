"""The articles of a made-up small company: names, suppliers, prices, packs and how each one sells."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from yunque.kernel.form import FloatArray

GOODS: dict[str, tuple[str, ...]] = {
    "papelería": ("Libreta", "Resma", "Carpeta", "Bolígrafo", "Marcador", "Sobre"),
    "aseo": ("Jabón", "Detergente", "Guantes", "Escoba", "Desinfectante", "Bolsa de basura"),
    "cafetería": ("Café", "Azúcar", "Aromática", "Vaso", "Servilleta", "Galleta"),
    "ferretería": ("Tornillo", "Broca", "Cinta", "Candado", "Pintura", "Cable"),
    "tecnología": ("Mouse", "Teclado", "Memoria", "Cargador", "Audífonos", "Tóner"),
    "botiquín": ("Gasa", "Alcohol", "Venda", "Tapabocas", "Jeringa", "Termómetro"),
}
KINDS = ("estándar", "grande", "premium", "azul", "industrial", "mini", "doble", "pro", "especial", "verde")
SUPPLIERS = ("Distribuidora Andina", "Importadora del Pacífico", "Comercial Bolívar", "Suministros ABC",
             "Proveedora Central", "Mayorista El Roble", "Global Partes", "La Económica")  # fmt: skip
PEAKS = {"papelería": (1, 0.7), "aseo": (5, 0.15), "cafetería": (12, 0.25), "ferretería": (9, 0.2),
         "tecnología": (12, 0.6), "botiquín": (4, 0.2)}  # fmt: skip
PACKS = (1, 1, 1, 6, 10, 12, 24)
PATTERNS = ("smooth", "erratic", "intermittent", "lumpy")
SHARES = (0.4, 0.25, 0.2, 0.15)


@dataclass(frozen=True, kw_only=True)
class Range:
    """The articles of a company, and how they sell.

    Attributes:
        items: a row per article, with the columns of a company's item file.
        rate: mean units a day, without season and trend.
        size: mean units of a sale of the articles that sell seldom; 1 else.
        dispersion: shape of the daily swing; small is wild.
        trend: growth a year.
        launched, ended: day of first and last demand, by position from the first day.
        peak, strength: month of the season's top, and how strong it is.
    """

    items: pl.DataFrame
    rate: FloatArray
    size: FloatArray
    dispersion: FloatArray
    trend: FloatArray
    launched: np.ndarray
    ended: np.ndarray
    peak: FloatArray
    strength: FloatArray


def make_range(articles: int, days: int, rng: np.random.Generator) -> Range:
    """Draw the articles: four patterns of demand, a few launched late, a few that ended."""
    categories = [list(GOODS)[k % len(GOODS)] for k in range(articles)]
    pattern = rng.choice(4, size=articles, p=SHARES)
    rate = np.exp(rng.normal(1.0, 0.8, articles))
    rate[pattern >= 2] = rng.uniform(0.05, 0.35, int((pattern >= 2).sum()))
    size = np.where(pattern == 3, rng.uniform(4, 12, articles), np.where(pattern == 2, 1.5, 1.0))
    dispersion = np.select([pattern == 0, pattern == 1], [6.0, 0.8], 2.0)
    launched = np.where(
        rng.random(articles) < 0.06, rng.integers(days // 3, max(days - 45, days // 2), articles), 0
    )
    ended = np.where(
        rng.random(articles) < 0.05, rng.integers(days // 3, max(days - 200, days // 2), articles), days
    )
    return Range(
        items=_items(categories, rng),
        rate=rate,
        size=size,
        dispersion=dispersion,
        trend=rng.normal(0.04, 0.1, articles),
        launched=launched,
        ended=np.where(launched > 0, days, ended),
        peak=np.array([PEAKS[name][0] for name in categories], dtype=float),
        strength=np.array([PEAKS[name][1] for name in categories]) * rng.uniform(0.5, 1.3, articles),
    )


def _items(categories: list[str], rng: np.random.Generator) -> pl.DataFrame:
    count = len(categories)
    cost = np.round(np.exp(rng.normal(9.2, 0.9, count)) / 50) * 50 + 50  # pesos
    margin = rng.uniform(1.25, 1.8, count)
    pack = rng.choice(PACKS, size=count).astype(float)
    minimum = np.where(rng.random(count) < 0.25, pack * rng.integers(1, 5, count), 0.0)
    supplier = rng.integers(0, len(SUPPLIERS), count)
    names = []
    for k, category in enumerate(categories):
        goods = GOODS[category]
        turn = k // len(GOODS)
        kind = KINDS[(turn // len(goods)) % len(KINDS)]
        again = turn // (len(goods) * len(KINDS))
        names.append(f"{goods[turn % len(goods)]} {kind}" + (f" {again + 1}" if again else ""))
    return pl.DataFrame(
        {
            "articulo_codigo": [f"A{k + 1:04d}" for k in range(count)],
            "articulo_nombre": names,
            "categoria": categories,
            "proveedor": [SUPPLIERS[k] for k in supplier],
            "costo_unitario": cost,
            "precio_venta": np.round(cost * margin / 50) * 50,
            "unidades_por_paquete": pack,
            "pedido_minimo": minimum,
        }
    )


def make_suppliers(rng: np.random.Generator) -> pl.DataFrame:
    """Draw how long each supplier takes, and how much that swings, in days."""
    lead = rng.integers(4, 31, len(SUPPLIERS)).astype(float)
    return pl.DataFrame(
        {
            "proveedor": SUPPLIERS,
            "lead_time_dias": lead,
            "desviacion_lead_time": np.round(lead * rng.uniform(0.1, 0.3, len(SUPPLIERS)), 1),
            "dias_revision": np.full(len(SUPPLIERS), 7.0),
        }
    )
