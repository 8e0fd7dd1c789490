"""Rows that repeat others, and rows that agree in every feature but not in the target."""

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from yunque.data.examined import Check, Examined
from yunque.data.finding import Finding

FEW = 0.001
MANY_CONFLICTS = 0.01


def _run(table: Examined, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG001
    if table.frame.height < 2 or not table.features:
        return
    yield from _repeated(table)
    if table.target is not None and not table.is_regression:
        yield from _conflicting(table)


def _repeated(table: Examined) -> Iterator[Finding]:
    rows = table.frame.height
    repeated = rows - table.frame.hash_rows().n_unique()
    if repeated == 0:
        return
    yield Finding(
        id="duplicate_rows",
        severity="warning" if repeated >= FEW * rows else "info",
        columns=(),
        evidence={"repeated": repeated, "rows": rows, "share": round(repeated / rows, 4)},
        message=(
            f"{repeated:,} of {rows:,} rows ({repeated / rows:.1%}) repeat another row in every "
            "column; a random split puts copies on both sides and flatters the score."
        ),
        suggested_action=(
            "If they are recorded twice by mistake, remove them; if they are real, keep them "
            "and judge by a split in time or by group."
        ),
    )


def _conflicting(table: Examined) -> Iterator[Finding]:
    """Compare labels of rows with equal features; what is left unexplained bounds every model's accuracy."""
    features = [column.name for column in table.features]
    profile = table.frame.select(features).hash_rows()
    cells = (
        pl.DataFrame({"profile": profile, "label": table.target_values}).group_by("profile", "label").len()
    )
    groups = cells.group_by("profile").agg(
        pl.len().alias("labels"), pl.col("len").sum(), pl.col("len").max().alias("best")
    )
    rows = table.frame.height
    conflicting = int(groups.filter(pl.col("labels") > 1).get_column("len").sum())
    if conflicting < FEW * rows:
        return
    best = int(groups.get_column("best").sum()) / rows
    share, repeated_profiles = conflicting / rows, 1.0 - groups.height / rows
    coarse = repeated_profiles > 0.5
    yield Finding(
        id="conflicting_labels",
        severity="info" if coarse or share < MANY_CONFLICTS else "warning",
        columns=(table.target_values.name,),
        evidence={"rows": conflicting, "share": round(share, 4), "best_possible_accuracy": round(best, 4)},
        message=(
            f"{conflicting:,} rows ({share:.1%}) have the same features as a row with another "
            f"target; no model on these features can be right in more than {best:.1%} of the "
            "rows of this table."
        ),
        suggested_action="Look for labelling errors, or for a feature that tells such rows apart.",
    )


CHECK = Check(name="duplicate_rows", order=80, needs_target=False, run=_run)
