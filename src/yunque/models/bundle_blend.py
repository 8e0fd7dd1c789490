"""The champion as documents and arrays: `blend.json`, `recipe.json`, `arrays.json` and `arrays.bin`."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import msgspec
import numpy as np

from yunque.errors import BundleError
from yunque.features.recipe import Recipe
from yunque.features.serialise import recipe_from_dict, recipe_to_dict
from yunque.kernel.blend import Blend, Calibration, Member
from yunque.kernel.calibration import check_calibration
from yunque.kernel.link import n_predictions
from yunque.kernel.load import form_from_arrays, form_to_shared
from yunque.learning.leaderboard import Champion, Decision
from yunque.learning.ranks import Ranks
from yunque.learning.task import Task, TaskKind
from yunque.models.bundle_arrays import Array, ArrayIndex, read_arrays, write_arrays
from yunque.models.bundle_json import read_json, write_json
from yunque.models.bundle_ranks import RanksRecord, problem_of_unlabelled
from yunque.models.manifest import ARRAYS, BLEND, INDEX, RECIPE

FORMAT = 1  # of recipes
BLEND_FORMAT = 3  # 1: nodes of forests as four arrays; 2: packed, as they are walked; 3: factors, costs, sets
READABLE = (1, 2, 3)
MAX_MEMBERS = 1_000


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields that a document does not know are refused."""


class MemberRecord(_Strict, frozen=True, kw_only=True):
    """One member: its form's kind and facts, and which arrays are its own (local name to packed name)."""

    name: str
    recipe: int
    weight: float
    kind: str
    facts: dict[str, Any]
    arrays: dict[str, str]


class CalibrationRecord(_Strict, frozen=True, kw_only=True):
    """See `kernel.blend.Calibration`."""

    kind: str
    parameters: list[float]


class DecisionRecord(_Strict, frozen=True, kw_only=True):
    """See `learning.leaderboard.Decision`."""

    threshold: float | None
    interval_level: float | None
    interval_low: float | None
    interval_high: float | None
    interval_coverage: float | None
    factors: tuple[float, ...] | None = None
    costs: tuple[tuple[float, ...], ...] | None = None
    set_level: float | None = None
    set_threshold: float | None = None
    set_coverage: float | None = None
    set_size: float | None = None


class BlendRecord(_Strict, frozen=True, kw_only=True):
    """`blend.json`."""

    format: int
    n_outputs: int
    members: list[MemberRecord]
    calibration: CalibrationRecord
    decision: DecisionRecord
    ranks: RanksRecord | msgspec.UnsetType = msgspec.UNSET  # of the scores of anomalies


class RecipesRecord(_Strict, frozen=True, kw_only=True):
    """`recipe.json`: every recipe, in the order in which members name them."""

    format: int
    recipes: list[dict[str, Any]]


def write_champion(champion: Champion) -> dict[str, bytes]:
    """Give the four files that hold a champion, by name."""
    packed: dict[str, Array] = {}
    members = []
    for position, member in enumerate(champion.blend.members):
        facts, arrays = form_to_shared(member.form)
        own = {name: f"{position}/{name}" for name in arrays}
        packed |= {own[name]: array for name, array in arrays.items()}
        members.append(
            MemberRecord(
                name=member.name,
                recipe=member.recipe,
                weight=member.weight,
                kind=member.form.kind,
                facts=facts,
                arrays=own,
            )
        )
    calibration, decision = champion.blend.calibration, champion.decision
    blend = BlendRecord(
        format=BLEND_FORMAT,
        n_outputs=champion.blend.n_outputs,
        members=members,
        calibration=CalibrationRecord(kind=calibration.kind, parameters=list(calibration.parameters)),
        decision=DecisionRecord(
            **{name: getattr(decision, name) for name in DecisionRecord.__struct_fields__}
        ),
        ranks=msgspec.UNSET if decision.ranks is None else RanksRecord(**asdict(decision.ranks)),
    )
    recipes = RecipesRecord(format=FORMAT, recipes=[recipe_to_dict(recipe) for recipe in champion.recipes])
    index, raw = write_arrays(packed)
    return {BLEND: write_json(blend), RECIPE: write_json(recipes), INDEX: write_json(index), ARRAYS: raw}


def read_champion(documents: dict[str, bytes], memory: memoryview, task: Task) -> Champion:
    """Check the four files of a champion, then build it; its arrays are views into `memory`.

    Raises:
        BundleError: anything is malformed, out of range, or does not fit the rest.
    """
    blend = read_json(documents[BLEND], BlendRecord, file=BLEND)
    recipes = _read_recipes(documents[RECIPE])
    arrays = read_arrays(read_json(documents[INDEX], ArrayIndex, file=INDEX), memory)
    _check_blend(blend, recipes, arrays, task)
    members = tuple(_build_member(record, recipes, arrays, task.n_outputs) for record in blend.members)
    calibration = Calibration(
        kind=blend.calibration.kind,  # type: ignore[arg-type]  # the check below refuses unknown kinds
        parameters=tuple(blend.calibration.parameters),
    )
    check_calibration(calibration, blend.n_outputs)
    built = Blend(members=members, n_outputs=blend.n_outputs, calibration=calibration)
    _probe(built, recipes)
    decision = Decision(
        **{name: getattr(blend.decision, name) for name in DecisionRecord.__struct_fields__},
        ranks=None if blend.ranks is msgspec.UNSET else Ranks(**msgspec.structs.asdict(blend.ranks)),
    )
    return Champion(blend=built, recipes=recipes, decision=decision)


