"""The record of a training by R2's names: parameters, measures, files, and the model that is registered."""

import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from yunque.data.fingerprint import fingerprint
from yunque.forecasting.point_errors import COMBINED, PointError, read_errors
from yunque.services.demand_flavour import ANSWERS, INPUTS, LOADER, OPTIONAL
from yunque.services.demand_prophet import SETTINGS, ProphetTotal
from yunque.services.demand_store import Room, model_id_of
from yunque.solutions.demand.basis import Basis
from yunque.solutions.demand.drafts import harmless
from yunque.solutions.demand.plan import accuracy, coverage
from yunque.tracking.run_record import DatasetFact, ModelFact, RunRecord

EXPERIMENT = "tnsfull_ml"  # R2's
MAIN = "combinacion_calibrada"  # what answers; R2's word would be prophet or xgboost
SAMPLE_ROWS = 1_000  # of the training data, as R2 keeps them
BOOSTED = "Boosted"  # how names of global learners begin


@dataclass(frozen=True, kw_only=True)
class Training:
    """What a training was asked, and when.

    Attributes:
        name: of the run.
        began, ended: moments.
        booster: the global learner that was asked for: xgboost, lightgbm or none.
        algorithm: the word that was used, prophet among them.
        asked: country, seed, origins, bulk … as they were asked.
    """

    name: str
    began: datetime
    ended: datetime
    booster: str
    algorithm: str
    asked: Mapping[str, Any]


def measures(basis: Basis, training: Training, prophet: ProphetTotal | None) -> dict[str, float]:
    """Give what the backtest measured, by names that a tracker takes.

    `mae`, `rmse` and `r2` are of next-period forecasts of the combination; `xgboost_*` those of XGBoost
    alone, at the same moments of the past.
    """
    found: dict[str, float | None] = {**accuracy(basis.forecasts.backtest)}
    found |= {f"coverage_{level:g}": share for level, share in coverage(basis.forecasts.backtest).items()}
    errors = basis.forecasts.errors
    if errors.height:
        found |= _named(read_errors(errors, (COMBINED,)), "")
        alone = tuple(name for name in errors["model"] if name.startswith(BOOSTED))
        if training.booster != "none":
            found |= _named(read_errors(errors, alone), f"{training.booster}_")
    found["prophet_datos_entrenamiento"] = float(prophet.points if prophet else 0)
    found["prophet_mae"] = prophet.mae if prophet else None
    return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}


def _named(error: PointError | None, prefix: str) -> dict[str, float | None]:
    if error is None:
        return {}
    return {f"{prefix}mae": error.mae, f"{prefix}rmse": error.rmse, f"{prefix}r2": error.r2}


def training_record(
    basis: Basis, training: Training, metrics: dict[str, float], room: Room, prophet: ProphetTotal | None
) -> tuple[RunRecord, dict[str, bytes]]:
    """Give the record of a training, and its files by name."""
    book, name = basis.book, model_id_of(basis.book)
    moves = book.movements
    tags = {"nit_empresa": book.nit, "modelo_id": name, "predictor_principal": MAIN}
    record = RunRecord(
        experiment=EXPERIMENT,
        name=training.name,
        kind="training",
        started=training.began.timestamp(),
        ended=training.ended.timestamp(),
        params=_params(basis, training, prophet),
        metrics=metrics,
        tags=tags,
        dataset=DatasetFact(
            name=name,
            digest=fingerprint(moves),
            rows=moves.height,
            columns=moves.width,
            types={column: str(dtype) for column, dtype in moves.schema.items()},
        ),
        model=ModelFact(
            folder=str(room.model),
            name=registered_name(training.algorithm, name),
            version=room.version,
            inputs=INPUTS,
            optional=OPTIONAL,
            answers=ANSWERS,
            example={
                "articulo_codigo": next(iter(basis.panel.ids), ""),
                "periodos": 4.0,
                "probabilidad": 0.95,
            },
            loader=LOADER,
        ),
    )
    info = json.dumps(prophet_info(basis, training, prophet), ensure_ascii=False, indent=1).encode()
    files = {
        "training_data_sample.csv": _sample(moves).write_csv().encode(),
        "training_data.parquet": _parquet(moves),
        "prophet_model_info.json": info,
        "pesos.csv": basis.forecasts.weights.write_csv().encode(),
        "backtest.csv": basis.forecasts.backtest.write_csv().encode(),
    }
    return record, files


def registered_name(algorithm: str, model_id: str) -> str:
    """Give the name a model is registered by: R2's `xgboost_<nit>`; the same form for every other one."""
    kind = {"none": "estadistico"}.get(algorithm, algorithm)
    return f"{kind}_{model_id.removeprefix('empresa_')}"


def prophet_info(basis: Basis, training: Training, prophet: ProphetTotal | None) -> dict[str, Any]:
    """Say what stands behind `predicciones_prophet`: Prophet where it was asked for, else who answers."""
    models = basis.forecasts.weights
    named = models.filter(pl.col("weight") > 0)["model"].unique().sort().to_list() if models.height else []
    common = {"predictor_principal": MAIN, "modelos_de_la_combinacion": named}
    if prophet is not None:
        return {
            "prophet_usado": True,
            "de_que": "total mensual de la empresa; las compras no dependen de él",
            "datos_entrenamiento": prophet.points,
            "mae_ultimos_meses": prophet.mae,
            "hiperparametros": SETTINGS,
            "version": prophet.version,
            **common,
        }
    asked = training.algorithm == "prophet"
    return {
        "prophet_usado": False,
        "motivo": "historia mensual demasiado corta" if asked else "no se pidió (algoritmo: prophet)",
        "datos_entrenamiento": 0,
        "predicciones_prophet": "total de la combinación calibrada, con las claves de R2",
        **common,
    }


def _params(basis: Basis, training: Training, prophet: ProphetTotal | None) -> dict[str, str]:
    params = {
        "modelo_id": model_id_of(basis.book),
        "nit_empresa": basis.book.nit,
        "fecha_entrenamiento": training.began.isoformat(),
        "filas_entrenamiento": basis.book.movements.height,
        "total_articulos": len(basis.panel.ids),
        "fecha_inicio": basis.book.first,
        "fecha_fin": basis.book.last,
        "periodo": basis.panel.frequency,
        "algoritmo": training.algorithm,
        "booster": training.booster,
        "prophet": "si" if prophet else "no",
        **training.asked,
    }
    return {name: str(value) for name, value in params.items()}


def _sample(moves: pl.DataFrame) -> pl.DataFrame:
    """Give the first rows, their cells such that no spreadsheet runs one."""
    texts = [name for name, dtype in moves.schema.items() if dtype == pl.String]
    return moves.head(SAMPLE_ROWS).with_columns(
        pl.col(name).map_elements(harmless, return_dtype=pl.String) for name in texts
    )


def _parquet(table: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()
