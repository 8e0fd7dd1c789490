"""Understand a question about purchases: a query to answer, or why there is none and what to ask instead."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from yunque.assistant.lexicon import Intent, Lexicon, read_lexicon
from yunque.assistant.name_words import Thing
from yunque.assistant.names import Catalogue
from yunque.assistant.query import Query, make_query
from yunque.assistant.reading import Reader, Reading
from yunque.assistant.scorer import Scorer, read_scorer
from yunque.errors import UsageError
from yunque.solutions.demand.questions.carry import carried, compared
from yunque.solutions.demand.questions.follow import as_before, goes_on, is_part
from yunque.solutions.demand.questions.named_days import named_days
from yunque.solutions.demand.questions.slots import KINDS, Slots, fill

Refusal = Literal["", "personal", "outside", "unclear", "unknown_name", "unnamed", "which"]
UNKNOWN = "unknown"


@cache
def lexicon() -> Lexicon:
    """Give what may be asked; read once."""
    return read_lexicon(_own("lexicon.yaml").decode(), _learnt().words)


@cache
def scorer() -> Scorer:
    """Give what was learnt of intents; read once."""
    return read_scorer(_own("intents.npz"), lexicon().families.words)


def _learnt() -> Scorer:
    return read_scorer(_own("intents.npz"), {})


def _own(name: str) -> bytes:
    return files("yunque.solutions.demand.questions").joinpath(name).read_bytes()


@dataclass(frozen=True, kw_only=True)
class Names:
    """What may be named in a question.

    Attributes:
        articles: code -> name.
        categories, suppliers, warehouses, cities: names.
    """

    articles: Mapping[str, str]
    categories: Sequence[str] = ()
    suppliers: Sequence[str] = ()
    warehouses: Sequence[str] = ()
    cities: Sequence[str] = ()

    @property
    def things(self) -> tuple[Thing, ...]:
        """Everything, as things of a catalogue."""
        groups = (
            ("category", self.categories),
            ("supplier", self.suppliers),
            ("warehouse", self.warehouses),
            ("city", self.cities),
        )
        found = [Thing(kind="article", key=code, name=name or code) for code, name in self.articles.items()]
        found += [
            Thing(kind=kind, key=name, name=name) for kind, names in groups for name in names if name.strip()
        ]
        return tuple(found)


def make_reader(names: Names, country: str, default: str = "es") -> Reader:
    """Build what reads questions about one company's data."""
    words = lexicon()
    catalogue = Catalogue(names.things, cues=words.cues, common=words.common)
    return Reader(
        lexicon=words, catalogue=catalogue, named=named_days(country), scorer=scorer(), default=default
    )


@dataclass(frozen=True, kw_only=True)
class Understood:
    """What a question means.

    Attributes:
        question, language: as asked.
        query: what to answer, or None.
        refusal: why not, "" when there is a query.
        options: keys a name may mean ("which"), or words nothing is known of ("unknown_name").
        nearest: intents that come nearest, for offers.
        score: how much more the intent is believed than that it is none; above 0 it is answered.
        is_follow_up: it goes on from the question before.
    """

    question: str
    language: str
    query: Query | None
    refusal: Refusal = ""
    options: tuple[str, ...] = ()
    nearest: tuple[Intent, ...] = ()
    score: float = 0.0
    is_follow_up: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def intent(self) -> str:
        """Name of the intent; "unknown" when it is refused."""
        return self.query.intent if self.query else UNKNOWN


def understand(reader: Reader, question: object, today: date, before: Query | None = None) -> Understood:
    """Understand a question, and one that goes on from `before` ("¿y para diciembre?").

    Raises:
        UsageError: it is empty, no text, too long, or asks for something out of range.
    """
    reading = reader.read(question)
    intent = reading.best
    follows = before is not None and goes_on(reading, intent)
    if follows and before is not None:
        return _follow(reader, reading, today, before)
    if intent is None or is_part(reading):
        strange = [] if reading.refused else _strange(reading)
        meant = reader.supposing(reading, strange) if strange else None
        if meant is not None:
            return _refused(reading, "unknown_name", strange, meant)
        return _refused(reading, reading.refused or "unclear", ())
    kept = {} if before is None else carried(reading, intent, before)
    slots = fill(reading, intent, today)
    if before is not None and intent.name == "compare_periods":
        slots = compared(reading, slots, before, today)
    found = _decided(reading, intent, slots, kept)
    return Understood(**{**_fields(found), "is_follow_up": True}) if kept else found


