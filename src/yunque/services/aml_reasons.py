"""Why the layers raised an operation: what the risk would be had a feature been as the client's usual."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from yunque.solutions.aml.feature_words import WORDS
from yunque.solutions.aml.features.names import MODEL_COLUMNS
from yunque.solutions.aml.layers import ANOMALY_SHARE
from yunque.solutions.aml.stack import BASE_MODEL, BEHAVIOUR, FOREST, GROUPS, SUPERVISED

if TYPE_CHECKING:
    from yunque.services.aml_layers import Layers

MOST_REASONS = 5
LEAST_EFFECT = 0.005
MOST_EXPLAINED = 2_000  # the riskiest of a file; the others keep their scores without reasons
KNOWN = 3  # operations from which a client has a usual level
SCHEMA = {"id_operacion": pl.String, "razones_ml": pl.String}


def reasons_of(layers: "Layers", alerts: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Give `id_operacion` and `razones_ml`: up to five reasons with numbers, as JSON, strongest first.

    Each feature in turn is set to the median of the client's operations (of the training rows where the
    client has fewer than three), and the row is scored again; the fall of the risk is the feature's part.

    Args:
        layers: what scored them.
        alerts: enriched rows to explain, with `p_sospecha`, `anomalia` and `riesgo`.
        past: all the tenant's enriched operations.
    """
    rows = alerts.sort("riesgo", descending=True).head(MOST_EXPLAINED)
    if rows.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    usual = usual_of(rows, past, layers.stack.typical)
    before = rows["riesgo"].to_numpy()
    effects = np.full((rows.height, len(WORDS)), 0.0)
    for at, name in enumerate(WORDS):
        changed = rows.with_columns(usual[name].alias(name))
        effects[:, at] = before - rescored(layers, changed, rows, name)
    names = list(WORDS)
    told = [
        json.dumps(one(layers, row, usual.row(n, named=True), ranked(effects[n], names)), ensure_ascii=False)
        for n, row in enumerate(rows.iter_rows(named=True))
    ]
    return rows.select("id_operacion").with_columns(razones_ml=pl.Series(told, dtype=pl.String))


def usual_of(rows: pl.DataFrame, past: pl.DataFrame, typical: Mapping[str, float]) -> pl.DataFrame:
    """Give, for each row and feature, the client's own median, or the training rows'."""
    mine = past.join(rows.select("cliente_id").unique(), on="cliente_id", how="semi")
    medians = mine.group_by("cliente_id").agg(
        pl.len().alias("_n"), *(pl.col(name).cast(pl.Float64).median() for name in WORDS)
    )
    joined = rows.select("cliente_id").join(medians, on="cliente_id", how="left", maintain_order="left")
    few = pl.col("_n").fill_null(0) < KNOWN
    return joined.select(
        pl.when(few).then(pl.lit(typical.get(name, 0.0))).otherwise(pl.col(name)).alias(name)
        for name in WORDS
    )


def rescored(layers: "Layers", changed: pl.DataFrame, rows: pl.DataFrame, name: str) -> Any:
    """Give the risk of rows with one feature changed; a layer that does not read it keeps its number."""
    p = rows["p_sospecha"].fill_null(0.0).to_numpy()
    anomaly = rows["anomalia"].fill_null(0.0).to_numpy()
    if SUPERVISED in layers.opened and name in MODEL_COLUMNS:
        p = np.clip(layers.suspicion(changed), 0.0, 1.0)
    if name in BEHAVIOUR and FOREST in layers.opened and GROUPS in layers.opened:
        anomaly = np.clip(layers.anomaly(changed), 0.0, 1.0)
    return 1.0 - (1.0 - p) * (1.0 - ANOMALY_SHARE * anomaly)


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
