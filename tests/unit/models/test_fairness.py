"""Groups compared: every number against one worked out by hand."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from bundle_world import World, context_for

from yunque.errors import UsageError
from yunque.learning.fairness import Fairness, measure_fairness, wilson
from yunque.learning.leaderboard import Decision, HeldOut, Leaderboard
from yunque.learning.sensitive_groups import grouping, refuse_sensitive
from yunque.learning.task import SUPERVISED, TaskKind
from yunque.models.bundle import pack
from yunque.models.manifest import CARD, FAIRNESS, REPORT
from yunque.models.trusted_load import load_bundle


@pytest.fixture(scope="module")
def boards(world_of: Callable[[TaskKind], World]) -> dict[TaskKind, Leaderboard]:
    return {kind: world_of(kind).leaderboard for kind in sorted(SUPERVISED)}


def held(board: Leaderboard, y: list[Any], predictions: Any, threshold: float | None = None) -> Leaderboard:
    array = np.asarray(predictions, dtype=np.float64)
    rows = HeldOut(kind="test", rows=np.arange(len(y)), y=np.array(y), predictions=array, uncalibrated=array)
    champion = replace(board.champion, decision=Decision(threshold=threshold))
    return replace(board, held_out=rows, champion=champion)


def two_groups(board: Leaderboard) -> Fairness:
    """A: 40 positives, 30 found; 60 negatives, 6 alarms. B: 50 positives, 25 found; 50 negatives, 10 alarms."""
    y = [1] * 40 + [0] * 60 + [1] * 50 + [0] * 50 + [1] * 5
    said = [1] * 30 + [0] * 10 + [1] * 6 + [0] * 54 + [1] * 25 + [0] * 25 + [1] * 10 + [0] * 40 + [1] * 5
    chance = np.where(np.array(said) == 1, 0.4, 0.2)
    frame = pl.DataFrame({"sex": ["A"] * 100 + ["B"] * 100 + [None] * 5})
    board = held(board, y, np.stack([1 - chance, chance], axis=1), threshold=0.3)
    return measure_fairness(board, frame, ["sex"])[0]


def test_rates_of_two_groups_are_those_counted_by_hand(boards: dict[TaskKind, Leaderboard]) -> None:
    found = two_groups(boards[TaskKind.BINARY])
    values = {g.label: {k: v and v.value for k, v in g.rates.items()} for g in found.groups}
    assert values["A"] == {"selection": 0.36, "true_positive": 0.75, "false_positive": 0.1}
    assert values["B"] == {"selection": 0.35, "true_positive": 0.5, "false_positive": 0.2}
    assert values[None] == {"selection": None, "true_positive": None, "false_positive": None}
    assert [group.rows for group in found.groups] == [100, 100, 5]


def test_gaps_are_those_of_the_definitions(boards: dict[TaskKind, Leaderboard]) -> None:
    gaps = two_groups(boards[TaskKind.BINARY]).gaps
    assert all(gap is not None and gap.low <= gap.value <= gap.high for gap in gaps.values())
    got = {name: gap.value for name, gap in gaps.items() if gap is not None}
    assert got == pytest.approx(
        {"parity_difference": 0.01, "parity_ratio": 0.35 / 0.36, "odds_difference": 0.25}
    )


def test_equal_seeds_give_equal_intervals(boards: dict[TaskKind, Leaderboard]) -> None:
    assert two_groups(boards[TaskKind.BINARY]) == two_groups(boards[TaskKind.BINARY])


def test_wilson_s_interval_is_that_of_the_tables() -> None:
    assert wilson(36, 100) == pytest.approx((0.2727, 0.4576), abs=5e-5)
    assert wilson(0, 30) == pytest.approx((0.0, 0.1135), abs=5e-5)
    assert wilson(30, 30) == pytest.approx((0.8865, 1.0), abs=5e-5)


def test_errors_of_a_regression(boards: dict[TaskKind, Leaderboard]) -> None:
    """A: errors +1 and -1 in turn; B: +3 always."""
    y = [10.0] * 80
    predictions = [[11.0], [9.0]] * 20 + [[13.0]] * 40
    frame = pl.DataFrame({"g": ["A"] * 40 + ["B"] * 40})
    found = measure_fairness(held(boards[TaskKind.REGRESSION], y, predictions), frame, ["g"])[0]
    values = [{k: v and v.value for k, v in g.rates.items()} for g in found.groups]
    assert values == [{"mean_error": 0.0, "mae": 1.0}, {"mean_error": 3.0, "mae": 3.0}]
    got = {name: gap and gap.value for name, gap in found.gaps.items()}
    assert got == {"mean_error_difference": 3.0, "mae_difference": 2.0}
    error = found.groups[0].rates["mean_error"]
    assert error is not None  # the spread of ±1 is sqrt(40/39), its error that over sqrt(40)
    assert error.high == pytest.approx(1.95996 * np.sqrt(40 / 39) / np.sqrt(40), abs=1e-4)


def test_many_classes_are_judged_by_balanced_accuracy(boards: dict[TaskKind, Leaderboard]) -> None:
    """A: 30 of class 0 all right, 10 of class 1 half right. B: too few."""
    y = [0] * 30 + [1] * 10 + [2] * 29
    answers = [0] * 30 + [1] * 5 + [2] * 5 + [2] * 29
    frame = pl.DataFrame({"g": ["A"] * 40 + ["B"] * 29})
    found = measure_fairness(held(boards[TaskKind.MULTICLASS], y, np.eye(3)[answers]), frame, ["g"])[0]
    first = found.groups[0].rates["balanced_accuracy"]
    assert first is not None and first.value == 0.75 and first.low < 0.75 < first.high
    assert found.groups[1].rates == {"balanced_accuracy": None}
    assert found.gaps == {"balanced_accuracy_difference": None}


def test_a_ratio_of_nothing_to_nothing_is_not_given(boards: dict[TaskKind, Leaderboard]) -> None:
    frame = pl.DataFrame({"g": ["A"] * 40 + ["B"] * 40})
    none_said = np.tile([0.9, 0.1], (80, 1))
    found = measure_fairness(held(boards[TaskKind.BINARY], [0] * 80, none_said), frame, ["g"])[0]
    assert found.gaps["parity_ratio"] is None and found.gaps["odds_difference"] is None
    difference = found.gaps["parity_difference"]
    assert difference is not None and difference.value == 0.0


def test_numbers_are_cut_into_quartiles_and_flags_are_not() -> None:
    frame = pl.DataFrame({"age": [*range(1, 9), None], "flag": [0, 1, 0, 1, 0, 1, 0, 1, 0]})
    ages = grouping(frame, "age")
    assert ages.cut and [label for label, _ in ages.groups] == ["1 – 2", "3 – 4", "5 – 6", "7 – 8", None]
    assert [int(mask.sum()) for _, mask in ages.groups] == [2, 2, 2, 2, 1]
    flags = grouping(frame, "flag")
    assert not flags.cut and [(label, int(mask.sum())) for label, mask in flags.groups] == [
        ("0", 5),
        ("1", 4),
    ]


def test_words_beyond_twenty_are_counted_not_shown() -> None:
    found = grouping(pl.DataFrame({"count": [f"c{i}" for i in range(25)] + ["c7"]}), "count")
    assert len(found.groups) == 20 and found.left_out == 5 and found.groups[0][0] == "c7"


@pytest.mark.parametrize("columns", [("nobody",), ("y",), ("g", "g"), ("day",)])
def test_what_makes_no_groups_is_refused(columns: tuple[str, ...]) -> None:
    frame = pl.DataFrame(
        {"g": ["A"], "y": [1], "day": pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, 1), eager=True)}
    )
    with pytest.raises(UsageError, match=repr(columns[-1])):
        refuse_sensitive(frame, columns, "y")


def test_a_bundle_keeps_the_groups_in_a_file_of_its_own(
    world_of: Callable[[TaskKind], World], tmp_path: Path
) -> None:
    world = world_of(TaskKind.BINARY)
    context = context_for(world.frame, sensitive=("city", "amount €"), language="es")
    bundle = load_bundle(pack(world.leaderboard, world.contract, context, tmp_path / "b").folder)
    kept = json.loads(bundle.read(FAIRNESS))
    assert [column["column"] for column in kept["columns"]] == ["city", "amount €"]
    assert set(kept["columns"][0]["gaps"]) == {"parity_difference", "parity_ratio", "odds_difference"}
    page, card = bundle.read(REPORT).decode(), bundle.read(CARD).decode()
    for text in (page, card):
        assert "Comparación de grupos" in text and "Paridad demográfica" in text and "Bogotá" in text
        assert "muy pocas filas" in text and "«yes»" in text
    assert "| Grupo | Filas | Respuesta positiva |" in card
    assert "\n|---|---|---|---|---|\n| " in card


def test_a_bundle_without_sensitive_columns_has_no_such_file(world: World) -> None:
    assert FAIRNESS not in world.bundle.manifest.files
    assert 'id="fairness"' not in (world.bundle.folder / REPORT).read_text()