def understand_as(
    reader: Reader, question: str, today: date, name: str, names: Mapping[str, str]
) -> Understood:
    """Understand a question as the intent that somebody names, with things that somebody names.

    Periods, amounts and shares are read from the question itself; nobody can add any.

    Raises:
        UsageError: there is no such intent, or a value is out of range.
    """
    intent = reader.lexicon.intent(name)
    if intent is None:
        raise UsageError(f"There is no kind of question {name[:40]!r}.")
    reading = reader.read(question)
    slots = fill(reading, intent, today)
    clear = Slots(values={**names, **slots.values}, unclear=slots.unclear)
    missing = [one for one in intent.needs if one not in clear.values]
    if missing:
        return _refused(reading, "unnamed", missing, intent, clear.values)
    query = make_query({"intent": intent.name, **clear.values})
    return Understood(question=reading.question, language=reading.language, query=query)


def _decided(
    reading: Reading, intent: Intent, slots: Slots, kept: Mapping[str, Any] | None = None
) -> Understood:
    values = {**(kept or {}), **slots.values}
    for kind in ("article", "supplier", "category", "warehouse"):
        if kind in slots.unclear and kind not in values:
            return _refused(reading, "which", slots.unclear[kind], intent, values)
    strange = [] if any(kind in values for kind in KINDS) else _strange(reading)
    if strange:
        return _refused(reading, "unknown_name", strange, intent, values)
    missing = [name for name in intent.needs if name not in values and not _is_spared(intent, name, reading)]
    if missing and reading.unexplained:
        return _refused(reading, "unknown_name", reading.unexplained, intent, values)
    if missing:
        return _refused(reading, "unnamed", tuple(missing), intent, values)
    query = make_query({"intent": intent.name, **values})
    return Understood(
        question=reading.question,
        language=reading.language,
        query=query,
        score=reading.ranked[0][1],
        given=slots.values,
    )


_NAMING = re.compile(
    r"\b(?:que|which|what|cual|cuales|cuantos|cuantas|how many|del?|of|for|los|las|el|la|un|una|unos|unas|the"
    r"|an?|any)\s+([a-z]{3,})"
)


def _strange(reading: Reading) -> list[str]:
    """Words that stand where a name would, and that nothing is known of."""
    return [word for word in _NAMING.findall(reading.text) if word in reading.unexplained]


def _is_spared(intent: Intent, name: str, reading: Reading) -> bool:
    """Whether a need may stay open: orders to every supplier are an answer too."""
    return intent.name == "supplier_order" and name == "supplier" and not reading.unexplained


def _follow(reader: Reader, reading: Reading, today: date, before: Query) -> Understood:
    own = reading.best
    asks_why = own is not None and own.name == "why" and "@" not in reading.text
    name = "why" if asks_why else before.intent
    intent = reader.lexicon.intent(name)
    if intent is None:
        return _refused(reading, "unclear", ())
    slots = as_before(reading, fill(reading, intent, today), before)
    kept: dict[str, Any] = {key: value for key, value in before.slots.items() if key not in slots.values}
    if "article" in slots.values or "article" in slots.unclear:
        kept.pop("category", None)
        intent = _turned(reader, intent, "forecast_article") if "article" in slots.values else intent
    if "category" in slots.values:
        kept.pop("article", None)
        intent = _turned(reader, intent, "forecast_category")
    found = _decided(reading, intent, slots, kept)
    return Understood(**{**_fields(found), "is_follow_up": True})


def _turned(reader: Reader, intent: Intent, name: str) -> Intent:
    """Turn a forecast of one kind into that of another."""
    return (reader.lexicon.intent(name) or intent) if intent.name.startswith("forecast_") else intent


def _fields(found: Understood) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Understood.__dataclass_fields__}


def _refused(
    reading: Reading,
    refusal: str,
    options: Sequence[str],
    intent: Intent | None = None,
    values: Mapping[str, Any] | None = None,
) -> Understood:
    ranked = [one for one, _ in reading.ranked]
    first = [intent] if intent is not None else []
    nearest = [*first, *(one for one in ranked if one is not intent)][:3]
    return Understood(
        question=reading.question,
        language=reading.language,
        query=None,
        refusal=refusal,  # type: ignore[arg-type]
        options=tuple(options),
        nearest=tuple(nearest),
        score=reading.ranked[0][1] if reading.ranked else 0.0,
        given=dict(values or {}),
    )
