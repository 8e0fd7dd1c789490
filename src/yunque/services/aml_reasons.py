"""Why the layers raised an operation: what the risk would be had a feature been as the client's usual."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from yunque.solutions.aml.feature_words import WORDS
from yunque.solutions.aml.features.names import MODEL_COLUMNS
from yunque.solutions.aml.layers import RECENT
from yunque.solutions.aml.recent import DAYS
from yunque.solutions.aml.stack import BASE_MODEL, BEHAVIOUR, SUPERVISED

if TYPE_CHECKING:
    from yunque.services.aml_layers import Layers

MOST_REASONS = 5
LEAST_EFFECT = 0.005
MOST_EXPLAINED = 2_000  # the riskiest of a file; the others keep their scores without reasons
KNOWN = 3  # operations from which a client has a usual level
MOST_BEFORE = 200  # operations that a usual level is taken from
SCHEMA = {"id_operacion": pl.String, "razones_ml": pl.String}


def reasons_of(layers: "Layers", alerts: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Give `id_operacion` and `razones_ml`: up to five reasons with numbers, as JSON, strongest first.

    Each feature in turn is set to the median of the client's operations before this one (of the training rows
    where there are fewer than three), and the row is scored again; the fall of the risk is the feature's
    part. What the client did in the days before is taken away in the same manner.

    Args:
        layers: what scored them.
        alerts: enriched rows to explain, with `p_sospecha`, `anomalia`, `riesgo` and, where the layers look
            back, `antecedente`.
        past: all the tenant's enriched operations; those after a row are not looked at.
    """
    rows = alerts.sort("riesgo", descending=True).head(MOST_EXPLAINED)
    if rows.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    usual = usual_of(rows, past, layers.stack.typical)
    before = rows["riesgo"].to_numpy()
    names = [*WORDS, RECENT]
    effects = np.full((rows.height, len(names)), 0.0)
    for at, name in enumerate(names):
        changed = rows.with_columns(usual[name].alias(name)) if name in WORDS else rows
        effects[:, at] = before - rescored(layers, changed, rows, name)
    told = [
        json.dumps(one(layers, row, usual.row(n, named=True), ranked(effects[n], names)), ensure_ascii=False)
        for n, row in enumerate(rows.iter_rows(named=True))
    ]
    return rows.select("id_operacion").with_columns(razones_ml=pl.Series(told, dtype=pl.String))


def usual_of(rows: pl.DataFrame, past: pl.DataFrame, typical: Mapping[str, float]) -> pl.DataFrame:
    """Give, for each row and feature, the median of the client's operations before it, or the training rows'.

    At most the last 200 before it count: a file that came later changes no reason, nor does a later row.
    """
    level = np.array([float(typical.get(name, 0.0)) for name in WORDS])
    mine = past.join(rows.select("cliente_id").unique(), on="cliente_id", how="semi").sort(
        "cliente_id", "orden"
    )
    values = mine.select(pl.col(name).cast(pl.Float64) for name in WORDS).to_numpy()
    begins = {
        client: (start, size)
        for client, start, size in mine.with_row_index("_at")
        .group_by("cliente_id")
        .agg(pl.col("_at").min(), pl.len())
        .iter_rows()
    }
    order = mine["orden"].to_numpy()
    found = np.tile(level, (rows.height, 1))
    for at, (client, place) in enumerate(rows.select("cliente_id", "orden").iter_rows()):
        start, size = begins.get(client, (0, 0))
        end = start + int(np.searchsorted(order[start : start + size], place, side="left"))
        if end - start >= KNOWN:
            found[at] = np.median(values[max(start, end - MOST_BEFORE) : end], axis=0)
    return pl.DataFrame(found, schema=list(WORDS)).with_columns(pl.lit(0.0).alias(RECENT))


def rescored(layers: "Layers", changed: pl.DataFrame, rows: pl.DataFrame, name: str) -> Any:
    """Give the risk of rows with one feature changed; a layer that does not read it keeps its number."""
    p, anomaly = (known(rows, column) for column in ("p_sospecha", "anomalia"))
    recent = rows[RECENT].to_numpy() if RECENT in rows.columns else np.zeros(rows.height)
    if name == RECENT:
        return layers.risk(p, anomaly, np.zeros(rows.height))
    if p is not None and SUPERVISED in layers.opened and name in MODEL_COLUMNS:
        p = np.clip(layers.suspicion(changed), 0.0, 1.0)
    if anomaly is not None and name in BEHAVIOUR:
        anomaly = np.clip(layers.anomaly(changed), 0.0, 1.0)
    return layers.risk(p, anomaly, recent)


def known(rows: pl.DataFrame, name: str) -> Any:
    """Give a layer's numbers; None where it did not run."""
    return None if rows[name].null_count() else rows[name].to_numpy()


def ranked(effects: Any, names: list[str]) -> list[tuple[str, float]]:
    """Give the features that raise the risk most, strongest first."""
    order = np.argsort(-effects, kind="stable")[:MOST_REASONS]
    return [(names[at], float(effects[at])) for at in order if effects[at] >= LEAST_EFFECT]


def one(
    layers: "Layers", row: Mapping[str, Any], usual: Mapping[str, Any], found: list[tuple[str, float]]
) -> list[dict[str, Any]]:
    """Write the reasons of one row; the model's mark stands in each."""
    synthetic = layers.stack.origin == "sintetico"
    mark = {"marca": BASE_MODEL} if synthetic else {}
    return [
        {
            "origen": "modelo",
            "codigo": f"{layers.stack.label}/{name}",
            "texto": sentence(name, row, usual[name], effect),
            "valores": {
                "valor": rounded(row[name]),
                "habitual": rounded(usual[name]),
                "riesgo": rounded(row["riesgo"]),
                "riesgo_sin_ello": rounded(row["riesgo"] - effect),
            },
            **mark,
        }
        for name, effect in found
    ]


def sentence(name: str, row: Mapping[str, Any], usual: float, effect: float) -> str:
    """Write one reason with its numbers."""
    if name == RECENT:
        return (
            f"En los {DAYS} días anteriores el cliente tuvo una operación con probabilidad de sospecha "
            f"{row[name]:.2f}. Sin ella el riesgo sería {row['riesgo'] - effect:.2f} en vez de "
            f"{row['riesgo']:.2f}."
        )
    value, level = shown(row[name]), shown(usual)
    return (
        f"{WORDS[name]}: {value}; lo habitual es {level}. "
        f"Con lo habitual el riesgo sería {row['riesgo'] - effect:.2f} en vez de {row['riesgo']:.2f}."
    )


def rounded(value: Any) -> float:
    """Give a number with six significant digits."""
    return float(f"{float(value):.6g}")


def shown(value: Any) -> str:
    """Write a number for people."""
    number = float(value)
    return f"{number:,.0f}" if number == int(number) else f"{number:,.2f}"
