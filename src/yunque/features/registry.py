"""The closed set of steps: every file in `features/steps`, found by name."""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from yunque.errors import BundleError
from yunque.features import steps as package
from yunque.features.step import Step


@cache
def steps() -> Mapping[str, Step]:
    """Give every step by name, in the order of the files."""
    modules = [import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]
    found: dict[str, Step] = {module.STEP.name: module.STEP for module in modules}
    return MappingProxyType(found)


def step(name: str) -> Step:
    """Give the step that a recipe names.

    Raises:
        BundleError: this version of Yunque has no such step.
    """
    found = steps().get(name)
    if found is None:
        raise BundleError(
            f"The recipe uses a step that this version does not know: {name[:100]!r}.",
            hint="Open the bundle with the version of Yunque that made it, or a newer one.",
        )
    return found
