"""A contract: the versioned document that says what every column of a table is."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from yunque.data.contract_text import read_document, write_document
from yunque.data.schema import Column, Kind, Reading, Role, Schema
from yunque.errors import ContractError, UsageError

FORMAT = 1
_TUPLES = frozenset({"levels", "true_words", "false_words", "missing_words", "kept_words"})
_FLAGS = frozenset({"nullable", "required", "percent"})
_ENDS = frozenset({"minimum", "maximum"})
_TEXTS = frozenset({"reason", "decimal", "thousands", "currency", "date_order"})
_DATE_ORDERS = ("iso", "dmy", "mdy")


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What a table must look like, as a document that a person can read and edit.

    It is the one source of the API's fields, the check of a batch and the drift profile.

    Attributes:
        name: name of the table.
        version: raised by whoever edits it.
        schema: the columns.
        format: number of the document's layout.
    """

    name: str
    version: int = 1
    schema: Schema
    format: int = FORMAT

    def to_dict(self) -> dict[str, Any]:
        """Give the contract as plain JSON values; what has its default value is left out."""
        return {
            "format": self.format,
            "name": self.name,
            "version": self.version,
            "columns": [_column_to_dict(column) for column in self.schema],
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Contract":
        """Build a contract from plain JSON values.

        Raises:
            ContractError: unknown format, kind, role or key, or a value of the wrong type; says where.
        """
        _refuse_unknown_keys(document, {"format", "name", "version", "columns"}, "the contract")
        if document.get("format") != FORMAT or isinstance(document.get("format"), bool):
            raise ContractError(
                f"The contract has format {document.get('format')!r}; this version reads format {FORMAT}.",
                hint=f"A contract starts with the line 'format: {FORMAT}'.",
            )
        name, version, columns = document.get("name"), document.get("version", 1), document.get("columns")
        if not isinstance(name, str):
            raise ContractError("The contract has no name.", hint="Add a line such as 'name: orders'.")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise ContractError(f"The contract's version is {version!r}; it counts from 1.")
        if not isinstance(columns, list) or not columns:
            raise ContractError("The contract names no columns.", hint="List them under 'columns:'.")
        try:
            schema = Schema(columns=tuple(_column_from(item, place) for place, item in enumerate(columns, 1)))
        except UsageError as error:
            raise ContractError(error.message, hint=error.hint) from error
        return cls(name=name, version=version, schema=schema)

    def to_yaml(self) -> str:
        """Give the contract as YAML with a heading that explains the words; `from_yaml` reads it back."""
        return write_document(self.to_dict())

    @classmethod
    def from_yaml(cls, text: str) -> "Contract":
        """Read a contract written as YAML (or JSON).

        Raises:
            ContractError: the text is not YAML, repeats a key, uses anchors, or breaks the layout.
        """
        return cls.from_dict(read_document(text))

    def digest(self) -> str:
        """Give the SHA-256 of the contract's canonical JSON, in hexadecimal."""
        canonical = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _column_to_dict(column: Column) -> dict[str, Any]:
    document: dict[str, Any] = {"name": column.name, "kind": str(column.kind), "role": str(column.role)}
    document |= _changed(column, skip={"name", "kind", "role", "reading"})
    reading = _changed(column.reading, skip=set())
    return document | ({"reading": reading} if reading else {})


def _changed(value: Column | Reading, *, skip: set[str]) -> dict[str, Any]:
    """The fields that differ from their defaults, as JSON values."""
    changed = {}
    for field in fields(value):
        content = getattr(value, field.name)
        if field.name in skip or (field.default is not MISSING and content == field.default):
            continue
        changed[field.name] = list(content) if isinstance(content, tuple) else content
    return changed


def _column_from(item: object, place: int) -> Column:
    where = f"column {place}"
    if not isinstance(item, Mapping):
        raise ContractError(f"In the contract, {where} is {item!r}, not a list of keys.")
    name = item.get("name")
    if not isinstance(name, str):
        raise ContractError(
            f"In the contract, {where} has no name.", hint="Names that look like numbers go in quotes."
        )
    where = f"column {name!r}"
    _refuse_unknown_keys(item, {field.name for field in fields(Column)}, where)
    values = {
        key: _checked(key, value, where)
        for key, value in item.items()
        if key not in ("name", "kind", "role", "reading")
    }
    values["kind"] = _member(Kind, item.get("kind"), "kind", where)
    values["role"] = _member(Role, item.get("role", "feature"), "role", where)
    return Column(name=name, reading=_reading_from(item.get("reading", {}), where), **values)


def _reading_from(item: object, where: str) -> Reading:
    if not isinstance(item, Mapping):
        raise ContractError(f"In the contract, the reading of {where} is {item!r}, not a list of keys.")
    _refuse_unknown_keys(item, {field.name for field in fields(Reading)}, f"the reading of {where}")
    reading = Reading(**{key: _checked(key, value, where) for key, value in item.items()})
    if reading.decimal not in (".", ","):
        raise ContractError(
            f"In the contract, the decimal sign of {where} is {reading.decimal!r}, not '.' or ','."
        )
    if len(reading.thousands) > 1 or reading.thousands.isalnum() or reading.thousands == reading.decimal:
        raise ContractError(
            f"In the contract, {reading.thousands!r} cannot separate the thousands of {where}.",
            hint="Use one sign that is neither a digit, a letter nor the decimal sign.",
        )
    if reading.date_order not in _DATE_ORDERS:
        raise ContractError(
            f"In the contract, {where} has date_order {reading.date_order!r}, not iso, dmy or mdy."
        )
    return reading


def _member(options: type[Kind] | type[Role], value: Any, key: str, where: str) -> Any:
    try:
        return options(value)
    except ValueError as error:
        known = ", ".join(options)
        raise ContractError(
            f"In the contract, {where} has the {key} {value!r}.", hint=f"One of: {known}."
        ) from error


def _checked(key: str, value: Any, where: str) -> Any:
    """Check the JSON type of one key, and give lists as tuples and range ends as floats."""
    if key in _TUPLES and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if key in _FLAGS and isinstance(value, bool):
        return value
    if key in _ENDS and (value is None or _is_number(value)):
        return None if value is None else float(value)
    if key in _TEXTS and isinstance(value, str):
        return value
    wanted = "a text" if key in _TEXTS else "true or false" if key in _FLAGS else "a number"
    if key in _TUPLES:
        wanted = "a list of texts, in quotes where they look like numbers"
    raise ContractError(f"In the contract, {key} of {where} is {value!r}; it should be {wanted}.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def _refuse_unknown_keys(item: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = [str(key) for key in item if key not in known]
    if unknown:
        raise ContractError(
            f"In the contract, {where} has the unknown key {', '.join(map(repr, unknown))}.",
            hint=f"Known keys: {', '.join(sorted(known))}.",
        )
