"""What answers stand on: one company's plan, its history, and a way to plan anew with other wishes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from yunque.assistant.reading import Reader
from yunque.errors import UsageError
from yunque.solutions.demand.columns import PURCHASE, RECEIPT, RETURN, SALE
from yunque.solutions.demand.plan_values import PlanLine, PurchasePlan
from yunque.solutions.demand.questions.understand import Names, make_reader

Replan = Callable[[Mapping[str, Any]], PurchasePlan]  # changed attributes of a PlanWish -> the plan with them
MOST_PLANS = 8  # made with other wishes, that are kept
COUNTRY_OF = {"COP": "CO", "MXN": "MX", "USD": "US"}


@dataclass(frozen=True)
class Desk:
    """One company's answers; nothing of another company is in reach.

    Attributes:
        plan: what to buy.
        movements: its history, with the columns of `columns.MOVEMENTS`.
        replan: plans anew; None where only the plan is at hand.
        country: ISO code; by the currency when "".
        errors: backtest errors of articles: code -> wape and others; {} when not measured.
        keys: of the run, for the envelope: mlflow_run_id, mlflow_ui_url.
    """

    plan: PurchasePlan
    movements: pl.DataFrame
    replan: Replan | None = None
    country: str = ""
    errors: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    _plans: dict[tuple[tuple[str, Any], ...], PurchasePlan] = field(default_factory=dict, repr=False)

    @property
    def place(self) -> str:
        """The country whose number formats hold."""
        return self.country or COUNTRY_OF.get(self.plan.currency, "CO")

    @property
    def today(self) -> date:
        """The day of the plan."""
        return self.plan.as_of

    @cached_property
    def lines(self) -> dict[str, PlanLine]:
        """Lines of the plan by code."""
        return {line.article.code: line for line in self.plan.lines}

    @cached_property
    def names(self) -> Names:
        """What may be named."""
        articles = {line.article.code: line.article.name for line in self.plan.lines}
        older = self.movements.select("code", "name").unique("code", keep="last", maintain_order=True)
        for code, name in older.iter_rows():
            articles.setdefault(code, name or "")
        lines = self.plan.lines
        return Names(
            articles=articles,
            categories=sorted({line.article.category for line in lines} - {""}),
            suppliers=sorted({line.article.supplier for line in lines} - {""}),
            warehouses=sorted(
                {line.article.warehouse for line in lines} | _texts(self.movements, "warehouse")
            ),
            cities=sorted(_texts(self.movements, "city")),
        )

    @cached_property
    def reader(self) -> Reader:
        """What reads questions about this company."""
        return make_reader(self.names, self.place)

    @cached_property
    def sales(self) -> pl.DataFrame:
        """Sales and returns, units and value with their sign, the category as the plan has it."""
        value = pl.coalesce("value", pl.col("units") * pl.col("price"))
        sign = pl.when(pl.col("kind") == RETURN).then(-1.0).otherwise(1.0)
        kept = self.movements.filter(pl.col("kind").is_in([SALE, RETURN]))
        category = {line.article.code: line.article.category for line in self.plan.lines}
        return kept.with_columns(
            units=pl.col("units") * sign,
            value=value.abs() * sign,
            category=pl.col("code").replace_strict(
                category, default=pl.col("category"), return_dtype=pl.String
            ),
        )

    @cached_property
    def purchases(self) -> pl.DataFrame:
        """Purchases, or receipts where no purchase is recorded."""
        value = pl.coalesce("value", pl.col("units") * pl.col("price"))
        bought = self.movements.filter(pl.col("kind") == PURCHASE)
        found = bought if bought.height else self.movements.filter(pl.col("kind") == RECEIPT)
        return found.with_columns(value=value)

    def name(self, code: str) -> str:
        """Give an article's name, or its code."""
        return self.names.articles.get(code) or code

    def plan_with(self, **changes: Any) -> PurchasePlan:
        """Plan anew with changed wishes.

        Raises:
            UsageError: there is nothing to plan with, or a wish that no plan can meet.
        """
        if self.replan is None:
            raise UsageError(
                "This plan cannot be worked out anew here. / Este plan no se puede recalcular aquí.",
                hint="Train again with `yunque demand train`.",
            )
        key = tuple(sorted(changes.items()))
        found = self._plans.get(key)
        if found is None:
            while len(self._plans) >= MOST_PLANS:
                self._plans.pop(next(iter(self._plans)), None)
            found = self._plans[key] = self.replan(changes)
        return found


def _texts(frame: pl.DataFrame, column: str) -> set[str]:
    return {value for value in frame[column].unique().to_list() if value}
