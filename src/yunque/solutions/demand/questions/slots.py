"""From a reading to slots: which period, amount, share or duration plays which part in which question."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from yunque.assistant.calendar_math import MONTHS_OF, Span, add_months, days_of
from yunque.assistant.fold import words
from yunque.assistant.lexicon import Intent
from yunque.assistant.patterns import read_yaml
from yunque.assistant.reading import Reading

KINDS = ("article", "category", "supplier", "warehouse", "city")
RANKED = frozenset(
    words(
        "buy_list growth decline top_sold least_sold dearest stockout_risk overstock abc new_articles cover "
        "investment_total order_dates stock_level rotation largest_sale smallest_sale sales_by_city accuracy "
        "sales_by_warehouse sales_by_category budget_plan data_quality supplier_order"
    )
)
SPLIT = frozenset(
    words(
        "investment_total supplier_order sales_in_period stock_level sales_by_month compare_periods "
        "forecast_total overstock accuracy purchases_by_month average_sale"
    )
)
AT_A_LEVEL = frozenset(words("buy_list how_much buy_article budget_plan supplier_order"))
PRESENT = frozenset(words("stock_level cover article_count abc new_articles data_quality accuracy rotation"))
COUNTED = frozenset(words("why how_much buy_article"))


@dataclass(frozen=True, kw_only=True)
class Slots:
    """What could be filled.

    Attributes:
        values: slots of a query.
        unclear: kind of thing -> keys that a name may mean.
    """

    values: dict[str, Any]
    unclear: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a rule looks at: the reading, the intent, what is filled already, and the day."""

    reading: Reading
    intent: Intent
    values: dict[str, Any]
    today: date

    def says(self, mark: str, text: str | None = None) -> bool:
        """Whether the question, or a part of it, holds words of a mark."""
        return bool(_marks()[mark].search(self.reading.text if text is None else text))


@cache
def _marks() -> dict[str, re.Pattern[str]]:
    text = files("yunque.solutions.demand.questions").joinpath("marks.yaml").read_text("utf-8")
    return {name: re.compile(pattern) for name, pattern in read_yaml(text).items()}


def fill(reading: Reading, intent: Intent, today: date) -> Slots:
    """Give the slots of a reading for an intent."""
    values: dict[str, Any] = {}
    unclear: dict[str, tuple[str, ...]] = {}
    for kind in KINDS:
        mentions = reading.of_kind(kind)
        if mentions and len(mentions[0].keys) == 1:
            values[kind] = mentions[0].keys[0]
        elif mentions:
            unclear[kind] = mentions[0].keys
    for rule in RULES:
        values.update(rule(Part(reading=reading, intent=intent, values=values, today=today)))
    return Slots(values=values, unclear=unclear)


def _what_if(part: Part) -> dict[str, Any]:
    if part.intent.name != "what_if":
        return {}
    reading = part.reading
    before = reading.text.split("@percent")[0][-30:]
    if reading.percents and part.says("service") and not part.says("lead_time", before):
        both = _lead_time(part) if reading.lengths and part.says("lead_time") else {}
        return {"what": "service_level", "service_level": abs(reading.percents[0].value), **both}
    if reading.lengths and (part.says("lead_time") or not reading.percents):
        return {"what": "lead_time", **_lead_time(part)}
    change = _change(part)
    if change is not None:
        name = "price" if part.says("price") else "demand"
        return {"what": name, f"{name}_change": change}
    return {"what": "no_purchase"} if part.says("no_purchase") else {}


def _change(part: Part) -> float | None:
    percents = part.reading.percents
    if percents:
        value = percents[0].value
        return -value if value > 0 and part.says("less") else value
    named = (("double", 1.0), ("triple", 2.0), ("half", -0.5))
    return next((value for mark, value in named if part.says(mark)), None)


def _lead_time(part: Part) -> dict[str, float]:
    one = part.reading.lengths[0]
    days = days_of(one.unit, one.count)
    before, after = part.reading.text.split("@length", 1)
    if part.says("less", after[:30]) or part.says("early_before", before[-30:]):
        return {"lead_time_change": -days}
    is_later = one.is_more or part.says("more", after[:30]) or part.says("late_before", before[-30:])
    return {"lead_time_change": days} if is_later else {"lead_time": days}


