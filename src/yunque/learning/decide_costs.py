"""What each kind of wrong answer costs: written in a line, in a small table, or as JSON; read as a matrix."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from yunque.errors import UsageError
from yunque.kernel.form import FloatArray
from yunque.learning.task import Label

COSTS = ("false_positive", "false_negative")
MOST_CLASSES = 200
HOW = 'Write "false_positive=1,false_negative=20", or for each class "cat>dog=3,dog>cat=1" (actual>answered).'

Entry = tuple[str, str, float]


@dataclass(frozen=True, kw_only=True)
class CostTable:
    """Costs by the names of classes.

    Attributes:
        entries: (actual class, answered class, cost); a mistake that is not named costs 1, and a right answer
            nothing. ("", "false_positive", c) and ("", "false_negative", c) speak of two classes.
    """

    entries: tuple[Entry, ...]

    def matrix(self, classes: Sequence[Label]) -> FloatArray:
        """Give the costs as (C, C): actual class by row, answered class by column, in the order of `classes`.

        Raises:
            UsageError: a class is unknown, there are too many, or a right answer costs as much as a mistake.
        """
        if len(classes) > MOST_CLASSES:
            raise UsageError(f"Costs can be named for at most {MOST_CLASSES} classes, not {len(classes)}.")
        places = {label_text(label): place for place, label in enumerate(classes)}
        costs = 1.0 - np.eye(len(classes))
        for actual, answered, cost in self.entries:
            row, column = _pair(actual, answered, places)
            costs[row, column] = cost
        if (costs.min(axis=1) < np.diag(costs)).any() or (costs.max(axis=1) <= np.diag(costs)).any():
            raise UsageError(
                "A right answer must cost less than the mistakes of its class.",
                hint="Leave right answers out: they cost nothing.",
            )
        return costs


def label_text(label: Label) -> str:
    """Write a label as people name it; truth values in lower case."""
    return str(label).lower() if isinstance(label, bool) else str(label)


def place_of(name: str, places: Mapping[str, int]) -> int:
    """Give the position of a class by its name.

    Raises:
        UsageError: there is no such class.
    """
    found = places.get(name, places.get(name.lower()))
    if found is None:
        shown = ", ".join(list(places)[:8]) + (" …" if len(places) > 8 else "")
        raise UsageError(f"The target has no class {name[:60]!r}.", hint=f"Its classes: {shown}.")
    return found


def _pair(actual: str, answered: str, places: Mapping[str, int]) -> tuple[int, int]:
    if actual:
        return place_of(actual, places), place_of(answered, places)
    if len(places) != 2:
        raise UsageError(
            f"Costs of false positives and negatives speak of two classes; the target has {len(places)}.",
            hint='Name the classes: "cat>dog=3" is the cost of answering dog to a cat.',
        )
    return (0, 1) if answered == "false_positive" else (1, 0)


def parse_costs(given: str | Mapping[str, Mapping[str, float]]) -> CostTable:
    """Read costs: a line of pairs, the text of a CSV table, or an object {actual: {answered: cost}}.

    A CSV table has the answered classes in its first line, and each actual class with its costs in one line.

    Raises:
        UsageError: it is written otherwise, or a cost is negative or no number.
    """
    if not isinstance(given, str):
        rows = ((a, b, cost) for a, costs in given.items() for b, cost in _object(costs).items())
        return _checked([(a, b, _number(cost)) for a, b, cost in rows], str(given))
    if "\n" in given.strip():
        return _checked(_table(given), given)
    return _checked([_written(part) for part in given.split(",")], given)


def _object(costs: object) -> Mapping[str, float]:
    if not isinstance(costs, Mapping):
        raise UsageError(f"Costs are not written like that: {str(costs)[:80]!r}.", hint=HOW)
    return costs


def _written(part: str) -> Entry:
    name, _, value = part.rpartition("=")
    actual, arrow, answered = name.strip().partition(">")
    if not arrow and actual in COSTS:
        return "", actual, _number(value)
    return actual.strip(), answered.strip(), _number(value) if arrow else float("nan")


def _table(text: str) -> list[Entry]:
    rows = [row for row in csv.reader(io.StringIO(text.strip())) if any(cell.strip() for cell in row)]
    header = [cell.strip() for cell in rows[0][1:]]
    found: list[Entry] = []
    for row in rows[1:]:
        if len(row) != len(rows[0]):
            raise UsageError(f"The line of {row[0][:60]!r} has {len(row) - 1} costs, not {len(header)}.")
        cells = zip(header, row[1:], strict=True)
        found += [(row[0].strip(), answered, _number(cell)) for answered, cell in cells if cell.strip()]
    return found


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return float("nan")


def _checked(entries: list[Entry], text: str) -> CostTable:
    kinds = [answered for actual, answered, _ in entries if not actual]
    is_sound = all(np.isfinite(cost) and cost >= 0 and answered for _, answered, cost in entries)
    one_way = not kinds or sorted(kinds) == sorted(COSTS) == sorted(answered for _, answered, _ in entries)
    if not entries or not is_sound or not one_way or any(cost == 0 for a, _, cost in entries if not a):
        raise UsageError(f"Costs are not written like that: {text[:80]!r}.", hint=HOW)
    return CostTable(entries=tuple(entries))
