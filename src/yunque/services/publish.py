"""Publish a packed bundle, and move the champion: forward through the gates, or back."""

from dataclasses import dataclass
from pathlib import Path

from yunque.errors import GateError, UsageError
from yunque.models.gates import Shortfall
from yunque.models.manifest import Override
from yunque.models.registry import Registry
from yunque.models.registry_rows import Version


@dataclass(frozen=True, kw_only=True)
class Published:
    """What became of a bundle.

    Attributes:
        version: as it stands in the registry.
        promoted: it answers as the champion now.
        shortfalls: gates that it did not pass; () when promoted without an override.
        folder: where its files lie, report and card among them.
    """

    version: Version
    promoted: bool
    shortfalls: tuple[Shortfall, ...]
    folder: Path


def publish(
    registry: Registry, bundle: Path, *, name: str, by: str, override: str = "", once: str = ""
) -> Published:
    """Publish a bundle as the next version of `name` and make it the champion if it passes its gates.

    Args:
        registry: where to.
        bundle: folder of a packed bundle.
        name: the model.
        by: who publishes.
        override: that person's reason to promote it in spite of what it falls short of.
        once: names the work that made it, which publishes one version however often it is done.

    Raises:
        BundleError: the bundle does not pass its audit.
    """
    version = registry.publish(bundle, by=by, name=name, once=once)
    return settle(registry, version, by=by, override=override)


def settle(registry: Registry, version: Version, *, by: str, override: str = "") -> Published:
    """Make a published version the champion if it passes its gates, and say what it falls short of."""
    shortfalls: tuple[Shortfall, ...] = ()
    promoted = True
    try:
        version = promote(registry, version.label, by=by, override=override)
    except GateError as error:
        shortfalls, promoted = tuple(error.shortfalls), False
    return Published(
        version=version, promoted=promoted, shortfalls=shortfalls, folder=registry.folder_of(version)
    )


def promote(registry: Registry, reference: str, *, by: str, reason: str = "", override: str = "") -> Version:
    """Make a version the champion of its model, through the gates.

    Args:
        registry: where it stands.
        reference: name@version.
        by: who promotes.
        reason: why, for the record.
        override: that person's reason to promote it in spite of what it falls short of.

    Raises:
        UsageError: the reference names no version.
        GateError: it falls short of a gate and no override was given.
    """
    if "@" not in reference:
        raise UsageError(
            f"{reference!r} names no version.",
            hint=f"Write {reference}@3, or {reference}@latest for the newest.",
        )
    found = registry.resolve(reference)
    taken = Override(by=by, reason=override) if override.strip() else None
    return registry.promote(found.name, found.version, by=by, reason=reason, override=taken)


def roll_back(registry: Registry, name: str, *, by: str, reason: str = "") -> Version:
    """Make the previous champion the champion again.

    Raises:
        ConflictError: there was none, or its golden rows no longer reproduce.
        NotFoundError: there is no such model.
    """
    return registry.rollback(name, by=by, reason=reason)
