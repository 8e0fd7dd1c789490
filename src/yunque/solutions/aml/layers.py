"""What learnt layers add to the rules: scores beside the law, never instead of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from yunque.errors import YunqueError

Mode = Literal["completo", "solo_reglas"]
LAYERS = ("supervisada", "no_supervisada", "politica_de_umbrales")
ANOMALY_SHARE = 0.5
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
        table: `id_operacion`, `p_sospecha` (0 to 1), `anomalia` (a percentile, 0 to 1).
        unusual, worrying: from which risk on an operation is "inusual", "preocupante".
        layers: which ran.
        model: facts of the model, for the result.
        policy: facts of the threshold policy, for the result.
    """

    table: pl.DataFrame
    unusual: float
    worrying: float
    layers: tuple[Layer, ...]
    model: dict[str, object] = field(default_factory=dict)
    policy: dict[str, object] = field(default_factory=dict)


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
    return Learnt(mode="completo", scores=scores, layers=scores.layers)


def check(scores: Scores, enriched: pl.DataFrame) -> None:
    """Refuse scores that are not one finite pair from 0 to 1 for every operation.

    Raises:
        ValueError: they are not.
    """
    numbers = scores.table.select("p_sospecha", "anomalia")
    whole = numbers.select(
        pl.all_horizontal(pl.all().is_between(0.0, 1.0)).fill_null(value=False).all()
    ).item()
    known = scores.table["id_operacion"]
    is_complete = known.n_unique() == known.len() and enriched["id_operacion"].is_in(known.implode()).all()
    if not (whole and is_complete and 0.0 <= scores.unusual <= scores.worrying):
        raise ValueError("The layers did not score every operation.")


def alone(reason: str) -> Learnt:
    """Say that the rules answer alone."""
    layers = tuple(Layer(name=name, ran=False, reason=reason) for name in LAYERS)
    return Learnt(mode="solo_reglas", scores=None, layers=layers)


def risk() -> pl.Expr:
    """Join probability and anomaly: 1 - (1 - p)(1 - a / 2)."""
    return 1.0 - (1.0 - pl.col("p_sospecha")) * (1.0 - ANOMALY_SHARE * pl.col("anomalia"))
