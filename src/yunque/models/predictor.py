"""A model that answers: one row, many rows or a table in, checked predictions out, the same bits each way."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl

from yunque.data.contract import Contract
from yunque.data.parse import Value
from yunque.data.schema import Role
from yunque.data.table import read_table
from yunque.errors import UsageError
from yunque.kernel.form import FloatArray
from yunque.learning.leaderboard import Champion
from yunque.learning.task import Label, Task, TaskKind
from yunque.models.golden import Golden
from yunque.models.prediction import (
    Prediction,
    TablePrediction,
    answer_row,
    answer_table,
    beside,
    class_sets,
    scatter,
)
from yunque.models.predictor_rows import Extra, RowReader, refused
from yunque.models.predictor_table import TableReader
from yunque.models.predictor_values import RowEvaluator
from yunque.models.trusted_load import LoadedBundle

if TYPE_CHECKING:
    from yunque.models.explanation import Explainer, Explanation

Record = Mapping[str, Any]
Rows = Record | Sequence[Record] | object

CARRIED = (Role.ID, Role.TIME, Role.GROUP)
CHUNK = 65_536  # rows encoded at a time, so that memory does not grow with the table


class Predictor:
    """One opened model; it holds no state between calls, so threads may share it.

    Attributes:
        task: the question it answers.
        contract: the contract its rows must meet.
        champion: blend, recipes and decision.
        version_label: which model answers, for example "channel@3".
        fields: the names of the fields of a row, in the order of the contract's features.
        bundle: the bundle it was opened from.
        evaluator: from typed values to the model's outputs.
    """

    def __init__(self, loaded: LoadedBundle, version_label: str) -> None:
        self.bundle = loaded
        self.version_label = version_label
        self.contract: Contract = loaded.contract
        self.task: Task = loaded.task
        self.champion: Champion = loaded.champion
        self._rows = RowReader(loaded.contract.schema)
        self._table = TableReader(loaded.contract)
        self.fields: tuple[str, ...] = tuple(column.name for column in self._rows.columns)
        self.evaluator = RowEvaluator(self.champion, self.fields)

    @classmethod
    def from_bundle(cls, loaded: LoadedBundle, *, version_label: str = "") -> Self:
        """Open a loaded bundle; without a label it is called by its name and the start of its id."""
        return cls(loaded, version_label or f"{loaded.manifest.name}@{loaded.id[:12]}")

    @property
    def classes(self) -> tuple[Label, ...]:
        """The classes in the order of the probabilities; () in regression."""
        return self.task.classes

    @property
    def golden(self) -> Golden:
        """Rows with the answers that must come out (see `models.golden`)."""
        return self.bundle.golden

    @property
    def example(self) -> dict[str, Any]:
        """A real row as JSON values."""
        return self.golden.record(0)

    def predict_row(self, record: Record, *, extra: Extra = "refuse") -> Prediction:
        """Answer one row given by field names.

        Optional fields may be absent and are missing then. Fields of the contract that are no features (ids,
        time, target) may stand there and are not looked at.

        Raises:
            ContractError: a field is missing, unknown (unless `extra` is "ignore") or cannot be read; each
                failure names its field.
        """
        return self.answer_values(self._rows.read(record, extra))

    def predict_features(self, values: Sequence[Any]) -> Prediction:
        """Answer one row given as values in the order of `fields`.

        Raises:
            ContractError: another number of values, or a value that cannot be read.
        """
        return self.answer_values(self._rows.read_positions(values))

    def read_record(self, record: Record, *, extra: Extra = "refuse") -> list[Value]:
        """Read one row given by field names as typed values in the order of `fields`.

        Raises:
            ContractError: as `predict_row`.
        """
        return self._rows.read(record, extra)

    def read_records(self, records: Sequence[Record], *, extra: Extra = "refuse") -> list[list[Value]]:
        """Read many rows as typed values.

        Raises:
            ContractError: with every failure of every row, and its row number.
        """
        return self._rows.read_many(records, extra)

    def answer_values(self, values: Sequence[Value]) -> Prediction:
        """Answer one row of typed values in the order of `fields`, as `parse_value` gives them; unchecked."""
        outputs = self.evaluator.outputs(values)
        return answer_row(self.task, self.champion.decision, outputs.tolist())

    def answer_many_values(self, rows: Sequence[Sequence[Value]]) -> list[Prediction]:
        """Answer many rows of typed values; unchecked."""
        outputs = self.evaluator.many(rows).tolist()
        return [answer_row(self.task, self.champion.decision, numbers) for numbers in outputs]

    def predict_rows(self, records: Sequence[Record], *, extra: Extra = "refuse") -> list[Prediction]:
        """Answer many rows at once.

        Raises:
            ContractError: with every failure of every row, and its row number.
        """
        return self.answer_many_values(self._rows.read_many(records, extra))

    def evaluate_rows(self, records: Sequence[Record], *, extra: Extra = "refuse") -> FloatArray:
        """Give the calibrated outputs of many rows, (n, n_outputs).

        Raises:
            ContractError: with every failure of every row, and its row number.
        """
        return self.evaluator.many(self._rows.read_many(records, extra))

    def predict_table(self, source: object, *, threads: int = 1) -> TablePrediction:
        """Answer a table: a polars, pandas or pyarrow frame, or the path of a file.

        Args:
            source: the table.
            threads: threads of the compiled part; the bits do not depend on them.

        Rows with an unreadable cell or a forbidden null are rejected, not guessed: they keep their place with
        null answers, and the reasons are records.

        Raises:
            TableError: the source cannot be read as a table.
            ContractError: required columns are missing.
        """
        frame = source if isinstance(source, pl.DataFrame) else read_table(source)
        read = self._table.read(frame)
        answers = answer_table(self.task, self.champion.decision, self._evaluate_frame(read.frame, threads))
        carried = pl.DataFrame([frame.get_column(n) for n in self._carried if n in frame.columns])
        return TablePrediction(
            frame=beside(carried, scatter(answers, read.rows, frame.height)),
            rejected=read.rejected,
            rejected_rows=read.rejected_rows,
            warnings=read.warnings,
            typed=read.frame,
        )

    def predict(self, rows: Rows) -> Any:
        """Answer a dict with its value; a list of dicts or a table with an array of values.

        Raises:
            ContractError: any row cannot be answered; nothing is answered then.
        """
        if isinstance(rows, Mapping):
            return self.predict_row(rows).value
        outputs = self._evaluate_any(rows)
        return answer_table(self.task, self.champion.decision, outputs)["prediction"].to_numpy()

    def predict_proba(self, rows: Rows) -> FloatArray:
        """Give calibrated probabilities: (C,) for a dict, (n, C) for a list of dicts or a table.

        Raises:
            UsageError: the model answers numbers.
            ContractError: any row cannot be answered.
        """
        if not self.task.is_classification:
            hint = "Use predict_interval." if self.task.has_target else "Use predict_row or predict_table."
            raise UsageError(f"A model of kind {self.task.kind} has no probabilities.", hint=hint)
        outputs = self._evaluate_any([rows] if isinstance(rows, Mapping) else rows)
        return outputs[0] if isinstance(rows, Mapping) else outputs

    def predict_interval(self, rows: Rows) -> FloatArray:
        """Give the interval around each number: (2,) for a dict, (n, 2) for a list of dicts or a table.

        Raises:
            UsageError: the model answers classes, or was packed without an interval.
            ContractError: any row cannot be answered.
        """
        low, high = self.champion.decision.interval_low, self.champion.decision.interval_high
        if low is None or high is None:
            raise UsageError("This model gives no intervals.", hint="Use predict_proba for classes.")
        values = self._evaluate_any([rows] if isinstance(rows, Mapping) else rows)[:, 0]
        ends = np.column_stack([values + low, values + high])
        return ends[0] if isinstance(rows, Mapping) else ends

    def predict_set(self, rows: Rows) -> Any:
        """Give the classes that hold the truth as often as the model says: () of labels, or a list of them.

        The likeliest class comes first and is always there; `champion.decision.set_level` says how often.

        Raises:
            UsageError: the model answers numbers, or was packed before there were sets.
            ContractError: any row cannot be answered.
        """
        outputs = self._evaluate_any([rows] if isinstance(rows, Mapping) else rows)
        found = class_sets(self.task, self.champion.decision, outputs)
        return found[0] if isinstance(rows, Mapping) else found

    def explain(self, rows: Rows) -> "Explanation":
        """Say what each column adds to each row's score: a dict, a list of dicts or a table.

        Raises:
            ContractError: any row cannot be answered; nothing is explained then.
        """
        if isinstance(rows, Mapping):
            rows = [rows]
        if isinstance(rows, list | tuple) and all(isinstance(row, Mapping) for row in rows):
            return self.explain_values(self._rows.read_many(rows))
        read = self._read_all(rows)
        return self.explainer.explain(self.evaluator.encode(read))

    def explain_values(self, rows: Sequence[Sequence[Value]]) -> "Explanation":
        """Explain rows of typed values in the order of `fields`; unchecked."""
        return self.explainer.explain(self.evaluator.matrix(rows))

    def explain_typed(self, frame: pl.DataFrame) -> "Explanation":
        """Explain a typed frame of features, as `TablePrediction.typed` holds it; unchecked."""
        return self.explainer.explain(self.evaluator.encode(frame))

    @cached_property
    def explainer(self) -> "Explainer":
        """What explains; made when it is asked for the first time, so that answering does not wait for it.

        Raises:
            UsageError: the model answers clusters, whose numbers are no amounts.
        """
        if self.task.kind is TaskKind.CLUSTERS:
            raise UsageError(
                "The number of a cluster is no score that columns add up to.",
                hint="The report says in which columns each cluster differs.",
            )
        from yunque.models.explanation import Explainer

        golden = [self.golden.record(i) for i in range(len(self.golden.rows))]
        background = self.evaluator.matrix(self._rows.read_many(golden))
        return Explainer(self.bundle, background, self.evaluator.recipes)

    @property
    def _carried(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.contract.schema if column.role in CARRIED)

    def _evaluate_frame(self, frame: pl.DataFrame, threads: int = 1) -> FloatArray:
        """Evaluate a typed frame of features, (n, n_outputs)."""
        parts = [np.empty((0, self.champion.blend.n_outputs), dtype=np.float64)]
        for start in range(0, frame.height, CHUNK):
            chunk = frame.slice(start, CHUNK)
            parts.append(self.champion.blend.evaluate(self.evaluator.encode(chunk), threads=threads))
        return np.concatenate(parts)

    def _evaluate_any(self, rows: object) -> FloatArray:
        if isinstance(rows, list | tuple) and all(isinstance(row, Mapping) for row in rows):
            return self.evaluate_rows(rows)
        return self._evaluate_frame(self._read_all(rows))

    def _read_all(self, rows: object) -> pl.DataFrame:
        """Read a table whose every row must be readable."""
        read = self._table.read(rows if isinstance(rows, pl.DataFrame) else read_table(rows))
        if len(read.rejected_rows):
            raise refused(read.rejected)
        return read.frame
