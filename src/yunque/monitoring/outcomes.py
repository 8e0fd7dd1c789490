"""Join what really happened, known later, to what was answered: by request id, and row within the request."""

from pathlib import Path

import polars as pl

from yunque.errors import TableError
from yunque.monitoring.prediction_log import read_log

KEY, ROW, OUTCOME = "request_id", "row", "outcome"


def join_outcomes(
    folder: Path, name: str, outcomes: pl.DataFrame, version: int | None = None
) -> pl.DataFrame:
    """Give the logged rows whose outcome is known, with the column `outcome`.

    Args:
        folder: of the prediction log.
        name: the model.
        outcomes: columns request_id and outcome, and row where requests held several; without it, the first.
        version: one version of the model, or all.

    Raises:
        TableError: a column is missing, or a row has two outcomes.
    """
    missing = [column for column in (KEY, OUTCOME) if column not in outcomes.columns]
    if missing:
        raise TableError(
            f"The outcomes have no column {missing[0]!r}.",
            hint="They need request_id and outcome, and may have row.",
        )
    keyed = outcomes if ROW in outcomes.columns else outcomes.with_columns(pl.lit(0).alias(ROW))
    keyed = keyed.select(pl.col(KEY).cast(pl.String), pl.col(ROW).cast(pl.Int32), OUTCOME)
    if keyed.select(KEY, ROW).is_duplicated().any():
        raise TableError("A row has two outcomes.", hint="Give one outcome for each request_id and row.")
    log = read_log(folder, name, version)
    if ROW not in log.collect_schema().names():
        return log.collect().with_columns(pl.lit(None).alias(OUTCOME)).head(0)
    return log.join(keyed.lazy(), on=[KEY, ROW], how="inner", maintain_order="left").collect()
