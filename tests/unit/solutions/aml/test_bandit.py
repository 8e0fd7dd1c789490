"""Thresholds learnt from periods: one bounded step, by evidence, never against recall, always repeatable."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.errors import BundleError, UsageError
from yunque.solutions.aml.bandit import STEPS, Period, choose, key, learn, moved, outcome, state_of
from yunque.solutions.aml.policy import Policy, PolicySettings, read_policy

SETTINGS = PolicySettings()


def period(seed=1, n=2_000, threshold=0.6, suspicious_from=0.7, review=1.0):
    """Risk is uniform; what lies from `suspicious_from` on is suspicious; alerts and drawn rows are reviewed."""
    rng = np.random.default_rng(seed)
    risk = rng.random(n)
    truth = (risk >= suspicious_from).astype(float)
    drawn = rng.random(n) < SETTINGS.sample_share
    known = np.where(risk >= threshold, rng.random(n) < review, drawn)
    return Period(
        risk=risk,
        verdict=np.where(known, truth, np.nan),
        drawn=drawn & (risk < threshold),
        threshold=threshold,
    )


def test_the_reward_is_the_written_one():
    risk = np.array([0.9, 0.8, 0.3, 0.2])
    one = Period(
        risk=risk,
        verdict=np.array([1.0, 0.0, 1.0, np.nan]),
        drawn=np.array([False, False, True, False]),
        threshold=0.5,
    )
    found = outcome(one, 0.5, PolicySettings(budget_share=0.25, sample_share=0.1))
    assert (found.alerts, found.hits, found.false, found.missed) == (2, 1.0, 1.0, 10.0)
    assert found.reward == pytest.approx((10 * 1 - 1 * 1 - 10 * 10 - 2 * (2 - 1)) * 1_000 / 4)
    assert found.recall == pytest.approx(1 / 11)
    assert found.precision == 0.5


def test_unreviewed_alerts_are_spoken_for_by_the_reviewed():
    whole, half = (outcome(period(review=share, n=40_000), 0.6, SETTINGS) for share in (1.0, 0.5))
    assert half.hits == pytest.approx(whole.hits, rel=0.05)


def test_with_gamma_0_a_value_is_the_mean_of_its_rewards():
    cells = {}
    rewards = []
    for seed in range(4):
        found = learn(cells, "alto", period(seed), SETTINGS)
        cells = found.cells
        rewards.append(found.outcomes[key(0.02)].reward)
    (state,) = cells
    value, seen = cells[state][key(0.02)]
    assert seen == 4
    assert value == pytest.approx(np.mean(rewards))


def test_gamma_adds_the_best_value_of_the_next_context():
    one = period()
    here = state_of("alto", one, one.threshold, SETTINGS)
    cells = {here: {key(0.0): (100.0, 1)}}
    plain = learn({}, "alto", one, SETTINGS).cells[here][key(0.0)][0]
    ahead = learn(cells, "alto", one, PolicySettings(gamma=0.5)).cells[here][key(0.0)]
    assert ahead[0] == pytest.approx((100.0 + plain + 50.0) / 2)


def test_it_moves_towards_the_better_threshold_and_only_on_evidence():
    high = learn({}, "alto", period(threshold=0.6, suspicious_from=0.9), SETTINGS)  # too many alerts
    assert choose(high.cells, high.state, 49, SETTINGS) == 0.0
    assert choose(high.cells, high.state, 50, SETTINGS) <= 0.0  # raising needs twice as many
    assert choose(high.cells, high.state, 100, SETTINGS) == 0.05
    low = learn({}, "alto", period(threshold=0.8, suspicious_from=0.5), PolicySettings(budget_share=0.5))
    assert choose(low.cells, low.state, 50, SETTINGS) == -0.05
    assert choose({}, "alto|justo|media", 1_000, SETTINGS) == 0.0


@settings(max_examples=50, deadline=None)
@given(threshold=st.floats(0, 1), step=st.sampled_from(STEPS), low=st.floats(0, 0.5), width=st.floats(0, 0.5))
def test_no_step_leaves_the_bounds(threshold, step, low, width):
    bounds = PolicySettings(lowest=low, highest=low + width)
    assert low - 1e-4 <= moved(threshold, step, bounds) <= low + width + 1e-4


def test_the_same_periods_teach_the_same():
    assert learn({}, "alto", period(5), SETTINGS) == learn({}, "alto", period(5), SETTINGS)


def test_a_policy_is_read_as_it_was_written():
    found = learn({}, "alto", period(), SETTINGS)
    policy = Policy(stack="s", thresholds={"alto": (0.5, 0.9)}, cells=found.cells, counts={found.state: 9})
    again = read_policy(policy.document(), version="v3", approved_by="eva")
    assert again.thresholds == policy.thresholds
    assert again.cells == policy.cells
    assert again.facts()["aprobada_por"] == "eva"
    for broken in (
        {},
        {**policy.document(), "thresholds": {"alto": [0.9, 0.1]}},
        {**policy.document(), "cells": 3},
    ):
        with pytest.raises(BundleError):
            read_policy(broken, version="v3", approved_by=None)


@pytest.mark.parametrize(
    "wrong", [{"lowest": 0.96}, {"gamma": 1.0}, {"sample_share": 0.0}, {"least_dispositions": 1}]
)
def test_settings_under_which_nothing_safe_is_learnt_are_refused(wrong):
    with pytest.raises(UsageError):
        PolicySettings(**wrong)
