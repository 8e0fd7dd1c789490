"""Train a company: its tables become demand, forecasts with their proof, and a run that is recorded (R2)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from yunque.data.fingerprint import fingerprint
from yunque.forecasting.forecast import forecast, roll
from yunque.forecasting.panel import DAYS, Frequency, Panel, step, to_matrix
from yunque.forecasting.request import Booster, ForecastRequest
from yunque.runtime.clock import Clock
from yunque.services.demand_store import Kept, keep, model_id_of
from yunque.services.tracking import Tracked, Tracking
from yunque.solutions.demand.basis import Basis
from yunque.solutions.demand.history import Bulk, choose_frequency, make_demand, read_history
from yunque.solutions.demand.intake import Book, Whose, take_in
from yunque.solutions.demand.plan import accuracy, coverage
from yunque.solutions.demand.terms import Stockroom, read_stockroom
from yunque.solutions.demand.wish import PlanWish
from yunque.tracking.run_record import DatasetFact, RunRecord

EXPERIMENT = "tnsfull_ml"  # R2's
HORIZON: dict[Frequency, int] = {"day": 90, "week": 30, "month": 12}
SAMPLE_ROWS = 1_000  # of the training data, as R2 keeps them
HELD_OUT = 3  # last periods that MAE, RMSE and R2 are measured on


@dataclass(frozen=True, kw_only=True)
class DemandHouse:
    """Where a company's things are kept, and what records its runs."""

    place: Path
    tracking: Tracking
    clock: Clock
    threads: int = 1


@dataclass(frozen=True, kw_only=True)
class TrainAsk:
    """What a training is asked.

    Attributes:
        whose: company and days.
        tenant: who asks; nobody else sees what comes out.
        booster, country, budget_seconds, origins, seed: of the forecast.
        frequency: period; chosen from the data when None.
        bulk: whether one-off lines count as they stand.
        wish: lead times and review periods where the data say nothing.
        measured: whether MAE, RMSE and R2 of the last periods are measured, which costs a second run.
    """

    whose: Whose = field(default_factory=Whose)
    tenant: str = "local"
    booster: Booster = "lightgbm"
    country: Literal["CO", "MX"] | None = "CO"
    budget_seconds: float = 60.0
    origins: int = 6
    seed: int = 7
    frequency: Frequency | None = None
    bulk: Bulk = "keep"
    wish: PlanWish = field(default_factory=PlanWish)
    measured: bool = False


@dataclass(frozen=True, kw_only=True)
class TrainedDemand:
    """A trained company: what was kept, and where the run is recorded."""

    kept: Kept
    tracked: Tracked

    def document(self) -> dict[str, Any]:
        """Give R2's answer; MLflow's keys are absent where there is no MLflow."""
        facts = self.kept.facts
        return {
            "estado": "modelos_entrenados",
            "modelo_id": self.kept.model_id,
            **self.tracked.keys,
            "run_id": self.tracked.run_id,
            "nit_empresa": self.kept.basis.book.nit,
            "filas_entrenamiento": facts["rows"],
            "total_articulos": facts["articles"],
            "fecha_inicio": self.kept.basis.book.first.isoformat(),
            "fecha_fin": self.kept.basis.book.last.isoformat(),
            "periodo": self.kept.basis.panel.frequency,
            "metricas": facts["metrics"],
            "advertencias": [one.text["es"] for one in self.kept.basis.book.notes],
        }


def train_demand(raw: Mapping[str, pl.DataFrame], ask: TrainAsk, house: DemandHouse) -> TrainedDemand:
    """Train a company and keep what comes out.

    Raises:
        ContractError, UsageError: the tables cannot be used; names table and column.
        StorageError: the disk refuses.
    """
    began = house.clock.now()
    book = take_in(raw, ask.whose)
    name = f"entrenamiento_{model_id_of(book)}_{began:%Y%m%d_%H%M%S}"
    with house.tracking.begin(EXPERIMENT, name) as run:
        basis, request = make_basis(book, ask, house)
        metrics = measures(basis)
        if ask.measured:
            metrics |= held_out(basis.panel, request)
            if ask.booster == "xgboost":
                metrics |= {f"xgboost_{key}": metrics[key] for key in ("mae", "rmse", "r2") if key in metrics}
        facts = _facts(basis, ask, metrics, began.isoformat())
        sample = basis.book.movements.head(SAMPLE_ROWS)
        record = RunRecord(
            experiment=EXPERIMENT,
            name=name,
            kind="training",
            started=began.timestamp(),
            ended=house.clock.now().timestamp(),
            params=_params(basis, facts),
            metrics=metrics,
            tags={"nit_empresa": book.nit, "modelo_id": model_id_of(book)},
            dataset=DatasetFact(
                name=model_id_of(book),
                digest=fingerprint(book.movements),
                rows=book.movements.height,
                columns=book.movements.width,
            ),
        )
        files = {"training_data_sample.csv": sample.write_csv().encode()}
        tracked = run.finish(record, files)
    facts["run_id"] = tracked.run_id
    facts["mlflow"] = tracked.keys
    return TrainedDemand(kept=keep(house.place, ask.tenant, basis, facts), tracked=tracked)


