"""Ceiling, association, columns by signal, costs, lift, and the shape of results."""

import math

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2_contingency

from yunque.errors import UsageError
from yunque.solutions.orders.association import codes_of, cramers_v, pearson, signal
from yunque.solutions.orders.ceiling import ceilings
from yunque.solutions.orders.columns import CLIENT, MATURITY, TARGET
from yunque.solutions.orders.costs import equal_costs, named_costs, parse_call, read_costs
from yunque.solutions.orders.generator import bayes_ceiling, generate
from yunque.solutions.orders.intake import by_client
from yunque.solutions.orders.intake_file import take_in_frame
from yunque.solutions.orders.questions import Question, to_learn
from yunque.solutions.orders.result import distributions, faults
from yunque.solutions.orders.scores import lift_at
from yunque.solutions.orders.select import doubts, dropped
from yunque.solutions.orders.solution import FOREVER

CLASSES = ("DIGITAL", "TELEFONO", "VENDEDOR")


def test_the_ceiling_is_that_of_the_generators_own_orders() -> None:
    best = bayes_ceiling()
    assert (best.log_loss, best.accuracy) == (
        pytest.approx(0.9847, abs=1e-4),
        pytest.approx(0.5048, abs=1e-4),
    )
    table = generate(200_000, 1)
    counts = table.group_by(MATURITY, TARGET).len()
    share = counts.with_columns(p=pl.col("len") / pl.col("len").sum().over(MATURITY))
    found = -(share["len"] * share["p"].log()).sum() / table.height
    assert found == pytest.approx(best.log_loss, abs=0.005)
    digital = (table[TARGET] == "DIGITAL").mean()
    assert digital == pytest.approx(best.shares["DIGITAL"], abs=0.005)


def test_ceilings_are_wider_where_chance_goes_further() -> None:
    assert ceilings(250_000) == ("accuracy<=0.5120", "log_loss>=0.9750")
    few = dict(text.replace(">=", "=").replace("<=", "=").split("=") for text in ceilings(1_000))
    assert float(few["accuracy"]) > 0.56 and float(few["log_loss"]) < 0.93


def test_association_agrees_with_scipy_where_levels_are_full() -> None:
    rng = np.random.default_rng(1)
    left, right = rng.integers(0, 5, 4_000), rng.integers(0, 3, 4_000)
    table = np.zeros((5, 3))
    np.add.at(table, (left, right), 1)
    expected = chi2_contingency(table, lambda_="log-likelihood", correction=False)
    found = signal(left, right)
    assert found.p == pytest.approx(expected.pvalue) and abs(found.nats) < 0.002
    assert cramers_v(left, left) == pytest.approx(1.0) and cramers_v(left, right) < 0.05
    assert pearson(pl.Series(left), pl.Series(-left)) == pytest.approx(-1.0)
    assert cramers_v(left, np.zeros(4_000, np.int64)) == 0.0


def test_chance_is_called_signal_as_rarely_as_it_says() -> None:
    rng = np.random.default_rng(2)
    ps = [
        signal(rng.integers(0, 900, 6_000), rng.choice(3, 6_000, p=[0.48, 0.18, 0.34])).p for _ in range(200)
    ]
    ps += [
        signal(rng.integers(0, 30, 6_000), rng.choice(3, 6_000), rng.integers(0, 4, 6_000)).p
        for _ in range(200)
    ]
    assert np.mean(np.array(ps) < 0.05) < 0.10 and np.mean(np.array(ps) < 1e-3) < 0.01


def test_missing_values_and_few_levels_have_codes_of_their_own() -> None:
    assert codes_of(pl.Series([1.0, None, 2.0, 1.0])).tolist() == [1, 0, 2, 1]
    assert codes_of(pl.Series(["b", None, "a"])).tolist() == [2, 0, 1]


def test_a_rule_only_doubts_and_the_signal_decides() -> None:
    taken = take_in_frame(generate(30_000, 4), "t", FOREVER).frame
    table = to_learn(by_client(taken), Question())
    names = [*Question().features, "espejo", "nada", "canal_id", "vacia"]
    mirrored = table.with_columns(
        espejo=pl.col(MATURITY).cast(pl.String) + "!",
        nada=pl.lit("x"),
        canal_id=pl.col(TARGET).cast(pl.String),  # an id by its name, and the answer itself
        vacia=pl.lit(None, pl.Float64),
    )
    found = {(doubt.column, doubt.rule): doubt for doubt in doubts(mirrored, names, 7)}
    assert not found["agencia_id", "id"].kept and not found["ruta_id", "id"].kept
    assert found["canal_id", "id"].kept  # nothing goes merely because of a rule
    assert {"nada", "vacia"} <= set(dropped(list(found.values())))
    mirror = next(
        doubt
        for (_, rule), doubt in found.items()
        if rule == "cramers_v" and "espejo" in (doubt.column, doubt.other)
    )
    assert not mirror.kept and {mirror.column, mirror.other} == {MATURITY, "espejo"}
    for doubt in found.values():
        assert doubt.text("en") != doubt.text("es")
    assert CLIENT not in dropped(list(found.values()))


def test_costs_move_the_answer_and_the_thresholds_say_from_where() -> None:
    plain = equal_costs(CLASSES)
    p = np.array([[0.5, 0.1, 0.4], [0.35, 0.25, 0.40]])
    assert plain.answers(p).tolist() == [0, 2] and set(plain.thresholds().values()) == {0.5}
    dear = named_costs(read_costs("VENDEDOR>DIGITAL=3"), CLASSES)
    assert dear.answers(p).tolist() == [2, 2]
    at = dear.thresholds()["DIGITAL"]
    assert at == pytest.approx(0.75)
    assert dear.answers(np.array([[at + 0.01, 0.0, 0.99 - at]])).tolist() == [0]
    assert dear.mean_cost(np.array([2, 0]), np.array([0, 0])) == 1.5
    with pytest.raises(UsageError):
        named_costs(read_costs("VENDEDOR>FAX=3"), CLASSES)
    with pytest.raises(UsageError):
        parse_call("value=-1")
    assert parse_call("value=2,cost=0.3") == {"call_value": 2.0, "call_cost": 0.3}


def test_lift_gives_rows_of_equal_score_their_mean() -> None:
    hits = np.array([True, False] * 50)
    assert lift_at(hits, np.ones(100)) == pytest.approx(1.0)
    assert lift_at(hits, hits.astype(float)) == pytest.approx(2.0)
    assert math.isnan(lift_at(np.zeros(10, bool), np.arange(10.0)))


def test_the_documents_of_distributions_name_the_same_classes() -> None:
    document = distributions(["DIGITAL"], ["VENDEDOR"], CLASSES)
    assert faults(document) == () and list(document["predictions"]) == list(CLASSES)
    assert faults({"predictions": {"a": 1}, "ground_truth_aligned": {"b": -1}}) != ()
