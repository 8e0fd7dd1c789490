"""Features beyond the usual ones in a whole run: tried on folds, taken only when they win, told, made again."""

import json
import time

import numpy as np
import polars as pl
import pytest

from yunque.data.schema import Column, Kind, Role, Schema
from yunque.features.compile_row import compile_row
from yunque.features.encode import encode
from yunque.features.serialise import recipe_from_dict, recipe_to_dict
from yunque.learning.budget import Budget
from yunque.learning.feature_choice import in_words
from yunque.learning.feature_kinds import WIDER, inner_answers, kinds_of, possible
from yunque.learning.fold_data import ALL_ROWS, FoldData, Table
from yunque.learning.generate import Rows, generate
from yunque.learning.leaderboard import Leaderboard
from yunque.learning.learn import LearnRequest, learn
from yunque.learning.make_split import Means
from yunque.learning.prepare import affordable_rows, prepare
from yunque.learning.replay import replay
from yunque.learning.splits import Split, SplitWish
from yunque.learning.task import Task, TaskKind

WORDS = {"yes": ["excelente", "rápido", "fácil", "cómodo"], "no": ["roto", "tardó", "pésimo", "frágil"]}
TASK = Task(kind=TaskKind.BINARY, target="good", classes=("no", "yes"), metric="log_loss")
COLUMNS = {"opinion": Kind.TEXT, "length": Kind.NUMBER, "width": Kind.NUMBER, "shop": Kind.CATEGORY}
SCHEMA = Schema(
    columns=(
        *(Column(name=name, kind=kind) for name, kind in COLUMNS.items()),
        Column(name="good", kind=Kind.CATEGORY, role=Role.TARGET),
    )
)


def opinions(rows: int, *, by_shop: bool = False) -> pl.DataFrame:
    """Make opinions in Spanish: the answer follows words, the sign of a difference, or the shop."""
    rng = np.random.default_rng(4)
    length, width = rng.normal(size=rows), rng.normal(size=rows)
    shop = rng.integers(0, 60, rows)
    signal = (shop % 2 == 0) if by_shop else length > width
    good = np.where(signal ^ (rng.random(rows) < 0.1), "yes", "no")
    told = [
        f"El producto es {rng.choice(WORDS[answer if rng.random() < 0.8 else 'no'])} y llegó el {rng.integers(1, 31)}"
        for answer in good
    ]
    return pl.DataFrame(
        {
            "opinion": told,
            "length": length,
            "width": width,
            "shop": [f"tienda {i}" for i in shop],
            "good": good,
        }
    )


def learnt(frame: pl.DataFrame, schema: Schema = SCHEMA, seconds: float = 4.0, **more: object) -> Leaderboard:
    budget = Budget(seconds=seconds, clock=time.process_time)
    return learn(
        LearnRequest(
            frame=frame,
            schema=schema,
            task=TASK,
            budget=budget,
            algorithms=("lightgbm",),
            varies=False,
            **more,  # type: ignore[arg-type]
        )
    )


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    return learnt(opinions(300), features=("target", "generated"), split=SplitWish(folds=2))


def test_forced_features_are_in_the_plan_in_words_and_the_champion_has_their_columns(
    board: Leaderboard,
) -> None:
    features = board.plan["features"]
    assert features["view"] == "tree+target+generated"
    assert features["formulas"]["length - width"] == "length minus width"
    assert any("main directions" in line for line in features["formulas"].values())
    assert any("length minus width" in note for note in board.plan["notes"])
    assert {record["view"] for record in board.plan["candidates"]} >= {"tree+target+generated", "tree"}
    assert len(in_words({"formulas": {f"a{i}": f"line {i}" for i in range(100)}})) == 25


def test_the_plan_makes_the_same_champion_again(board: Leaderboard) -> None:
    plan = json.loads(json.dumps(board.plan))
    assert replay(plan, opinions(300), SCHEMA).recipes == board.champion.recipes


def test_a_plan_of_an_older_release_knows_of_no_points_of_texts(board: Leaderboard) -> None:
    plan = json.loads(json.dumps(board.plan))
    del plan["features"]
    steps = {op.step for recipe in replay(plan, opinions(300), SCHEMA).recipes for op in recipe.operations}
    assert "text_vectors" not in steps


def test_a_row_alone_gives_the_bits_of_the_batch_after_a_round_trip(board: Leaderboard) -> None:
    frame = opinions(40).with_columns(
        pl.Series("opinion", [None, "", "palabra nunca vista", *opinions(40)["opinion"].to_list()[3:]]),
        pl.Series("shop", ["nueva", None, *opinions(40)["shop"].to_list()[2:]]),
    )
    for recipe in board.champion.recipes:
        read = recipe_from_dict(json.loads(json.dumps(recipe_to_dict(recipe))))
        fill, many = compile_row(read, SCHEMA.names), encode(recipe, frame)
        for row, values in zip(many, frame.rows(), strict=True):
            out = np.empty(len(recipe.outputs))
            fill(values, out)
            assert out.tobytes() == row.tobytes()


