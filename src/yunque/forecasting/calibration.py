"""Conformal quantiles of summed demand: what past residuals of sums say about the next one.

Scores are residuals of sums divided by deviation x root of the forecast (variance stabilised), pooled over
similar articles: kind of demand x third of volume, drawn towards the kind and towards all where there are few
(their quantile functions are averaged, so they never cross). The rank is that of finite samples, (n + 1) p
(Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005); the level follows the coverage
seen so far (Gibbs and Candès, Adaptive conformal inference under distribution shift, NeurIPS 2021).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from yunque.forecasting.panel import FloatArray
from yunque.forecasting.scale import FLOOR
from yunque.forecasting.sums import GRID
from yunque.forecasting.trials import Moment

MIN_RESIDUALS = 30
PRIOR_RESIDUALS = 60.0
THIRDS = 3
RATE = 0.3
MOST = 0.2
"""Levels move by this share of the coverage missed and no further than this, both in log-odds."""

WATCHED = np.array([0.8, 0.9, 0.95])
PRIOR_SEEN = 10.0
KINDS = ("smooth", "erratic", "intermittent", "lumpy", "short", "new", "ended")


@dataclass(frozen=True, kw_only=True)
class Residuals:
    """Scores of one moment: articles x lengths, NaN where unknown, and the group of each article."""

    scores: FloatArray
    groups: np.ndarray


def group_of(moment: Moment, cuts: FloatArray) -> np.ndarray:
    """Give each article's group: kind x third of volume; articles not yet sold count as new."""
    kinds = np.array(
        [KINDS.index(kind) if kind else KINDS.index("new") for kind in moment.kinds.tolist()], dtype=int
    )
    thirds = np.array(
        [np.searchsorted(cuts[kind], level) for kind, level in zip(kinds, moment.level, strict=True)]
    )
    return np.asarray(kinds * THIRDS + thirds.astype(int).reshape(-1), dtype=np.int64)


def volume_cuts(moments: Sequence[Moment]) -> FloatArray:
    """Give the levels that cut each kind into thirds (kinds x 2)."""
    cuts = np.full((len(KINDS), THIRDS - 1), np.inf)
    for at, kind in enumerate(KINDS):
        levels = np.concatenate([moment.level[moment.kinds == kind] for moment in moments] or [np.empty(0)])
        if len(levels) >= THIRDS * MIN_RESIDUALS:
            cuts[at] = np.quantile(levels, [1 / 3, 2 / 3])
    return cuts


def spread(forecast: FloatArray, moment: Moment) -> FloatArray:
    """Give the divisor of a residual of a sum (articles x lengths)."""
    return np.asarray(moment.deviation[:, None] * np.sqrt(forecast + FLOOR))


def residuals(forecast: FloatArray, actual: FloatArray, moment: Moment, cuts: FloatArray) -> Residuals:
    """Score the sums of one moment (both articles x lengths)."""
    return Residuals(scores=(actual - forecast) / spread(forecast, moment), groups=group_of(moment, cuts))


