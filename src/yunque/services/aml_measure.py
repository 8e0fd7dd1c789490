"""What a ranking of operations is worth: PR-AUC, the alert budget, each typology, and days to detect."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.learning.scores.probabilities import ece, pr_auc

Numbers = npt.NDArray[np.float64]
DIGITS = 4
DRAWS = 100
LOWEST = 0.01
RANKINGS = {"riesgo": "riesgo", "supervisada": "p_sospecha", "no_supervisada": "anomalia"}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured of rows that were not learnt from; rows drawn for review speak for more than one.

    Attributes:
        rows, suspicious: how many.
        prevalence: share of the suspicious ones; the PR-AUC of chance.
        pr_auc: of the risk; `pr_auc_p`, `pr_auc_anomaly`: of each layer alone.
        above: what the risk's PR-AUC is above each layer's: middle 95 % over draws of whole clients.
        recall, precision: among the riskiest rows that the budget allows.
        by_typology: recall at the budget by typology, where typologies are known.
        days_to_detect: median of the days from an episode's first operation to its first alert, among clients
            that were found; NaN where none was.
        found: share of the suspicious clients with at least one alert.
        calibration_error: of `p_sospecha` as a probability; `risk_error`: of the risk.
    """

    rows: int
    suspicious: int
    prevalence: float
    pr_auc: float
    pr_auc_p: float
    pr_auc_anomaly: float
    above: dict[str, tuple[float, float]]
    recall: float
    precision: float
    by_typology: dict[str, float]
    days_to_detect: float
    found: float
    calibration_error: float
    risk_error: float

    def facts(self) -> dict[str, Any]:
        """Give it as JSON; what is unknown is null."""
        told = {
            "filas_medidas": self.rows,
            "sospechosas_medidas": self.suspicious,
            "prevalencia": self.prevalence,
            "pr_auc": self.pr_auc,
            "pr_auc_supervisada": self.pr_auc_p,
            "pr_auc_no_supervisada": self.pr_auc_anomaly,
            "recall_en_presupuesto": self.recall,
            "precision_en_presupuesto": self.precision,
            "dias_hasta_detectar": self.days_to_detect,
            "clientes_detectados": self.found,
            "error_de_calibracion": self.calibration_error,
            "error_de_calibracion_riesgo": self.risk_error,
        }
        clean = {name: tidy(value) for name, value in told.items()}
        typologies = {name: tidy(value) for name, value in self.by_typology.items()}
        above = {name: [tidy(low), tidy(high)] for name, (low, high) in self.above.items()}
        return {**clean, "pr_auc_sobre": above, "recall_por_tipologia": typologies}


def tidy(value: float) -> float | int | None:
    """Round; a number that is none becomes null."""
    if isinstance(value, int):
        return value
    return round(float(value), DIGITS) if np.isfinite(value) else None


def measure(held: pl.DataFrame, alert_share: float) -> Measured:
    """Measure scored rows.

    Args:
        held: `sospecha`, `p_sospecha`, `anomalia`, `riesgo`, `cliente_id`, `fecha` and, where known,
            `tipologia` and `peso`, how many operations a row speaks for.
        alert_share: the alert budget as a share of the operations.
    """
    y, weight = truth_of(held), weights_of(held)
    line, _ = thresholds_at(held, alert_share, alert_share)
    alert = held["riesgo"].to_numpy() >= line
    found, days = detection(held, alert)
    hits = float(weight[alert & (y == 1)].sum())
    score = {name: held[column].to_numpy() for name, column in RANKINGS.items()}
    areas = {name: area(y, values, weight) for name, values in score.items()}
    client = clients_of(held)
    return Measured(
        rows=held.height,
        suspicious=int(y.sum()),
        prevalence=float(np.average(y, weights=weight)),
        pr_auc=areas["riesgo"],
        pr_auc_p=areas["supervisada"],
        pr_auc_anomaly=areas["no_supervisada"],
        above={
            name: paired_interval(y, (score["riesgo"], score[name]), client, weight)
            for name in ("supervisada", "no_supervisada")
        },
        recall=hits / max(1e-9, float(weight[y == 1].sum())),
        precision=hits / max(1e-9, float(weight[alert].sum())),
        by_typology=recalls(held, alert),
        days_to_detect=days,
        found=found,
        calibration_error=calibration_error(held, "p_sospecha"),
        risk_error=calibration_error(held, "riesgo"),
    )


