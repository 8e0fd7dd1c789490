"""Locked numbers: every number in a text must exist in the data that the text is about.

A number of a text is looked up as it stands, and as the data's numbers are rounded: to 0, 1 or 2 decimals; as
per cent with 0 or 1 decimal; in tenths ("8 de cada 10"); in thousands or millions with up to 2 decimals where
such a word follows. Days lend their day, month and year. Names and other words of the data may hold any
figure: they are taken out of the text first. Numbers in words count ("tres", "a dozen"); articles ("un", "a")
do not.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from yunque.assistant.amounts import rounded
from yunque.assistant.fold import fold
from yunque.assistant.number_words import with_figures

_NUMBER = re.compile(r"\d+(?:[.,']\d{3})*(?:[.,]\d+)?|\d+")
_SCALE = re.compile(r"\s*(?:(?P<k>mil|k|thousand)\b|(?P<m>millon(?:es)?|m|million|millions)\b)")
_WORDED = re.compile(
    r"\b(?:mitad|doble|triple|tercio|tercera parte|cuarta parte|half|double|twice|third of|quarter of"
    r"|uno|one)\b"
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
CLOSE = 1e-9


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the data hold: numbers, and words that may stand in a text whatever figures they hold."""

    numbers: frozenset[float] = frozenset()
    words: tuple[str, ...] = field(default=())


def known(*data: Any) -> Known:
    """Gather every number, day and word of nested data."""
    numbers: set[float] = set()
    texts: set[str] = set()
    for one in data:
        _gather(one, numbers, texts)
    return Known(
        numbers=frozenset(numbers), words=tuple(sorted((t for t in texts if t), key=lambda t: (-len(t), t)))
    )


def _gather(value: Any, numbers: set[float], texts: set[str]) -> None:
    if isinstance(value, str):
        _gather_text(value, numbers, texts)
    elif isinstance(value, date):
        numbers.update(map(float, (value.year, value.month, value.day)))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        numbers.add(float(value))
    elif isinstance(value, Mapping):
        for one in value.values():
            _gather(one, numbers, texts)
    elif isinstance(value, Iterable):
        for one in value:
            _gather(one, numbers, texts)


def _gather_text(value: str, numbers: set[float], texts: set[str]) -> None:
    if _DAY.fullmatch(value):
        numbers.update(float(part) for part in value.split("-"))
    elif any(character.isdigit() for character in value) or len(value) > 2:
        texts.add(fold(value))


def foreign_numbers(text: str, data: Known) -> tuple[str, ...]:
    """Give the numbers of a text, as written, that the data do not hold; () when all are locked."""
    plain = fold(text)
    for word in data.words:
        if (
            any(character.isdigit() for character in word)
            or _WORDED.search(word)
            or with_figures(word) != word
        ):
            plain = plain.replace(word, " ")
    figures = with_figures(plain)
    allowed = _forms(data.numbers)
    found = [match.group() for match in _WORDED.finditer(figures)]
    for match in _NUMBER.finditer(figures):
        if not any(
            _is_held(value, match.end(), figures, allowed, data.numbers) for value in _values(match.group())
        ):
            found.append(match.group())
    return tuple(found)


def _values(text: str) -> set[float]:
    """Every way to read digits with separators: as groups, or with a decimal."""
    compact = re.sub(r"[\s']", "", text)
    found: set[float] = set()
    for group, point in ((".", ","), (",", ".")):
        candidate = compact.replace(group, "").replace(point, ".")
        if candidate.count(".") <= 1:
            found.add(float(candidate))
    return found


def _forms(numbers: Iterable[float]) -> frozenset[float]:
    forms: set[float] = set()
    for number in numbers:
        size = abs(number)
        forms.update(rounded(size, decimals) for decimals in (0, 1, 2))
        forms.update({size, rounded(size * 100, 1), rounded(size * 100)})
        if 0 <= number <= 1:
            forms.add(rounded(number * 10))
    return frozenset(forms)


def _is_held(value: float, end: int, text: str, allowed: frozenset[float], numbers: frozenset[float]) -> bool:
    scale = _SCALE.match(text, end)
    if scale:
        size = 1e3 if scale["k"] else 1e6
        scaled = {rounded(abs(one) / size, decimals) for one in numbers for decimals in (0, 1, 2)}
        if value in scaled:
            return True
    return value in allowed or any(abs(value - one) < CLOSE for one in allowed)
