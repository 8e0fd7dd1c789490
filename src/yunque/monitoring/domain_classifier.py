"""Can a small model tell today's rows from those of training: drift that no column shows by itself.

Lopez-Paz and Oquab, Revisiting classifier two-sample tests (ICLR 2017). Rows are split into three parts;
each one is judged by a model of the other two. Where nothing moved, the judged rows are exchangeable, so the
area under the curve of a part has the law of Mann and Whitney whatever was learnt; the smallest of three
p-values, times three, holds however the parts hang together.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from yunque.kernel.form import FloatArray

PARTS = 3
FEWEST_ROWS = 60  # of either side
MOST_ROWS = 5_000  # of either side
ROUNDS = 40
LEARNING = {
    "objective": "binary",
    "learning_rate": 0.1,
    "num_leaves": 15,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.8,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
}


@dataclass(frozen=True, kw_only=True)
class Domain:
    """How well today's rows are told from those of training.

    Attributes:
        auc: mean area under the curve over the parts; 0.5 when they cannot be told.
        p: how often as much would be seen if nothing had moved.
        usual: the area of one part that 1 of 100 exceeds although nothing moved.
        shares: what each column adds to telling them, summing to 1.
        rows: rows of both sides that were used.
    """

    auc: float
    p: float
    usual: float
    shares: dict[str, float]
    rows: int


def classify_domains(
    reference: pl.DataFrame, seen: pl.DataFrame, *, seed: int, threads: int
) -> Domain | None:
    """Learn to tell two tables of the same columns apart; None where either has fewer than 60 rows.

    Args:
        reference, seen: as `models.bundle_reference.measured` gives columns; levels are text.
        seed: of the parts.
        threads: that may be used.
    """
    names = [name for name in reference.columns if name in seen.columns]
    if min(reference.height, seen.height) < FEWEST_ROWS or not names:
        return None
    random = np.random.default_rng(seed)
    sides = [_some(frame.select(names), random) for frame in (reference, seen)]
    x = encoded(pl.concat(sides))
    y = np.repeat([0.0, 1.0], [sides[0].height, sides[1].height])
    part = random.permutation(len(y)) % PARTS
    found = [_judge(x, y, part == number, seed, threads) for number in range(PARTS)]
    gains = np.sum([gain for _, _, gain in found], axis=0)
    total = float(gains.sum())
    size = [(y[part == 0] == side).sum() for side in (0.0, 1.0)]
    spread = np.sqrt((sum(size) + 1) / (12.0 * size[0] * size[1]))
    return Domain(
        auc=float(np.mean([auc for auc, _, _ in found])),
        p=min(1.0, PARTS * min(p for _, p, _ in found)),
        usual=0.5 + float(stats.norm.isf(0.01)) * float(spread),
        shares={name: float(gain) / total if total else 0.0 for name, gain in zip(names, gains, strict=True)},
        rows=len(y),
    )


def _judge(
    x: FloatArray, y: FloatArray, is_judged: np.ndarray, seed: int, threads: int
) -> tuple[float, float, FloatArray]:
    """Give area, p-value and gains of a model of the other rows on the judged ones."""
    import lightgbm  # heavy, and not needed by a server that only answers

    model = lightgbm.train(
        {**LEARNING, "seed": seed, "num_threads": threads},
        lightgbm.Dataset(x[~is_judged], y[~is_judged]),
        num_boost_round=ROUNDS,
    )
    score, truth = np.asarray(model.predict(x[is_judged], num_threads=threads)), y[is_judged] == 1.0
    tested = stats.mannwhitneyu(score[truth], score[~truth], alternative="greater", method="asymptotic")
    auc = float(tested.statistic) / (truth.sum() * (~truth).sum())
    return auc, float(tested.pvalue), np.asarray(model.feature_importance("gain"), dtype=np.float64)


def _some(frame: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    if frame.height <= MOST_ROWS:
        return frame
    return frame[np.sort(random.choice(frame.height, size=MOST_ROWS, replace=False))]


def encoded(frame: pl.DataFrame) -> FloatArray:
    """Give a table of both sides as numbers: levels by their rank of frequency in both together.

    Ranks of one side alone would tell the sides apart where levels are many, although nothing moved.
    """
    columns = []
    for series in frame.iter_columns():
        numbers = series
        if series.dtype == pl.String:
            counts = series.drop_nulls().alias("level").value_counts()
            ranked = counts.sort(["count", "level"], descending=[True, False])["level"].to_list()
            ranks = {level: float(rank) for rank, level in enumerate(ranked)}
            numbers = series.replace_strict(ranks, default=None, return_dtype=pl.Float64)
        columns.append(numbers.cast(pl.Float64).fill_null(np.nan).to_numpy())
    return np.column_stack(columns)