def quantile_scores(past: Sequence[Residuals], lengths: int) -> tuple[FloatArray, int]:
    """Give the scores (groups x lengths x grid), and how many groups took those of a wider one."""
    groups = np.concatenate([one.groups for one in past] or [np.empty(0, dtype=np.int64)])
    scores = np.concatenate([one.scores for one in past] or [np.empty((0, lengths))])
    table = np.zeros((len(KINDS) * THIRDS, lengths, len(GRID)))
    poor = 0
    for column in range(lengths):
        seen = ~np.isnan(scores[:, column])
        own_groups, own = groups[seen], scores[seen, column]
        ended = own_groups // THIRDS == KINDS.index("ended")
        everyone = _drawn(own[~ended], _theory())
        for kind, name in enumerate(KINDS):
            parent = everyone * (name != "ended")
            of_kind = _drawn(own[own_groups // THIRDS == kind], parent)
            for third in range(THIRDS):
                group = kind * THIRDS + third
                mine = own[own_groups == group]
                poor += column == 0 and 0 < len(mine) < MIN_RESIDUALS
                table[group, column] = _drawn(mine, of_kind)
    return table, poor


def theory_scores(forecast: FloatArray, moment: Moment) -> FloatArray:
    """Give scores without any past: negative binomials of own spread (articles x lengths x grid)."""
    from scipy.stats import nbinom, poisson

    divisor = spread(forecast, moment)
    mean, variance = np.maximum(forecast, 1e-9)[..., None], (divisor**2)[..., None]
    excess = np.maximum(variance - mean, 1e-9)
    wide = nbinom.ppf(GRID, mean**2 / excess, mean / np.maximum(variance, mean + 1e-9))
    units = np.where(variance > 1.01 * mean, wide, poisson.ppf(GRID, mean))
    return np.asarray(np.maximum.accumulate((units - mean) / divisor[..., None], axis=-1))


def _theory() -> FloatArray:
    """Give the scores used without any past: those of a normal."""
    from scipy.special import ndtri

    return np.asarray(ndtri(GRID))


def _drawn(scores: FloatArray, parent: FloatArray) -> FloatArray:
    """Give the finite-sample quantiles of scores, averaged with the parent's as if it had sixty."""
    count = len(scores)
    if count < MIN_RESIDUALS:
        return parent
    ordered = np.sort(scores)
    ranks = GRID * (count + 1) - 1  # the (n + 1) p-th smallest, between neighbours
    own = np.interp(ranks, np.arange(count), ordered)
    beyond = ranks > count - 1
    own[beyond] = np.maximum(own[beyond], parent[beyond])
    weight = count / (count + PRIOR_RESIDUALS)
    return np.asarray(weight * own + (1 - weight) * parent)


def places_of(scores: FloatArray, table: FloatArray, groups: np.ndarray) -> FloatArray:
    """Give where each score lies among its group's quantiles, as a probability (articles x lengths)."""
    answer = np.full(scores.shape, np.nan)
    for group in np.unique(groups).tolist():
        rows = np.flatnonzero(groups == group)
        for column in range(scores.shape[1]):
            quantiles = table[group, column]
            # The share of the grid at or under the score: a score that ties with a quantile is covered by it.
            inside = np.searchsorted(quantiles, scores[rows, column], side="left")
            answer[rows, column] = np.concatenate([GRID, [1.0]])[inside]
    answer[np.isnan(scores)] = np.nan
    return answer


def adapt(offsets: FloatArray, places: FloatArray, groups: np.ndarray) -> FloatArray:
    """Move each kind's levels by the coverage seen at one moment (one offset a kind, in log-odds).

    In log-odds a step at .8 is a small one at .98: the far quantiles, which cost most, stay where they are.
    """
    moved = offsets.copy()
    for kind in range(len(KINDS)):
        seen = places[groups // THIRDS == kind]
        seen = seen[~np.isnan(seen)]
        if len(seen) < MIN_RESIDUALS:
            continue
        covered = np.array([(seen <= level).mean() for level in _moved(WATCHED, offsets[kind])])
        shrunk = (covered * len(seen) + WATCHED * PRIOR_SEEN) / (len(seen) + PRIOR_SEEN)
        missed = _log_odds(WATCHED) - _log_odds(np.clip(shrunk, 0.005, 0.995))
        moved[kind] += RATE * missed.mean()
    return np.clip(moved, -MOST, MOST)


def adapted(table: FloatArray, offsets: FloatArray) -> FloatArray:
    """Read each kind's quantiles at its moved levels."""
    answer = np.empty_like(table)
    for kind in range(len(KINDS)):
        asked = _moved(GRID, offsets[kind])
        for group in range(kind * THIRDS, (kind + 1) * THIRDS):
            for column in range(table.shape[1]):
                answer[group, column] = np.interp(asked, GRID, table[group, column])
    return answer


def _log_odds(levels: FloatArray) -> FloatArray:
    return np.asarray(np.log(levels / (1.0 - levels)))


def _moved(levels: FloatArray, offset: float) -> FloatArray:
    return np.asarray(1.0 / (1.0 + np.exp(-_log_odds(levels) - offset)))
