"""What is tried with the time that there is: as many configurations as the budget can carry."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import log2
from typing import Any

from yunque.learning.algorithm import Algorithm
from yunque.learning.candidate import Candidate
from yunque.learning.fit_size import FitSize
from yunque.learning.portfolio_entries import ANCHORS, ENTRIES, FOR_FEW, Entry
from yunque.learning.registry import algorithm, default_algorithms
from yunque.learning.task import Task

ANCHOR_ROWS = 20_000
FEWEST_CANDIDATES = 2
FEWEST_ROUNDS = 150  # with fewer rounds in its slot a boosted model is one too many
FEW = 8.0  # ordinary fits of that many rounds on all folds
SLACK = 1.6  # slots may overlap: small and dropped candidates leave time to others
ROUNDS_WANTED = 25.0  # learning rate times rounds that a fit should be able to reach
LOWEST_RATE, HIGHEST_RATE = 0.005, 0.2
SHORT_SECONDS = 60.0
LEARNT_ROWS = 4_000  # of the tables that the portfolio was learnt on
MOST_GROWTH = 4.0
MOST_LEAVES, DEEPEST = 255, 8


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How large one fit is, and how much time there is for all.

    Attributes:
        fit: rows, columns and outputs of one fit.
        folds: folds of the split.
        core_seconds: threads times the seconds of the search.
        seconds: the whole budget.
        pace: seconds that this machine needs for what is expected to take one.
    """

    fit: FitSize
    folds: int
    core_seconds: float
    seconds: float
    pace: float = 1.0

    @property
    def round_seconds(self) -> float:
        """Seconds of one boosting round on this machine."""
        return self.fit.round_seconds * self.pace


def anchors(task: Task, wish: tuple[str, ...] | None = None) -> tuple[Candidate, ...]:
    """Give what runs first: the constant, and a quick boosted model if the wish allows it."""
    usable = _usable(task, wish)
    return tuple(
        _candidate(entry, usable[entry.algorithm], task) for entry in ANCHORS if entry.algorithm in usable
    )


def portfolio(
    task: Task, shape: Shape, wish: tuple[str, ...] | None = None, *, of_amounts: bool = False
) -> tuple[tuple[Candidate, ...], float]:
    """Give the candidates in order, and the seconds of one slot.

    Args:
        task: the question.
        shape: size and time.
        wish: names or aliases of algorithms to restrict to; None takes every installed one. Algorithms that
            the portfolio does not mention take part with their defaults.
        of_amounts: whether the targets of a regression are all 0 or more.

    Raises:
        NotFoundError: a wished algorithm does not exist.
    """
    usable = _usable(task, wish)
    affordable = shape.core_seconds / (shape.folds * FEWEST_ROUNDS * shape.round_seconds)
    known = ENTRIES if affordable >= FEW else FOR_FEW
    mentioned = {entry.algorithm for entry in (*ANCHORS, *ENTRIES, *FOR_FEW)}
    entries = [entry for entry in known if entry.algorithm in usable and (of_amounts or not entry.of_amounts)]
    entries += [Entry(name=name, algorithm=name) for name in usable if name not in mentioned]
    timely = entries if wish else [entry for entry in entries if entry.from_seconds <= shape.seconds]
    shares = list(accumulate(entry.share for entry in timely))
    count = max(FEWEST_CANDIDATES, sum(share <= affordable for share in shares))
    chosen = timely if wish else timely[:count]
    slot = SLACK * shape.core_seconds / (shape.folds * max(1.0, sum(entry.share for entry in chosen)))
    made = [
        _candidate(
            entry,
            usable[entry.algorithm],
            task,
            {**(_grown(entry, shape) if known is ENTRIES else {}), **_fitted_to(entry, slot, shape)},
        )
        for entry in chosen
    ]
    return tuple(made), slot


def _usable(task: Task, wish: tuple[str, ...] | None) -> dict[str, Algorithm]:
    """Give the algorithms by name; the constant is always there, as the last resort."""
    wanted = default_algorithms() if wish is None else tuple(algorithm(name) for name in (*wish, "constant"))
    return {each.name: each for each in wanted if task.kind in each.tasks}


def _candidate(
    entry: Entry, found: Algorithm, task: Task, more: Mapping[str, Any] | None = None
) -> Candidate:
    own = entry.classification if task.is_classification else entry.regression
    return Candidate(
        name=entry.name,
        algorithm=found,
        params={**entry.params, **own, **(more or {})},
        share=entry.share,
        most_rows=ANCHOR_ROWS if entry.is_anchor and not entry.is_reference else 0,
        is_anchor=entry.is_anchor,
        is_reference=entry.is_reference,
    )


def _grown(entry: Entry, shape: Shape) -> dict[str, Any]:
    """Give trees room for more rows than the portfolio was learnt on: leaves by the root of their number."""
    growth = min(max(1.0, (shape.fit.rows / LEARNT_ROWS) ** 0.5), MOST_GROWTH)
    if "num_leaves" in entry.params:
        return {"num_leaves": min(round(entry.params["num_leaves"] * growth), MOST_LEAVES)}
    if entry.algorithm == "catboost" and "depth" in entry.params:
        return {"depth": min(entry.params["depth"] + round(log2(growth)), DEEPEST)}
    return {}


def _fitted_to(entry: Entry, slot: float, shape: Shape) -> dict[str, Any]:
    """Give the parameters that depend on the time: learning rate, and patience where time is short."""
    if not entry.rate:
        return {}
    rounds = max(1.0, slot * entry.share / (shape.round_seconds * entry.pace))
    patience = {"patience_share": 0.5} if shape.seconds < SHORT_SECONDS else {}
    return {"learning_rate": learning_rate(entry.rate, rounds), **patience}


def learning_rate(wanted: float, rounds: float) -> float:
    """Raise a learning rate so that `rounds` are enough; two digits."""
    return float(f"{min(max(wanted, ROUNDS_WANTED / rounds, LOWEST_RATE), HIGHEST_RATE):.2g}")
