"""Bytes of ordinary requests straight to typed values: one decoder made from a model's contract.

It knows the usual case only: fields of their own JSON type, in the forms of R4. Whatever it does not know it
leaves to `body.py` and `models.predictor_rows`, which accept more (numbers as text) and name every failure;
what both accept they read alike, and a test with random bodies holds them against each other.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from yunque.data.parse import Value, value_reader
from yunque.data.schema import Column, Kind, Schema

TYPES: dict[Kind, Any] = {
    Kind.NUMBER: float | None,
    Kind.INTEGER: int | None,
    Kind.BOOLEAN: bool | None,
    Kind.CATEGORY: str | int | float | bool | None,
    Kind.TEXT: str | int | float | bool | None,
    Kind.DATE: str | None,
    Kind.TIMESTAMP: str | None,
}
REPEATING = (Kind.CATEGORY, Kind.DATE, Kind.TIMESTAMP)  # the same texts come again and again
EXACT = 2**53
MOST_TEXTS, LONGEST_TEXT = 4096, 64

_ONE = re.compile(rb'\s*\{\s*"features"\s*:\s*([\[{])')
_MANY = re.compile(rb'\s*\{\s*"instances"\s*:\s*\[\s*([\[{])')

Values = Sequence[Value]
Normalise = Callable[[Any], Values]


class NotOrdinaryError(Exception):
    """The body is not of the usual kind; it may still be right."""


class Texts(dict[Any, Value]):
    """What texts of a column mean, remembered; bounded, because anybody can send new ones."""

    def __init__(self, read: Callable[[object], Value], known: Iterable[str]) -> None:
        super().__init__({text: read(text) for text in known})
        self[None] = None
        self._read = read

    def __missing__(self, text: Any) -> Value:
        """Read a text that is not remembered.

        Raises:
            ValueError: it cannot be read.
        """
        value = self._read(text)
        if type(text) is str and len(text) <= LONGEST_TEXT and len(self) < MOST_TEXTS:
            self[text] = value
        return value


class RowCodec:
    """Decoders of one contract: rows of named fields, R4's lists, and batches of either."""

    def __init__(self, schema: Schema) -> None:
        """Make the decoders; a contract whose names msgspec cannot take has none and is never ordinary."""
        columns = schema.features
        self._normalise = _compile(columns)
        self._one: dict[bytes, Callable[[bytes], Any]] = {}
        self._many: dict[bytes, Callable[[bytes], Any]] = {}
        try:
            named = _named(schema)
        except ValueError:
            return
        listed = _listed(columns)
        self._one[b""] = msgspec.json.Decoder(named).decode
        for mark, row in ((b"{", named), (b"[", listed)):
            self._one[mark] = msgspec.json.Decoder(_only("features", row)).decode
            self._many[mark] = msgspec.json.Decoder(_only("instances", list[row])).decode  # type: ignore[valid-type]

    def read_one(self, body: bytes) -> Values:
        """Give the typed values of one row, in the order of the contract's features.

        Raises:
            NotOrdinaryError: another form, another type, or something wrong.
        """
        form = _ONE.match(body)
        decode = self._one.get(form.group(1) if form else b"")
        if decode is None:
            raise NotOrdinaryError
        try:
            row = decode(body)
            return self._normalise(row.only if form else row)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise NotOrdinaryError from error

    def read_many(self, body: bytes) -> list[Values]:
        """Give the typed values of every row of a batch.

        Raises:
            NotOrdinaryError: another form, mixed forms, another type, or something wrong.
        """
        form = _MANY.match(body)
        decode = self._many.get(form.group(1)) if form else None
        if decode is None:
            raise NotOrdinaryError
        try:
            return [self._normalise(row) for row in decode(body).only]
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise NotOrdinaryError from error


def _named(schema: Schema) -> Any:
    """Make the type of a row of named fields; columns that are no features may stand there."""
    required = [c for c in schema.features if c.required]
    optional = [c for c in schema.features if not c.required]
    others = [column for column in schema if column not in schema.features]
    position = {column.name: f"f{i}" for i, column in enumerate(schema.features)}
    names = position | {column.name: f"other{i}" for i, column in enumerate(others)}
    fields: list[Any] = [(position[c.name], TYPES[c.kind]) for c in required]
    fields += [(position[c.name], TYPES[c.kind], None) for c in optional]
    fields += [(names[column.name], Any, None) for column in others]
    rename = {field: name for name, field in names.items()}
    return msgspec.defstruct("Row", fields, rename=rename, forbid_unknown_fields=True, gc=False)


def _listed(columns: Sequence[Column]) -> Any:
    """Make the type of a row that is a list of all features."""
    fields = [(f"f{i}", TYPES[column.kind]) for i, column in enumerate(columns)]
    return msgspec.defstruct("ListedRow", fields, array_like=True, forbid_unknown_fields=True, gc=False)


def _only(name: str, kind: Any) -> Any:
    """Make the type of an object with one field."""
    fields = [("only", kind)]
    return msgspec.defstruct("Body", fields, rename={"only": name}, forbid_unknown_fields=True)


def _compile(columns: Sequence[Column]) -> Normalise:
    """Write the straight-line function that checks and types a decoded row.

    Its source holds names made up here and nothing of the contract, whose words are bound as constants.
    """
    constants: list[Any] = []
    lines = [line for i, column in enumerate(columns) for line in _lines(i, column, constants)]
    names = ", ".join(f"v{i}" for i in range(len(columns)))
    taken = ", ".join(f"row.f{i}" for i in range(len(columns)))
    source = "\n".join(
        [
            f"def make({', '.join(f'k{i}' for i in range(len(constants)))}):",
            "    def normalise(row):",
            *((f"        [{names}] = [{taken}]", *(f"        {line}" for line in lines)) if columns else ()),
            f"        return [{names}]",
            "    return normalise",
        ]
    )
    namespace: dict[str, Any] = {"__builtins__": {"ValueError": ValueError}}
    exec(compile(source, "<row>", "exec"), namespace)  # noqa: S102 - own names only
    normalise: Normalise = namespace["make"](*constants)
    return normalise


def _lines(i: int, column: Column, constants: list[Any]) -> list[str]:
    """Give the statements for one column; a value that they cannot judge is a ValueError."""
    read = value_reader(column.kind, column.reading)

    def bind(value: Any) -> str:
        constants.append(value)
        return f"k{len(constants) - 1}"

    lines: list[str] = []
    if column.kind in REPEATING:
        lines.append(f"v{i} = {bind(Texts(read, column.levels))}[v{i}]")
    elif column.kind is Kind.TEXT or column.reading.missing_words:
        lines.append(f"v{i} = {bind(read)}(v{i})")
    elif column.kind is Kind.INTEGER:
        lines.append(f"if v{i} is not None and not -{EXACT} < v{i} < {EXACT}: v{i} = {bind(read)}(v{i})")
    if not column.nullable:
        lines.append(f"if v{i} is None: raise ValueError")
    return lines
