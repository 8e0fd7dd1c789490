"""The targets that were declared before a training, and whether its champion met them."""

import math
from dataclasses import dataclass

from yunque.errors import UsageError
from yunque.models.gates import parse_requirement
from yunque.models.manifest import Manifest


@dataclass(frozen=True, kw_only=True)
class Target:
    """One declared target.

    Attributes:
        declared: as it was written into the manifest, "roc_auc>=0.85".
        metric: its name, with the class in brackets where it is one class's.
        found: on rows that the champion did not learn from; None where it was not measured.
        met: whether it holds.
    """

    declared: str
    metric: str
    found: float | None
    met: bool


def targets_of(manifest: Manifest) -> tuple[Target, ...]:
    """Give the targets of a model in the order in which they were declared."""
    return tuple(_target(text, manifest) for text in manifest.requirements)


def _target(text: str, manifest: Manifest) -> Target:
    try:
        requirement = parse_requirement(text)
    except UsageError:
        return Target(declared=text, metric="", found=None, met=False)
    found = manifest.champion.metrics.get(requirement.metric)
    known = found is not None and math.isfinite(found)
    return Target(
        declared=text,
        metric=requirement.metric,
        found=found if known else None,
        met=known and requirement.holds(float(found or 0.0)),
    )
