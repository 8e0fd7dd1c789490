"""The algorithms at hand: every file of `learning/algorithms` that ends with ALGORITHM."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from types import MappingProxyType

from yunque.errors import NotFoundError
from yunque.learning import algorithms as folder
from yunque.learning.algorithm import Algorithm
from yunque.learning.upstream_names import NOT_OFFERED


@cache
def algorithms() -> tuple[Algorithm, ...]:
    """Give every algorithm, by name; one file per algorithm, found by file.

    Raises:
        ImportError: a file fails to import; it is not passed over.
        ValueError: two algorithms answer to one name.
    """
    names = sorted(found.name for found in iter_modules(folder.__path__))
    found = tuple(import_module(f"{folder.__name__}.{name}").ALGORITHM for name in names)
    answers = [answer for algorithm in found for answer in (algorithm.name, *algorithm.aliases)]
    repeated = sorted({answer for answer in answers if answers.count(answer) > 1})
    if repeated:
        raise ValueError(f"Two algorithms answer to {', '.join(repeated)}.")
    return found


@cache
def _by_answer() -> Mapping[str, Algorithm]:
    return MappingProxyType({a: entry for entry in algorithms() for a in (entry.name, *entry.aliases)})


def algorithm(name: str) -> Algorithm:
    """Give the algorithm of that name or alias, whatever its case.

    Raises:
        NotFoundError: there is none; the hint is the nearest names, or why a known one is not offered.
    """
    wanted = name.strip().lower().replace("-", "_").replace(" ", "_")
    if wanted in NOT_OFFERED and wanted not in _by_answer():
        reason = NOT_OFFERED[wanted]
        raise NotFoundError(f"{name!r} is not offered: {reason}.")
    if wanted not in _by_answer():
        raise NotFoundError.among("algorithm", name, sorted(_by_answer()))
    return _by_answer()[wanted]


def missing_libraries(entry: Algorithm) -> tuple[str, ...]:
    """Name the libraries that the algorithm requires and that are not installed; () when it can run."""
    return tuple(library for library in entry.requires if find_spec(library) is None)


def installed_algorithms() -> tuple[Algorithm, ...]:
    """Give the algorithms that can run here."""
    return tuple(entry for entry in algorithms() if not missing_libraries(entry))


def default_algorithms() -> tuple[Algorithm, ...]:
    """Give those of them that take part in a run that names none."""
    return tuple(entry for entry in installed_algorithms() if not entry.only_when_named)
