"""Choose golden rows: a spread of real rows, every column's extremes and gaps, and values never seen."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.parse import POLARS_TYPES, parse_value
from yunque.data.schema import Column, Kind, Schema
from yunque.features.encode import encode
from yunque.learning.leaderboard import Champion
from yunque.models.bundle_json import plain
from yunque.models.golden import Golden

FEWEST, MOST = 64, 256
CELLS = 200_000  # wide tables get fewer rows, never fewer than FEWEST
REAL_SHARE = 0.75
UNSEEN = "never seen before"
EDGES: dict[Kind, tuple[Any, ...]] = {
    Kind.NUMBER: (0.0, -0.0, 1e15 + 0.1, -1e15 - 0.1, 5e-324),
    Kind.INTEGER: (0, -1, 2**53 + 1, -(2**53) - 1),
    Kind.BOOLEAN: (True, False),
    Kind.CATEGORY: (UNSEEN,),
    Kind.TEXT: (UNSEEN,),
    Kind.DATE: ("1900-03-01", "2100-02-28"),
    Kind.TIMESTAMP: ("1900-03-01T00:00:00.000001", "2100-02-28T23:59:59.999999"),
}


def choose_golden(schema: Schema, frame: pl.DataFrame, champion: Champion) -> Golden:
    """Choose 64 to 256 rows of a checked table and answer them through the table path.

    The check answers them one by one through the row path, so golden rows also prove that both paths agree.
    A table of a few rows is filled up with edge cases made from them.
    """
    columns = schema.features
    most = min(MOST, max(FEWEST, CELLS // max(1, len(columns))))
    features = pl.DataFrame([frame.get_column(column.name) for column in columns])
    real = _real_rows(features, columns, int(most * REAL_SHARE))
    rows = real + _edge_rows(real, columns, most - len(real))
    typed = _typed(rows, columns)
    outputs = champion.blend.evaluate([encode(recipe, typed) for recipe in champion.recipes])
    return Golden(
        fields=tuple(column.name for column in columns), rows=tuple(map(tuple, rows)), expected=outputs
    )


def _real_rows(features: pl.DataFrame, columns: tuple[Column, ...], most: int) -> list[list[Any]]:
    """Give rows of the table as JSON values, the first an ordinary one."""
    sound = np.flatnonzero(_finite(features, columns))
    spread = np.linspace(0, len(sound) - 1, num=min(len(sound), most // 2)).astype(np.int64)
    picked = dict.fromkeys(sound[spread].tolist())
    for row in _telling_rows(features[sound], columns):
        if len(picked) >= most:
            break
        picked.setdefault(int(sound[row]))
    return [[plain(value) for value in features.row(row)] for row in picked]


def _finite(features: pl.DataFrame, columns: tuple[Column, ...]) -> npt.NDArray[np.bool_]:
    """Tell rows that JSON can hold: it has no word for infinity."""
    finite = np.ones(features.height, dtype=np.bool_)
    for column in columns:
        if column.kind is Kind.NUMBER:
            finite &= features.get_column(column.name).is_finite().fill_null(value=True).to_numpy()
    return finite


def _telling_rows(features: pl.DataFrame, columns: tuple[Column, ...]) -> Iterator[int]:
    """Name rows with a gap, the least or the greatest value of a column, column by column."""
    for column in columns:
        series = features.get_column(column.name)
        if series.null_count():
            yield int(series.is_null().arg_max() or 0)
        if series.null_count() < len(series):
            for position in (series.arg_min(), series.arg_max()):
                if position is not None:
                    yield int(position)


def _edge_rows(real: list[list[Any]], columns: tuple[Column, ...], most: int) -> list[list[Any]]:
    """Make rows that no table holds: all missing, one field missing, one field extreme or unseen."""
    base = real or [[None] * len(columns)]
    changes = [*_changes(columns)]
    rows = [[None] * len(columns)] if all(column.nullable for column in columns) else []
    for number in range(max(0, most - len(rows))):
        if not changes:
            break
        position, value = changes[number % len(changes)]
        row = list(base[number % len(base)])
        row[position] = value
        rows.append(row)
    return rows[:most]


def _changes(columns: tuple[Column, ...]) -> Iterator[tuple[int, Any]]:
    for position, column in enumerate(columns):
        if column.nullable:
            yield position, None
        for value in EDGES[column.kind]:
            if _readable(column, value):
                yield position, value


def _readable(column: Column, value: Any) -> bool:
    try:
        return parse_value(column, value) is not None
    except ValueError:
        return False


def _typed(rows: list[list[Any]], columns: tuple[Column, ...]) -> pl.DataFrame:
    series = [
        pl.Series(column.name, [parse_value(column, row[i]) for row in rows], dtype=POLARS_TYPES[column.kind])
        for i, column in enumerate(columns)
    ]
    return pl.DataFrame(series)
