"""Learn how the layers are joined, from rows that no layer learnt from: clients apart, in order of time."""

import zlib
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import minimize

from yunque.services.aml_measure import area
from yunque.solutions.aml.combine import (
    Combination,
    Line,
    Numbers,
    calibrated,
    joined,
    logistic,
    logit,
    risk_of,
)

ANOMALY = (0.1, 0.2, 0.3, 0.4)  # never 0: the layer that needs no label always speaks
RECENT = (0.0, 0.1, 0.2, 0.3, 0.5)
BLOCKS = 3
FLATTEST, STEEPEST = 0.05, 5.0
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Rows that no layer learnt from, as arrays side by side.

    Attributes:
        y: 1 for suspicious; raw: what the supervised model answered out of fold; anomaly: its percentile.
        recent: highest `raw` of the client's last days; day: as a number.
        weight: operations that each row speaks for; part: 0 or 1, by client.
    """

    y: npt.NDArray[np.int64]
    raw: Numbers
    anomaly: Numbers
    recent: Numbers
    day: npt.NDArray[np.int64]
    weight: Numbers
    part: npt.NDArray[np.int64]

    def take(self, chosen: Mask) -> "Evidence":
        """Give some of the rows."""
        return Evidence(**{name: values[chosen] for name, values in vars(self).items()})


def parts_of(clients: pl.Series) -> npt.NDArray[np.int64]:
    """Divide clients in two halves by their ids, the same in every run."""
    return np.array([zlib.crc32(name.encode()) % 2 for name in clients.to_list()], dtype=np.int64)


def fit_combination(rows: Evidence) -> Combination:
    """Learn calibration, weights and scale.

    The weights are those of a small grid under which rows are ranked best (PR-AUC, mean of three blocks in
    time); equals take the smaller. Both lines are logistic regressions without class weights (Platt 1999),
    drawn to a slope of 1 as by one row.
    """
    prior = float(np.clip(np.average(rows.y, weights=rows.weight), 1e-4, 0.5))
    start = Combination(calibration=platt(logit(rows.raw), rows), prior=prior)
    best, weights = -1.0, (ANOMALY[0], RECENT[0])
    blocks = blocks_of(rows)
    for anomaly, recent in product(ANOMALY, RECENT):
        found = score(replace(start, anomaly=anomaly, recent=recent), rows, blocks)
        if found > best + 1e-9:
            best, weights = found, (anomaly, recent)
    chosen = replace(start, anomaly=weights[0], recent=weights[1])
    return replace(chosen, scale=platt(log_odds(chosen, rows), rows))


def log_odds(combination: Combination, rows: Evidence) -> Numbers:
    """Join the layers before the scale."""
    return joined(
        calibrated(rows.raw, combination), rows.anomaly, calibrated_memory(rows, combination), combination
    )


def calibrated_memory(rows: Evidence, combination: Combination) -> Numbers:
    """Give the highest probability of the last days; a calibration keeps order, so the highest stays it."""
    return np.where(rows.recent > 0, calibrated(rows.recent, combination), 0.0)


def risks(combination: Combination, rows: Evidence) -> Numbers:
    """Give the risk of each row."""
    p = calibrated(rows.raw, combination)
    return risk_of(p, rows.anomaly, calibrated_memory(rows, combination), combination)


def crossed_risks(rows: Evidence) -> tuple[Numbers, Numbers]:
    """Give `p_sospecha` and risk of each row, joined as the other half of the clients teaches."""
    p, risk = np.zeros(len(rows.y)), np.zeros(len(rows.y))
    for part in (0, 1):
        mine, others = rows.part == part, rows.take(rows.part != part)
        taught = rows if others.y.min(initial=1) == others.y.max(initial=0) else others
        found = fit_combination(taught)
        p[mine] = calibrated(rows.raw[mine], found)
        risk[mine] = risks(found, rows.take(mine))
    return p, risk


def blocks_of(rows: Evidence) -> list[Mask]:
    """Give blocks in time with rows of both kinds; the whole where there is none."""
    cuts = np.quantile(rows.day, np.linspace(0, 1, BLOCKS + 1)[1:-1])
    number = np.searchsorted(cuts, rows.day, side="right")
    found = [number == k for k in range(BLOCKS)]
    both = [mask for mask in found if 0 < rows.y[mask].sum() < mask.sum()]
    return both or [np.ones(len(rows.y), dtype=np.bool_)]


def score(combination: Combination, rows: Evidence, blocks: list[Mask]) -> float:
    """Give the mean PR-AUC of the blocks."""
    z = log_odds(combination, rows)
    return float(np.mean([area(rows.y[mask], z[mask], rows.weight[mask]) for mask in blocks]))


def platt(z: Numbers, rows: Evidence) -> Line:
    """Fit a rising line that makes probabilities of log-odds."""

    def loss(line: Numbers) -> tuple[float, Numbers]:
        at = line[0] + line[1] * z
        off = rows.weight * (logistic(at) - rows.y)
        each = rows.weight * (np.logaddexp(0.0, at) - rows.y * at)
        gradient = np.array([off.sum(), (off * z).sum() + line[1] - 1.0])
        return float(each.sum() + (line[1] - 1.0) ** 2 / 2), gradient

    bounds = [(-20.0, 20.0), (FLATTEST, STEEPEST)]
    found = minimize(loss, np.array([0.0, 1.0]), jac=True, bounds=bounds, method="L-BFGS-B").x
    return float(found[0]), float(found[1])
