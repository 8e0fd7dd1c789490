"""Frames of other libraries, pandas and pyarrow, become polars frames at the door; neither is imported."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import polars as pl

from yunque.data.dialect import refuse_repeated
from yunque.data.parse_value import canonical_text
from yunque.errors import TableError


def adopt_frame(source: object) -> pl.DataFrame | None:
    """Give a polars frame for a polars, pandas or pyarrow table; None for anything else.

    The index of a pandas frame is not a column. A column that mixes texts with other things becomes text.

    Raises:
        TableError: a column name appears twice.
    """
    if isinstance(source, pl.DataFrame):
        return source
    if isinstance(source, pl.LazyFrame):
        return _collected(source)
    family, kind = type(source).__module__.partition(".")[0], type(source).__name__
    if family == "pandas" and kind == "DataFrame":
        return _from_pandas(source)
    if family == "pyarrow" and kind in ("Table", "RecordBatch"):
        return _from_arrow(source)
    return None


def _collected(lazy: pl.LazyFrame) -> pl.DataFrame:
    try:
        return lazy.collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        message = f"The lazy frame cannot be collected: {str(error).partition(chr(10))[0]}."
        raise TableError(message, hint="Collect it yourself to see the whole error.") from error


def _from_arrow(table: Any) -> pl.DataFrame:
    refuse_repeated([str(name) for name in table.schema.names], "")
    frame = pl.from_arrow(table)
    return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()


def _from_pandas(table: Any) -> pl.DataFrame:
    names = [str(name) for name in table.columns]
    refuse_repeated(names, "")
    return pl.DataFrame([_pandas_column(name, table.iloc[:, place]) for place, name in enumerate(names)])


def _pandas_column(name: str, column: Any) -> pl.Series:
    """Convert one pandas column: numpy types by their arrays, everything else value by value."""
    kind = getattr(column.dtype, "kind", "O")
    zone = getattr(column.dtype, "tz", None)
    is_numpy = type(column.dtype).__module__.startswith("numpy")
    if zone is not None:
        utc = column.dt.tz_convert("UTC").dt.tz_localize(None)
        return _pandas_column(name, utc).dt.replace_time_zone("UTC")
    if is_numpy and kind in "biufmM":
        array = column.to_numpy()
        return pl.Series(name, array.astype("float32") if array.dtype.name == "float16" else array)
    missing = column.isna().to_numpy()
    values = [
        None if absent else _plain(value)
        for value, absent in zip(column.astype(object).to_list(), missing, strict=True)
    ]
    return _from_values(name, values)


def _plain(value: Any) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return value.item() if hasattr(value, "item") and not isinstance(value, str) else value


def _from_values(name: str, values: Sequence[object]) -> pl.Series:
    """Build a column of one type, or of canonical texts when types are mixed."""
    types = {type(value) for value in values if value is not None}
    if len(types) <= 1 or types <= {int, float}:
        try:
            return pl.Series(name, values, strict=types <= {int} or len(types) <= 1)
        except (pl.exceptions.PolarsError, TypeError, OverflowError):
            pass
    if any(issubclass(kind, list | dict | tuple | set | bytes) for kind in types):
        raise TableError(
            f"Column {name!r} holds lists or other structures.",
            place={"column": name},
            hint="Leave it out, or turn it into texts or numbers.",
        )
    texts = [
        None if value is None else value if isinstance(value, str) else canonical_text(value)
        for value in values
    ]
    return pl.Series(name, texts, dtype=pl.String)
