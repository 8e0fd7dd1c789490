"""The learnt layers in use as one value: which models, on which scale they answer, where they came from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.errors import BundleError
from yunque.solutions.aml.combine import Combination, read_combination
from yunque.solutions.aml.features.peers import STEPS

Origin = Literal["sintetico", "cliente"]
Numbers = npt.NDArray[np.float64]
BASE_MODEL = "modelo_base_sintetico"  # said wherever a model speaks that learnt from the generator
SUPERVISED, FOREST, GROUPS = "supervisada", "bosque", "grupos"
ROLES = (SUPERVISED, FOREST, GROUPS)
FORMAT, READ = 2, (1, 2)  # a record of format 1 knows no combination: its layers are joined as they were
# What an operation does beside what its client does: the columns of the unsupervised layer, their heavy
# tails drawn in. Calendar and levels are left out: a rare month is not unusual conduct.
BEHAVIOUR = (
    *("n_ops_1d", "n_ops_7d", "suma_7d_umas", "z_monto_cliente", "razon_vs_mediana_180d"),
    *("aceleracion_7d_30d", "razon_efectivo_30d", "n_reglas_180d", "n_contrapartes_nuevas_30d"),
    *("fan_in_7d", "fan_out_7d", "razon_salida_entrada_7d", "desviacion_par", "n_cerca_umbral_30d"),
    "n_monto_repetido_30d",
)


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The layers of one tenant, or those that ship with the product.

    Attributes:
        name: how results call it.
        origin: "sintetico" where the generator taught it, "cliente" where the officer's decisions did.
        trained: day.
        models: role -> reference of a bundle ("aml.local.sospecha@3"), or its folder inside the package.
        scales: 95th percentile of the distance to its centre, by cluster.
        knots: distance over scale at evenly spaced percentiles of the training rows, rising.
        unusual, worrying: from which risk on, where no policy says otherwise.
        class_weight: what a suspicious row weighed in training; the calibration takes it out again.
        combination: how the layers become one risk; None for the formula of `layers.risk`.
        typical: median of each feature among the training rows; what reasons compare new clients with.
        peers: what peers looked like in training (`peers.peer_table`), rows.
        metrics: what was measured, on rows that the models did not learn from.
    """

    name: str
    origin: Origin
    trained: str
    models: Mapping[str, str]
    scales: tuple[float, ...]
    knots: tuple[float, ...]
    unusual: float
    worrying: float
    class_weight: float = 1.0
    combination: Combination | None = None
    typical: Mapping[str, float] = field(default_factory=dict)
    peers: tuple[Mapping[str, Any], ...] = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a stack that could not answer.

        Raises:
            BundleError: a part is missing or out of range.
        """
        whole = set(self.models) == set(ROLES) and self.origin in get_args(Origin) and bool(self.knots)
        rising = all(a <= b for a, b in zip(self.knots, self.knots[1:], strict=False))
        if not (whole and rising and 0.0 < self.unusual <= self.worrying <= 1.0):
            raise BundleError("The record of the learnt layers is incomplete or contradicts itself.")

    @property
    def label(self) -> str:
        """Its name; a synthetic one carries the mark."""
        return f"{BASE_MODEL}:{self.name}" if self.origin == "sintetico" else self.name

    def facts(self) -> dict[str, object]:
        """What a result says of the models."""
        mark = {"marca": BASE_MODEL} if self.origin == "sintetico" else {}
        return {
            "id": self.label,
            "entrenado": self.trained,
            "origen": self.origin,
            **mark,
            "peso_de_clase": round(self.class_weight, 4),
            "combinacion": None if self.combination is None else asdict(self.combination),
            "metricas": dict(self.metrics),
        }

    def peer_table(self) -> pl.DataFrame | None:
        """Give the peers as the table that `frozen_peers` reads; None where none were kept."""
        if not self.peers:
            return None
        numbers = dict.fromkeys(("mediana", "mad", *(f"q{n:03d}" for n in range(STEPS + 1))), pl.Float64)
        schema = {"regla": pl.String, "tipo_operacion": pl.String, "n": pl.Int64, **numbers}
        return pl.DataFrame([dict(row) for row in self.peers], schema=schema)

    def document(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {"formato": FORMAT, **asdict(self)}


def read_stack(document: Mapping[str, Any]) -> Stack:
    """Read what `Stack.document` gave.

    Raises:
        BundleError: it is of another format, or incomplete.
    """
    told = dict(document)
    if told.pop("formato", None) not in READ:
        raise BundleError("The record of the learnt layers has an unknown format.")
    lists = {name: tuple(told.get(name, ())) for name in ("scales", "knots", "peers")}
    joined = read_combination(told.get("combination"))
    try:
        return Stack(**{**told, **lists, "combination": joined})
    except TypeError as error:
        raise BundleError("The record of the learnt layers is incomplete.") from error


def behaviour(enriched: pl.DataFrame) -> pl.DataFrame:
    """Give the columns of the unsupervised layer, drawn in by sign(x) * ln(1 + |x|)."""
    return enriched.select(
        (pl.col(name).cast(pl.Float64).sign() * pl.col(name).cast(pl.Float64).abs().log1p()).alias(name)
        for name in BEHAVIOUR
    )


def over_scale(cluster: Numbers, distance: Numbers, scales: Numbers) -> Numbers:
    """Give the distance to the centre over the 95th percentile of its cluster."""
    known = (cluster >= 0) & (cluster < len(scales))
    scale = np.where(known, scales[np.clip(cluster, 0, len(scales) - 1).astype(np.int64)], scales.max())
    return np.asarray(distance / np.maximum(scale, 1e-9), dtype=np.float64)


def share_below(values: Numbers, knots: Numbers) -> Numbers:
    """Give the share of the training rows at or below each value, from evenly spaced percentiles."""
    return np.asarray(np.interp(values, knots, np.linspace(0.0, 1.0, len(knots))), dtype=np.float64)
