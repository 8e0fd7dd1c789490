"""The solutions at hand: every folder of `solutions` whose `solution.py` ends with SOLUTION."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from yunque import solutions as folder
from yunque.errors import NotFoundError
from yunque.solution import Solution


@cache
def names() -> tuple[str, ...]:
    """Give the names of the solutions, without importing any of them."""
    found = (module.name for module in iter_modules(folder.__path__) if module.ispkg)
    return tuple(sorted(name for name in found if find_spec(f"{folder.__name__}.{name}.solution")))


@cache
def solution(name: str) -> Solution:
    """Give the solution of that name.

    Raises:
        NotFoundError: there is none.
        ImportError: its folder fails to import; it is not passed over.
    """
    if name not in names():
        raise NotFoundError.among("solution", name[:64], names())
    found: Solution = import_module(f"{folder.__name__}.{name}.solution").SOLUTION
    if found.name != name:
        raise ImportError(f"The folder {name!r} holds a solution that calls itself {found.name!r}.")
    return found


def solutions() -> tuple[Solution, ...]:
    """Give every solution, by name."""
    return tuple(solution(name) for name in names())
