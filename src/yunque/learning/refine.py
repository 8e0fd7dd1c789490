"""When the portfolio has run and time is left: variations of the best boosted model, one after another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.learning.candidate import Candidate, fit_seed
from yunque.learning.race import Standing

# More candidates than this, for so many rows, and choosing among them begins to fit the validation rows
# (AutoGluon 1.5: rows -> most models).
MOST_CANDIDATES = ((100, 4), (500, 8), (2_500, 15), (10_000, 40), (100_000, 100))


@dataclass(frozen=True, kw_only=True)
class Knob:
    """How one parameter may be varied.

    Attributes:
        low, high: its range.
        step: spread of a step: a share of itself when `relative`, else in its own unit.
        start: where to start when the candidate leaves it to its algorithm.
    """

    low: float
    high: float
    step: float
    start: float
    relative: bool = True
    is_whole: bool = False


KNOBS: Mapping[str, Mapping[str, Knob]] = {
    "lightgbm": {
        "num_leaves": Knob(low=2, high=255, step=0.6, start=31, is_whole=True),
        "min_data_in_leaf": Knob(low=1, high=200, step=0.7, start=10, is_whole=True),
        "feature_fraction": Knob(low=0.2, high=1.0, step=0.15, start=0.8, relative=False),
        "bagging_fraction": Knob(low=0.5, high=1.0, step=0.1, start=0.9, relative=False),
        "lambda_l1": Knob(low=1e-3, high=20.0, step=1.0, start=0.05),
        "lambda_l2": Knob(low=1e-3, high=50.0, step=1.0, start=0.2),
        "cat_smooth": Knob(low=1.0, high=100.0, step=0.7, start=15.0),
    },
    "xgboost": {
        "max_depth": Knob(low=2, high=12, step=1.5, start=6, relative=False, is_whole=True),
        "min_child_weight": Knob(low=1e-3, high=100.0, step=1.0, start=1.0),
        "subsample": Knob(low=0.5, high=1.0, step=0.1, start=0.8, relative=False),
        "colsample_bylevel": Knob(low=0.3, high=1.0, step=0.15, start=0.9, relative=False),
        "reg_lambda": Knob(low=1e-3, high=50.0, step=1.0, start=1.0),
    },
}
FLIPPED = {"lightgbm": "extra_trees"}
FLIP_CHANCE = 0.3


def most_candidates(rows: int) -> int:
    """Give the most candidates worth comparing on a table of so many training rows."""
    sizes, counts = zip(*MOST_CANDIDATES, strict=True)
    return int(np.interp(rows, sizes, counts))


def variation(standings: Mapping[str, Standing], rows: int, seed: int) -> Candidate | None:
    """Give the next candidate: a random step from one of the best that can be varied; None when enough ran.

    The step depends on the seed and on how many variations there were, not on the clock.
    """
    if len(standings) >= most_candidates(rows):
        return None
    ranked = sorted(
        (each for each in standings.values() if each.losses and each.candidate.algorithm.name in KNOBS),
        key=lambda each: (each.mean_loss, each.name),
    )
    if not ranked:
        return None
    number = sum("~" in name for name in standings) + 1
    rng = np.random.default_rng(fit_seed(seed, "variation", number))
    parent = ranked[min(len(ranked) - 1, int(rng.integers(0, 3)))].candidate
    return Candidate(
        name=f"{parent.algorithm.name}~{number}",
        algorithm=parent.algorithm,
        params=vary(parent.algorithm.name, parent.params, rng),
        share=parent.share,
    )


def vary(name: str, params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Give parameters one random step away from `params`."""
    varied = dict(params)
    for knob_name, knob in KNOBS[name].items():
        value = float(varied.get(knob_name, knob.start))
        step = float(rng.normal(0.0, knob.step))
        moved = max(value, knob.low) * float(np.exp(step)) if knob.relative else value + step
        moved = min(max(moved, knob.low), knob.high)
        varied[knob_name] = round(moved) if knob.is_whole else float(f"{moved:.3g}")
    flag = FLIPPED.get(name)
    if flag and rng.random() < FLIP_CHANCE:
        varied[flag] = not varied.get(flag, False)
    varied.pop("num_iterations", None)
    return varied
