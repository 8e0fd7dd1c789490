"""A question after reading: one intent with its slots, checked; what is answered, and nothing else."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from yunque.errors import UsageError

Text = Annotated[str, msgspec.Meta(max_length=200)]
Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Change = Annotated[float, msgspec.Meta(gt=-1, le=20)]
Language = Literal["es", "en"]


class Query(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An intent with its slots; absent ones are None.

    Attributes:
        intent: name of the kind of question.
        article, category, supplier, warehouse, city: what it is about; an article by its code.
        start, end: first and last day of the period that is asked about, both counted.
        start_b, end_b: the same of the second period of a comparison.
        amount, currency: money to spend, and its ISO code where it was said.
        service_level: fraction of 1.
        top: how many to show.
        quantity: a number of units that is asked about.
        lead_time, lead_time_change: days from order to shelf, and days more or less.
        demand_change, price_change: fractions: 0.2 for 20 % more.
        what: what a "what if" changes.
        group: by what a sum is split.
        abc_class: which class is asked for.
    """

    intent: Text
    article: Text | None = None
    category: Text | None = None
    supplier: Text | None = None
    warehouse: Text | None = None
    city: Text | None = None
    start: date | None = None
    end: date | None = None
    start_b: date | None = None
    end_b: date | None = None
    amount: Annotated[float, msgspec.Meta(gt=0, le=1e15)] | None = None
    currency: Annotated[str, msgspec.Meta(max_length=3)] | None = None
    service_level: Share | None = None
    top: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    quantity: Annotated[float, msgspec.Meta(ge=0, le=1e12)] | None = None
    lead_time: Annotated[float, msgspec.Meta(ge=0, le=3650)] | None = None
    lead_time_change: Annotated[float, msgspec.Meta(ge=-3650, le=3650)] | None = None
    demand_change: Change | None = None
    price_change: Change | None = None
    what: Literal["lead_time", "demand", "price", "service_level", "no_purchase"] | None = None
    group: Literal["supplier", "category", "abc", "warehouse", "city", "article"] | None = None
    abc_class: Literal["A", "B", "C"] | None = None

    @property
    def slots(self) -> dict[str, Any]:
        """Give the slots that are there, JSON-ready, without the intent."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        return {name: value for name, value in document.items() if name != "intent"}


def make_query(fields: dict[str, Any]) -> Query:
    """Build a query from plain values, checked.

    Raises:
        UsageError: a value is beyond what may be asked; it names the slot.
    """
    try:
        query = msgspec.convert(fields, Query, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"The question asks for something out of range: {error}. / La pregunta pide algo fuera de rango.",
            hint="Shares lie between 0 and 100 %, amounts are above 0.",
        ) from error
    if query.start and query.end and query.start > query.end:
        raise UsageError("The period ends before it begins. / El periodo termina antes de empezar.")
    return query
