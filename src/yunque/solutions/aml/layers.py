"""What learnt layers add to the rules: scores beside the law, never instead of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from yunque.errors import YunqueError

Mode = Literal["completo", "parcial", "solo_reglas"]
LAYERS = ("supervisada", "no_supervisada", "politica_de_umbrales")
ANOMALY_SHARE = 0.5
RISK, RECENT = "riesgo", "antecedente"
SCORE_OF = {"supervisada": "p_sospecha", "no_supervisada": "anomalia"}
BY_ROW = ("umbral_inusual", "umbral_preocupante")
# what a broken or foreign model may raise; anything else is a fault of ours and must be seen
FAILURES = (
    YunqueError,
    ArithmeticError,
    ValueError,
    LookupError,
    TypeError,
    OSError,
    pl.exceptions.PolarsError,
)


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Whether a layer ran, in which version, and why not."""

    name: str
    ran: bool
    version: str | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What the layers say of operations.

    Attributes:
        table: `id_operacion`, `p_sospecha` (0 to 1), `anomalia` (a percentile, 0 to 1); the column of a layer
            that did not run is null. Where the layers say how they are joined: `riesgo` (0 to 1) and
            `antecedente`, the highest `p_sospecha` of the client's last days. Where a policy sets thresholds
            by segment: `segmento`, `umbral_inusual`, `umbral_preocupante`; where rows below the line are
            drawn: `sorteada`. Rows of other operations are passed over.
        unusual, worrying: from which risk on an operation is "inusual", "preocupante".
        layers: which ran.
        model: facts of the model, for the result.
        policy: facts of the threshold policy, for the result.
        why: rows to explain, and all operations enriched -> `id_operacion` and `razones_ml` (JSON); None
            where nothing explains.
    """

    table: pl.DataFrame
    unusual: float
    worrying: float
    layers: tuple[Layer, ...]
    model: dict[str, object] = field(default_factory=dict)
    policy: dict[str, object] = field(default_factory=dict)
    why: Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame] | None = None


Scorer = Callable[[pl.DataFrame], Scores]


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """The answer of the layers, or the reason why there is none."""

    mode: Mode
    scores: Scores | None
    layers: tuple[Layer, ...]


def ask(scorer: Scorer | None, enriched: pl.DataFrame) -> Learnt:
    """Ask the layers; whatever is wrong with them, the rules go on alone and the reason is told."""
    if scorer is None:
        return alone("sin_modelo")
    try:
        scores = scorer(enriched)
        check(scores, enriched)
    except FAILURES as error:
        return alone(f"fallo: {type(error).__name__}")
    mode: Mode = "completo" if all(layer.ran for layer in scores.layers) else "parcial"
    return Learnt(mode=mode, scores=scores, layers=scores.layers)


def check(scores: Scores, enriched: pl.DataFrame) -> None:
    """Refuse scores that are not one finite pair from 0 to 1 for every operation.

    A layer that says it did not run leaves its number empty; one of both must have run.

    Raises:
        ValueError: they are not.
    """
    absent = {SCORE_OF[layer.name] for layer in scores.layers if not layer.ran and layer.name in SCORE_OF}
    told = [name for name in SCORE_OF.values() if name not in absent]
    is_whole = bool(told) and in_range(scores.table, told)
    is_empty = all(scores.table[name].is_null().all() for name in absent)
    known = scores.table["id_operacion"]
    is_complete = known.n_unique() == known.len() and enriched["id_operacion"].is_in(known.implode()).all()
    if RISK in scores.table.columns:
        is_whole = is_whole and in_range(scores.table, [RISK])
    in_order = 0.0 <= scores.unusual <= scores.worrying
    if BY_ROW[0] in scores.table.columns:
        rising = (scores.table[BY_ROW[0]] <= scores.table[BY_ROW[1]]).all()
        in_order = in_order and in_range(scores.table, list(BY_ROW)) and bool(rising)
    if not (is_whole and is_empty and is_complete and in_order):
        raise ValueError("The layers did not score every operation.")


def in_range(table: pl.DataFrame, names: list[str]) -> bool:
    """Whether all numbers of some columns are there and lie from 0 to 1."""
    numbers = pl.col(names).is_between(0.0, 1.0).fill_null(value=False)
    return bool(table.select(pl.all_horizontal(numbers).all()).item())


def alone(reason: str) -> Learnt:
    """Say that the rules answer alone."""
    layers = tuple(Layer(name=name, ran=False, reason=reason) for name in LAYERS)
    return Learnt(mode="solo_reglas", scores=None, layers=layers)


def risk() -> pl.Expr:
    """Join probability and anomaly: 1 - (1 - p)(1 - a / 2); a layer that did not run adds nothing.

    It is the formula of layers that say no risk of their own.
    """
    p, anomaly = pl.col("p_sospecha"), pl.col("anomalia")
    found = 1.0 - (1.0 - p.fill_null(0.0)) * (1.0 - ANOMALY_SHARE * anomaly.fill_null(0.0))
    return pl.when(p.is_not_null() | anomaly.is_not_null()).then(found)
