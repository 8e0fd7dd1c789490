"""Has a column moved, and by how much: each question answered by an effect and by a p-value of its own.

Sources: population stability index, Siddiqi, Credit Risk Scorecards (2006); its distribution where nothing
moved, Yurdakul and Naranjo, Statistical properties of the population stability index, Journal of Risk Model
Validation 14 (2020): (1/n + 1/m) times chi-square with one degree less than there are bins. Two samples'
largest distance: Smirnov (1939). Two shares: Fisher's exact test.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from yunque.kernel.form import FloatArray
from yunque.monitoring.drift_bins import Counts, joined

HALF = 0.5  # added to every bin, so that an empty one has a logarithm
LARGE = 200.0  # expected cells from which the normal law stands for the hypergeometric one


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One comparison.

    Attributes:
        effect: how far; 0 when nothing moved.
        p: how often as much would be seen if nothing had moved.
        usual: the effect that 1 of 100 samples of this size exceeds although nothing moved.
    """

    effect: float
    p: float
    usual: float = 0.0


NOTHING = Measure(effect=0.0, p=1.0)


def stability_test(reference: Counts, seen: Counts, *, is_ordered: bool) -> Measure:
    """Compare counts over the same bins by the population stability index.

    The p-value is the larger of that of the index and of chi-square over the same joined bins: the index
    alone is too restless where bins are small.
    """
    a, b = joined(reference, seen, is_ordered=is_ordered)
    n, m = int(a.sum()), int(b.sum())
    if a.size < 2 or not n or not m:
        return NOTHING
    p, q = (a + HALF) / (n + HALF * a.size), (b + HALF) / (m + HALF * b.size)
    index = float(((q - p) * np.log(q / p)).sum())
    scale, degrees = 1.0 / n + 1.0 / m, a.size - 1
    by_index = float(special.chdtrc(degrees, index / scale))
    usual = scale * float(special.chdtri(degrees, 0.01))
    return Measure(effect=index, p=max(by_index, _chi_square(a, b)), usual=usual)


def _chi_square(a: Counts, b: Counts) -> float:
    n, m = float(a.sum()), float(b.sum())
    share = (a + b) / (n + m)
    used = share > 0
    statistic = ((a - n * share)[used] ** 2 / (n * share[used])).sum()
    statistic += ((b - m * share)[used] ** 2 / (m * share[used])).sum()
    return float(special.chdtrc(max(1, int(used.sum()) - 1), statistic))


def distance_test(reference: FloatArray, seen: FloatArray) -> Measure:
    """Compare numbers by the largest distance of their distribution functions (Kolmogorov and Smirnov).

    The law for large samples is used; with ties and in small samples it errs on the side of silence.

    Args:
        reference, seen: ascending, without missing values.
    """
    n, m = reference.size, seen.size
    if not n or not m:
        return NOTHING
    both = np.concatenate([reference, seen])
    below = np.searchsorted(reference, both, side="right") / n
    distance = float(np.abs(below - np.searchsorted(seen, both, side="right") / m).max())
    size = np.sqrt(n * m / (n + m))
    return Measure(
        effect=distance,
        p=float(special.kolmogorov(size * distance)),
        usual=float(special.kolmogi(0.01) / size),
    )


def earth_mover(reference: FloatArray, seen: FloatArray) -> float:
    """Give how far values moved on average (Wasserstein's first distance), in middle halves of the reference.

    Args:
        reference, seen: ascending, without missing values.
    """
    if not reference.size or not seen.size:
        return 0.0
    quarter, three = np.quantile(reference, [0.25, 0.75])
    unit = float(three - quarter) or float(reference.std()) or 1.0
    return float(stats.wasserstein_distance(reference, seen)) / unit


def share_test(
    hits: int, rows: int, seen_hits: int, seen_rows: int, *, is_one_sided: bool = False
) -> Measure:
    """Compare two shares exactly; with `is_one_sided` only a larger one counts."""
    if not rows or not seen_rows:
        return NOTHING
    change = seen_hits / seen_rows - hits / rows
    p = _share_p(hits, rows, seen_hits, seen_rows)
    if not is_one_sided:
        p = min(1.0, 2.0 * min(p, _share_p(rows - hits, rows, seen_rows - seen_hits, seen_rows)))
    return Measure(effect=max(0.0, change) if is_one_sided else abs(change), p=p)


def _share_p(hits: int, rows: int, seen_hits: int, seen_rows: int) -> float:
    """Give how often as many hits or more would fall among the seen rows by chance."""
    whole, all_hits = rows + seen_rows, hits + seen_hits
    if not seen_hits:
        return 1.0
    expected = all_hits * seen_rows / whole
    spread = expected * (1 - all_hits / whole) * rows / max(1, whole - 1)
    if min(expected, all_hits - expected, seen_rows - expected, spread) > LARGE:
        return float(special.ndtr(-(seen_hits - HALF - expected) / np.sqrt(spread)))
    return float(min(1.0, stats.hypergeom.sf(seen_hits - 1, whole, all_hits, seen_rows)))


def novelty_test(once: int, twice: int, rows: int, unseen: int, seen_rows: int) -> Measure:
    """Compare how many rows hold a level nobody knew with how many were to be expected.

    A row whose level stands once in the reference would have been new to the rest of it: their share is what
    the next rows are expected to bring (Good, 1953). Those that stand twice are counted too, for what that
    estimate itself may be wrong by (McAllester and Schapire, 2000).
    """
    found = share_test(once + 2 * twice, rows, unseen, seen_rows, is_one_sided=True)
    surplus = unseen / max(1, seen_rows) - once / max(1, rows)
    return Measure(effect=max(0.0, surplus), p=found.p)


def holm(p: FloatArray) -> FloatArray:
    """Correct p-values for their number (Holm, 1979): valid however the columns hang together."""
    if not p.size:
        return p
    order = np.argsort(p, kind="stable")
    steps = (p.size - np.arange(p.size)) * p[order]
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return corrected
