"""One model's answers: the bytes of a request in, the bytes of its answer out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import msgspec
import polars as pl

from yunque.data.parse import Value
from yunque.data.validate import CheckFailure
from yunque.errors import ContractError
from yunque.models.prediction import Prediction, predictions_of
from yunque.services.score import OpenModel
from yunque.surfaces.http.answer import AnswerWriter
from yunque.surfaces.http.body import decode, locator, read_many, read_one, too_many_rows
from yunque.surfaces.http.errors import field_errors
from yunque.surfaces.http.problem import Problem, ProblemError
from yunque.surfaces.http.row_codec import NotOrdinaryError, RowCodec, Values

JSON = "application/json"
UNUSED_COLUMNS = "X-Unused-Columns"
_encode = msgspec.json.Encoder().encode

Locate = Callable[[CheckFailure], str]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, and what it was given to.

    Attributes:
        content: the bytes to send.
        rows: typed values of each row, in the order of the contract's features; or a typed frame.
        predictions: one per row; or a frame with the answers to a frame.
        media_type: of the content.
        headers: further headers.
    """

    content: bytes
    rows: Sequence[Sequence[Value]] | pl.DataFrame
    predictions: Sequence[Prediction] | pl.DataFrame
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


class Answerer:
    """Answers requests with one open model.

    Ordinary bodies go through the decoder that was made from the contract. All others are read word by word,
    which accepts what the decoder does not know (numbers as text) and says what is wrong, and where.

    Attributes:
        model: the open model.
        predictor: its predictor.
        most_rows: rows that one request may have.
    """

    def __init__(self, model: OpenModel, *, most_rows: int) -> None:
        self.model = model
        self.predictor = model.predictor
        self.most_rows = most_rows
        self._codec = RowCodec(model.predictor.contract.schema)
        self._brief = AnswerWriter(model.predictor, detailed=False)
        self._detailed = AnswerWriter(model.predictor, detailed=True)

    def one(self, body: bytes, *, detailed: bool) -> Answered:
        """Answer a body that holds one row.

        Raises:
            ProblemError: the body is wrong; every failure has its place.
        """
        try:
            values = self._codec.read_one(body)
        except NotOrdinaryError:
            values = self._judge_one(body)
        prediction = self.predictor.answer_values(values)
        writer = self._detailed if detailed else self._brief
        return Answered(_encode(writer.one(prediction)), (values,), (prediction,))

    def many(self, body: bytes, *, detailed: bool) -> Answered:
        """Answer a body that holds a batch.

        Raises:
            ProblemError: the body is wrong; every failure has its place and row.
        """
        try:
            rows: Sequence[Values] = self._codec.read_many(body)
        except NotOrdinaryError:
            rows = self._judge_many(body)
        if len(rows) > self.most_rows:
            raise ProblemError(too_many_rows(len(rows), self.most_rows))
        predictions = self.predictor.answer_many_values(rows)
        writer = self._detailed if detailed else self._brief
        return Answered(_encode(writer.many(predictions)), rows, predictions)

    def records(self, records: Sequence[Mapping[str, Any]], locate: Locate) -> Answered:
        """Answer records of named fields that another door has read; it writes the content itself.

        Args:
            records: one per row.
            locate: gives the place of a failure in the body at hand.

        Raises:
            ProblemError: a record breaks the contract, or there are none, or too many.
        """
        if not records:
            raise ProblemError(
                Problem(status=422, code="contract", detail="There is no row to predict.", errors=())
            )
        if len(records) > self.most_rows:
            raise ProblemError(too_many_rows(len(records), self.most_rows))
        rows = self._typed(records, locate, with_rows=True)
        return Answered(b"", rows, self.predictor.answer_many_values(rows))

    def table(self, frame: pl.DataFrame, refuse: Callable[[Sequence[CheckFailure]], Exception]) -> Answered:
        """Answer a table that another door has read; it writes the content itself.

        Args:
            frame: the table, typed or as text; columns that the contract does not know are not used, and
                named in a header.
            refuse: builds the refusal from the failures of rows.

        Raises:
            ContractError: columns are missing.
        """
        prediction = self.predictor.predict_table(frame)
        if len(prediction.rejected_rows):
            raise refuse(prediction.rejected)
        unused = [name for warning in prediction.warnings for name in warning.examples if not warning.rows]
        headers = {UNUSED_COLUMNS: ", ".join(quote(name, safe=" ") for name in unused)} if unused else {}
        return Answered(b"", prediction.typed, prediction.frame, headers=headers)

    def as_json(self, answered: Answered, *, detailed: bool) -> Answered:
        """Write answers to a table as R4's batch answer."""
        assert isinstance(answered.predictions, pl.DataFrame)  # noqa: S101 - what `table` gives
        predictions = predictions_of(self.predictor.task, answered.predictions)
        writer = self._detailed if detailed else self._brief
        return replace(answered, content=_encode(writer.many(predictions)), media_type=JSON)

    def _judge_one(self, body: bytes) -> Values:
        fields = self.predictor.fields
        instance = read_one(decode(body), fields)
        return self._typed([instance.record], locator([instance], fields), with_rows=False)[0]

    def _judge_many(self, body: bytes) -> Sequence[Values]:
        fields = self.predictor.fields
        instances = read_many(decode(body), fields, self.most_rows)
        return self._typed(
            [instance.record for instance in instances], locator(instances, fields), with_rows=True
        )

    def _typed(
        self, records: Sequence[Mapping[str, Any]], locate: Locate, *, with_rows: bool
    ) -> Sequence[Values]:
        try:
            return self.predictor.read_records(records)
        except ContractError as error:
            errors = field_errors(error.failures, locate, with_rows=with_rows)
            raise ProblemError(
                Problem(status=422, code=error.code, detail=error.message, hint=error.hint, errors=errors)
            ) from error
