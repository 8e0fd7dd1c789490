"""What is tried where rows have no answer: each algorithm, and of clusters each likely number."""

from collections.abc import Mapping
from typing import Any

from yunque.learning.algorithm import Algorithm
from yunque.learning.candidate import Candidate
from yunque.learning.registry import algorithm, default_algorithms
from yunque.learning.task import Task, TaskKind

# The parameter in which an algorithm is told the number of clusters; those without one find it themselves.
COUNT = {"k_means": "n_clusters", "gaussian_mixture": "n_components"}
NUMBERS: Mapping[str, tuple[int, ...]] = {
    "k_means": (2, 3, 4, 5, 6, 7, 8, 9, 10),
    "gaussian_mixture": (2, 3, 4, 5, 6, 8),
}
ORDER = ("isolation_forest", "k_means", "gaussian_mixture", "pca", "dbscan")


def candidates(
    task: Task, wish: tuple[str, ...] | None, clusters: int | None, rows: int
) -> tuple[Candidate, ...]:
    """Give the candidates in the order in which they are tried.

    Args:
        task: the question.
        wish: names of algorithms; None takes all that are installed.
        clusters: the number that is asked for; None tries several. Algorithms that find the number
            themselves take part only without a number, or when they are named.
        rows: that are learnt from; fewer numbers are tried where there are few.
    """
    named = default_algorithms() if wish is None else tuple(algorithm(name) for name in wish)
    usable = {entry.name: entry for entry in named if task.kind in entry.tasks}
    ordered = sorted(usable, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    made: list[Candidate] = []
    for name in ordered:
        if task.kind is TaskKind.ANOMALY:
            made.append(_candidate(usable[name], name, _told(name, clusters)))
        elif name not in COUNT:
            made += [_candidate(usable[name], name, {})] if clusters is None or wish is not None else []
        else:
            numbers = (
                (clusters,) if clusters is not None else tuple(k for k in NUMBERS[name] if 2 * k <= rows)
            )
            made += [_candidate(usable[name], f"{name}-{k}", {COUNT[name]: k}) for k in numbers or (2,)]
    return tuple(made)


def _told(name: str, clusters: int | None) -> dict[str, Any]:
    return {COUNT[name]: clusters} if clusters is not None and name in COUNT else {}


def _candidate(entry: Algorithm, name: str, params: Mapping[str, Any]) -> Candidate:
    return Candidate(name=name, algorithm=entry, params=params)
