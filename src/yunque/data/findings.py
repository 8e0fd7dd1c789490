"""Look at a checked table before training, and say what would fool a model or the person who trains it."""

from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import polars as pl

from yunque.data import checks
from yunque.data.contract import Contract
from yunque.data.examined import Check, Examined, looks_like_regression
from yunque.data.finding import SEVERITIES, Finding, Severity

__all__ = ["Finding", "Severity", "find"]


def find(
    contract: Contract,
    frame: pl.DataFrame,
    *,
    folds: int = 5,
    seed: int = 7,
    as_of: datetime | None = None,
    is_regression: bool | None = None,
) -> tuple[Finding, ...]:
    """Run every check on a checked table.

    Measurements use at most 20,000 random rows; counts of rows, duplicates, groups and dates use all.

    Args:
        contract: names the columns, their kinds and roles.
        frame: the typed table of `check_table`, target included.
        folds: folds of the training to come.
        seed: seeds samples and folds; the same seed gives the same findings.
        as_of: the present, for dates that lie in the future; aware or naive UTC. None leaves that check out.
        is_regression: whether the target is a value; None works it out from the column.

    Returns:
        Findings, blocking ones first, each id once.
    """
    examined = _examine(contract, frame, is_regression, folds, seed, as_of)
    usable = examined.target is not None and examined.target_values.n_unique() > 1
    found: list[Finding] = []
    for check in known_checks():
        if usable or not check.needs_target:
            found.extend(check.run(examined, tuple(found)))
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


@cache
def known_checks() -> tuple[Check, ...]:
    """Give the checks in the order in which they run: one per file of `data/checks`."""
    names = sorted(module.name for module in iter_modules(checks.__path__))
    found: list[Check] = [import_module(f"{checks.__name__}.{name}").CHECK for name in names]
    return tuple(sorted(found, key=lambda check: check.order))


def _examine(
    contract: Contract,
    frame: pl.DataFrame,
    is_regression: bool | None,
    folds: int,
    seed: int,
    as_of: datetime | None,
) -> Examined:
    target = contract.schema.target
    if target is not None and target.name not in frame.columns:
        target = None
    rows = frame if target is None else frame.filter(pl.col(target.name).is_not_null())
    if is_regression is None:
        is_regression = target is not None and looks_like_regression(rows.get_column(target.name))
    if as_of is not None and as_of.tzinfo is not None:
        as_of = as_of.astimezone(UTC).replace(tzinfo=None)
    return Examined(
        schema=contract.schema,
        frame=rows,
        rows_without_target=frame.height - rows.height,
        target=target,
        is_regression=is_regression,
        folds=folds,
        seed=seed,
        as_of=as_of,
    )
