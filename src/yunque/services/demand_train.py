"""Train a company: its tables become demand, forecasts with their proof, and a run that is recorded (R2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from yunque.errors import UsageError
from yunque.forecasting.forecast import forecast
from yunque.forecasting.panel import DAYS, Frequency
from yunque.forecasting.request import Booster, ForecastRequest
from yunque.runtime.clock import Clock
from yunque.services.demand_prophet import prophet_total, require_prophet
from yunque.services.demand_store import Kept, keep_model, model_id_of, room_of, settle
from yunque.services.demand_tracked import EXPERIMENT, Training, measures, training_record
from yunque.services.tracking import Tracked, Tracking
from yunque.solutions.demand.basis import Basis
from yunque.solutions.demand.history import Bulk, choose_frequency, make_demand, read_history
from yunque.solutions.demand.intake import Book, Whose, take_in
from yunque.solutions.demand.terms import Stockroom, read_stockroom
from yunque.solutions.demand.wish import PlanWish

__all__ = ["ALGORITHMS", "EXPERIMENT", "DemandHouse", "TrainAsk", "TrainedDemand", "make_basis", "protection",
           "train_demand"]  # fmt: skip

Algorithm = Literal["xgboost", "lightgbm", "none", "prophet"]
ALGORITHMS: tuple[Algorithm, ...] = ("xgboost", "lightgbm", "none", "prophet")
HORIZON: dict[Frequency, int] = {"day": 90, "week": 30, "month": 12}


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
        algorithm: the learner of all articles; "prophet" adds Prophet's forecast of the company's total to
            those of LightGBM and the others.
        country, budget_seconds, origins, seed: of the forecast.
        frequency: period; chosen from the data when None.
        bulk: whether one-off lines count as they stand.
        wish: lead times and review periods where the data say nothing.
    """

    whose: Whose = field(default_factory=Whose)
    tenant: str = "local"
    algorithm: Algorithm = "lightgbm"
    country: Literal["CO", "MX"] | None = "CO"
    budget_seconds: float = 60.0
    origins: int = 6
    seed: int = 7
    frequency: Frequency | None = None
    bulk: Bulk = "keep"
    wish: PlanWish = field(default_factory=PlanWish)

    def __post_init__(self) -> None:
        """Refuse an algorithm that is not there, before anything is read.

        Raises:
            UsageError: there is none of that name, or it is not installed.
        """
        if self.algorithm not in ALGORITHMS:
            raise UsageError(
                f"There is no algorithm {self.algorithm!r}. / No existe el algoritmo {self.algorithm!r}.",
                hint="Algorithms: " + ", ".join(ALGORITHMS),
            )
        if self.algorithm == "prophet":
            require_prophet()

    @property
    def booster(self) -> Booster:
        """Give the learner of all articles."""
        return "lightgbm" if self.algorithm == "prophet" else self.algorithm


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
    book = take_in(raw, replace(ask.whose, latest=began.date()))
    name = f"entrenamiento_{model_id_of(book)}_{began:%Y%m%d_%H%M%S}"
    with house.tracking.begin(EXPERIMENT, name) as run:
        basis = make_basis(book, ask, house)
        prophet = prophet_total(basis, ask.seed) if ask.algorithm == "prophet" else None
        training = Training(
            name=name,
            began=began,
            ended=house.clock.now(),
            booster=ask.booster,
            algorithm=ask.algorithm,
            asked={key: getattr(ask, key) for key in ("country", "seed", "origins", "bulk")},
        )
        metrics = measures(basis, training, prophet)
        facts = _facts(basis, ask, metrics, began.isoformat())
        facts["prophet"] = None if prophet is None else prophet.months
        with room_of(house.place, ask.tenant, model_id_of(book)) as room:
            keep_model(room, basis.forecasts)
            tracked = run.finish(*training_record(basis, training, metrics, room, prophet))
            facts |= {"run_id": tracked.run_id, "mlflow": tracked.keys}
            return TrainedDemand(kept=settle(room, basis, facts), tracked=tracked)


def make_basis(book: Book, ask: TrainAsk, house: DemandHouse) -> Basis:
    """Give a book's demand and forecasts."""
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
    return Basis(book=book, history=history, panel=panel, forecasts=forecast(panel, request))


def protection(room: Stockroom, frequency: Frequency) -> dict[str, tuple[float, float]]:
    """Give lead time and review period of each article, in periods."""
    length = DAYS[frequency]
    columns = (room.table["code"].to_list(), room.array("lead_days"), room.array("review_days"))
    return {code: (lead / length, review / length) for code, lead, review in zip(*columns, strict=True)}


def _facts(basis: Basis, ask: TrainAsk, metrics: dict[str, float], moment: str) -> dict[str, Any]:
    return {
        "rows": basis.book.movements.height,
        "articles": len(basis.panel.ids),
        "trained_at": moment,
        "metrics": metrics,
        "booster": ask.booster,
        "algorithm": ask.algorithm,
        "country": ask.country,
        "seed": ask.seed,
        "origins": ask.origins,
        "bulk": ask.bulk,
        "tenant": ask.tenant,
        "points": int(basis.panel.frame["period"].n_unique()),
    }
