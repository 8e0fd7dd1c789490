"""What a plan stands on."""

from dataclasses import dataclass

from yunque.forecasting.answer import Forecasts
from yunque.forecasting.panel import Panel
from yunque.solutions.demand.history import History
from yunque.solutions.demand.intake import Book


@dataclass(frozen=True, kw_only=True)
class Basis:
    """The company's book, its demand, the panel and the forecasts made of it."""

    book: Book
    history: History
    panel: Panel
    forecasts: Forecasts
