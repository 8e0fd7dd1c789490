"""What is understood of a thousand questions in two languages, and what is refused."""

from datetime import date
from functools import cache
from typing import Any

import pytest
from demand_sets import CATALOGUE, SETS, make_test_reader
from demand_sets import asked as rows_of
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.assistant.reading import Reader
from yunque.errors import UsageError
from yunque.solutions.demand.questions.understand import Understood, lexicon, understand

TODAY: date = CATALOGUE["today"]


def reader() -> Reader:
    return make_test_reader()


def ask(question: str, before: Understood | None = None) -> Understood:
    return understand(reader(), question, TODAY, before.query) if before else asked(question)


@cache
def asked(question: str) -> Understood:
    return understand(reader(), question, TODAY)


@cache
def talked(*questions: str) -> Understood:
    """Ask one question after the other."""
    found = asked(questions[0])
    for question in questions[1:]:
        found = ask(question, found)
    return found


def plain(slots: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in slots.items()}


def missed(name: str) -> tuple[int, list[str], list[str]]:
    """How many there are, whose intent and whose slots are wrong."""
    rows = rows_of(name)
    intents, slots = [], []
    for one in rows:
        found = talked(*one.get("b", ()), one["q"])
        if found.intent != one["i"]:
            intents.append(f"{one['q']}: {found.intent}")
        if (found.query.slots if found.query else {}) != plain(one["s"]):
            slots.append(f"{one['q']}: {found.query}")
    return len(rows), intents, slots


@pytest.mark.parametrize("name", SETS)
def test_questions_are_understood(name: str) -> None:
    total, intents, slots = missed(name)
    assert total >= 60
    assert len(intents) <= 0.03 * total, intents
    assert len(slots) <= 0.05 * total, slots


@pytest.mark.parametrize(
    "one",
    [q for n in SETS for q in rows_of(n) if q["i"] == "unknown"],
    ids=lambda q: q["q"],
)
def test_what_cannot_be_answered_is_refused_with_three_offers(one: dict[str, Any]) -> None:
    found = ask(one["q"])
    assert found.query is None and found.refusal
    assert len({intent.name for intent in found.nearest}) == 3


def test_the_language_is_known() -> None:
    wrong = [
        one["q"]
        for n in SETS
        for one in rows_of(n)
        if one["i"] != "unknown" and "b" not in one and ask(one["q"]).language != one["l"]
    ]
    assert len(wrong) <= 25, wrong


def test_every_intent_has_examples_in_both_languages() -> None:
    for intent in lexicon().intents:
        assert set(intent.examples) == {"es", "en"}, intent.name


def test_a_conversation_goes_on() -> None:
    first = ask("¿Cuánto voy a vender de azúcar blanca en junio?")
    second = ask("¿y para diciembre?", first)
    assert second.query is not None and second.is_follow_up
    assert second.query.slots == {"article": "AZU-1KG", "start": "2026-12-01", "end": "2026-12-31"}
    third = ask("¿Y de café molido?", second)
    assert third.query is not None and third.query.article == "CAF-500"
    assert third.query.start == date(2026, 12, 1)
    orders = ask("What do I order from Muebles Roma?")
    other = ask("and for supplier Química Lozano?", orders)
    assert other.query is not None and (other.query.intent, other.query.supplier) == (
        "supplier_order",
        "Química Lozano",
    )
    much = ask("¿Cuántas libretas rayadas debo pedir?")
    why = ask("¿por qué?", much)
    assert why.query is not None and (why.query.intent, why.query.article) == ("why", "LIB-050")


def test_a_follow_up_without_a_question_before_is_refused() -> None:
    assert ask("¿y para diciembre?").query is None


def test_a_name_of_two_articles_is_asked_back() -> None:
    found = ask("¿Cuántas libretas debo pedir?")
    assert found.refusal == "which" and set(found.options) == {"LIB-100", "LIB-050"}


def test_an_article_nobody_knows_is_named_back() -> None:
    found = ask("¿Cuántas bicicletas debo comprar?")
    assert found.refusal == "unknown_name" and found.options == ("bicicletas",)


@pytest.mark.parametrize("question", ["", "   ", "x" * 10_000, None, 7])
def test_what_is_no_question_is_a_named_error(question: object) -> None:
    with pytest.raises(UsageError):
        understand(reader(), question, TODAY)


@pytest.mark.parametrize(
    "question",
    [
        "¿Qué pasa si la demanda sube 99999999%?",
        "nivel de servicio del 150%: qué compro",
        "tengo 0 pesos para comprar",
    ],
)
def test_values_out_of_range_never_break(question: str) -> None:
    try:
        found = ask(question)
    except UsageError as error:
        assert "range" in error.message
    else:
        assert found.query is None or found.query.amount != 0


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        found = ask(text)
    except UsageError:
        return
    assert found.query is not None or found.refusal
