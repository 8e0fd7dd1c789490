"""Every error that Yunque raises on purpose, as one tree.

    YunqueError
    ├── UsageError            the request itself is wrong: unknown option, name, metric or setting  (exit 1)
    │   ├── NotFoundError     a model, version, job, dataset or column that does not exist
    │   ├── ConflictError     the request contradicts what is already there (same key, other content)
    │   └── AccessError       a token that cannot be believed
    ├── DataError             the data cannot be used as it is                                      (exit 2)
    │   ├── TableError        a file or frame that cannot be read as a table
    │   ├── ContractError     a table or row that breaks its contract; carries the failures
    │   └── FindingsError     blocking findings that nobody accepted; carries the findings
    ├── ModelError            a model that cannot be trusted or promoted                            (exit 2)
    │   ├── BundleError       a bundle that is corrupt, hostile or of an unknown format
    │   └── GateError         a bundle that falls short of its gates; carries the shortfalls
    └── OperationError        the platform could not do its work                                    (exit 3)
        ├── TrainingError     no candidate could be trained
        ├── StorageError      a store or database that does not answer
        └── LimitError        a quota, size or rate limit was reached

A message says what happened, to what, and what to do next (`hint`). `place` names file, row or column.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class YunqueError(Exception):
    """Base of all errors raised on purpose.

    Args:
        message: one sentence, what happened and to what; never a server path, SQL or a traceback.
        hint: what the reader can do next.
        place: where it happened, for example {"file": "a.csv", "row": 3, "column": "amount"}.
        details: further machine-readable facts for the answer.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 3

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        place: Mapping[str, Any] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.place = dict(place or {})
        self.details = dict(details or {})

    def __str__(self) -> str:
        """Give the message with its place and hint, on as many lines."""
        place = ", ".join(f"{key} {value}" for key, value in self.place.items())
        parts = [self.message if not place else f"{self.message} ({place})"]
        if self.hint:
            parts.append(f"Hint: {self.hint}")
        return "\n".join(parts)


class UsageError(YunqueError):
    """The request itself is wrong."""

    code = "usage"
    exit_code = 1


class NotFoundError(UsageError):
    """Something named in the request does not exist."""

    code = "not_found"

    @classmethod
    def among(cls, kind: str, name: str, available: Sequence[str]) -> "NotFoundError":
        """Build the message for `name` missing among `available`, with the nearest names as hint."""
        from difflib import get_close_matches  # only when an error is built

        near = get_close_matches(name, list(available), n=3, cutoff=0.5)
        shown = ", ".join(repr(item) for item in (near or list(available)[:10]))
        more = "" if near or len(available) <= 10 else f" … ({len(available)} in all)"
        label = "Did you mean" if near else "Available"
        return cls(f"There is no {kind} named {name!r}.", hint=f"{label}: {shown or 'none'}{more}")


class ConflictError(UsageError):
    """The request contradicts what is already there."""

    code = "conflict"


class AccessError(UsageError):
    """A token that cannot be believed."""

    code = "access"


class DataError(YunqueError):
    """The data cannot be used as it is."""

    code = "data"
    exit_code = 2


class TableError(DataError):
    """A file or frame that cannot be read as a table."""

    code = "table"


class ContractError(DataError):
    """A table or row that breaks its contract.

    `failures` are records with check, column, count, first row numbers and examples.
    """

    code = "contract"

    def __init__(self, message: str, *, failures: Sequence[Any] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.failures = tuple(failures)


class FindingsError(DataError):
    """Blocking findings that nobody accepted."""

    code = "findings"

    def __init__(self, message: str, *, findings: Sequence[Any] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.findings = tuple(findings)


class ModelError(YunqueError):
    """A model that cannot be trusted or promoted."""

    code = "model"
    exit_code = 2


class BundleError(ModelError):
    """A bundle that is corrupt, hostile or of an unknown format."""

    code = "bundle"


class GateError(ModelError):
    """A bundle that falls short of its gates; `shortfalls` says of which and by how much."""

    code = "gate"

    def __init__(self, message: str, *, shortfalls: Sequence[Any] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.shortfalls = tuple(shortfalls)


class OperationError(YunqueError):
    """The platform could not do its work."""

    code = "operation"


class TrainingError(OperationError):
    """No candidate could be trained."""

    code = "training"


class StorageError(OperationError):
    """A store or database that does not answer."""

    code = "storage"


class LimitError(OperationError):
    """A quota, size or rate limit was reached."""

    code = "limit"
