"""Questions that have no sense without the one before: "¿y para diciembre?", "and 10 days?"."""

import re
from dataclasses import replace

from yunque.assistant.lexicon import Intent
from yunque.assistant.query import Query
from yunque.assistant.reading import Reading
from yunque.solutions.demand.questions.slots import Slots

_LEAD = (
    r"(?:y|and|fuera|fuese|serian?|pero|but|entonces|then|que tal|what about|how about|ahora|now|mejor|o|or"
    r"|si|if|solo|only|unicamente|solamente|just|ahora bien|y que tal)"
)
_LINK = (
    r"(?:para|for|en|in|de|con|with|del|by|al|a|the|el|la|los|las|from|por|solo|only|supplier|proveedor|categoria"
    r"|unicamente|solamente|fuese|serian?|same for|lo mismo para"
    r"|category|articulo|item|bodega|warehouse|about|it|that|eso|esos|lo|mismo|same|tambien|also|nivel|servicio"
    r"|service|level|of|top|fuera|fueran|were|was|instead|que|sobre|mes|presupuesto|budget|hay)"
)
_TAIL = (
    r"(?:y|and|de|of|para|for|en|in|del|from|nivel|service|level|servicio|mas|primeros|instead|tambien|also|now"
    r"|ahora|please|por|favor)"
)
_GOES_ON = re.compile(rf"^[^a-z@]*(?:{_LEAD}|para|for|en|in|de|con|with|del)\b")
_SAME = re.compile(
    rf"^[^a-z@]*(?:{_LEAD}\b[\s,]*)*(?:{_LINK}\b[\s,]*)*(?:@\w+[\s,?!.]*(?:{_TAIL}\b[\s,?!.]*)*)*$"
)


_CHANGED = {
    "lead_time": "lead_time_change",
    "demand": "demand_change",
    "price": "price_change",
    "service_level": "service_level",
}
_AND = re.compile(r"^[^a-z@]*(?:y|and|pero|but)\b")


def is_part(reading: Reading) -> bool:
    """Whether a question is but the end of another one: "¿y para diciembre?"."""
    return bool(_AND.match(reading.text) and _SAME.match(reading.text))


def goes_on(reading: Reading, intent: Intent | None) -> bool:
    """Whether a question has no sense of its own but slots, or asks "why?" of what was just said."""
    if reading.refused:
        return False
    text = reading.text
    if _SAME.match(text) and "@" in text:
        return True
    starts = bool(_GOES_ON.match(text))
    if intent is not None and intent.name == "why" and len(reading.mentions) == 0:
        return True
    return starts and intent is None and not reading.unexplained and "@" in text


def _as_large(reading: Reading, slots: Slots, amount: float) -> Slots:
    """Read "and if it were three?" after an amount of millions as three millions."""
    number = reading.numbers[0].value if reading.numbers else 0.0
    unit = 1e6 if amount >= 1e6 else 1e3
    if not 0 < number < 1000 or reading.lengths or "top" in slots.values:
        return slots
    return replace(slots, values={**slots.values, "amount": number * unit})


def as_before(reading: Reading, slots: Slots, before: Query) -> Slots:
    """Read "and 10 days?" or "and if it were 20?" as more of what the question before changed."""
    if before.amount and "amount" not in slots.values and before.intent == "budget_plan":
        return _as_large(reading, slots, before.amount)
    if before.intent != "what_if" or before.what not in _CHANGED:
        return slots
    name = _CHANGED[before.what]
    value, number = slots.values.get("lead_time"), reading.numbers[0].value if reading.numbers else None
    was = before.slots.get(name)
    if value is None and number is not None and not reading.percents and not reading.lengths:
        value = number if name == "lead_time_change" else number / 100
    if value is None or was is None:
        return slots
    signed = value if name == "service_level" or was > 0 else -value
    values = {key: one for key, one in slots.values.items() if key not in {"lead_time", "quantity"}}
    return replace(slots, values={**values, "what": before.what, name: signed})
