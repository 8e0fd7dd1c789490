"""Which column is to be predicted when nobody said: by its name, else the last one; the reason is told."""

from collections.abc import Sequence

from yunque.errors import DataError

NAMES = (
    "target", "objetivo", "label", "etiqueta", "class", "clase", "y", "outcome", "resultado", "churn",
    "default", "response", "respuesta", "survived", "price", "precio",
)  # fmt: skip


def guess_target(columns: Sequence[str]) -> tuple[str, str]:
    """Give the likeliest target and why.

    Raises:
        DataError: there are fewer than two columns.
    """
    if len(columns) < 2:
        raise DataError("A table needs at least two columns: one to predict and one to predict it by.")
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    for name in NAMES:
        if name in by_name:
            return by_name[name], f"no target was named; a column is called {by_name[name]!r}"
    return columns[-1], f"no target was named; {columns[-1]!r} is the last column"
