"""Steps that a run may add: answers per level without a leak, two columns joined, words for each of them."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.data.schema import Column, Kind, Schema
from yunque.features.encode import encode
from yunque.features.fit import Further, fit_recipe, formulas, own_rows
from yunque.features.plan import Planned
from yunque.features.recipe import Recipe
from yunque.features.step import Answers

LEVELS = Schema(columns=(Column(name="shop", kind=Kind.CATEGORY),))
TARGET = (Planned(step="target_mean", columns=("shop",)),)


def fitted(frame: pl.DataFrame, answers: Answers) -> Recipe:
    return fit_recipe("tree", LEVELS, frame, further=Further(answers=answers, more=TARGET))


def told(recipe: Recipe, frame: pl.DataFrame) -> np.ndarray:
    place = next(i for i, output in enumerate(recipe.outputs) if "target_mean" in output.name)
    return encode(recipe, frame)[:, place]


def own(recipe: Recipe, frame: pl.DataFrame, answers: Answers) -> np.ndarray:
    ((_, values),) = own_rows(recipe, LEVELS, frame, answers)
    return values


def shops(rng: np.random.Generator, rows: int, levels: int) -> pl.DataFrame:
    return pl.DataFrame({"shop": [f"shop {i}" for i in rng.integers(0, levels, rows)]})


@given(seed=st.integers(0, 10_000), levels=st.sampled_from([50, 300, 1_500]))
@settings(max_examples=12, deadline=None)
def test_answers_dealt_at_random_tell_nothing_on_rows_not_learnt_from(seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    frame, judged = shops(rng, 3_000, levels), shops(rng, 3_000, levels)
    y, truth = rng.integers(0, 2, 3_000), rng.integers(0, 2, 3_000)
    recipe = fitted(frame, Answers(y=y, classes=2, part=rng.integers(0, 5, 3_000)))
    signal = np.corrcoef(told(recipe, judged), truth)[0, 1]
    assert abs(signal) < 5.0 / np.sqrt(3_000)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=12, deadline=None)
def test_a_row_is_never_told_its_own_answer(seed: int) -> None:
    """Whatever one row answers, what it is told stays the same."""
    rng = np.random.default_rng(seed)
    frame, y, part = shops(rng, 400, 40), rng.normal(size=400), rng.integers(0, 4, 400)
    row = int(rng.integers(0, 400))
    recipe = fitted(frame, Answers(y=y, classes=0, part=part))
    other = y.copy()
    other[row] += 1_000.0
    before = own(recipe, frame, Answers(y=y, classes=0, part=part))[row]
    after = own(recipe, frame, Answers(y=other, classes=0, part=part))[row]
    assert before == after


def test_in_time_a_row_is_told_of_earlier_blocks_only() -> None:
    rng = np.random.default_rng(1)
    frame, y = shops(rng, 600, 20), rng.normal(size=600)
    block = np.arange(600) // 100
    recipe = fitted(frame, Answers(y=y, classes=0, part=None, block=block))
    later = y.copy()
    later[block >= 3] = 99.0
    before, after = (
        own(recipe, frame, Answers(y=each, classes=0, part=None, block=block)) for each in (y, later)
    )
    assert (before[block <= 3] == after[block <= 3]).all()
    assert (before[block > 3] != after[block > 3]).any()
    assert (before[block == 0] == before[0]).all()


def test_many_classes_get_a_column_each_up_to_eight_and_sum_to_their_share() -> None:
    rng = np.random.default_rng(2)
    frame, y = shops(rng, 2_000, 30), rng.integers(0, 30, 2_000)
    recipe = fitted(frame, Answers(y=y, classes=30, part=rng.integers(0, 5, 2_000)))
    made = [output.name for output in recipe.outputs if "target_mean" in output.name]
    assert len(made) == 8
    three = fitted(frame, Answers(y=y % 3, classes=3, part=rng.integers(0, 5, 2_000)))
    assert encode(three, frame)[:, -3:].sum(axis=1) == pytest.approx(1.0)
    assert "share of class 2" in formulas(three)["shop.target_mean[2]"]


def test_levels_with_few_rows_are_drawn_to_the_mean_and_unseen_ones_get_it() -> None:
    names = [f"s{i}" for i in range(20) for _ in range(50)] + ["rare", "rare", None, None]
    frame = pl.DataFrame({"shop": names})
    y = np.array([float(i % 2) for i in range(20) for _ in range(50)] + [1.0] * 4)
    recipe = fitted(frame, Answers(y=y, classes=0, part=np.arange(len(y)) % 5))
    values = told(recipe, pl.DataFrame({"shop": ["s0", "s1", "rare", "new", None]}))
    overall = y.mean()
    assert values[3] == overall
    assert values[0] == pytest.approx(10 * overall / 60)
    assert overall < values[2] < values[1] < 1.0
    assert values[4] == pytest.approx((2 + 10 * overall) / 12)


def test_few_levels_and_no_answers_give_nothing() -> None:
    frame = pl.DataFrame({"shop": ["a", "b"] * 50})
    few = fitted(frame, Answers(y=np.arange(100) % 2, classes=2, part=np.arange(100) % 5))
    without = fit_recipe(
        "tree", LEVELS, shops(np.random.default_rng(0), 200, 50), further=Further(more=TARGET)
    )
    assert not any(op.step == "target_mean" for op in (*few.operations, *without.operations))


def test_two_columns_joined_say_in_words_what_they_are() -> None:
    schema = Schema(
        columns=(
            Column(name="price", kind=Kind.NUMBER),
            Column(name="area", kind=Kind.INTEGER),
            Column(name="city", kind=Kind.CATEGORY),
            Column(name="from", kind=Kind.DATE),
            Column(name="to", kind=Kind.TIMESTAMP),
        )
    )
    day = dt.date(2024, 2, 28)
    frame = pl.DataFrame(
        {
            "price": [10.0, 20.0, None, 5.0],
            "area": [2, 0, 3, 5],
            "city": ["a", "a", "b", None],
            "from": [day, day, None, day],
            "to": [dt.datetime.fromisoformat("2024-03-01T12:00:00")] * 4,
        },
        schema_overrides={"to": pl.Datetime("us")},
    )
    more = (
        Planned(step="arithmetic", columns=("price", "area"), options={"sign": "over"}),
        Planned(step="among", columns=("city", "price"), options={"show": "distance"}),
        Planned(step="elapsed", columns=("to", "from")),
    )
    recipe = fit_recipe("tree", schema, frame, further=Further(more=more))
    ratio, distance, days = encode(recipe, frame)[:, -3:].T
    assert ratio.tolist()[::3] == [5.0, 1.0]
    assert np.isnan(ratio[1:3]).all()
    assert distance[:2].tolist() == [-5.0, 5.0]
    assert distance[3] == pytest.approx(5.0 - 35.0 / 3.0)
    assert days.tolist()[:2] == [2.5, 2.5]
    assert np.isnan(days[2])
    words = formulas(recipe)
    assert words["price / area"] == "price divided by area"
    assert words["price - mean by city"] == "price minus the mean price of the training rows with this city"
    assert words["to - from"] == "days from from to to"