def _read_recipes(raw: bytes) -> tuple[Recipe, ...]:
    record = read_json(raw, RecipesRecord, file=RECIPE)
    if record.format != FORMAT:
        raise _refuse(RECIPE, f"The recipes have format {record.format}; this release reads {FORMAT}.")
    if not record.recipes:
        raise _refuse(RECIPE, "There is no recipe.")
    return tuple(recipe_from_dict(item) for item in record.recipes)


def _check_blend(
    blend: BlendRecord, recipes: tuple[Recipe, ...], arrays: dict[str, Array], task: Task
) -> None:
    if blend.format not in READABLE:
        raise _refuse(BLEND, f"The blend has format {blend.format}; this release reads up to {READABLE[-1]}.")
    if blend.n_outputs != task.n_outputs:
        raise _refuse(BLEND, f"The blend has {blend.n_outputs} outputs; the task needs {task.n_outputs}.")
    if not 0 < len(blend.members) <= MAX_MEMBERS:
        raise _refuse(BLEND, f"A blend of {len(blend.members)} members cannot be served.")
    for member in blend.members:
        if not 0 <= member.recipe < len(recipes):
            raise _refuse(
                BLEND, f"The member {member.name[:60]!r} names recipe {member.recipe} of {len(recipes)}."
            )
        if not (math.isfinite(member.weight) and member.weight > 0):
            raise _refuse(BLEND, f"The member {member.name[:60]!r} has the weight {member.weight}.")
    if not math.isclose(math.fsum(member.weight for member in blend.members), 1.0, rel_tol=1e-9):
        raise _refuse(BLEND, "The weights do not sum to 1.")
    owned = [name for member in blend.members for name in member.arrays.values()]
    if sorted(owned) != sorted(arrays):
        raise _refuse(BLEND, "Members and arrays do not match one to one.")
    _check_decision(blend.decision, task)
    ranks = None if blend.ranks is msgspec.UNSET else blend.ranks
    problem = problem_of_unlabelled(task, [member.kind for member in blend.members], ranks)
    if problem:
        raise _refuse(BLEND, problem)


def _check_decision(decision: DecisionRecord, task: Task) -> None:
    if decision.threshold is not None and (
        task.kind is not TaskKind.BINARY or not 0.0 <= decision.threshold <= 1.0
    ):
        raise _refuse(BLEND, f"A {task.kind} task cannot have the threshold {decision.threshold}.")
    _check_rule(decision, task)
    low, high = decision.interval_low, decision.interval_high
    if (low is None) != (high is None):
        raise _refuse(BLEND, "An interval needs both ends.")
    if low is not None and high is not None and (task.is_classification or not low <= high):
        raise _refuse(BLEND, f"A {task.kind} task cannot have the interval {low} to {high}.")


def _check_rule(decision: DecisionRecord, task: Task) -> None:
    """Refuse factors, costs and sets that do not fit the classes."""
    classes = len(task.classes)
    if decision.factors is not None and (
        len(decision.factors) != classes
        or not all(math.isfinite(factor) and factor > 0 for factor in decision.factors)
    ):
        raise _refuse(BLEND, "The factors of the classes do not fit the task.")
    if decision.costs is not None and (
        len(decision.costs) != classes
        or not all(len(row) == classes and all(map(math.isfinite, row)) for row in decision.costs)
    ):
        raise _refuse(BLEND, "The costs of the classes do not fit the task.")
    at = decision.set_threshold
    if at is not None and not (task.is_classification and 0.0 <= at <= 1.0):
        raise _refuse(BLEND, f"A {task.kind} task cannot have sets of classes from {at} on.")


def _build_member(
    record: MemberRecord, recipes: Sequence[Recipe], arrays: dict[str, Array], n_outputs: int
) -> Member:
    own = {name: arrays[packed] for name, packed in record.arrays.items()}
    try:
        form = form_from_arrays(record.kind, record.facts, own)
    except (LookupError, ValueError, TypeError, OverflowError) as error:
        # A form refuses what it checks with a BundleError; whatever else it trips over is refused as well.
        raise _refuse(BLEND, f"The member {record.name[:60]!r} cannot be built.") from error
    width = len(recipes[record.recipe].outputs)
    if form.n_features != width:
        raise _refuse(
            BLEND,
            f"The member {record.name[:60]!r} reads {form.n_features} features; its recipe makes {width}.",
        )
    # Sums over members trust this width, so it is checked before any sum is made.
    raw = form.raw(np.zeros((1, width), dtype=np.float64))
    if n_predictions(form.link, raw.shape[1]) != n_outputs:
        raise _refuse(BLEND, f"The member {record.name[:60]!r} has another number of outputs than the task.")
    return Member(name=record.name, form=form, recipe=record.recipe, weight=record.weight)


def _probe(blend: Blend, recipes: Sequence[Recipe]) -> None:
    """Evaluate one row of missing values and one of zeros: the outputs must be finite numbers."""
    for fill in (np.nan, 0.0):
        outputs = blend.evaluate([np.full((1, len(recipe.outputs)), fill) for recipe in recipes])
        if outputs.shape != (1, blend.n_outputs) or not np.isfinite(outputs).all():
            raise _refuse(BLEND, "The members do not evaluate to the outputs of the task.")


def _refuse(file: str, message: str) -> BundleError:
    return BundleError(
        message, hint="The bundle is corrupt or was altered; fetch it again.", place={"file": file}
    )
