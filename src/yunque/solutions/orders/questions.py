"""The two questions that orders answer, and the table that each is learnt from."""

from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from yunque.data.contract import Contract
from yunque.data.schema import Column, Kind, Role, Schema
from yunque.errors import UsageError
from yunque.solutions.orders.columns import ABOUT_CLIENT, AMOUNTS, CLIENT, STARS, TARGET, TIME, column
from yunque.solutions.orders.history import HISTORY, LAST_CHANNELS, with_history

Asked = Literal["next", "given"]
Rows = Literal["order", "client"]
WEEKDAY, QUARTER = f"{TIME}_day_of_week", f"{TIME}_quarter"
OWN = (*AMOUNTS, WEEKDAY, QUARTER)
WHOLE = ("n_", "estrellas", "materiales_distintos", WEEKDAY, QUARTER)  # beginnings of names of whole numbers


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of an order.

    Attributes:
        asked: "next": the channel of an order before it is placed, from the client and its past; "given":
            R5's first question, the channel of an order whose own amounts and day are known.
        rows: "order": every order is a row; "client": the last order of each client, as R5 had it.
        unused: columns left out, with the reason of each.
    """

    asked: Asked = "next"
    rows: Rows = "order"
    unused: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a question that nobody answers.

        Raises:
            UsageError: another question or another kind of rows.
        """
        if self.asked not in ("next", "given"):
            raise UsageError(f"There is no question {self.asked!r}.", hint="Ask next or given.")
        if self.rows not in ("order", "client"):
            raise UsageError(f"A row is no {self.rows!r}.", hint="A row is an order or a client.")

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that may answer it."""
        return (*ABOUT_CLIENT, *(HISTORY if self.asked == "next" else OWN))

    @property
    def contract(self) -> Contract:
        """The contract of the table that is learnt from; left out columns say why."""
        columns = [
            column(CLIENT, Kind.CATEGORY, Role.ID, "names a client"),
            column(TIME, Kind.TIMESTAMP, Role.TIME, "moment of the order"),
            column(TARGET, Kind.CATEGORY, Role.TARGET),
            *(self._feature(name) for name in self.features),
        ]
        return Contract(name=f"orders_{self.asked}", schema=Schema(columns=tuple(columns)))

    def _feature(self, name: str) -> Column:
        reason = self.unused.get(name, "")
        return column(name, kind_of(name), Role.IGNORE if reason else Role.FEATURE, reason)


def kind_of(name: str) -> Kind:
    """Give the kind of a column to learn from."""
    if name in LAST_CHANNELS or (name in ABOUT_CLIENT and name != STARS):
        return Kind.CATEGORY
    return Kind.INTEGER if name.startswith(WHOLE) else Kind.NUMBER


def to_learn(orders: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Give the table that answers a question, from orders sorted by client and moment.

    Of one client's orders at its last instant the last one in the files stands for the client.
    """
    wide = with_history(orders) if question.asked == "next" else with_own(orders)
    if question.rows == "client":
        wide = wide.filter(pl.col(CLIENT) != pl.col(CLIENT).shift(-1).fill_null(pl.lit("")))
    return wide.select(CLIENT, TIME, TARGET, *question.features)


def with_own(orders: pl.DataFrame) -> pl.DataFrame:
    """Add the parts of the order's own date under R5's names: day of week 0 (Monday) to 6, quarter 1 to 4."""
    return orders.with_columns(
        (pl.col(TIME).dt.weekday() - 1).cast(pl.Int64).alias(WEEKDAY),
        pl.col(TIME).dt.quarter().cast(pl.Int64).alias(QUARTER),
    )
