"""What every plan of a company needs whatever is wished of it: read once, kept with its basis."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, overload

from yunque.forecasting.answer import Forecasts
from yunque.forecasting.panel import Panel
from yunque.solutions.demand.grades import xyz
from yunque.solutions.demand.history import History, elapsed
from yunque.solutions.demand.intake import Book
from yunque.solutions.demand.levels import Memory
from yunque.solutions.demand.plan_values import PeriodForecast
from yunque.solutions.demand.terms import Seen, see, sold_before


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Parts of a plan that no wish changes, each worked out when it is first asked for.

    Attributes:
        book, history, panel, forecasts: the basis.
        memory: outcomes of summed demand that were already drawn.
    """

    book: Book
    history: History
    panel: Panel
    forecasts: Forecasts
    memory: Memory = field(default_factory=Memory, compare=False)

    @cached_property
    def seen(self) -> Seen:
        """Articles with what suppliers say, stock and open orders."""
        return see(self.book)

    @cached_property
    def elapsed(self) -> float:
        """Periods between the last closed one and the day of the plan."""
        return elapsed(self.book, self.panel)

    @cached_property
    def sold(self) -> dict[str, dict[str, Any]]:
        """What each article sold, by code."""
        return {row["code"]: row for row in sold_before(self.book, self.book.today).iter_rows(named=True)}

    @cached_property
    def swings(self) -> dict[str, str]:
        """XYZ by code."""
        categories = self.panel.items["category"].fill_null("").to_list()
        return dict(zip(self.panel.ids, xyz(self.panel, categories), strict=True))

    @cached_property
    def models(self) -> dict[str, dict[str, Any]]:
        """What forecast each article, by code."""
        return {row["unique_id"]: row for row in self.forecasts.items.iter_rows(named=True)}

    @cached_property
    def periods(self) -> dict[str, tuple[PeriodForecast, ...]]:
        """The forecast of each article, period by period, by code."""
        found: dict[str, list[PeriodForecast]] = {}
        frame = self.forecasts.periods.select("unique_id", "period", "mean", "p10", "p50", "p90", "p95")
        for code, start, mean, p10, p50, p90, p95 in frame.iter_rows():
            one = PeriodForecast(start=start, mean=mean, p10=p10, p50=p50, p90=p90, p95=p95)
            found.setdefault(code, []).append(one)
        return {code: tuple(some) for code, some in found.items()}

    @cached_property
    def sellers(self) -> frozenset[str]:
        """Codes that ever sold."""
        return frozenset(self.history.sales["unique_id"].unique().to_list())


@dataclass(frozen=True)
class ScaledPeriods(Sequence[PeriodForecast]):
    """Periods whose units are multiplied by a factor, each when it is looked at."""

    plain: tuple[PeriodForecast, ...]
    factor: float

    def __len__(self) -> int:
        """Give how many periods there are."""
        return len(self.plain)

    @overload
    def __getitem__(self, at: int) -> PeriodForecast: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[PeriodForecast]: ...
    def __getitem__(self, at: int | slice) -> PeriodForecast | Sequence[PeriodForecast]:
        """Give a period, or some of them."""
        if isinstance(at, slice):
            return tuple(self._scaled(one) for one in self.plain[at])
        return self._scaled(self.plain[at])

    def _scaled(self, one: PeriodForecast) -> PeriodForecast:
        by = self.factor
        return PeriodForecast(
            start=one.start,
            mean=one.mean * by,
            p10=one.p10 * by,
            p50=one.p50 * by,
            p90=one.p90 * by,
            p95=one.p95 * by,
        )