def make_basis(book: Book, ask: TrainAsk, house: DemandHouse) -> tuple[Basis, ForecastRequest]:
    """Give a book's demand and forecasts, and how they were asked for."""
    room = read_stockroom(book, ask.wish)
    frequency = ask.frequency or choose_frequency(book, float(np.median(room.array("lead_days"))))
    history = read_history(book, ask.bulk)
    panel = make_demand(book, history, frequency)
    request = ForecastRequest(
        horizon_periods=HORIZON[frequency],
        protection=protection(room, frequency),
        budget_seconds=ask.budget_seconds,
        origins=ask.origins,
        seed=ask.seed,
        booster=ask.booster,
        country=ask.country,
        workers=house.threads,
    )
    forecasts = forecast(panel, request)
    return Basis(book=book, history=history, panel=panel, forecasts=forecasts), request


def protection(room: Stockroom, frequency: Frequency) -> dict[str, tuple[float, float]]:
    """Give lead time and review period of each article, in periods."""
    length = DAYS[frequency]
    columns = (room.table["code"].to_list(), room.array("lead_days"), room.array("review_days"))
    return {code: (lead / length, review / length) for code, lead, review in zip(*columns, strict=True)}


def measures(basis: Basis) -> dict[str, float]:
    """Give what the backtest measured, by names that a tracker takes."""
    found = accuracy(basis.forecasts.backtest)
    found |= {f"coverage_{level:g}": share for level, share in coverage(basis.forecasts.backtest).items()}
    return {name: float(value) for name, value in found.items() if math.isfinite(value)}


def held_out(panel: Panel, request: ForecastRequest) -> dict[str, float]:
    """Measure MAE, RMSE and R2 of next-period forecasts over the last periods; {} where history is short."""
    origins = step(panel.last, panel.frequency, range(-HELD_OUT, 0))
    if not len(panel.frame) or panel.frame["period"].min() >= origins[0]:  # type: ignore[operator]
        return {}
    values, known = to_matrix(panel)
    found, real = [], []
    for place, (_, _, means) in enumerate(roll(panel, request, origins)):
        column = values.shape[1] - HELD_OUT + place
        use = known[:, column]
        found.append(means[use, 0])
        real.append(values[use, column])
    error, actual = np.concatenate(found) - np.concatenate(real), np.concatenate(real)
    if not len(actual):
        return {}
    spread = float(((actual - actual.mean()) ** 2).sum())
    scores = {"mae": float(np.abs(error).mean()), "rmse": float(np.sqrt((error**2).mean()))}
    return scores | ({"r2": 1.0 - float((error**2).sum()) / spread} if spread > 0 else {})


def _facts(basis: Basis, ask: TrainAsk, metrics: dict[str, float], moment: str) -> dict[str, Any]:
    return {
        "rows": basis.book.movements.height,
        "articles": len(basis.panel.ids),
        "trained_at": moment,
        "metrics": metrics,
        "booster": ask.booster,
        "country": ask.country,
        "seed": ask.seed,
        "origins": ask.origins,
        "bulk": ask.bulk,
        "tenant": ask.tenant,
        "points": int(basis.panel.frame["period"].n_unique()),
    }


def _params(basis: Basis, facts: dict[str, Any]) -> dict[str, str]:
    params = {
        "modelo_id": model_id_of(basis.book),
        "nit_empresa": basis.book.nit,
        "fecha_entrenamiento": facts["trained_at"],
        "filas_entrenamiento": facts["rows"],
        "total_articulos": facts["articles"],
        "periodo": basis.panel.frequency,
        **{name: facts[name] for name in ("booster", "country", "seed", "origins", "bulk")},
    }
    return {name: str(value) for name, value in params.items()}
