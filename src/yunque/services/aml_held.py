"""The rows of the folds with what each layer says: the layers' joining is learnt from them, and judged."""

from typing import Any

import numpy as np
import polars as pl

from yunque.services.aml_combine import Evidence, crossed_risks, fit_combination, parts_of, risks
from yunque.services.aml_layers import Layers, with_frozen_peers
from yunque.services.aml_measure import area, paired_interval, tidy, truth_of, weights_of
from yunque.services.train import Trained
from yunque.solutions.aml.combine import Numbers, calibrated
from yunque.solutions.aml.layers import RECENT
from yunque.solutions.aml.recent import DAYS, highest_before

RAW, PAST = "respuesta", "respuesta_reciente"
ADDED = ("p_sospecha", "anomalia", "riesgo", RECENT, RAW, PAST)
LATER = 1 / 3  # of the rows of the folds: the last ones are judged by what the others teach


def held_rows(layers: Layers, trained: Trained, table: pl.DataFrame, every: pl.DataFrame) -> pl.DataFrame:
    """Give the rows of the folds; the supervised layer had seen neither them nor their clients.

    The first two weeks are left out: what their clients did just before is answered by no fold. Operations
    that nobody decided on taught nothing, so the finished model may say how suspicious they were.

    Args:
        layers: the finished models, for the unsupervised layer and for operations without a verdict.
        trained: the supervised model's training.
        table: the labelled rows it was trained on.
        every: all operations.
    """
    held = trained.leaderboard.held_out
    answers = np.full(table.height, np.nan)
    answers[held.rows] = np.clip(held.predictions[:, 1], 0.0, 1.0)
    told = table.select("id_operacion", _answer=pl.Series(answers))
    joined = every.select("id_operacion").join(told, on="id_operacion", how="left", maintain_order="left")
    answer = joined["_answer"].to_numpy().copy()
    unlabelled = ~every["id_operacion"].is_in(table["id_operacion"].implode()).to_numpy()
    if unlabelled.any():
        others = every.filter(pl.Series(unlabelled))
        answer[unlabelled] = layers.answer(with_frozen_peers(others, layers.stack))
    recent = every.select("id_operacion", pl.Series(PAST, highest_before(every, answer)))
    rows = table[held.rows]
    anomaly = np.clip(layers.anomaly(rows), 0.0, 1.0)
    found = rows.with_columns(pl.Series(RAW, answers[held.rows]), anomalia=pl.Series(anomaly)).join(
        recent, on="id_operacion", how="left", maintain_order="left"
    )
    known = found.filter(pl.col("fecha") >= pl.col("fecha").min() + pl.duration(days=DAYS))
    return known if 0 < known["sospecha"].sum() < known.height else found


def evidence_of(held: pl.DataFrame) -> Evidence:
    """Give the rows of the folds as arrays."""
    return Evidence(
        y=truth_of(held),
        raw=held[RAW].to_numpy(),
        anomaly=held["anomalia"].to_numpy(),
        recent=held[PAST].to_numpy(),
        day=held["fecha"].to_physical().cast(pl.Int64).to_numpy(),
        weight=weights_of(held),
        part=parts_of(held["cliente_id"]),
    )


def with_risks(held: pl.DataFrame) -> pl.DataFrame:
    """Add `p_sospecha` and `riesgo`, each as the other half of the clients taught to join the layers."""
    p, risk = crossed_risks(evidence_of(held))
    return held.with_columns(p_sospecha=pl.Series(p), riesgo=pl.Series(risk))


def later_period(held: pl.DataFrame) -> dict[str, Any]:
    """Measure the last third in time, joined as the rows before it teach; empty where that cannot be."""
    rows = evidence_of(held)
    cut = np.quantile(rows.day, 1.0 - LATER)
    before, after = rows.take(rows.day < cut), rows.take(rows.day >= cut)
    if any(part.y.min(initial=1) == part.y.max(initial=0) for part in (before, after)):
        return {}
    taught = fit_combination(before)
    risk, p = risks(taught, after), calibrated(after.raw, taught)
    client = held.filter(pl.Series(rows.day >= cut))["cliente_id"].rank("dense").cast(pl.Int64).to_numpy() - 1
    shown: dict[str, Numbers] = {
        "pr_auc": risk,
        "pr_auc_supervisada": p,
        "pr_auc_no_supervisada": after.anomaly,
    }
    low, high = paired_interval(after.y, (risk, p), client, after.weight)
    return {
        "desde": str(held.filter(pl.Series(rows.day >= cut))["fecha"].min()),
        "filas": len(after.y),
        "sospechosas": int(after.y.sum()),
        **{name: tidy(area(after.y, score, after.weight)) for name, score in shown.items()},
        "sobre_supervisada": [tidy(low), tidy(high)],
    }
