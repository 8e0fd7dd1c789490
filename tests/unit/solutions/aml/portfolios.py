"""Random portfolios that crowd where the law is easily got wrong: thresholds to the cent, month ends, reforms."""

import random
from datetime import date, time, timedelta

import polars as pl
from law_reference import BEFORE, CASH, NOW, uma

RULES = [rule for rule in NOW if rule != "XVI-b"] + ["I", "VI", "VIII", "XV", "II-a", "XVI-a", "V", "XII-A-a"]
EDGES = [
    date(2025, 7, 17),
    date(2026, 2, 1),
    date(2026, 3, 28),
    date(2025, 2, 1),
    date(2026, 11, 30),
    date(2024, 2, 29),
]
EVERY_RULE = [*RULES, "XII-C", "XII-D"]
HOURS = [None, None, time(0), time(0, 15), time(9, 30), time(9, 30), time(23, 45), time(23, 59, 59)]


def a_day(rng):
    kind = rng.random()
    if kind < 0.35:
        return rng.choice(EDGES) + timedelta(days=rng.randint(-2, 2))
    if kind < 0.6:
        month = rng.choice(
            [(2025, 8, 31), (2026, 2, 28), (2026, 8, 31), (2026, 5, 31), (2025, 11, 30), (2024, 8, 31)]
        )
        return date(*month) + timedelta(days=rng.randint(-3, 2))
    if kind < 0.64:
        return date(2019, 9, 1) + timedelta(days=rng.randint(0, 250))
    return date(2024, 12, 1) + timedelta(days=rng.randint(0, 850))


def an_amount(rng, rule, day, near):
    """An amount at, just under or over a share of a threshold of the day; with `near`, up to 20 % under it."""
    levels = [u for pair in (NOW.get(rule), BEFORE.get(rule)) if pair for u in pair if isinstance(u, int)]
    levels += [CASH[rule][1]] if rule in CASH else []
    value = uma(day) or 10_000
    if not levels or rng.random() < 0.15:
        return rng.randint(1, 100_000_000)
    level = rng.choice(levels) * rng.choice([value, value, 11314, 11731])
    if near:
        return max(1, level * rng.choice([80, 85, 95, 100, 100]) // 100 - rng.choice([0, 1, 1]))
    return max(1, level // rng.choice([1, 1, 1, 2, 2, 3, 5]) + rng.choice([-1, 0, 0, 1, 5000]))


def a_portfolio(seed, size=30, among=RULES):
    """Rows as dictionaries in the columns of the law."""
    rng = random.Random(seed)
    rules = rng.sample(among, k=rng.randint(1, 4))
    days = [a_day(rng) for _ in range(rng.randint(3, 10))]
    near = rng.random() < 0.2
    rows = []
    for line in range(size):
        day = rng.choice(days) if rng.random() < 0.7 else a_day(rng)
        rule = rng.choice(rules)
        amount = an_amount(rng, rule, day, near)
        rows.append(
            {
                "id_operacion": f"op{line}",
                "linea": line,
                "cliente_id": rng.choice(["ana", "beto", "ñandú"]),
                "fecha": day,
                "hora": rng.choice(HOURS),
                "monto_c": amount,
                "monto_sin_c": None
                if rng.random() < 0.7
                else max(1, amount - rng.choice([0, 1, amount // 7])),
                "regla": rule,
                "es_efectivo": rng.random() < 0.4,
                "id_acto": rng.choice([None, None, None, "x", "y"]),
                "id_pagador": rng.choice([None, None, None, None, "p", "q"]),
                "cuenta": rng.choice([None, "4111"]),
                "contraprestacion_c": rng.choice([None, 46923, 46924, 45256, 0]),
                "valor_mayor_c": rng.choice([None, None, amount + 1, amount * 2]),
                "valor_individual_c": rng.choice([None, amount, amount // 2 + 1]),
                "en_representacion": rng.choice([None, True, False]),
                "en_lista": rng.random() < 0.05,
                "es_pep": rng.random() < 0.05,
                "jurisdiccion": rng.choice([None] * 12 + ["mx", "us", "ir", "mm"]),
                "sospecha": rng.random() < 0.05,
                "intento": rng.random() < 0.07,
            }
        )
    rng.shuffle(rows)
    return rows


SCHEMA = {
    "id_operacion": pl.String, "linea": pl.Int64, "cliente_id": pl.String, "fecha": pl.Date, "hora": pl.Time,
    "monto_c": pl.Int64, "monto_sin_c": pl.Int64, "regla": pl.String, "es_efectivo": pl.Boolean,
    "id_acto": pl.String, "id_pagador": pl.String, "cuenta": pl.String, "contraprestacion_c": pl.Int64,
    "valor_mayor_c": pl.Int64, "valor_individual_c": pl.Int64, "en_representacion": pl.Boolean,
    "en_lista": pl.Boolean, "es_pep": pl.Boolean, "sospecha": pl.Boolean, "intento": pl.Boolean,
    "jurisdiccion": pl.String, "estado_regla": pl.String, "riesgo_alto": pl.Boolean, "aviso_presentado": pl.Boolean,
}  # fmt: skip


def frame_of(rows):
    """The rows as a table of the law's columns."""
    names = [name for name in SCHEMA if any(name in row for row in rows)]
    return pl.DataFrame(rows, schema={name: SCHEMA[name] for name in names})
