"""The model's own answers of today against those to held-out rows of training."""

import numpy as np

from yunque.kernel.form import FloatArray
from yunque.learning.answers import answer_positions
from yunque.monitoring.drift_reference import DriftReference, scores_of
from yunque.monitoring.drift_tests import distance_test, earth_mover, stability_test
from yunque.monitoring.drift_values import Bar, Floors, Moved, Verdict
from yunque.monitoring.online import ANSWER, SCORE

BINS = 20
FOLDS_FACTOR = 2.5  # of the floors where the answers were given by models of the folds


def compare_answers(reference: DriftReference, outputs: FloatArray, floors: Floors) -> tuple[Moved, ...]:
    """Compare scores, and the classes answered.

    Answers out of folds were given by models of fewer rows than the one that is shipped, which is surer of
    itself: their floors are higher, 0.25 where 0.1 is asked.

    Args:
        reference: what the bundle remembers.
        outputs: (n, n_outputs) of today, calibrated.
        floors: effects below which nothing is an alarm.
    """
    task, sample = reference.task, reference.sample
    if sample is None or not sample.outputs.size:
        return _by_profile(reference, outputs, floors)
    factor = FOLDS_FACTOR if sample.held_out == "out_of_fold" else 1.0
    before = np.sort(scores_of(task, reference.decision, sample.outputs))
    now = np.sort(scores_of(task, reference.decision, outputs))
    moved = [_scores(before, now, floors, factor)]
    if task.is_classification:
        pair = [
            np.bincount(answer_positions(reference.decision, each), minlength=len(task.classes))
            for each in (sample.outputs, outputs)
        ]
        names = [str(label) for label in task.classes]
        moved.append(_counted(ANSWER, (pair[0], pair[1]), names, floors.stability * factor, is_ordered=False))
    return tuple(moved)


def _scores(before: FloatArray, now: FloatArray, floors: Floors, factor: float) -> Moved:
    edges = np.unique(np.quantile(before, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    pair = [np.bincount(np.searchsorted(edges, each), minlength=edges.size + 1) for each in (before, now)]
    names = [f"≤ {edge:.3g}" for edge in edges] + [f"> {edges[-1]:.3g}"]
    counted = _counted(SCORE, (pair[0], pair[1]), names, floors.stability * factor, is_ordered=True)
    found = distance_test(before, now)
    floor = max(floors.distance * factor, found.usual)
    verdict = Verdict(question="distance", effect=found.effect, floor=floor, p=found.p)
    return Moved(
        name=SCORE,
        kind="number",
        verdicts=(*counted.verdicts, verdict),
        importance=1.0,
        earth_mover=earth_mover(before, now),
        facts={
            "median_before": float(np.median(before)),
            "median_now": float(np.median(now)),
            "mean_before": float(before.mean()),
            "mean_now": float(now.mean()),
        },
        bars=counted.bars,
    )


def _by_profile(reference: DriftReference, outputs: FloatArray, floors: Floors) -> tuple[Moved, ...]:
    """Compare scores by the bins of the profile: all that bundles of older releases remember of them."""
    bins = reference.score_bins
    if bins is None or not reference.task.is_classification:
        return ()
    before = bins.counts[:-1]
    edges = np.arange(1, before.size) / before.size
    scores = scores_of(reference.task, reference.decision, outputs)
    now = np.bincount(np.searchsorted(edges, scores, side="left"), minlength=before.size)
    names = [f"≤ {edge:.3g}" for edge in edges] + [f"> {edges[-1]:.3g}"]
    return (_counted(SCORE, (before, now), names, floors.stability * FOLDS_FACTOR, is_ordered=True),)


def _counted(
    name: str, pair: tuple[np.ndarray, np.ndarray], names: list[str], least: float, *, is_ordered: bool
) -> Moved:
    before, now = pair
    found = stability_test(before.astype(np.int64), now.astype(np.int64), is_ordered=is_ordered)
    verdict = Verdict(question="stability", effect=found.effect, floor=max(least, found.usual), p=found.p)
    n, m = max(1, int(before.sum())), max(1, int(now.sum()))
    bars = tuple(
        Bar(label=label, before=float(a / n), now=float(b / m))
        for label, a, b in zip(names, before, now, strict=True)
    )
    return Moved(name=name, kind="category", verdicts=(verdict,), importance=1.0, bars=bars)
