"""Who may drop out of the race, and who runs next."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from yunque.kernel.forms.linear import Linear
from yunque.learning.algorithm import Fitted
from yunque.learning.candidate import Candidate, fit_seed
from yunque.learning.fold_fit import FoldResult
from yunque.learning.oof import assemble, common_folds
from yunque.learning.race import Standing, drop_hopeless, hopeless_loss, incumbent, next_fit, shed
from yunque.learning.refine import most_candidates, variation, vary
from yunque.learning.registry import algorithm
from yunque.learning.splits import Fold

FORM = Linear(weights=np.zeros((1, 1)), bias=np.zeros(1), link="identity")


def result(name: str, fold: int, seconds: float = 1.0, predictions: Any = None) -> FoldResult:
    return FoldResult(
        name=name,
        fold=fold,
        form=FORM,
        fitted=Fitted(native=None),
        predictions=np.zeros((1, 1)) if predictions is None else predictions,
        trained_rows=10,
        fit_seconds=seconds,
        seconds=seconds,
        microseconds_per_row=1.0,
    )


def standing(name: str, losses: list[float], *, by: str = "lightgbm", seconds: float = 1.0) -> Standing:
    candidate = Candidate(name=name, algorithm=algorithm(by), is_reference=by == "constant")
    made = Standing(candidate=candidate)
    for fold, loss in enumerate(losses):
        made.losses[fold] = loss
        made.results[fold] = result(name, fold, seconds)
    return made


def race(*entered: Standing) -> dict[str, Standing]:
    return {each.name: each for each in entered}


def test_folds_come_breadth_first_and_the_better_ones_first() -> None:
    standings = race(standing("a", [0.5]), standing("b", [0.4]), standing("c", []), standing("d", [0.3, 0.3]))
    order = [(each.name, fold) for each, fold in next_fit(standings, 3)]
    assert order == [("c", 0), ("b", 1), ("a", 1), ("d", 2)]
    standings["b"].running.add(1)
    standings["a"].leave("dropped", "for the test")
    assert [(each.name, fold) for each, fold in next_fit(standings, 2)] == [("c", 0)]


def test_the_incumbent_is_the_best_of_the_foremost_on_shared_folds_and_never_the_reference() -> None:
    standings = race(
        standing("late", [0.1]),
        standing("a", [0.2, 0.2]),
        standing("in front", [0.4, 0.5, 0.6]),
        standing("c", [0.9, 0.0, 0.0], by="constant"),
    )
    best = incumbent(standings)
    assert best is not None and best.name == "a"
    alone = incumbent(race(standing("c", [0.9], by="constant")))
    assert alone is not None and alone.name == "c"
    assert incumbent({}) is None


def test_only_the_hopeless_are_dropped_without_pressure() -> None:
    standings = race(
        standing("constant", [1.0, 1.0], by="constant"),
        standing("good", [0.4, 0.42]),
        standing("mediocre", [0.5, 0.5]),
        standing("hopeless", [0.9]),
        standing("last of its family", [0.95], by="catboost"),
    )
    drop_hopeless(standings)
    assert {name for name, each in standings.items() if each.state == "dropped"} == {"hopeless"}
    assert "far behind that of good" in standings["hopeless"].reason
    standings["last of its family"].losses[1] = 0.95
    drop_hopeless(standings)
    assert standings["last of its family"].state == "dropped"


def test_hopeless_is_measured_in_logarithms_of_positive_losses() -> None:
    assert hopeless_loss(0.015, 0.83) == pytest.approx(0.061, abs=1e-3)
    assert hopeless_loss(0.015, 0.83, is_proven=False) == pytest.approx(0.300, abs=1e-3)
    assert hopeless_loss(0.50, 0.60) == pytest.approx(0.533, abs=1e-3)
    assert hopeless_loss(-1.0, 1.0) == pytest.approx(-0.3)
    assert hopeless_loss(0.0, 1.0) == pytest.approx(0.35)


def test_pressure_drops_those_that_do_not_fit_beside_better_ones_but_no_family_early() -> None:
    names = "abcdefg"
    standings = race(
        *(standing(name, [0.1 * place]) for place, name in enumerate(names, start=1)),
        standing("x", [5.0], by="catboost"),
    )
    shed(standings, 5, seconds_left=1e9, workers=2)
    assert all(each.state is None for each in standings.values())
    shed(standings, 5, seconds_left=12.5, workers=2)
    dropped = {name for name, each in standings.items() if each.state}
    assert dropped == {"g"}  # 25 core-seconds: four for each of a to f, and one more fold for x
    shed(standings, 5, seconds_left=0.1, workers=2)
    assert {name for name, each in standings.items() if each.state is None} == {"a", "x"}
    standings["x"].losses[1] = 5.0
    standings["x"].results[1] = standings["x"].results[0]
    shed(standings, 5, seconds_left=0.1, workers=2)
    assert {name for name, each in standings.items() if each.state is None} == {"a"}


def test_an_expensive_candidate_makes_room_for_cheaper_ones_behind_it() -> None:
    standings = race(standing("a", [0.1]), standing("b", [0.2]), standing("c", [0.3]))
    standings["b"].results[0] = replace(standings["b"].results[0], seconds=10.0)
    shed(standings, 5, seconds_left=9.0, workers=1)
    assert {name: each.state for name, each in standings.items()} == {"a": None, "b": "dropped", "c": None}


def test_nobody_is_shed_before_all_ran_once() -> None:
    standings = race(standing("a", [0.1]), *(standing(name, [0.9]) for name in "bcde"), standing("new", []))
    shed(standings, 5, seconds_left=0.0, workers=1)
    assert all(each.state is None for each in standings.values())


def test_comparisons_use_the_folds_of_the_best() -> None:
    assert common_folds({"a": (0.5, 0.5, 0.5), "b": (0.4, 0.4)}) == 2
    assert common_folds({"a": (0.3, 0.3, 0.3), "b": (0.4,)}) == 3
    assert common_folds({"a": (0.3,)}) == 1


def test_out_of_fold_rows_are_ordered_and_repeats_averaged() -> None:
    folds = tuple(
        Fold(train=np.array([9]), valid=np.array(valid)) for valid in ([4, 6], [1, 2], [1, 4], [2, 6])
    )
    results = {
        "a": {f: result("a", f, predictions=np.array([[10.0 * f], [10.0 * f + 1]])) for f in range(4)},
        "late": {0: result("late", 0, predictions=np.zeros((2, 1)))},
    }
    found = assemble(folds, results, np.arange(10.0), None, 4)
    assert found.rows.tolist() == [1, 2, 4, 6]
    assert found.y.tolist() == [1.0, 2.0, 4.0, 6.0]
    assert set(found.predictions) == {"a"}
    assert found.predictions["a"][:, 0].tolist() == [15.0, 20.5, 10.5, 16.0]


def test_seeds_differ_by_everything_and_repeat() -> None:
    seeds = {fit_seed(s, name, fold) for s in (1, 2) for name in ("a", "b") for fold in (-1, 0, 1)}
    assert len(seeds) == 12 and all(0 <= seed < 2**31 for seed in seeds)
    assert fit_seed(7, "lightgbm", 3) == fit_seed(7, "lightgbm", 3)


def test_variations_step_away_from_the_best_and_end() -> None:
    standings = race(standing("good", [0.4]), standing("linear", [0.1], by="linear"))
    first, again = (variation(standings, 5_000, 7) for _ in range(2))
    assert first is not None and first == again
    assert first.algorithm.name == "lightgbm" and first.params
    assert variation(standings, 5_000, 8) != first
    assert variation(race(standing("linear", [0.1], by="linear")), 5_000, 7) is None
    crowd = race(*(standing(f"l{i}", [0.4]) for i in range(15)))
    assert variation(crowd, 2_500, 7) is None
    assert variation(crowd, 10_000, 7) is not None
    assert most_candidates(50) == 4 and most_candidates(10**6) == 100


def test_varied_parameters_stay_in_their_range() -> None:
    rng = np.random.default_rng(0)
    params: dict[str, Any] = {"num_leaves": 31, "learning_rate": 0.1, "num_iterations": 60}
    for _ in range(200):
        params = vary("lightgbm", params, rng)
        assert 2 <= params["num_leaves"] <= 255 and isinstance(params["num_leaves"], int)
        assert 0.2 <= params["feature_fraction"] <= 1.0
        assert params["learning_rate"] == 0.1 and "num_iterations" not in params