def _service(part: Part) -> dict[str, Any]:
    if "what" in part.values or not part.reading.percents:
        return {}
    share = part.reading.percents[0].value
    is_named = part.says("service") or part.intent.name in AT_A_LEVEL
    return {"service_level": share} if is_named and 0.3 <= share < 1 else {}


def _amount(part: Part) -> dict[str, Any]:
    reading = part.reading
    if reading.moneys:
        one = reading.moneys[0]
        return {"amount": abs(one.value), **({"currency": one.currency} if one.currency else {})}
    if part.intent.name == "budget_plan" and reading.numbers:
        largest = max(one.value for one in reading.numbers)
        return {"amount": largest} if largest >= 100 else {}
    return {}


def _top(part: Part) -> dict[str, Any]:
    match = _marks()["top"].search(part.reading.text) if part.intent.name in RANKED else None
    if match is None:
        return {}
    value = part.reading.numbers[part.reading.at(match)].value
    return {"top": int(value)} if value == int(value) and 1 <= value <= 1000 else {}


def _quantity(part: Part) -> dict[str, Any]:
    numbers = part.reading.numbers
    return {"quantity": numbers[0].value} if part.intent.name in COUNTED and numbers else {}


def _periods(part: Part) -> dict[str, Any]:
    past = part.intent.looks == "past"
    periods = list(part.reading.periods)
    if not {"lead_time", "lead_time_change"} & part.values.keys():
        periods += part.reading.lengths
    compares = part.intent.name == "compare_periods"
    ends = [one for period in periods for one in (compares and period.parts) or (period.resolve,)]
    spans = [resolve(part.today, past) for resolve in ends]
    spans = _in_order(spans) if compares else _of_weight(spans, part)
    if not spans:
        return {}
    (start, end), others = spans[0], spans[1:]
    if compares and others:
        return {"start": start, "end": end, "start_b": others[0][0], "end_b": others[0][1]}
    for first, last in others:  # "julio y agosto"
        if first == end + timedelta(days=1):
            end = last
    return {"start": start, "end": end}


def _in_order(spans: list[Span]) -> list[Span]:
    """Take "mayo y junio", asked in May, as those of one year, although this year's May has begun."""
    if len(spans) != 2 or spans[0] <= spans[1]:
        return spans
    start, end = (add_months(day, -MONTHS_OF["year"]) for day in spans[0])
    follows = end + timedelta(days=1) == spans[1][0]
    return [(start, end), spans[1]] if follows else spans


def _of_weight(spans: list[Span], part: Part) -> list[Span]:
    """Leave out days that only say when one asks or orders: "mañana", "hoy" of what is there today."""
    now = (part.today, part.today)
    near = timedelta(days=1)
    if part.intent.name in PRESENT:
        spans = [one for one in spans if one != now]
    if part.intent.name in AT_A_LEVEL:  # "mañana viene el de Andina": what is bought lasts longer
        spans = [one for one in spans if one[0] != one[1] or abs(one[0] - part.today) > near]
    longer = [one for one in spans if one[0] != one[1]]
    return [one for one in spans if not longer or abs(one[0] - part.today) > near or one in longer]


def _group(part: Part) -> dict[str, Any]:
    if part.intent.name not in SPLIT:
        return {}
    groups = ("supplier", "category", "abc", "warehouse", "city", "article")
    return next(({"group": name} for name in groups if part.says(f"by_{name}")), {})


def _abc(part: Part) -> dict[str, Any]:
    match = _marks()["abc"].search(part.reading.text) if part.intent.name == "abc" else None
    return {"abc_class": next(one for one in match.groups() if one).upper()} if match else {}


RULES: tuple[Callable[[Part], dict[str, Any]], ...] = (
    _what_if, _service, _amount, _top, _quantity, _periods, _group, _abc,
)  # fmt: skip