def truth_of(held: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Give 1 for suspicious rows and 0 for others."""
    return held["sospecha"].cast(pl.Int64).to_numpy()


def weights_of(held: pl.DataFrame) -> Numbers:
    """Give how many operations each row speaks for: 1 where nothing else is known."""
    return held["peso"].cast(pl.Float64).to_numpy() if "peso" in held.columns else np.ones(held.height)


def clients_of(held: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Number the clients from 0."""
    return held["cliente_id"].rank("dense").cast(pl.Int64).to_numpy() - 1


def calibration_error(held: pl.DataFrame, name: str) -> float:
    """Give how far a probability lies from the share of suspicious rows (ECE, 15 bins); NaN for one class."""
    y = truth_of(held)
    if y.min() == y.max():
        return float("nan")
    p = held[name].to_numpy()
    return float(ece(y, np.column_stack([1.0 - p, p]), weights_of(held)))


def area(y: npt.NDArray[np.int64], score: Numbers, weight: Numbers | None = None) -> float:
    """Give the average precision; NaN without a row of each kind."""
    if y.min(initial=1) == y.max(initial=0):
        return float("nan")
    return float(pr_auc(y, np.column_stack([-score, score]), weight))


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """Rows from the highest score down, sorted once for many weights.

    Attributes:
        order: places of the rows; last: of each run of equal scores; y: the truth in that order.
    """

    order: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    y: Numbers

    @classmethod
    def of(cls, y: npt.NDArray[np.int64], score: Numbers) -> "Ranked":
        """Sort rows by a score."""
        order = np.argsort(-score, kind="stable")
        last = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
        return cls(order=order, last=last, y=y[order].astype(np.float64))

    def area(self, weight: Numbers) -> float:
        """Give the average precision where rows count as they weigh; as `area` does."""
        mass = weight[self.order]
        hits, shown = np.cumsum(mass * self.y)[self.last], np.cumsum(mass)[self.last]
        precision = hits / np.maximum(shown, 1e-300)
        return float((np.diff(hits, prepend=0.0) * precision).sum() / hits[-1])


def paired_interval(
    y: npt.NDArray[np.int64],
    scores: tuple[Numbers, Numbers],
    client: npt.NDArray[np.int64],
    weight: Numbers | None = None,
    draws: int = DRAWS,
) -> tuple[float, float]:
    """Give the middle 95 % of the first score's PR-AUC less the second's, over draws of whole clients.

    The bootstrap is paired: both are measured on the same clients of each draw (Efron, Tibshirani 1993).
    """
    rng = np.random.default_rng(1)
    clients = int(client.max(initial=-1)) + 1
    mass = np.ones(len(y)) if weight is None else weight
    one, other = (Ranked.of(y, score) for score in scores)
    found = []
    for _ in range(draws):
        times = np.bincount(rng.integers(0, clients, clients), minlength=clients)
        drawn = mass * times[client]
        if y[drawn > 0].any():
            found.append(one.area(drawn) - other.area(drawn))
    if not found:
        return float("nan"), float("nan")
    low, high = np.nanquantile(found, [0.025, 0.975])
    return float(low), float(high)


def by_chance(
    y: npt.NDArray[np.int64], score: Numbers, client: npt.NDArray[np.int64], weight: Numbers, draws: int = 400
) -> Numbers:
    """Give the PR-AUC that a ranking has where the truth has nothing to do with it, once a draw.

    The truth is shifted round by a random number of rows, clients in their order, so that what one client's
    rows have in common stays together (a permutation test by shifts; Good, Permutation Tests, 2000). NaN
    where all rows are alike.
    """
    if y.min(initial=1) == y.max(initial=0):
        return np.full(draws, np.nan)
    rng = np.random.default_rng(2)
    rows = np.argsort(client, kind="stable")
    ordered = y[rows].astype(np.float64)
    shifted = np.empty_like(ordered)
    ranked = Ranked.of(y, score)
    found = []
    for shift in rng.integers(1, max(2, len(y)), draws).tolist():
        shifted[rows] = np.roll(ordered, shift)
        found.append(replace(ranked, y=shifted[ranked.order]).area(weight))
    return np.array(found)


def thresholds_at(held: pl.DataFrame, unusual: float, worrying: float) -> tuple[float, float]:
    """Give the risks above which so great a share of the operations lies."""
    order = np.argsort(-held["riesgo"].to_numpy(), kind="stable")
    risk, mass = held["riesgo"].to_numpy()[order], np.cumsum(weights_of(held)[order])
    low, high = (
        float(risk[min(len(risk) - 1, int(np.searchsorted(mass, share * mass[-1])))])
        for share in (unusual, worrying)
    )
    low = min(max(round(low, DIGITS), LOWEST), 0.99)
    return low, min(max(round(high, DIGITS), low), 1.0)


def recalls(held: pl.DataFrame, alert: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Give the share of each typology's operations that is alerted."""
    if "tipologia" not in held.columns:
        return {}
    hits = held.select("tipologia").with_columns(alerta=pl.Series(alert))
    known = hits.filter(pl.col("tipologia").is_not_null())
    return dict(known.group_by("tipologia").agg(pl.col("alerta").mean()).sort("tipologia").iter_rows())


def detection(held: pl.DataFrame, alert: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Give the share of suspicious clients that were found, and the median days until their first alert."""
    seen = held.select("cliente_id", "fecha", "sospecha").with_columns(alerta=pl.Series(alert))
    cases = (
        seen.filter("sospecha")
        .group_by("cliente_id")
        .agg(primera=pl.col("fecha").min(), vista=pl.col("fecha").filter("alerta").min())
    )
    if cases.is_empty():
        return float("nan"), float("nan")
    days = cases.select((pl.col("vista") - pl.col("primera")).dt.total_days()).to_series().drop_nulls()
    median = days.median()
    return days.len() / cases.height, float("nan") if median is None else float(str(median))
