"""Hyper-parameters under one name each, whichever of a library's names was used."""

from collections.abc import Collection, Mapping
from typing import Any

from yunque.errors import UsageError

OURS = ("log_target", "patience_share")  # understood by every algorithm, see `target` and `patience`


def canonical_params(params: Mapping[str, Any], aliases: Mapping[str, str]) -> dict[str, Any]:
    """Give the params with aliases replaced by the names that they stand for.

    Raises:
        UsageError: one parameter is given under two names.
    """
    renamed: dict[str, Any] = {}
    for name, value in params.items():
        canonical = aliases.get(name, name)
        if canonical in renamed:
            raise UsageError(
                f"The parameter {canonical} is given twice.", hint=f"Leave out {name} or its alias."
            )
        renamed[canonical] = value
    return renamed


def library_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Give the params that the library itself reads."""
    return {name: value for name, value in params.items() if name not in OURS}


def merged_params(
    defaults: Mapping[str, Any], given: Mapping[str, Any], fixed: Mapping[str, Any]
) -> dict[str, Any]:
    """Give defaults, overridden by what is given, with what is fixed.

    Raises:
        UsageError: a fixed parameter is given another value, which would be ignored.
    """
    for name in given:
        if name in fixed and given[name] != fixed[name]:
            raise UsageError(f"The parameter {name} is fixed at {fixed[name]!r} here.", hint="Leave it out.")
    return {**defaults, **library_params(given), **fixed}


def refuse(params: Mapping[str, Any], names: Collection[str], reason: str) -> None:
    """Refuse params that would be ignored or would break a promise.

    Raises:
        UsageError: one of them is given.
    """
    for name in names:
        if name in params:
            raise UsageError(f"The parameter {name} is not offered: {reason}.", hint="Leave it out.")
