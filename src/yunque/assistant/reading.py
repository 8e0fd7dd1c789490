"""Read a question: what it names, its numbers and periods, and how well each intent fits."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from yunque.assistant.calendar_math import Span
from yunque.assistant.dates import Period, find_periods
from yunque.assistant.fold import checked_question, fold
from yunque.assistant.lexicon import Intent, Lexicon
from yunque.assistant.name_words import Mention
from yunque.assistant.names import Catalogue
from yunque.assistant.number_words import with_figures
from yunque.assistant.numbers import Number, find_numbers

ENOUGH = 1.0  # score from which an intent is believed
UNEXPLAINED = 0.5  # what a word costs that nothing explains
MENDED = 0.25  # what a mended word costs: it may have meant something else
_WORD = re.compile(r"@?[a-z]+(?:'[a-z]+)?")
_MARK = re.compile(r"@[a-z]+")
NamedDays = Mapping[str, Callable[[int], Span]]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read in a question; nothing is decided yet.

    Attributes:
        question: as asked, trimmed.
        language: "es" or "en".
        text: folded and mended, with marks for what was found: @article, @money, @percent, @period, @length,
            @number and so on, in order.
        mentions, moneys, percents, numbers, periods, lengths: what the marks stand for, each in order.
        ranked: intents with their scores, best first.
        refused: why it is never answered, "" when it may be.
        unexplained: words that nothing explains.
        mended: how many words were mended.
    """

    question: str
    language: str
    text: str
    mentions: tuple[Mention, ...]
    moneys: tuple[Number, ...]
    percents: tuple[Number, ...]
    numbers: tuple[Number, ...]
    periods: tuple[Period, ...]
    lengths: tuple[Period, ...]
    ranked: tuple[tuple[Intent, float], ...]
    refused: str
    unexplained: tuple[str, ...]
    mended: int = 0

    @property
    def doubt(self) -> float:
        """What words cost that are not understood, or only by mending them."""
        return UNEXPLAINED * len(self.unexplained) + MENDED * self.mended

    @property
    def best(self) -> Intent | None:
        """The intent that is believed, or None."""
        if self.refused or not self.ranked:
            return None
        intent, score = self.ranked[0]
        return intent if score - self.doubt >= ENOUGH else None

    def of_kind(self, kind: str) -> tuple[Mention, ...]:
        """Give the named things of a kind."""
        return tuple(mention for mention in self.mentions if mention.kind == kind)

    def at(self, match: re.Match[str], group: int | str = 0) -> int:
        """Give which of its kind the first mark in a matched group is."""
        mark = _MARK.search(self.text, match.start(group))
        assert mark is not None  # noqa: S101 - the pattern holds a mark
        return len(re.findall(rf"{mark.group()}\b", self.text[: mark.start()]))

    def days(self, period: Period, today: date, *, past: bool) -> Span:
        """Give the days of a period."""
        return period.resolve(today, past)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """What reads questions about one catalogue; built once for a data set.

    Attributes:
        lexicon: what may be asked.
        catalogue: what may be named.
        named: days with names.
        default: language when a question does not tell.
    """

    lexicon: Lexicon
    catalogue: Catalogue
    named: NamedDays
    default: str = "es"

    def read(self, question: object) -> Reading:
        """Read a question.

        Raises:
            UsageError: it is empty, no text, or too long.
        """
        asked = checked_question(question)
        folded = fold(asked)
        mentions = self.catalogue.find(folded)
        text = _marked(folded, [(one.start, one.end, f"@{one.kind}") for one in mentions])
        refused = _refused(self.lexicon, folded) or _refused(self.lexicon, text)
        mended = _mended(text, self.lexicon)
        changes = sum(a != b for a, b in zip(text.split(), mended.split(), strict=True))
        text = with_figures(mended)
        valued = [one for one in find_numbers(text) if one.kind != "number"]
        text = _marked(text, [(one.start, one.end, f"@{one.kind}") for one in valued])
        times = find_periods(text, self.named)
        text = _marked(
            text, [(one.start, one.end, "@length" if one.is_length else "@period") for one in times]
        )
        plain = find_numbers(text)
        text = re.sub(r"\s+", " ", _marked(text, [(one.start, one.end, "@number") for one in plain])).strip()
        ranked = [(intent, intent.score(text)) for intent in self.lexicon.intents]
        return Reading(
            question=asked,
            language=self.lexicon.language(asked, folded, self.default),
            text=text,
            mentions=tuple(mentions),
            moneys=tuple(one for one in valued if one.kind == "money"),
            percents=tuple(one for one in valued if one.kind == "percent"),
            numbers=tuple(plain),
            periods=tuple(one for one in times if not one.is_length),
            lengths=tuple(one for one in times if one.is_length),
            ranked=tuple(sorted(ranked, key=lambda one: -one[1])),
            refused=refused,
            unexplained=_unexplained(self.lexicon, text),
            mended=changes,
        )


def _marked(text: str, spans: list[tuple[int, int, str]]) -> str:
    out, last = [], 0
    for start, end, mark in sorted(spans):
        out += [text[last:start], f" {mark} "]
        last = end
    return "".join([*out, text[last:]])


def _mended(text: str, lexicon: Lexicon) -> str:
    return _WORD.sub(lambda match: lexicon.speller.mend(match.group()), text)


def _refused(lexicon: Lexicon, text: str) -> str:
    for reason, patterns in lexicon.refused.items():
        if any(pattern.search(text) for pattern in patterns):
            return reason
    return ""


def _unexplained(lexicon: Lexicon, text: str) -> tuple[str, ...]:
    words = [match.group() for match in _WORD.finditer(text)]
    return tuple(
        word for word in words if word[0] != "@" and len(word) > 2 and word.split("'")[0] not in lexicon.words
    )
