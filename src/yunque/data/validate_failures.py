"""Failures of a table against its contract: counted records with first rows and examples, shown bounded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

SHOWN_ROWS = 10
SHOWN_EXAMPLES = 5
_LONGEST = 60

Severity = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True)
class CheckFailure:
    """One way in which a table breaks its contract.

    Attributes:
        check: missing_column, absent_column, extra_column, unreadable, missing_value, not_finite,
            unseen_level or out_of_range.
        column: the column, None when it concerns the table.
        count: how many cells (or columns) fail.
        rows: the first ten failing rows, as positions from 0; messages for people count from 1.
        examples: up to five distinct failing values, as text.
        severity: an error makes its rows unusable; a warning does not.
        message: one sentence for a person.
    """

    check: str
    column: str | None
    count: int
    rows: tuple[int, ...] = ()
    examples: tuple[str, ...] = ()
    severity: Severity
    message: str


def failing_rows(mask: pl.Series) -> tuple[int, ...]:
    """Give the first positions where the mask is true."""
    return tuple(mask.arg_true().head(SHOWN_ROWS).to_list())


def examples_of(values: pl.Series) -> tuple[str, ...]:
    """Give a few distinct values as short text, in order of appearance."""
    distinct = values.head(10_000).unique(maintain_order=True).head(SHOWN_EXAMPLES)
    return tuple(_shorten(str(value)) for value in distinct.to_list())


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def rows_in_words(rows: Sequence[int], count: int) -> str:
    """Say row numbers as a person counts them: the first data row is row 1."""
    shown = ", ".join(str(row + 1) for row in rows)
    more = ", …" if count > len(rows) else ""
    return f"row{'s' if count != 1 else ''} {shown}{more}"


def render_failures(failures: Sequence[CheckFailure], limit: int = 10) -> str:
    """Give at most `limit` failures as lines of text, errors first, and say how many are left out."""
    ordered = sorted(failures, key=lambda failure: failure.severity != "error")
    lines = [f"{failure.severity}: {failure.message}" for failure in ordered[:limit]]
    if len(ordered) > limit:
        lines.append(f"… and {len(ordered) - limit} more")
    return "\n".join(lines)
