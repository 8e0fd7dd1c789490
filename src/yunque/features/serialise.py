"""A recipe as a JSON document, and back with every value checked."""

from collections.abc import Mapping
from typing import Any

from yunque.errors import BundleError
from yunque.features.assemble import assemble
from yunque.features.learnt import is_text
from yunque.features.recipe import READABLE, Recipe
from yunque.features.registry import step, steps

_VIEWS = ("tree", "linear")
_MAX_OPERATIONS = 100_000
_MAX_OUTPUTS = 200_000
FIRST_STEPS = frozenset(
    {"category", "cycle", "date", "frequency", "missing", "number", "onehot", "scaled", "text"}
)  # all that format 1 knows
_HINT = "The bundle is damaged or was not made by Yunque; train or publish it again."


def recipe_to_dict(recipe: Recipe) -> dict[str, Any]:
    """Give the recipe as JSON values; outputs are left out because they follow from what was learnt.

    The format is the lowest that holds it, so that what needs no later step is read by an older release.
    """
    operations = [
        {"step": op.step, "columns": list(op.columns), "learnt": op.learnt} for op in recipe.operations
    ]
    return {"format": format_of(recipe), "view": recipe.view, "operations": operations}


def format_of(recipe: Recipe) -> int:
    """Give the lowest format that holds the recipe."""
    return 1 if all(op.step in FIRST_STEPS and len(op.columns) == 1 for op in recipe.operations) else 2


def recipe_from_dict(document: Mapping[str, Any]) -> Recipe:
    """Read a recipe that may come from a stranger: audit everything, then build.

    Raises:
        BundleError: another format, an unknown step or view, a value of a wrong type, size or range.
    """
    _keys(document, {"format", "view", "operations"}, "recipe")
    found = document["format"]
    if type(found) is not int or found not in READABLE:
        raise BundleError(
            f"The recipe has format {str(found)[:20]!r}, this version reads up to {READABLE[-1]}.",
            hint="Open the bundle with the version of Yunque that made it, or a newer one.",
        )
    view, operations = document["view"], document["operations"]
    if not isinstance(view, str) or view not in _VIEWS:
        raise BundleError("The recipe's view is unknown.", hint=_HINT)
    if type(operations) is not list or not 0 < len(operations) <= _MAX_OPERATIONS:
        raise BundleError("The recipe's operations are not a list of bounded size.", hint=_HINT)
    recipe = assemble(view, [_operation(item) for item in operations])
    if found < format_of(recipe):
        raise BundleError(f"The recipe has steps that format {found} does not know.", hint=_HINT)
    if not 0 < len(recipe.outputs) <= _MAX_OUTPUTS:
        raise BundleError(f"The recipe makes {len(recipe.outputs)} columns.", hint=_HINT)
    return recipe


def _operation(item: Any) -> tuple[str, tuple[str, ...], Mapping[str, Any]]:
    _keys(item, {"step", "columns", "learnt"}, "operation")
    name, columns, learnt = item["step"], item["columns"], item["learnt"]
    if not isinstance(name, str) or name not in steps():
        raise BundleError(
            f"The recipe uses a step that this version does not know: {str(name)[:100]!r}.", hint=_HINT
        )
    count = 1 if step(name).second is None else 2
    if type(columns) is not list or len(columns) != count or not all(is_text(each) for each in columns):
        raise BundleError(f"The recipe's step {name!r} does not name its {count} column(s).", hint=_HINT)
    if len(set(columns)) < count:
        raise BundleError(f"The recipe's step {name!r} names one column twice.", hint=_HINT)
    if not isinstance(learnt, dict):
        raise BundleError(f"The recipe's step {name!r} has learnt nothing readable.", hint=_HINT)
    return name, tuple(columns), learnt


def _keys(value: Any, expected: set[str], what: str) -> None:
    if not isinstance(value, Mapping) or set(value) != expected:
        raise BundleError(f"The {what} does not have exactly the keys {sorted(expected)}.", hint=_HINT)
