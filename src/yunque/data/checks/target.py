"""Whether the target can be learnt from at all."""

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from yunque.data.examined import Check, Examined
from yunque.data.finding import Finding, Severity

FEWEST_ROWS = 10
MANY_MISSING = 0.05
NEARLY_UNIQUE = 0.5
MANY_CLASSES = 100


def _run(table: Examined, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG001
    wanted = table.schema.target
    if wanted is None:
        return
    if table.target is None:
        yield _finding(
            "target_missing",
            "blocking",
            wanted.name,
            {},
            f"There is no column {wanted.name!r}.",
            "Name the column to predict.",
        )
        return
    yield from _missing(table, wanted.name)
    if table.frame.height == 0:
        return
    if table.target_values.n_unique() == 1:
        value = table.target_values[0]
        yield _finding(
            "target_constant",
            "blocking",
            wanted.name,
            {"value": str(value), "rows": table.frame.height},
            f"The target {wanted.name!r} has the same value {value!r} in all "
            f"{table.frame.height:,} rows; there is nothing to learn.",
            "Choose another target, or add rows with other values.",
        )
        return
    if table.frame.height < FEWEST_ROWS:
        yield _finding(
            "too_few_rows",
            "blocking",
            wanted.name,
            {"rows": table.frame.height, "needed": FEWEST_ROWS},
            f"Only {table.frame.height} rows have a target; at least {FEWEST_ROWS} are needed to "
            "learn and to judge.",
            "Add rows.",
        )
        return
    if not table.is_regression:
        yield from _classes(table, wanted.name)


def _missing(table: Examined, name: str) -> Iterator[Finding]:
    missing, rows = table.rows_without_target, table.rows_without_target + table.frame.height
    if rows == 0 or table.frame.height == 0:
        yield _finding(
            "target_missing",
            "blocking",
            name,
            {"rows": rows},
            f"The target {name!r} is missing in all {rows:,} rows.",
            "Add rows whose target is known.",
        )
    elif missing:
        yield _finding(
            "target_partly_missing",
            "warning" if missing / rows >= MANY_MISSING else "info",
            name,
            {"rows": rows, "missing": missing},
            f"The target {name!r} is missing in {missing:,} of {rows:,} rows "
            f"({missing / rows:.1%}); they are left out of training.",
            "Make sure that these rows are not a special kind (cancelled, not yet known) that "
            "the model will meet.",
        )


def _classes(table: Examined, name: str) -> Iterator[Finding]:
    counts = table.target_values.alias("label").value_counts(sort=True, name="rows")
    rows, classes = table.frame.height, counts.height
    if classes > 2 and classes / rows > NEARLY_UNIQUE:
        yield _finding(
            "target_nearly_unique",
            "blocking",
            name,
            {"classes": classes, "rows": rows},
            f"The target {name!r} has {classes:,} different values in {rows:,} rows; it reads "
            "like an id or a free text, not like a class.",
            "Choose another target, or treat it as a number if it is one (task regression).",
        )
        return
    if classes > MANY_CLASSES:
        yield _finding(
            "target_many_classes",
            "warning",
            name,
            {"classes": classes, "rows": rows},
            f"The target {name!r} has {classes:,} classes; training will be slow and rare "
            "classes will not be learnt.",
            "Merge rare classes, or treat the target as a number if it is one.",
        )
    rare = counts.filter(pl.col("rows") < table.folds)
    if rare.height:
        labels = [str(label) for label in rare.get_column("label").head(10).to_list()]
        smallest = int(rare.get_column("rows").to_numpy().min())
        yield _finding(
            "class_too_rare",
            "warning",
            name,
            {"classes": labels, "count": rare.height, "fewest_rows": smallest, "folds": table.folds},
            f"{rare.height} class(es) of {name!r} have fewer rows than the {table.folds} folds "
            f"({', '.join(labels)}; the rarest has {smallest}); some folds cannot learn or judge "
            "them.",
            "Merge rare classes, add rows of them, or leave them out.",
        )


def _finding(
    name: str, severity: Severity, column: str, evidence: dict[str, object], message: str, action: str
) -> Finding:
    return Finding(
        id=name,
        severity=severity,
        columns=(column,),
        evidence=evidence,
        message=message,
        suggested_action=action,
    )


CHECK = Check(name="target", order=0, needs_target=False, run=_run)
