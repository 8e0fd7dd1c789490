"""Tables to be predicted: features checked under the contract, unreadable rows set aside with reasons."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.contract import Contract
from yunque.data.schema import Schema
from yunque.data.validate import CheckFailure, check_table

EXTRA_COLUMN = "extra_column"
SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class ReadTable:
    """A table ready for the recipes.

    Attributes:
        frame: the readable rows, features only, typed.
        rows: their positions in the input, ascending.
        rejected: why the other rows were set aside.
        rejected_rows: positions of the others, ascending.
        warnings: what was noticed without harm.
    """

    frame: pl.DataFrame
    rows: npt.NDArray[np.int64]
    rejected: tuple[CheckFailure, ...]
    rejected_rows: npt.NDArray[np.int64]
    warnings: tuple[CheckFailure, ...]


class TableReader:
    """Reads tables under the features of a contract; what else a table holds is not looked at."""

    def __init__(self, contract: Contract) -> None:
        self._known = frozenset(contract.schema.names)
        self._contract = replace(contract, schema=Schema(columns=contract.schema.features))

    def read(self, frame: pl.DataFrame) -> ReadTable:
        """Check and type a table.

        Raises:
            ContractError: required columns are missing; all of them are named.
        """
        features = self._contract.schema.names
        checked = check_table(self._contract, frame, need_target=False)
        bad = np.unique(np.asarray(checked.bad_rows, dtype=np.int64))
        good = np.setdiff1d(np.arange(frame.height, dtype=np.int64), bad, assume_unique=True)
        typed = pl.DataFrame([checked.frame.get_column(name) for name in features])
        return ReadTable(
            frame=typed if not len(bad) else typed[good],
            rows=good,
            rejected=tuple(failure for failure in checked.failures if failure.severity == "error"),
            rejected_rows=bad,
            warnings=(
                *(f for f in checked.failures if f.severity != "error" and f.check != EXTRA_COLUMN),
                *self._unknown_columns(frame),
            ),
        )

    def _unknown_columns(self, frame: pl.DataFrame) -> tuple[CheckFailure, ...]:
        unknown = [name for name in frame.columns if name not in self._known]
        if not unknown:
            return ()
        shown = ", ".join(map(repr, unknown[:SHOWN]))
        more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        failure = CheckFailure(
            check=EXTRA_COLUMN,
            column=None,
            count=len(unknown),
            rows=(),
            examples=tuple(unknown[:SHOWN]),
            severity="warning",
            message=f"Columns that the model does not know were not used: {shown}{more}.",
        )
        return (failure,)
