"""ABC and XYZ: the share of the money an article turns over, and how much its demand swings."""

import numpy as np

from yunque.forecasting.panel import SEASON, Panel, to_matrix
from yunque.kernel.form import FloatArray

A_SHARE, B_SHARE = 0.80, 0.95  # of the cumulative money
X_SWING, Y_SWING = 0.5, 1.0  # coefficient of variation of deseasonalised demand


def abc(money: FloatArray) -> list[str]:
    """Grade articles: A for the first 80 % of the money, B to 95 %, C the rest."""
    order = np.argsort(-money, kind="stable")
    total = float(money.sum())
    before = (
        np.concatenate([[0.0], np.cumsum(money[order])[:-1]]) / total if total > 0 else np.ones(len(money))
    )
    grades = np.full(len(money), "C", dtype=object)
    grades[order[before < B_SHARE]] = "B"
    grades[order[before < A_SHARE]] = "A"
    grades[money <= 0] = "C"
    return [str(grade) for grade in grades]


def xyz(panel: Panel, categories: list[str]) -> list[str]:
    """Grade articles by the variation of their demand without the season of their category; unknown is Z."""
    values, known = to_matrix(panel)
    demand = np.where(known, values, np.nan)
    plain = demand / _season(demand, np.array(categories), SEASON[panel.frequency])
    counts = np.isfinite(plain).sum(axis=1)
    filled, seen = np.nan_to_num(plain), np.isfinite(plain)
    mean = filled.sum(axis=1) / np.maximum(counts, 1)
    spread = np.sqrt(
        (np.where(seen, plain - mean[:, None], 0.0) ** 2).sum(axis=1) / np.maximum(counts - 1, 1)
    )
    swing = np.where((mean > 0) & (counts > 1), spread / np.maximum(mean, 1e-12), np.inf)
    return ["X" if one <= X_SWING else "Y" if one <= Y_SWING else "Z" for one in swing]


def _season(demand: FloatArray, categories: np.ndarray, season: int) -> FloatArray:
    """Give each cell's seasonal factor: of its category where two whole seasons are known, else 1."""
    factor = np.ones_like(demand)
    length = demand.shape[1]
    if length < 2 * season:
        return factor
    place = (np.arange(length) - length) % season
    for category in np.unique(categories):
        rows = categories == category
        total = np.nansum(demand[rows], axis=0)
        mean = np.array([total[place == one].mean() for one in range(season)])
        index = mean / mean.mean() if mean.mean() > 0 else np.ones(season)
        factor[rows] = np.maximum(index, 0.05)[place]
    return factor
