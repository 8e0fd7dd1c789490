"""Requests for jobs, read field by field: what is wrong is said with the place where it stands."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from yunque.errors import UsageError

Shape = TypeVar("Shape", bound=msgspec.Struct)
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `(?P<name>.*?)`")
_MISSING = re.compile(r"missing required field `(?P<name>.*?)`")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")


@dataclass(frozen=True, kw_only=True)
class WrongField:
    """One thing wrong in a request: a JSON pointer to it (RFC 6901), a code, and one sentence."""

    pointer: str
    code: str
    detail: str


class FieldsError(UsageError):
    """Fields of a request that cannot be used; `fields` names each with its place."""

    code = "fields"

    def __init__(self, fields: Sequence[WrongField], *, hint: str = "") -> None:
        self.fields = tuple(fields)
        first = self.fields[0]
        more = f" (and {len(self.fields) - 1} more)" if len(self.fields) > 1 else ""
        super().__init__(
            f"{first.detail}{more}", hint=hint, place={"field": first.pointer.lstrip("/").replace("/", ".")}
        )


def read_fields(document: Mapping[str, Any], shape: type[Shape], *, under: str = "") -> Shape:
    """Read a request's fields strictly: a field nobody knows is refused, not passed over.

    Args:
        document: decoded JSON.
        shape: a msgspec struct that forbids unknown fields.
        under: JSON pointer to the document in the request.

    Raises:
        FieldsError: a field is unknown, missing, or of another type.
    """
    try:
        return msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        raise FieldsError([_wrong(str(error), under)], hint=_hint(shape)) from error


def _wrong(text: str, under: str) -> WrongField:
    match = _PLACE.match(text)
    what, path = (match["what"], match["path"] or "") if match else (text, "")
    pointer = under + "".join(f"/{name or place}" for name, place in _STEP.findall(path))
    if unknown := _UNKNOWN.search(what):
        return WrongField(
            pointer=f"{pointer}/{unknown['name'][:60]}",
            code="unknown_field",
            detail=f"The field {unknown['name'][:60]!r} is not known here.",
        )
    if missing := _MISSING.search(what):
        name = missing["name"]
        return WrongField(
            pointer=f"{pointer}/{name}", code="missing_field", detail=f"The field {name!r} is missing."
        )
    return WrongField(pointer=pointer, code="type", detail=f"{what.rstrip('.')}.")


def _hint(shape: type[msgspec.Struct]) -> str:
    return f"Fields: {', '.join(name for name in shape.__struct_fields__ if name != 'origin')}."
