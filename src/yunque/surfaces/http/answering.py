"""One model's answers: the bytes of a request in, the bytes of its answer out."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from yunque.data.parse import Value
from yunque.errors import ContractError
from yunque.models.prediction import Prediction
from yunque.services.score import OpenModel
from yunque.surfaces.http.answer import AnswerWriter
from yunque.surfaces.http.body import Instance, decode, locator, read_many, read_one, too_many_rows
from yunque.surfaces.http.errors import field_errors
from yunque.surfaces.http.problem import Problem, ProblemError
from yunque.surfaces.http.row_codec import NotOrdinaryError, RowCodec, Values

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, and what it was given to.

    Attributes:
        content: the bytes to send.
        rows: typed values of each row, in the order of the contract's features.
        predictions: one per row.
    """

    content: bytes
    rows: Sequence[Sequence[Value]]
    predictions: Sequence[Prediction]


class Answerer:
    """Answers requests with one open model.

    Ordinary bodies go through the decoder that was made from the contract. All others are read word by word,
    which accepts what the decoder does not know (numbers as text) and says what is wrong, and where.
    """

    def __init__(self, model: OpenModel, *, most_rows: int) -> None:
        self.model = model
        self._predictor = model.predictor
        self._most_rows = most_rows
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
        prediction = self._predictor.answer_values(values)
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
        if len(rows) > self._most_rows:
            raise ProblemError(too_many_rows(len(rows), self._most_rows))
        predictions = self._predictor.answer_many_values(rows)
        writer = self._detailed if detailed else self._brief
        return Answered(_encode(writer.many(predictions)), rows, predictions)

    def _judge_one(self, body: bytes) -> Values:
        instance = read_one(decode(body), self._predictor.fields)
        try:
            return self._predictor.read_record(instance.record)
        except ContractError as error:
            raise self._refused(error, [instance], with_rows=False) from error

    def _judge_many(self, body: bytes) -> Sequence[Values]:
        instances = read_many(decode(body), self._predictor.fields, self._most_rows)
        try:
            return self._predictor.read_records([instance.record for instance in instances])
        except ContractError as error:
            raise self._refused(error, instances, with_rows=True) from error

    def _refused(
        self, error: ContractError, instances: Sequence[Instance], *, with_rows: bool
    ) -> ProblemError:
        locate = locator(instances, self._predictor.fields)
        errors = field_errors(error.failures, locate, with_rows=with_rows)
        return ProblemError(
            Problem(status=422, code=error.code, detail=error.message, hint=error.hint, errors=errors)
        )
