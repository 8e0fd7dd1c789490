"""Numbers for linear members: heavy tails drawn in by square roots, outliers clipped, mean 0, deviation 1."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.schema import Kind
from yunque.features.learnt import Learnt
from yunque.features.part import PARTS
from yunque.features.recipe import Operation, Output
from yunque.features.step import FitColumns, RowScope, RowSource, Step, matrix, single

MAX_ROOTS = 3
MAX_SKEW = 2.0
CLIP_DEVIATIONS = 8.0
_SKEW_ROWS = 200_000
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class _Scaling:
    """Fitted numbers: clip(root(x), low, high), minus mean, times factor; `missing` is the median's result.

    `roots` signed square roots follow one another (Tukey's ladder of powers). IEEE 754 rounds a square root
    exactly, so both forms agree on every bit, which no two logarithms do.
    """

    roots: int = 0
    low: float = 0.0
    high: float = 0.0
    mean: float = 0.0
    factor: float = 0.0
    missing: float = 0.0


def _fit(training: FitColumns) -> Mapping[str, Any]:
    _, series = single(training)
    part = str(training.options.get("part", "value"))
    raw = pl.select(PARTS[part].float_expression(pl.lit(series)).alias("value"))["value"]
    with np.errstate(over="ignore", invalid="ignore"):
        scaling = _scaling(matrix(raw))
    return {"part": part, **asdict(scaling)}


def _scaling(values: FloatArray) -> _Scaling:
    """Take the fewest roots that leave a bounded skew, or all of them."""
    if values.size == 0:
        return _Scaling()
    for roots in range(MAX_ROOTS + 1):
        if roots:
            values = np.sign(values) * np.sqrt(np.abs(values))
        scaling = _standardise(values, roots)
        if scaling is not None and (roots == MAX_ROOTS or abs(_skew(values)) <= MAX_SKEW):
            return scaling
    return _Scaling()


def _standardise(values: FloatArray, roots: int) -> _Scaling | None:
    """Clip at some robust deviations around the median, then standardise; None where float64 overflows."""
    lower, median, upper = (float(q) for q in np.quantile(values, [0.25, 0.5, 0.75]))
    spread = (upper - lower) / 1.349 or float(values.std())  # a normal column's deviation from its quartiles
    low, high = median - CLIP_DEVIATIONS * spread, median + CLIP_DEVIATIONS * spread
    clipped = np.clip(values, low, high)
    mean, deviation = float(clipped.mean()), float(clipped.std())
    if not all(map(math.isfinite, (low, high, mean, deviation))):
        return None
    factor = 1.0 / deviation if deviation > 1e-12 * abs(mean) else 0.0
    if not math.isfinite(factor):
        return None
    missing = (min(max(median, low), high) - mean) * factor
    return _Scaling(roots=roots, low=low, high=high, mean=mean, factor=factor, missing=missing)


def _skew(values: FloatArray) -> float:
    """Third standardised moment of at most 200,000 evenly spaced rows; infinite where it overflows."""
    sample = values[:: max(1, values.size // _SKEW_ROWS)]
    deviation = float(sample.std())
    if deviation == 0.0:
        return 0.0
    skew = float((((sample - sample.mean()) / deviation) ** 3).mean())
    return skew if math.isfinite(skew) else math.inf


def _outputs(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[Output, ...]:
    read = Learnt("scaled", learnt)
    part = read.word("part", tuple(PARTS))
    read.whole("roots", low=0, high=MAX_ROOTS)
    for key in ("low", "high", "mean", "factor", "missing"):
        read.number(key)
    read.close()
    name = columns[0] if part == "value" else f"{columns[0]}.{part}"
    return (Output(name=name, sources=columns),)


def _expressions(operation: Operation, columns: tuple[pl.Expr, ...]) -> list[pl.Expr]:
    learnt = operation.learnt
    value = PARTS[learnt["part"]].float_expression(columns[0])
    scaled = value
    for _ in range(learnt["roots"]):
        scaled = pl.when(scaled < 0.0).then(-((-scaled).sqrt())).otherwise(scaled.sqrt())
    low, high = pl.lit(learnt["low"]), pl.lit(learnt["high"])
    scaled = pl.when(scaled < low).then(low).when(scaled > high).then(high).otherwise(scaled)
    scaled = (scaled - learnt["mean"]) * learnt["factor"]
    present = value.is_not_null() & value.is_not_nan()
    return [pl.when(present).then(scaled).otherwise(pl.lit(learnt["missing"]))]


def _row_source(operation: Operation, scope: RowScope) -> RowSource:
    learnt = operation.learnt
    value, result = scope.value(operation.columns[0]), scope.local()
    low, high, mean, factor, missing, root = (
        scope.constant(c)
        for c in (*(learnt[k] for k in ("low", "high", "mean", "factor", "missing")), math.sqrt)
    )
    roots = [f"{result} = -{root}(-{result}) if {result} < 0.0 else {root}({result})"] * learnt["roots"]
    present = [
        *roots,
        f"if {result} < {low}: {result} = {low}",
        f"elif {result} > {high}: {result} = {high}",
        f"{result} = ({result} - {mean}) * {factor}",
    ]
    lines = (
        f"if {value} is None:",
        f"    {result} = {missing}",
        "else:",
        f"    {result} = float({PARTS[learnt['part']].source(value, scope)})",
        f"    if {result} == {result}:",
        *(f"        {line}" for line in present),
        "    else:",
        f"        {result} = {missing}",
    )
    return RowSource(lines=lines, cells=(result,))


STEP = Step(
    name="scaled",
    kinds=frozenset(Kind) - {Kind.CATEGORY},
    fit=_fit,
    outputs=_outputs,
    expressions=_expressions,
    row_source=_row_source,
)
