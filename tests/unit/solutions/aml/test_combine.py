"""How the layers become one risk: never lower where a layer says more, and only what came before counts."""

from dataclasses import asdict
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.errors import BundleError
from yunque.services.aml_combine import RECENT, Evidence, crossed_risks, fit_combination, parts_of, risks
from yunque.services.aml_measure import Ranked, area, paired_interval
from yunque.solutions.aml.combine import (
    Combination,
    calibrated,
    joined,
    memory,
    read_combination,
    risk_of,
    tail,
)
from yunque.solutions.aml.recent import DAYS, highest_before, with_recent

SHARE = st.floats(0.0, 1.0)


@settings(max_examples=30, deadline=None)
@given(
    low=st.tuples(SHARE, SHARE, SHARE),
    more=st.tuples(SHARE, SHARE, SHARE),
    weights=st.tuples(st.floats(0, 2), st.floats(0, 2)),
    lines=st.tuples(st.floats(-5, 5), st.floats(0.05, 5)),
)
def test_a_higher_number_of_any_layer_never_lowers_the_risk(low, more, weights, lines):
    one = Combination(calibration=lines, anomaly=weights[0], recent=weights[1], scale=lines)
    high = [max(a, b) for a, b in zip(low, more, strict=True)]
    found = [risk_of(*(np.array([value]) for value in values), one)[0] for values in (low, high)]
    assert 0.0 <= found[0] <= found[1] <= 1.0
    p = calibrated(np.array([low[0], high[0]]), one)
    assert p[0] <= p[1]


def test_a_layer_that_did_not_run_is_taken_at_what_is_usual():
    one = Combination(anomaly=0.3, recent=0.2, prior=0.01)
    nothing = np.zeros(2)
    rare, silent = joined(None, np.array([0.2, 0.9]), nothing, one), joined(None, None, nothing, one)
    assert rare[0] < silent[0] < rare[1]
    assert risk_of(None, None, nothing, one) == pytest.approx([0.01, 0.01], rel=1e-6)
    usual = 1 - np.exp(-1.0)  # where the tail is 0
    p = np.array([0.3, 0.3])
    assert risk_of(p, np.full(2, usual), nothing, one) == pytest.approx(risk_of(p, None, nothing, one))
    assert tail(np.linspace(0, 0.999, 5_000)).mean() == pytest.approx(0.0, abs=0.01)
    assert memory(np.array([0.0, 0.001, 0.5]))[:2] == pytest.approx([0.0, 0.0], abs=1e-9)


def test_a_record_that_could_lower_a_risk_is_refused():
    one = Combination(calibration=(0.1, 0.9), anomaly=0.1, recent=0.3, scale=(-1.0, 0.8), prior=0.02)
    assert read_combination(asdict(one)) == one
    assert read_combination(None) is None
    for change in (
        {"anomaly": -0.1},
        {"scale": (0.0, 0.0)},
        {"calibration": (0.0, float("nan"))},
        {"prior": 0},
    ):
        with pytest.raises(BundleError):
            read_combination({**asdict(one), **change})
    for broken in ({"anomaly": 0.1}, {**asdict(one), "scale": [1.0]}, {**asdict(one), "recent": "x"}):
        with pytest.raises(BundleError):
            read_combination(broken)


def rows_of(days, clients):
    return pl.DataFrame(
        {
            "id_operacion": [f"o{n}" for n in range(len(days))],
            "cliente_id": clients,
            "fecha": [date(2026, 1, 1) + timedelta(days=int(day)) for day in days],
            "orden": np.lexsort((days, clients)).argsort(),
        }
    )


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60))
def test_the_last_days_are_those_of_the_client_before_the_row(seed, n):
    rng = np.random.default_rng(seed)
    days, clients = rng.integers(0, 40, n), [f"c{k}" for k in rng.integers(0, 3, n)]
    rows, p = rows_of(days, clients), rng.random(n).round(6)
    found = highest_before(rows, p)
    order = rows["orden"].to_numpy()
    for i in range(n):
        before = [
            p[j]
            for j in range(n)
            if clients[j] == clients[i] and order[j] < order[i] and days[i] - days[j] <= DAYS
        ]
        assert found[i] == pytest.approx(max(before, default=0.0), abs=1e-6)
    half = rng.random(n) < 0.5
    mine, past = rows.filter(pl.Series(half)), rows
    whole = with_recent(mine, past)
    assert whole["id_operacion"].n_unique() == whole.height
    if mine.height:  # the rows that come along are all that is needed
        by_id = dict(zip(rows["id_operacion"], p, strict=True))
        again = highest_before(whole, np.array([by_id[name] for name in whole["id_operacion"]]))
        assert again[: mine.height] == pytest.approx(found[half], abs=1e-6)


def evidence(seed=1, n=4_000):
    """Episodes that a supervised number sees half of, and the client's last days the other half."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.05).astype(np.int64)
    raw = 1 / (1 + np.exp(-(rng.normal(-3, 1.5, n) + 3.0 * y)))
    return Evidence(
        y=y,
        raw=raw,
        anomaly=rng.random(n),
        recent=np.where(
            rng.random(n) < 0.2 + 0.6 * y, 1 / (1 + np.exp(-rng.normal(-3 + 3 * y, 1.0, n))), 0.0
        ),
        day=rng.integers(0, 400, n),
        weight=np.ones(n),
        part=rng.integers(0, 2, n),
    )


def test_what_helps_is_weighed_and_probabilities_are_such():
    taught, judged = evidence(1), evidence(2)
    found = fit_combination(taught)
    assert found.recent in RECENT[1:]
    risk, p = risks(found, judged), calibrated(judged.raw, found)
    assert area(judged.y, risk) > area(judged.y, p) + 0.02
    for number in (p, risk):
        top = number >= np.quantile(number, 0.95)
        assert number.mean() == pytest.approx(judged.y.mean(), abs=0.01)
        assert number[top].mean() == pytest.approx(judged.y[top].mean(), abs=0.08)
    client = np.arange(len(judged.y)) // 4
    low, high = paired_interval(judged.y, (risk, p), client)
    assert 0 < low < high
    few, mass = np.round(risk, 1), np.random.default_rng(4).integers(0, 3, len(risk)).astype(np.float64)
    assert Ranked.of(judged.y, few).area(mass) == pytest.approx(area(judged.y, few, mass))
    same = paired_interval(judged.y, (p, p), client)
    assert same == (0.0, 0.0)


def test_risks_are_joined_by_what_other_clients_teach():
    rows = evidence(3)
    p, risk = crossed_risks(rows)
    first = rows.take(rows.part == 0)
    assert np.allclose(risk[rows.part == 1], risks(fit_combination(first), rows.take(rows.part == 1)))
    assert len(p) == len(rows.y)
    assert parts_of(pl.Series(["a", "b", "a"])).tolist()[0::2] in ([0, 0], [1, 1])
