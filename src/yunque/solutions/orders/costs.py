"""What a wrong answer costs, and the answers that cost least on calibrated probabilities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from yunque.errors import TableError, UsageError
from yunque.learning.decide_costs import CostTable, parse_costs

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What each answer costs for each truth.

    Attributes:
        classes: in the model's order.
        costs: (C, C), truth by answer; a right answer costs nothing unless it is said.
        call_value: what a client who then orders by DIGITAL brings; call_cost: what calling one costs.
    """

    classes: tuple[str, ...]
    costs: Floats
    call_value: float = 1.0
    call_cost: float = 0.5

    def expected(self, probabilities: Floats) -> Floats:
        """Give the expected cost of each answer: (n, C) from (n, C) calibrated probabilities."""
        return np.asarray(probabilities @ self.costs)

    def answers(self, probabilities: Floats) -> npt.NDArray[np.int64]:
        """Give the position of the answer that costs least; among equals the more probable, as without costs.

        With calibrated probabilities no threshold has to be searched (Elkan, IJCAI 2001).
        """
        expected = self.expected(probabilities)
        least = expected.min(axis=1, keepdims=True)
        return np.asarray(np.where(expected <= least + 1e-12, probabilities, -1.0).argmax(axis=1), np.int64)

    def mean_cost(self, y: npt.NDArray[np.int64], answers: npt.NDArray[np.int64]) -> float:
        """Give the cost a row of some answers."""
        return float(self.costs[y, answers].mean()) if len(y) else 0.0

    def thresholds(self) -> dict[str, float]:
        """Give, for each class, the probability from which it is the answer whatever the others are.

        For class k it is the largest p at which some other answer is as cheap, all the rest of the
        probability being where that other answer is cheapest.
        """
        found = {}
        for k, name in enumerate(self.classes):
            others = [j for j in range(len(self.classes)) if j != k]
            edge = [self._edge(k, j, t) for j in others for t in others]
            found[name] = max(edge, default=0.5)
        return found

    def _edge(self, k: int, j: int, truth: int) -> float:
        """Give p where answers k and j cost the same, truth k having p and `truth` all else."""
        gain = self.costs[k, j] - self.costs[k, k]
        loss = self.costs[truth, k] - self.costs[truth, j]
        return float(loss / (loss + gain)) if loss > 0 and loss + gain > 0 else 0.0

    def to_dict(self) -> dict[str, object]:
        """Give it as JSON values."""
        rows = {
            truth: dict(zip(self.classes, row.tolist(), strict=True))
            for truth, row in zip(self.classes, self.costs, strict=True)
        }
        return {"costs": rows, "call_value": self.call_value, "call_cost": self.call_cost}


def equal_costs(classes: Sequence[str], call: Mapping[str, float] | None = None) -> Costs:
    """Give the table where every error costs 1."""
    return named_costs(None, classes, call)


def named_costs(
    table: CostTable | None, classes: Sequence[str], call: Mapping[str, float] | None = None
) -> Costs:
    """Give the costs that a person named, by the positions of the classes.

    Raises:
        UsageError: a class is unknown, or a right answer costs as much as a mistake.
    """
    known = call or {}
    return Costs(
        classes=tuple(classes),
        costs=1.0 - np.eye(len(classes)) if table is None else table.matrix(tuple(classes)),
        call_value=known.get("call_value", 1.0),
        call_cost=known.get("call_cost", 0.5),
    )


def read_costs(given: str) -> CostTable:
    """Read costs: a line ("VENDEDOR>DIGITAL=3"), or the name of a CSV file with a line for each truth.

    Raises:
        UsageError: they are not written like that.
        TableError: the file cannot be read.
    """
    path = Path(given)
    if ">" in given or path.suffix.lower() not in (".csv", ".txt"):
        return parse_costs(given)
    try:
        return parse_costs(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise TableError("The table of costs cannot be read.", place={"file": path.name}) from error


def parse_call(text: str) -> dict[str, float]:
    """Read "value=1,cost=0.5": what a digital order is worth, and what a call costs.

    Raises:
        UsageError: another word, or no number.
    """
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        try:
            found[f"call_{name.strip()}"] = float(value)
        except ValueError:
            found["wrong"] = 0.0
    is_sound = all(np.isfinite(v) and v >= 0 for v in found.values())
    if not is_sound or not set(found) <= {"call_value", "call_cost"}:
        raise UsageError(f"A call is not told like {text[:40]!r}.", hint='Write "value=1,cost=0.5".')
    return found
