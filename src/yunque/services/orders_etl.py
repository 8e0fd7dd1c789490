"""From a folder of files to the table that is learnt from: read, checked, sorted, with each order's past."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from yunque.solutions.orders.columns import CLIENT, TARGET, TIME
from yunque.solutions.orders.intake import Intake, take_in
from yunque.solutions.orders.questions import Question, to_learn

DATA_FINAL = "data_final.parquet"
PROCESSED = Path("data", "processed")
REJECTED = "rejected_rows.csv"


@dataclass(frozen=True, kw_only=True)
class Etl:
    """What came of the files.

    Attributes:
        intake: typed orders, what was set apart, what was noticed.
        table: one row an order or a client, as the question asks; identity, time, channel and features.
        seconds: it took.
    """

    intake: Intake
    table: pl.DataFrame
    seconds: float = 0.0

    def facts(self) -> dict[str, Any]:
        """Give what `etl.json` says."""
        shares = self.table[TARGET].cast(pl.String).value_counts(normalize=True, sort=True)
        return {
            "files": list(self.intake.files),
            "rows_read": self.intake.rows,
            "rows_rejected": self.intake.rejected.select("file", "row").n_unique(),
            "rows_repeated": self.intake.repeated,
            "orders": self.intake.orders.height,
            "clients": self.intake.orders[CLIENT].n_unique(),
            "first": str(self.intake.orders[TIME].min()),
            "last": str(self.intake.orders[TIME].max()),
            "rows_to_learn_from": self.table.height,
            "columns": self.table.columns,
            "shares": dict(shares.iter_rows()),
            "nulls": {n: c for n, c in self.table.null_count().row(0, named=True).items() if c},
            "notices": [notice.to_dict() for notice in self.intake.notices],
            "seconds": round(self.seconds, 3),
        }


def run_etl(source: Path, question: Question, as_of: datetime) -> Etl:
    """Read the files and build the table.

    Args:
        source: a folder of *.parquet, or one table.
        question: what a row is, and which columns it has.
        as_of: the present; the files have no zone, so it is compared as it stands.

    Raises:
        TableError: no file or a damaged one; names it.
        DataError: a column cannot be read, or too few rows are left.
    """
    intake = take_in(source, as_of.replace(tzinfo=None))
    return Etl(intake=intake, table=to_learn(intake.orders, question))


def write_etl(etl: Etl, folder: Path) -> None:
    """Write data/processed/data_final.parquet, and the rows set apart with their reasons."""
    processed = folder / PROCESSED
    processed.mkdir(parents=True)
    etl.table.lazy().sink_parquet(processed / DATA_FINAL, compression="zstd")
    etl.intake.rejected.write_csv(folder / REJECTED)
