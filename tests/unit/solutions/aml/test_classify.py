"""Whatever the layers say, obligations stand and no class falls under its floor."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import a_portfolio, frame_of

from yunque.errors import BundleError
from yunque.solutions.aml.accumulated import MOST, listed_ids
from yunque.solutions.aml.classify import INCOMPLETE, classify
from yunque.solutions.aml.law.evaluate import ORDER, evaluate
from yunque.solutions.aml.law.read_catalogue import catalogue
from yunque.solutions.aml.layers import LAYERS, Layer, Scores, alone, ask
from yunque.solutions.aml.reasons import by_id, reason


@pytest.fixture(scope="module")
def found():
    """Ten thousand random rows."""
    rows = [
        row
        | {
            "cliente_id": f"{seed}{row['cliente_id']}",
            "id_operacion": f"{seed}-{row['id_operacion']}",
            "id_pagador": None,
        }
        for seed in range(334)
        for row in a_portfolio(seed)
    ]
    return evaluate(frame_of(rows), catalogue())


def learnt(found, seed, unusual, worrying):
    rows = found.operations.select("id_operacion").with_row_index("n")
    p = (pl.col("n").hash(seed) % 1000) / 999
    a = (pl.col("n").hash(seed + 1) % 1000) / 999
    table = rows.select("id_operacion", p_sospecha=p, anomalia=a)
    layers = (Layer(name="supervisada", ran=True),)
    return ask(lambda _: Scores(table=table, unusual=unusual, worrying=worrying, layers=layers), rows)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), low=st.floats(0, 1), width=st.floats(0, 1))
def test_31_no_score_and_no_threshold_lowers_a_floor(found, seed, low, width):
    answer = learnt(found, seed, low, low + width)
    assert answer.mode == "completo"
    classified = classify(found.operations, answer)
    ranks = {name: rank for rank, name in enumerate(ORDER)} | {INCOMPLETE: 0}
    both = classified.select(
        pl.col("clase").replace_strict(ranks, return_dtype=pl.Int64),
        pl.col("piso").replace_strict(ranks, return_dtype=pl.Int64),
    )
    assert (both["clase"] >= both["piso"]).all()
    assert "relevante" not in set(classified["clase_ml"].drop_nulls())
    assert classified.drop("p_sospecha", "anomalia", "riesgo", "clase_ml", "clase").equals(found.operations)


def test_what_lacks_a_fact_is_never_simply_clean(found):
    classified = classify(found.operations, alone("sin_modelo"))
    lacking = classified.filter(pl.col("estado").is_not_null())
    assert lacking.height > 100
    assert "limpio" not in set(lacking["clase"])
    assert INCOMPLETE in set(lacking["clase"])


@pytest.mark.parametrize(
    "error", [BundleError("x"), ValueError("x"), KeyError("x"), ZeroDivisionError(), OSError("x")]
)
def test_32_a_failing_layer_is_told(found, error):
    def fail(_):
        raise error

    answer = ask(fail, found.operations)
    assert answer.mode == "solo_reglas"
    assert {layer.reason for layer in answer.layers} == {f"fallo: {type(error).__name__}"}
    assert [layer.name for layer in answer.layers] == list(LAYERS)


@pytest.mark.parametrize("bad", [float("nan"), -0.1, 1.1])
def test_scores_outside_their_range_are_refused(found, bad):
    table = found.operations.select("id_operacion", p_sospecha=pl.lit(bad), anomalia=pl.lit(0.0))
    scores = Scores(table=table, unusual=0.5, worrying=0.9, layers=())
    assert ask(lambda _: scores, found.operations).mode == "solo_reglas"
    good = Scores(table=table.with_columns(p_sospecha=0.5), unusual=0.9, worrying=0.5, layers=())
    assert ask(lambda _: good, found.operations).mode == "solo_reglas"


def test_every_reason_is_a_sentence_with_its_numbers(found):
    rules = by_id()
    rows = {row["orden"]: row for row in found.operations.iter_rows(named=True)}
    seen = set()
    for item in found.obligations.iter_rows(named=True):
        said = reason(rules[item["regla"]], rows[item["orden"]])
        assert "{" not in said["texto"]
        assert said["texto"].endswith(".")
        assert "  " not in said["texto"]
        assert " ." not in said["texto"]
        assert "()" not in said["texto"]
        assert all(
            "." in str(value)
            for name, value in said["valores"].items()
            if name in ("acto", "acum", "efectivo")
        )
        seen.add(item["regla"])
    assert len(seen) >= 12


def test_lists_of_sums_are_those_of_the_engine(found):
    lists = listed_ids(found.operations, found.operations)
    orders = sorted(lists)[:: max(1, len(lists) // 60)]
    for order in orders:
        assert tuple(lists[order]["ids"]) == found.accumulated_ids(order)
        assert lists[order]["ids_omitidos"] == 0


def test_long_lists_keep_the_newest_and_say_what_they_leave_out():
    n = MOST + 50
    frame = pl.DataFrame(
        {
            "id_operacion": [f"o{i}" for i in range(n)],
            "linea": range(n),
            "cliente_id": ["a"] * n,
            "monto_c": [1] * n,
            "regla": ["V"] * n,
        }
    ).with_columns(fecha=pl.date(2026, 3, 1))
    found = evaluate(frame, catalogue())
    last = found.operations["orden"].max()
    told = listed_ids(found.operations, found.operations.filter(pl.col("orden") == last))[last]
    assert len(told["ids"]) == MOST
    assert told["ids_omitidos"] == 50
    assert told["ids"][-1] == f"o{n - 1}"
