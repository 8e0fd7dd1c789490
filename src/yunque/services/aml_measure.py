"""What a ranking of operations is worth: PR-AUC, the alert budget, each typology, and days to detect."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.learning.scores.probabilities import ece, pr_auc

Numbers = npt.NDArray[np.float64]
DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured of rows that were not learnt from.

    Attributes:
        rows, suspicious: how many.
        prevalence: share of the suspicious ones; the PR-AUC of chance.
        pr_auc: of the risk; `pr_auc_p`, `pr_auc_anomaly`: of each layer alone.
        recall, precision: among the riskiest rows that the budget allows.
        by_typology: recall at the budget by typology, where typologies are known.
        days_to_detect: median of the days from an episode's first operation to its first alert, among clients
            that were found; NaN where none was.
        found: share of the suspicious clients with at least one alert.
        calibration_error: of `p_sospecha` on the scale of the class weight.
    """

    rows: int
    suspicious: int
    prevalence: float
    pr_auc: float
    pr_auc_p: float
    pr_auc_anomaly: float
    recall: float
    precision: float
    by_typology: dict[str, float]
    days_to_detect: float
    found: float
    calibration_error: float

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
        }
        clean = {name: tidy(value) for name, value in told.items()}
        typologies = {name: tidy(value) for name, value in self.by_typology.items()}
        return {**clean, "recall_por_tipologia": typologies}


def tidy(value: float) -> float | int | None:
    """Round; a number that is none becomes null."""
    if isinstance(value, int):
        return value
    return round(float(value), DIGITS) if np.isfinite(value) else None


def measure(held: pl.DataFrame, alert_share: float) -> Measured:
    """Measure scored rows.

    Args:
        held: `sospecha`, `p_sospecha`, `anomalia`, `riesgo`, `cliente_id`, `fecha` and, where known,
            `tipologia`.
        alert_share: the alert budget as a share of the rows.
    """
    y = held["sospecha"].cast(pl.Int64).to_numpy()
    line, _ = thresholds_at(held, alert_share, alert_share)
    alert = held["riesgo"].to_numpy() >= line
    found, days = detection(held, alert)
    hits = int((alert & (y == 1)).sum())
    return Measured(
        rows=held.height,
        suspicious=int(y.sum()),
        prevalence=float(y.mean()),
        pr_auc=area(y, held["riesgo"].to_numpy()),
        pr_auc_p=area(y, held["p_sospecha"].to_numpy()),
        pr_auc_anomaly=area(y, held["anomalia"].to_numpy()),
        recall=hits / max(1, int(y.sum())),
        precision=hits / max(1, int(alert.sum())),
        by_typology=recalls(held, alert),
        days_to_detect=days,
        found=found,
        calibration_error=calibration_error(held),
    )


def calibration_error(held: pl.DataFrame) -> float:
    """Give the calibration error of `p_sospecha`, rows weighted as they were learnt; NaN for one class."""
    y = held["sospecha"].cast(pl.Int64).to_numpy()
    if y.min() == y.max():
        return float("nan")
    p = held["p_sospecha"].to_numpy()
    weight = held["peso_final"].to_numpy() if "peso_final" in held.columns else None
    return float(ece(y, np.column_stack([1.0 - p, p]), weight))


def area(y: npt.NDArray[np.int64], score: Numbers) -> float:
    """Give the average precision; NaN without a row of each kind."""
    if y.min(initial=1) == y.max(initial=0):
        return float("nan")
    return float(pr_auc(y, np.column_stack([-score, score]), None))


def thresholds_at(held: pl.DataFrame, unusual: float, worrying: float) -> tuple[float, float]:
    """Give the risks above which so great a share of the rows lies."""
    risk = held["riesgo"].to_numpy()
    low, high = (float(np.quantile(risk, 1.0 - share)) for share in (unusual, worrying))
    low = min(max(round(low, DIGITS), 0.01), 0.99)
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
