"""What a question takes over from the one before it: "¿y cuándo se acaba?" is about the same article."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from yunque.assistant.calendar_math import UNITS, unit_span
from yunque.assistant.fold import words
from yunque.assistant.lexicon import Intent
from yunque.assistant.query import Query
from yunque.assistant.reading import Reading
from yunque.solutions.demand.questions.slots import KINDS, Slots

_LEADS = re.compile(r"^[^a-z@]*(?:y|and|pero|but|entonces|then|so|ahora|now|o|or|tambien|also|si|if)\b")
_POINTS = re.compile(
    r"\b(?:lo|la|los|las|le|les)\s+(?:puedo|debo|compro|pido|hay|tengo|necesito|vendi|vendimos)\b"
    r"|\b(?:ese|esa|eso|esos|esas|este mismo|el mismo|la misma|ello|ellos|aquel)\b"
    r"|\b(?:it|that|those|them|they|their|its|this one)\b"
    r"|\b(?:ese|esa|that|this) (?:articulo|producto|item|product|proveedor|supplier|categoria|category)\b"
)
_MANY = re.compile(
    r"\b(?:todo|todos|todas|every|everything|all|total|general|articulos|productos|items|products|articles|cuales|which)\b"
)
_THIS_ONE = re.compile(r"\b(?:este|esta|this|this one|el actual|la actual|the current one)[^a-z]*$")
_INSTEAD = re.compile(
    r"^[^a-z@]*(?:mejor|ahora|y|and|now|rather|mas bien)\b|\b(?:instead|en cambio|mejor)[^a-z]*$"
)
OPPOSITE = (  # "mejor muéstrame los que caen" turns a question round: as many, of the same time
    {"growth", "decline"},
    {"top_sold", "least_sold"},
    {"largest_sale", "smallest_sale"},
    {"overstock", "stockout_risk"},
)
ALONE = frozenset(words("accuracy why cover order_dates"))  # asked of what was just said, unless of many
TIMED = frozenset(
    words("accuracy why what_if how_much buy_article forecast_article forecast_category investment_total")
)
SUMMED = frozenset(
    words("buy_list supplier_order budget_plan buy_article how_much")
)  # whose total may be asked


def carried(reading: Reading, intent: Intent, before: Query) -> dict[str, Any]:
    """Give the slots of the query before that a question is still about; {} when it stands by itself."""
    slots: Mapping[str, Any] = before.slots
    names = {kind: slots[kind] for kind in KINDS if kind in slots}
    if {intent.name, before.intent} in OPPOSITE and _INSTEAD.search(reading.text):
        return {name: slots[name] for name in (*KINDS, "top", "start", "end") if name in slots}
    sums = intent.name == "investment_total" and before.intent in SUMMED
    if reading.mentions or not (names or sums or intent.name == before.intent):
        return {}
    needed = any(name in names for name in intent.needs)
    if not (needed or sums or _goes_on(reading, intent)):
        return {}
    times = {name: slots[name] for name in ("start", "end") if name in slots and intent.name in TIMED}
    return {**names, **({} if reading.periods or reading.lengths else times)}


def compared(reading: Reading, slots: Slots, before: Query, today: date) -> Slots:
    """Compare the period of the question before with the one that is named, or with "this one"."""
    own = slots.values
    if "start_b" in own or before.start is None or before.end is None or not _goes_on(reading, None):
        return slots
    other: tuple[Any, Any] | None = (own["start"], own["end"]) if "start" in own else None
    if other is None and _THIS_ONE.search(reading.text):
        units = (unit for unit in UNITS if _is_a(unit, before.start, before.end))
        other = next((unit_span(today, unit) for unit in units), None)
    if other is None:
        return slots
    spans = {"start": before.start, "end": before.end, "start_b": other[0], "end_b": other[1]}
    return replace(slots, values={**own, **spans})


def _is_a(unit: str, start: date, end: date) -> bool:
    return unit_span(start, unit) == (start, end)


def _goes_on(reading: Reading, intent: Intent | None) -> bool:
    text = reading.text
    if _LEADS.search(text) or _POINTS.search(text):
        return not _MANY.search(text)
    return intent is not None and intent.name in ALONE and not _MANY.search(text)
