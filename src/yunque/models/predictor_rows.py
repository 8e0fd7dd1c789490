"""Rows given by hand: records of named fields or lists of values, read under the contract."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from yunque.data.parse import Value, value_reader
from yunque.data.schema import Column, Schema
from yunque.data.validate import CheckFailure
from yunque.errors import ContractError

Extra = Literal["refuse", "ignore"]

MISSING_COLUMN = "missing_column"
EXTRA_COLUMN = "extra_column"
UNREADABLE = "unreadable"
MISSING_VALUE = "missing_value"
WRONG_LENGTH = "wrong_length"
NOT_A_RECORD = "not_a_record"

SHOWN = 60


class RowReader:
    """Reads rows as typed values in the order of `columns`, the features of a schema."""

    def __init__(self, schema: Schema) -> None:
        self.columns: tuple[Column, ...] = schema.features
        self._readers = tuple((c, c.name, value_reader(c.kind, c.reading)) for c in self.columns)
        self._known = frozenset(schema.names)
        self._names = frozenset(column.name for column in self.columns)

    def read(self, record: Mapping[str, Any], extra: Extra = "refuse") -> list[Value]:
        """Read one record.

        Raises:
            ContractError: with every failure of the record.
        """
        values, failures = self._record(record, extra, 0)
        if failures:
            raise refused(failures)
        return values

    def read_positions(self, values: Sequence[Any]) -> list[Value]:
        """Read values given in the order of `columns`.

        Raises:
            ContractError: another number of values, or any of them cannot be read.
        """
        if isinstance(values, str | bytes | Mapping) or len(values) != len(self.columns):
            count = 1 if isinstance(values, str | bytes | Mapping) else len(values)
            raise refused([_wrong_length(count, self.columns)])
        return self.read(dict(zip((column.name for column in self.columns), values, strict=True)))

    def read_many(self, records: Sequence[Mapping[str, Any]], extra: Extra = "refuse") -> list[list[Value]]:
        """Read many records.

        Raises:
            ContractError: with every failure of every record, and its row number.
        """
        rows: list[list[Value]] = []
        failures: list[CheckFailure] = []
        for number, record in enumerate(records):
            values, failed = self._record(record, extra, number)
            rows.append(values)
            failures += failed
        if failures:
            raise refused(failures)
        return rows

    def _record(
        self, record: Mapping[str, Any], extra: Extra, row: int
    ) -> tuple[list[Value], list[CheckFailure]]:
        if not isinstance(record, Mapping):
            message = f"A row is an object with named fields, not {type(record).__name__}."
            return [], [_failure(NOT_A_RECORD, None, row, record, message)]
        values: list[Value] = []
        failures: list[CheckFailure] = []
        for column, name, read in self._readers:
            try:
                value = read(record[name])
            except (KeyError, ValueError) as error:
                value, failed = _excused(column, record, row, error)
                failures += failed
            else:
                if value is None and not column.nullable:
                    failures.append(_forbidden(column, record.get(name), row))
            values.append(value)
        if extra == "refuse" and not (self._names.issuperset(record) or self._known.issuperset(record)):
            failures += [_unknown(name, self, row) for name in record if name not in self._known]
        return values, failures


def _excused(
    column: Column, record: Mapping[str, Any], row: int, error: KeyError | ValueError
) -> tuple[Value, list[CheckFailure]]:
    """Say what is wrong with a field that could not be read; an optional field may be absent."""
    name = column.name
    if name in record:
        message = f"The field {name!r} cannot be read: {error}."
        return None, [_failure(UNREADABLE, name, row, record[name], message)]
    if column.required:
        return None, [_failure(MISSING_COLUMN, name, row, None, f"The field {name!r} is missing.")]
    return None, [] if column.nullable else [_forbidden(column, None, row)]


def _forbidden(column: Column, value: object, row: int) -> CheckFailure:
    message = f"The field {column.name!r} may not be missing."
    return _failure(MISSING_VALUE, column.name, row, value, message)


def refused(failures: Sequence[CheckFailure]) -> ContractError:
    """Build the error for rows that break the contract; its message names the first few failures."""
    shown = " ".join(failure.message for failure in failures[:3])
    more = f" … and {len(failures) - 3} more." if len(failures) > 3 else ""
    return ContractError(
        f"{shown}{more}", failures=failures, hint="Correct the named fields; null means missing."
    )


def _unknown(name: object, reader: RowReader, row: int) -> CheckFailure:
    from difflib import get_close_matches  # only when an error is built

    near = get_close_matches(str(name), [column.name for column in reader.columns], n=1, cutoff=0.6)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    message = f"The field {str(name)[:SHOWN]!r} is unknown.{hint}"
    return _failure(EXTRA_COLUMN, str(name)[:SHOWN], row, None, message)


def _wrong_length(count: int, columns: tuple[Column, ...]) -> CheckFailure:
    message = f"{count} values were given; the model has {len(columns)} features."
    return _failure(WRONG_LENGTH, None, 0, None, message)


def _failure(check: str, column: str | None, row: int, value: object, message: str) -> CheckFailure:
    examples = () if value is None else (repr(value)[:SHOWN],)
    return CheckFailure(
        check=check,
        column=column,
        count=1,
        rows=(row,),
        examples=examples,
        severity="error",
        message=message,
    )
