"""Random typed tables, as a checked table gives them, with every awkward value in them."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from hypothesis import strategies as st

from yunque.data.schema import Column, Kind, Schema

DTYPES = {
    Kind.NUMBER: pl.Float64,
    Kind.INTEGER: pl.Int64,
    Kind.BOOLEAN: pl.Boolean,
    Kind.CATEGORY: pl.String,
    Kind.TEXT: pl.String,
    Kind.DATE: pl.Date,
    Kind.TIMESTAMP: pl.Datetime("us"),
}

_WORDS = [
    "Oslo",
    "oslo",
    "OSLO",
    "",
    " ",
    "a",
    "🙂",
    "👩‍👩‍👧",
    "é",
    "é",
    "ñandú",
    "x y",
    "12",
    "A1!\t?",
    "None",
    "nan",
]
_NUMBERS = [
    0.0,
    -0.0,
    float("nan"),
    float("inf"),
    float("-inf"),
    1e308,
    -1e308,
    5e-324,
    1.5,
    -2.25,
    3.0,
    1e-17,
]
_INTEGERS = [0, 1, -1, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 7]

_MOMENTS = [
    dt.datetime.fromisoformat(text)
    for text in ("0001-01-01", "9999-12-31T23:59:59.999999", "1969-12-31T23:59:59.999999", "1970-01-01")
]

# Categories draw from few values so that training rows share levels; free text makes unseen ones.
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.NUMBER: st.sampled_from(_NUMBERS) | st.floats(),
    Kind.INTEGER: st.sampled_from(_INTEGERS) | st.integers(-(2**63), 2**63 - 1),
    Kind.BOOLEAN: st.booleans(),
    Kind.CATEGORY: st.sampled_from(_WORDS) | st.text(max_size=5),
    Kind.TEXT: st.sampled_from(_WORDS) | st.text(max_size=40),
    Kind.DATE: st.sampled_from([dt.date.min, dt.date.max, dt.date(1969, 12, 31), dt.date(2024, 2, 29)])
    | st.dates(),
    Kind.TIMESTAMP: st.sampled_from(_MOMENTS) | st.datetimes(),
}


def column_values(kind: Kind, rows: int) -> st.SearchStrategy[list[Any]]:
    """Draw a column of typed values, None where missing."""
    return st.lists(st.none() | VALUES[kind], min_size=rows, max_size=rows)


def typed_frame(schema: Schema, columns: dict[str, Sequence[Any]]) -> pl.DataFrame:
    """Make the frame that a checked table would hold."""
    return pl.DataFrame(
        [pl.Series(c.name, list(columns[c.name]), dtype=DTYPES[c.kind], strict=True) for c in schema]
    )


NAMES = {
    Kind.NUMBER: "*",
    Kind.INTEGER: "^i.*$",
    Kind.BOOLEAN: "class",
    Kind.CATEGORY: "ciudad 🙂",
    Kind.TEXT: "una nota",
    Kind.DATE: "día",
    Kind.TIMESTAMP: "'); import os #",
}
ALL_KINDS = Schema(columns=tuple(Column(name=NAMES[kind], kind=kind) for kind in Kind))


@st.composite
def tables(draw: st.DrawFn, *, most: int = 12) -> tuple[pl.DataFrame, list[tuple[Any, ...]]]:
    """Draw a frame with one column of every kind, and the same rows as typed values."""
    rows = draw(st.integers(1, most))
    columns = {column.name: draw(column_values(column.kind, rows)) for column in ALL_KINDS}
    return typed_frame(ALL_KINDS, columns), list(zip(*columns.values(), strict=True))


def random_columns(rows: int) -> dict[str, list[Any]]:
    """Make long columns of every kind without hypothesis, a tenth of the values missing."""
    rng = np.random.default_rng(11)
    size = 10.0 ** rng.integers(-12, 12, rows)
    days = rng.integers(dt.date.min.toordinal(), dt.date.max.toordinal(), rows)
    moments = rng.integers(0, 315_537_897_599_999_999, rows)
    start = dt.datetime.fromisoformat("0001-01-01")
    letters = list("abcXYZ012 .,?ñé🙂\t")
    values: dict[Kind, list[Any]] = {
        Kind.NUMBER: (rng.normal(size=rows) * size).tolist(),
        Kind.INTEGER: rng.integers(-(2**63), 2**63 - 1, rows).tolist(),
        Kind.BOOLEAN: (rng.random(rows) < 0.2).tolist(),
        Kind.CATEGORY: [f"level {i}" for i in rng.geometric(0.02, rows).tolist()],
        Kind.TEXT: ["".join(rng.choice(letters, rng.integers(0, 30))) for _ in range(rows)],
        Kind.DATE: [dt.date.fromordinal(day) for day in days.tolist()],
        Kind.TIMESTAMP: [start + dt.timedelta(microseconds=moment) for moment in moments.tolist()],
    }
    missing = rng.random((len(values), rows)) < 0.1
    return {
        NAMES[kind]: [None if gone else value for value, gone in zip(column, mask, strict=True)]
        for (kind, column), mask in zip(values.items(), missing, strict=True)
    }


def bits(values: Any) -> Any:
    """Give the bit patterns of float64 values."""
    return np.ascontiguousarray(np.asarray(values, dtype=np.float64)).view(np.uint64)
