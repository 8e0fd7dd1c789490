"""Golden rows: real rows and edge cases with the answers that must come out again, to the bit."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
import numpy as np

from yunque.data.schema import Schema
from yunque.kernel.form import FloatArray
from yunque.models.bundle_folder import refuse
from yunque.models.bundle_json import read_json, write_json
from yunque.models.manifest import GOLDEN

FORMAT = 1
MAX_ROWS = 4_096


class _GoldenRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    fields: list[str]
    rows: list[list[str | int | float | bool | None]]
    expected: list[list[str]]


@dataclass(frozen=True, kw_only=True)
class Golden:
    """Rows and their outputs.

    Attributes:
        fields: names of the contract's features, in order.
        rows: values as JSON gives them, in the order of `fields`.
        expected: (n, n_outputs) calibrated outputs.
    """

    fields: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    expected: FloatArray

    def record(self, position: int) -> dict[str, Any]:
        """Give one row by field names."""
        return dict(zip(self.fields, self.rows[position], strict=True))


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """One golden row that did not come out."""

    row: int
    expected: tuple[float, ...]
    got: tuple[float, ...]


class Answers(Protocol):
    """What is held against golden rows: a predictor."""

    @property
    def golden(self) -> Golden:
        """The rows of its own bundle."""
        ...

    def evaluate_rows(self, records: Sequence[Mapping[str, Any]]) -> FloatArray:
        """Give the calibrated outputs of rows, (n, n_outputs)."""
        ...


def check_golden(predictor: Answers) -> tuple[Mismatch, ...]:
    """Answer every golden row alone, as a request would, and name those whose bits differ.

    Raises:
        ContractError: a golden row is refused by the contract.
    """
    golden = predictor.golden
    mismatches = []
    for position in range(len(golden.rows)):
        got = predictor.evaluate_rows([golden.record(position)])[0]
        expected = golden.expected[position]
        if got.tobytes() != expected.tobytes():
            mismatches.append(
                Mismatch(row=position, expected=tuple(expected.tolist()), got=tuple(got.tolist()))
            )
    return tuple(mismatches)


def write_golden(golden: Golden) -> bytes:
    """Give `golden.json`; floats are written in hexadecimal, so that nothing rounds."""
    return write_json(
        _GoldenRecord(
            format=FORMAT,
            fields=list(golden.fields),
            rows=[list(row) for row in golden.rows],
            expected=[[number.hex() for number in row] for row in golden.expected.tolist()],
        )
    )


def read_golden(raw: bytes, schema: Schema, n_outputs: int) -> Golden:
    """Read `golden.json`.

    Raises:
        BundleError: malformed, no rows, other fields than the schema's features, or numbers that are none.
    """
    record = read_json(raw, _GoldenRecord, file=GOLDEN)
    if record.format != FORMAT:
        raise refuse(GOLDEN, f"The golden rows have format {record.format}; this release reads {FORMAT}.")
    if record.fields != [column.name for column in schema.features]:
        raise refuse(GOLDEN, "The golden rows have other fields than the contract.")
    if not 0 < len(record.rows) <= MAX_ROWS or len(record.rows) != len(record.expected):
        raise refuse(GOLDEN, "The golden rows and their answers do not match one to one.")
    if any(len(row) != len(record.fields) for row in record.rows):
        raise refuse(GOLDEN, "A golden row has another number of values than fields.")
    if any(len(row) != n_outputs for row in record.expected):
        raise refuse(GOLDEN, "A golden answer has another number of outputs than the task.")
    return Golden(
        fields=tuple(record.fields),
        rows=tuple(tuple(row) for row in record.rows),
        expected=np.array([[_number(text) for text in row] for row in record.expected], dtype=np.float64),
    )


def _number(text: str) -> float:
    try:
        number = float.fromhex(text)
    except (ValueError, OverflowError) as error:
        raise refuse(GOLDEN, "A golden answer is not a number in hexadecimal.") from error
    if not math.isfinite(number):
        raise refuse(GOLDEN, "A golden answer is not finite.")
    return number
