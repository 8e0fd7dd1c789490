"""What R2's endpoints and the job of the demand solution may be asked, field by field."""

from datetime import date
from typing import Literal

import msgspec

from yunque.errors import UsageError
from yunque.solutions.demand.intake import Whose
from yunque.solutions.demand.plan_values import Measure
from yunque.solutions.demand.wish import PlanWish

MOST_MONTHS = 24
MEASURES: dict[str, Measure] = {"ciclo": "cycle", "unidades": "fill", "cycle": "cycle", "fill": "fill"}


class _Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request of R2; the company is named by its number, its NIT or its model."""

    empresa_servidor_id: int | str | None = None
    nit: str = ""
    modelo_id: str = ""

    @property
    def company(self) -> str:
        """Give the company's number as text, "" for none."""
        return "" if self.empresa_servidor_id is None else str(self.empresa_servidor_id)


class TrainBody(_Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`entrenar_modelos`: company and days; the rest has sensible defaults."""

    fecha_inicio: date | None = None
    fecha_fin: date | None = None
    algoritmo: Literal["xgboost", "lightgbm", "none", "prophet"] = "xgboost"
    pais: Literal["CO", "MX"] | None = "CO"
    segundos: float = 60.0
    semilla: int = 7
    pedidos_especiales: Literal["keep", "separate"] = "keep"

    def __post_init__(self) -> None:
        """Refuse times that no one would wait for."""
        if not 1.0 <= self.segundos <= 600.0:
            raise ValueError("segundos lies between 1 and 600")

    @property
    def whose(self) -> Whose:
        """Whose data, of which days."""
        return Whose(company=self.company, nit=self.nit, first=self.fecha_inicio, last=self.fecha_fin)


class PredictBody(_Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`predecir_demanda`: months ahead, and which articles."""

    meses: int = 6
    articulos: list[str] = []

    def __post_init__(self) -> None:
        """Refuse months that no forecast reaches."""
        _check_months(self.meses)


class BuyBody(_Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`recomendaciones_compras`: service, budget, what-ifs."""

    meses: int = 1
    nivel_servicio: float = 0.95
    tipo_nivel_servicio: Literal["ciclo", "unidades", "cycle", "fill"] = "ciclo"
    presupuesto: float | None = None
    bodega: str = ""
    maximo: int | None = None

    def __post_init__(self) -> None:
        """Refuse months that no forecast reaches."""
        _check_months(self.meses)

    @property
    def wish(self) -> PlanWish:
        """What is wished of the plan.

        Raises:
            UsageError: no plan can do it.
        """
        return PlanWish(
            measure=MEASURES[self.tipo_nivel_servicio],
            service=self.nivel_servicio,
            budget=self.presupuesto,
            warehouse=self.bodega,
        )


class JobOptions(BuyBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A training and a plan as one job."""

    fecha_inicio: date | None = None
    fecha_fin: date | None = None
    algoritmo: Literal["xgboost", "lightgbm", "none", "prophet"] = "lightgbm"
    segundos: float = 60.0

    @property
    def whose(self) -> Whose:
        """Whose data, of which days."""
        return Whose(company=self.company, nit=self.nit, first=self.fecha_inicio, last=self.fecha_fin)


def _check_months(months: int) -> None:
    if not 1 <= months <= MOST_MONTHS:
        raise ValueError(f"meses lies between 1 and {MOST_MONTHS}")


def read_job_options(options: dict[str, object]) -> JobOptions:
    """Read the options of a job.

    Raises:
        UsageError: one is unknown or cannot be used.
    """
    try:
        found = msgspec.convert(options, JobOptions)
    except msgspec.ValidationError as error:
        raise UsageError(f"The options cannot be used: {error}.") from error
    _ = found.wish, found.whose
    return found


def check_options(options: dict[str, object]) -> None:
    """Refuse options that would fail only after the upload was read.

    Raises:
        UsageError: one is unknown or cannot be used.
    """
    read_job_options(options)
