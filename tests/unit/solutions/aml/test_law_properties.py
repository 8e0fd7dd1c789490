"""What the law answers depends on operations and catalogue alone."""

import random

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import a_portfolio, frame_of
from rows import Said, cents, op

from yunque.solutions.aml.law.evaluate import ORDER, evaluate
from yunque.solutions.aml.law.read_catalogue import catalogue

SETTINGS = settings(max_examples=25, deadline=None)
KEY = ["cliente_id", "id_operacion"]


def answer(frame):
    """Obligations and floors, without the position of rows."""
    found = evaluate(frame, catalogue())
    owed = found.obligations.drop("orden").sort(*KEY, "regla")
    floors = found.operations.select(*KEY, "piso", "estado", "marcas").sort(*KEY)
    return owed, floors


def same(one, other):
    return all(a.equals(b) for a, b in zip(one, other, strict=True))


@SETTINGS
@given(seed=st.integers(0, 10**6), tau=st.floats(0, 1), noise=st.integers(0, 10**6))
def test_scores_thresholds_and_policies_change_nothing(seed, tau, noise):
    frame = frame_of(a_portfolio(seed))
    rng = random.Random(noise)
    scored = frame.with_columns(
        p_sospecha=pl.Series([rng.random() for _ in range(frame.height)]),
        clase_ml=pl.Series([rng.choice(ORDER) for _ in range(frame.height)]),
        tau_inusual=pl.lit(tau),
    )
    assert same(answer(frame), answer(scored))


@SETTINGS
@given(seed=st.integers(0, 10**6), shuffle=st.integers(0, 10**6))
def test_the_order_of_rows_changes_nothing(seed, shuffle):
    rows = a_portfolio(seed)
    mixed = random.Random(shuffle).sample(rows, k=len(rows))
    assert same(answer(frame_of(rows)), answer(frame_of(mixed)))


@SETTINGS
@given(seed=st.integers(0, 10**6))
def test_another_clients_operations_change_nothing(seed):
    rows = [row | {"id_pagador": None} for row in a_portfolio(seed)]
    alone = [row for row in rows if row["cliente_id"] == "ana"] or rows
    names = {row["cliente_id"] for row in alone}
    owed, floors = answer(frame_of(rows))
    mine = (owed.filter(pl.col("cliente_id").is_in(names)), floors.filter(pl.col("cliente_id").is_in(names)))
    assert same(mine, answer(frame_of(alone)))


@SETTINGS
@given(seed=st.integers(0, 10**6))
def test_later_operations_change_nothing_of_acts_that_are_closed(seed):
    rows = [row | {"id_acto": None, "regla": row["regla"]} for row in a_portfolio(seed)]
    rows = [row for row in rows if row["regla"] not in ("XV", "II-a")]  # months stay open until they end
    if len(rows) < 2:
        return
    cut = sorted(row["fecha"] for row in rows)[len(rows) // 2]
    early = [row for row in rows if row["fecha"] < cut]
    if not early:
        return
    ids = [row["id_operacion"] for row in early]
    owed, floors = answer(frame_of(rows))
    mine = (owed.filter(pl.col("id_operacion").is_in(ids)), floors.filter(pl.col("id_operacion").is_in(ids)))
    assert same(mine, answer(frame_of(early)))


def test_the_same_input_gives_the_same_bytes():
    frame = frame_of(a_portfolio(5))
    first, second = (evaluate(frame, catalogue()) for _ in range(2))
    assert first.obligations.serialize() == second.obligations.serialize()


def test_every_class_floor_is_one_of_the_four():
    frame = pl.concat([frame_of(a_portfolio(seed)) for seed in range(5)], how="diagonal")
    assert set(evaluate(frame, catalogue()).operations["piso"]) <= set(ORDER)


def test_sums_beyond_any_integer_register_stay_exact():
    huge = 10**15
    said = Said(*(op("V", f"2026-03-{1 + n:02d}", 0) | {"monto_c": huge - 1} for n in range(20)))
    assert said.row(19)["acum_c"] == 20 * (huge - 1)
    assert said.row(19)["acum_por_umas"] is True


def test_an_empty_table_owes_nothing():
    found = evaluate(
        frame_of([op("VIII", "2026-03-01", 1) | {"id_operacion": "x", "linea": 1}]).clear(), catalogue()
    )
    assert found.obligations.is_empty()
    assert found.operations.is_empty()


def test_one_client_with_many_rows_is_not_quadratic():
    n = 60_000
    frame = pl.DataFrame(
        {
            "id_operacion": [str(i) for i in range(n)],
            "linea": range(n),
            "cliente_id": ["a"] * n,
            "monto_c": [cents("40,000")] * n,
            "regla": ["I"] * n,
            "es_efectivo": [True] * n,
            "id_pagador": ["p"] * n,
        }
    ).with_columns(fecha=pl.date(2026, 3, 1) + pl.duration(days=pl.col("linea") % 300))
    found = evaluate(frame, catalogue())
    assert found.operations.height == n
    assert found.obligations.filter(pl.col("regla").str.starts_with("R03")).height > n // 2