def test_features_that_win_on_the_folds_are_taken_and_what_was_tried_is_told() -> None:
    schema = Schema(columns=tuple(c for c in SCHEMA if c.name != "opinion"))
    found = learnt(opinions(1_000).drop("opinion"), schema, seconds=25.0, split=SplitWish(folds=2))
    gain = found.plan["features"]["gains"]["tree+generated"]
    assert "generated" in found.plan["features"]["view"]
    assert gain["gain"] > 2.0 * gain["error"] > 0.0
    assert any(note.startswith("features from two columns: used") for note in found.plan["notes"])


def test_features_that_win_nothing_are_left_out() -> None:
    rng = np.random.default_rng(0)
    frame = opinions(400).with_columns(pl.Series("good", rng.choice(["yes", "no"], 400)))
    found = learnt(frame, seconds=25.0, split=SplitWish(folds=2))
    assert found.plan["features"]["view"] == "tree"
    assert set(found.plan["features"]["gains"]) == {"tree+generated"}


def test_a_table_of_texts_alone_is_learnt_from() -> None:
    schema = Schema(columns=tuple(c for c in SCHEMA if c.name in ("opinion", "good")))
    frame = opinions(300).select("opinion", "good")
    found = learnt(frame, schema, split=SplitWish(folds=2))
    constant = next(baseline for baseline in found.baselines if baseline.name == "constant")
    assert found.champion_loss < 0.8 * constant.loss
    assert found.plan["features"]["view"] == "tree"


def prepared(frame: pl.DataFrame) -> tuple[Table, FoldData]:
    means = Means(seconds=10.0, threads=1, seed=3)
    table, split, _ = prepare(frame, SCHEMA, TASK, SplitWish(kind="random", folds=2), means)
    return table, FoldData(table, split, 3)


def test_training_rows_are_told_less_than_rows_that_were_not_learnt_from() -> None:
    """Training rows get means of other rows; the recipe itself would tell them their own answers as well."""
    table, data = prepared(opinions(800, by_shop=True))
    encoded = data.get("tree+target", 0)
    place = next(i for i, o in enumerate(encoded.recipe.outputs) if "target_mean" in o.name)
    served = encode(encoded.recipe, table.frame[encoded.train_rows])[:, place]
    assert (
        np.corrcoef(encoded.train.x[:, place], encoded.train.y)[0, 1]
        < np.corrcoef(served, encoded.train.y)[0, 1]
    )
    assert encoded.valid is not None
    assert np.corrcoef(encoded.valid.x[:, place], encoded.valid.y)[0, 1] > 0.3


def test_what_a_fold_generates_does_not_depend_on_rows_outside_it() -> None:
    frame = opinions(800)
    table, data = prepared(frame)
    fold = data.get("tree+generated", 0)
    rows = Rows(frame=table.frame[fold.train_rows], schema=SCHEMA, y=table.y[fold.train_rows], classes=2)
    chosen = [(planned.step, planned.columns) for planned in generate(rows, 3)]
    made = [
        (op.step, op.columns)
        for op in fold.recipe.operations
        if op.step in ("arithmetic", "among", "elapsed")
    ]
    assert made == chosen and 0 < len(made) <= 12
    assert data.get("tree+generated", ALL_ROWS).recipe.outputs


def test_views_say_which_kinds_they_hold() -> None:
    assert {kinds_of(view)[1] for view in WIDER.values()} == {
        (),
        ("target",),
        ("generated",),
        ("target", "generated"),
    }
    assert possible(SCHEMA, opinions(300)) == ("tree+target", "tree+generated")
    texts = Schema(columns=tuple(c for c in SCHEMA if c.kind is Kind.TEXT))
    assert possible(texts, opinions(30)) == ()


def test_inner_parts_follow_the_split_of_the_table() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"when": rng.integers(0, 100, 500), "client": rng.integers(0, 40, 500)})
    schema = Schema(
        columns=(
            Column(name="when", kind=Kind.INTEGER, role=Role.TIME),
            Column(name="client", kind=Kind.INTEGER, role=Role.GROUP),
        )
    )
    when, client = frame["when"].to_numpy(), frame["client"].to_numpy()
    y, nothing = rng.integers(0, 2, 500), np.array([], np.int64)
    for kind in ("time", "group", "group_time", "random"):
        split = Split(kind=kind, training=nothing, holdout=nothing, folds=())
        for own, others in inner_answers(frame, schema, split, y=y, classes=2, seed=1).tellers():
            if "time" in kind and others.any():
                assert when[others].max() < when[own].min()
            if "group" in kind:
                assert not set(client[others]) & set(client[own])


def test_texts_cost_what_they_cost_when_rows_are_drawn_to_the_budget() -> None:
    texts = Schema(columns=tuple(Column(name=f"t{i}", kind=Kind.TEXT) for i in range(5)))
    numbers = Schema(columns=tuple(Column(name=f"t{i}", kind=Kind.NUMBER) for i in range(5)))
    assert affordable_rows(texts, 30.0) < affordable_rows(numbers, 30.0) / 10
