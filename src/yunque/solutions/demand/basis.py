"""What a plan stands on."""

from dataclasses import dataclass
from functools import cached_property

from yunque.forecasting.answer import Forecasts
from yunque.forecasting.panel import Panel
from yunque.solutions.demand.history import History
from yunque.solutions.demand.intake import Book
from yunque.solutions.demand.standing import Standing


@dataclass(frozen=True, kw_only=True)
class Basis:
    """The company's book, its demand, the panel and the forecasts made of it."""

    book: Book
    history: History
    panel: Panel
    forecasts: Forecasts

    @cached_property
    def standing(self) -> Standing:
        """What every plan of it needs, whatever is wished."""
        return Standing(book=self.book, history=self.history, panel=self.panel, forecasts=self.forecasts)
