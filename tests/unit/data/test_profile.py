"""The profile describes a checked table as JSON: the reference of drift and the example of the API."""

import datetime as dt
import json
import random

import polars as pl

from yunque.data.infer import Wishes, infer_contract
from yunque.data.profile import BINS, TOP_LEVELS, example_row, profile
from yunque.data.validate import check_table

ROWS = 1_000
chance = random.Random(5)
FRAME = pl.DataFrame(
    {
        "key": [f"k{number:05}" for number in range(ROWS)],
        "y": [chance.choice(["u", "v"]) for _ in range(ROWS)],
        "x": [None if number == 0 else chance.gauss(0, 1) for number in range(ROWS)],
        "i": [chance.choice([0, 0, 0, 1, 5]) for _ in range(ROWS)],
        "c": [f"level {int(abs(chance.gauss(0, 30)))}" for _ in range(ROWS)],
        "b": [chance.random() < 0.2 for _ in range(ROWS)],
        "d": [dt.date(2024, 1, 1) + dt.timedelta(chance.randint(0, 99)) for _ in range(ROWS)],
        "t": [" ".join(chance.choices(["one", "two", "six"], k=6)) + str(number) for number in range(ROWS)],
        "void": [None] * ROWS,
    }
)
CONTRACT, _ = infer_contract(FRAME, Wishes(target="y"))
CHECKED = check_table(CONTRACT, FRAME, need_target=True).frame
PROFILE = profile(CONTRACT, CHECKED)


def test_it_is_plain_json_and_stays_the_same():
    assert json.loads(json.dumps(PROFILE, allow_nan=False)) == PROFILE
    assert profile(CONTRACT, CHECKED) == PROFILE
    assert PROFILE["rows"] == ROWS
    assert list(PROFILE["columns"]) == FRAME.columns


def test_numbers_have_moments_quantiles_and_a_histogram():
    facts = PROFILE["columns"]["x"]
    values = CHECKED["x"].drop_nulls()
    assert (facts["n"], facts["missing"]) == (ROWS - 1, 1)
    assert facts["mean"] == values.mean()
    assert facts["min"] == values.min()
    assert facts["max"] == values.max()
    assert abs(facts["quantiles"]["0.5"] - values.median()) < 0.02
    assert len(facts["edges"]) == BINS - 1
    assert sum(facts["counts"]) == ROWS - 1
    assert max(facts["counts"]) - min(facts["counts"]) <= 2


def test_counts_are_those_of_the_bins_between_edges():
    facts = PROFILE["columns"]["i"]
    assert facts["edges"] == sorted(set(facts["edges"]))
    edges = [float("-inf"), *facts["edges"], float("inf")]
    for low, high, count in zip(edges, edges[1:], facts["counts"], strict=False):
        assert count == CHECKED.filter((pl.col("i") > low) & (pl.col("i") <= high)).height


def test_dates_are_iso_texts():
    facts = PROFILE["columns"]["d"]
    assert facts["min"] == CHECKED["d"].min().isoformat()
    assert dt.date.fromisoformat(facts["edges"][0]) >= dt.date(2024, 1, 1)
    assert sum(facts["counts"]) == ROWS


def test_categories_have_their_top_levels_and_the_rest():
    facts = PROFILE["columns"]["c"]
    assert len(facts["levels"]) == TOP_LEVELS
    assert facts["distinct"] == CHECKED["c"].n_unique()
    assert sum(facts["levels"].values()) + facts["other"] == ROWS
    assert facts["other"] > 0
    assert PROFILE["columns"]["b"]["levels"].keys() == {"true", "false"}
    assert PROFILE["columns"]["y"]["role"] == "target"


def test_texts_have_lengths_and_ids_nothing_that_tells_a_person():
    assert PROFILE["columns"]["t"]["mean_words"] == 6.0
    assert PROFILE["columns"]["key"] == {"kind": "category", "role": "id", "n": ROWS, "missing": 0}
    assert PROFILE["columns"]["void"]["missing"] == ROWS


def test_the_example_is_the_first_complete_row_of_features():
    assert PROFILE["example"] == {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in CHECKED.row(1, named=True).items()
        if name in ("x", "i", "c", "b", "d", "t")
    }
    sparse = pl.DataFrame({"a": [None, 1.0, 2.0], "b": ["x", None, "y"], "y": [1, 2, 3]})
    contract, _ = infer_contract(sparse, Wishes(target="y"))
    assert example_row(contract, check_table(contract, sparse, need_target=True).frame) == {
        "a": 2.0,
        "b": "y",
    }


def test_tiny_tables_have_profiles():
    for rows in (1, 2):
        frame = FRAME.slice(5, rows)
        contract, _ = infer_contract(frame)
        facts = profile(contract, check_table(contract, frame, need_target=False).frame)
        json.dumps(facts, allow_nan=False)
        assert facts["columns"]["x"]["n"] == rows
