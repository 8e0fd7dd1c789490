"""Catalogues of both languages hold the same keys and places; numbers read well."""

import string

import pytest

from yunque.data.findings import known_checks
from yunque.learning.metrics import CATALOGUE
from yunque.models import report_numbers as numbers
from yunque.models.report_words import shortened, words


def test_both_languages_say_the_same_things() -> None:
    english, spanish = words("en")._texts, words("es")._texts
    own = {key for key in spanish if key.startswith("finding.") and not key.endswith(".title")}
    assert set(english) == set(spanish) - own
    for key, text in english.items():
        assert places(text) == places(spanish[key]), key


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_metric_has_a_name() -> None:
    for language in ("en", "es"):
        catalogue = words(language)  # type: ignore[arg-type]
        assert [name for name in CATALOGUE if f"metric.{name}" not in catalogue] == []


def test_there_are_checks_to_speak_of() -> None:
    assert len(known_checks()) > 5


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.98213, "0.9821"),
        (1.0312, "1.031"),
        (12.345, "12.35"),
        (123.456, "123.5"),
        (48231.2, "48,231"),
        (-0.5, "-0.5000"),
        (0.00045, "0.00045"),
        (4.9e-17, "4.9e-17"),
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "–"),
    ],
)
def test_numbers_have_the_digits_they_deserve(value: float | None, shown: str) -> None:
    assert numbers.number(value) == shown


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (0.98213, 0.0012, "0.9821 ± 0.0012"),
        (39413.4, 1159.6, "39,413 ± 1,160"),
        (6.0411, 0.0233, "6.041 ± 0.023"),
        (1.2341, 0.00031, "1.2341 ± 0.0003"),
        (0.5, None, "0.5000"),
        (0.5, float("nan"), "0.5000"),
        (None, 0.1, "–"),
    ],
)
def test_a_number_and_its_error_share_their_digits(
    value: float | None, error: float | None, shown: str
) -> None:
    assert numbers.with_error(value, error) == shown


def test_shares_spans_and_speeds() -> None:
    assert numbers.percent(0.123) == "12.3%"
    assert numbers.percent(0.00001) == "< 0.1%"
    assert numbers.percent(0.0) == "0.0%"
    assert numbers.bounded(4.9e-17) == "0.0000"
    assert [numbers.duration(s) for s in (0.02, 5.04, 60, 72, 7300)] == [
        "20 ms",
        "5.0 s",
        "1 min",
        "1 min 12 s",
        "2 h 1 min",
    ]
    assert [numbers.microseconds(s) for s in (4.23, 1234.0, None)] == ["4.2 µs", "1,234 µs", "–"]
    assert shortened("x" * 50, 10) == "xxxxxxxxx…"
