"""Options of a training without a target: how many clusters, how many flags, a label to judge by."""

from typing import TYPE_CHECKING, Annotated

import typer

from yunque.errors import UsageError

if TYPE_CHECKING:
    from yunque.learning.unlabelled.wish import UnlabelledWish

Target = Annotated[
    str | None,
    typer.Option(
        "--target", "-t", metavar="COLUMN", help="The column to predict; none for anomaly and clusters."
    ),
]
Clusters = Annotated[
    str, typer.Option("--clusters", metavar="K|auto", help="With --task clusters: how many to look for.")
]
Contamination = Annotated[
    float,
    typer.Option(
        "--contamination", metavar="SHARE", help="With --task anomaly: share of the training rows to flag."
    ),
]
Label = Annotated[
    str | None,
    typer.Option(
        "--label", metavar="C", help="Without a target: a column to judge by, that no model learns from."
    ),
]


def unlabelled_wish(clusters: str, contamination: float, label: str | None) -> "UnlabelledWish":
    """Read the options.

    Raises:
        UsageError: one of them means nothing.
    """
    from yunque.learning.unlabelled.wish import UnlabelledWish, parse_clusters

    return UnlabelledWish(clusters=parse_clusters(clusters), contamination=contamination, label=label)


def refuse_missing_target(task: str, target: str | None) -> None:
    """Refuse a training that has nothing to predict.

    Raises:
        UsageError: there is no target, and the task needs one.
    """
    from yunque.learning.unlabelled.task import is_without_target

    if target is None and not is_without_target(task):
        raise UsageError(
            "There is no target column.",
            hint="Name it with --target COLUMN, or ask for --task anomaly or --task clusters.",
        )
