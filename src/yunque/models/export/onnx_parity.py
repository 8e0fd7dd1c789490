"""Whether an exported graph answers as the bundle does: both are asked the same rows."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.parse import POLARS_TYPES
from yunque.data.schema import Kind
from yunque.errors import ModelError
from yunque.kernel.form import FloatArray
from yunque.learning.answers import answer_positions
from yunque.models.export.onnx_graph import Precision
from yunque.models.export.onnx_model import OnnxModel
from yunque.models.predictor import Predictor

TOLERANCE = 1e-5  # of a probability; of a value, as a share of its size or of the values' deviation
ROWS_AT_A_TIME = 4_096
MOST_ROWS = 20_000
SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Parity:
    """What was compared and what came out.

    Attributes:
        rows: by where they came from: "golden", "table".
        labels_differ: rows whose label is another one; 0 in regression.
        largest_difference: of a probability, or of a value as a share of its size.
        mean_difference: the same, over all rows.
        tolerance: beyond which the export is refused.
        examples: rows whose label differs, at most 10: source, row, label of the bundle, of the graph.
        runtime: what evaluated the graph.
    """

    rows: dict[str, int]
    labels_differ: int
    largest_difference: float
    mean_difference: float
    tolerance: float
    examples: tuple[dict[str, Any], ...]
    runtime: str

    @property
    def holds(self) -> bool:
        """Whether the graph may stand for the bundle."""
        return not self.labels_differ and self.largest_difference <= self.tolerance

    def to_dict(self) -> dict[str, Any]:
        """Give what the parity report says."""
        return {**asdict(self), "holds": self.holds}


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """Rows of one source: both answers, the rows whose label differs, and both labels of these."""

    source: str
    expected: FloatArray
    got: FloatArray
    differ: npt.NDArray[np.int64]
    labels: tuple[tuple[Any, Any], ...]


def measure(predictor: Predictor, exported: OnnxModel, table: pl.DataFrame | None) -> Parity:
    """Ask both the golden rows and rows of a table.

    Args:
        predictor: of the bundle.
        exported: its graph.
        table: rows as they come; those that the contract refuses are left out, and of more than 20,000 an
            even spread is asked. None asks golden rows alone.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(
        exported.proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    frames = {"golden": golden_frame(predictor)}
    if table is not None:
        read = predictor.predict_table(table).typed
        places = np.unique(
            np.linspace(0, max(read.height - 1, 0), num=min(read.height, MOST_ROWS)).astype(int)
        )
        frames["table"] = read[places]
    compared = [_compare(predictor, exported, session, name, frame) for name, frame in frames.items()]
    gaps = np.concatenate([_gaps(predictor, part) for part in compared])
    examples = [
        {"source": part.source, "row": int(row), "bundle": ours, "onnx": theirs}
        for part in compared
        for row, (ours, theirs) in zip(part.differ, part.labels, strict=False)
    ]
    return Parity(
        rows={name: frame.height for name, frame in frames.items()},
        labels_differ=sum(part.differ.size for part in compared),
        largest_difference=float(gaps.max(initial=0.0)),
        mean_difference=float(gaps.mean()) if gaps.size else 0.0,
        tolerance=TOLERANCE,
        examples=tuple(examples[:SHOWN]),
        runtime=f"onnxruntime {onnxruntime.__version__}",
    )


def require(parity: Parity, precision: Precision) -> None:
    """Refuse a graph that answers otherwise.

    Raises:
        ModelError: says by how much; `details` holds the report.
    """
    if parity.holds:
        return
    total = sum(parity.rows.values())
    told = f"the largest difference of an answer is {parity.largest_difference:.2g}"
    if parity.labels_differ:
        told = f"{parity.labels_differ} of {total} rows get another label, and {told}"
    reason = "float32 rounds what the model compares: " if precision == "float32" else ""
    raise ModelError(
        f"The export is refused: {reason}{told} (at most {parity.tolerance:g} is allowed).",
        hint="Export it with --precision float64." if precision == "float32" else "Serve the bundle itself.",
        details={"parity": parity.to_dict()},
    )


def golden_frame(predictor: Predictor) -> pl.DataFrame:
    """Give the golden rows as typed columns of the features."""
    golden = predictor.golden
    rows = predictor.read_records([golden.record(place) for place in range(len(golden.rows))])
    columns = predictor.contract.schema.features
    return pl.DataFrame(
        [
            pl.Series(column.name, [row[place] for row in rows], dtype=POLARS_TYPES[column.kind])
            for place, column in enumerate(columns)
        ]
    )


def feed(predictor: Predictor, exported: OnnxModel, frame: pl.DataFrame) -> dict[str, npt.NDArray[Any]]:
    """Give typed columns as the graph takes them, each (rows, 1)."""
    kinds = {column.name: column.kind for column in predictor.contract.schema.features}
    return {
        name: as_input(frame.get_column(name), kinds[name], exported.precision)[:, None]
        for name in exported.columns
    }


def as_input(series: pl.Series, kind: Kind, precision: Precision) -> npt.NDArray[Any]:
    """Give a typed column as its input takes it, (n,)."""
    if kind is Kind.CATEGORY:
        return series.cast(pl.String).fill_null("").to_numpy().astype(object)
    if kind is Kind.TIMESTAMP:
        series = series.cast(pl.Datetime("us")).to_physical().cast(pl.Float64) / 1e6
    elif kind is Kind.DATE:
        series = series.to_physical()
    numbers = series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    with np.errstate(over="ignore"):
        return numbers.astype(np.dtype(precision))


def _compare(
    predictor: Predictor, exported: OnnxModel, session: Any, source: str, frame: pl.DataFrame
) -> _Compared:
    expected = predictor.champion.blend.evaluate(predictor.evaluator.encode(frame))
    answers: dict[str, list[Any]] = {}
    for start in range(0, frame.height, ROWS_AT_A_TIME):
        given = feed(predictor, exported, frame.slice(start, ROWS_AT_A_TIME))
        for output, values in zip(session.get_outputs(), session.run(None, given), strict=True):
            answers.setdefault(output.name, []).append(values)
    if not predictor.task.is_classification:
        got = np.concatenate(answers["value"]).astype(np.float64) if answers else expected
        return _Compared(source=source, expected=expected, got=got, differ=np.zeros(0, np.int64), labels=())
    got = np.concatenate(answers["probabilities"]).astype(np.float64) if answers else expected
    theirs = np.concatenate(answers["label"]) if answers else np.zeros(0)
    classes = predictor.task.classes
    ours = [classes[place] for place in answer_positions(predictor.champion.decision, expected)]
    pairs = [(a, b) for a, b in zip(ours, theirs.tolist(), strict=True)]
    differ = np.array([place for place, (a, b) in enumerate(pairs) if a != b], np.int64)
    return _Compared(
        source=source, expected=expected, got=got, differ=differ, labels=tuple(pairs[p] for p in differ)
    )


def _gaps(predictor: Predictor, part: _Compared) -> FloatArray:
    """Give the largest difference of each row."""
    gaps = np.abs(part.got - part.expected)
    gaps = np.where(np.isnan(part.got), np.inf, gaps)
    if not predictor.task.is_classification:
        spread = float(np.std(part.expected)) if part.expected.size else 0.0
        gaps = gaps / np.maximum(np.abs(part.expected), max(spread, 1e-300))
    return np.asarray(gaps.max(axis=1, initial=0.0), np.float64)
