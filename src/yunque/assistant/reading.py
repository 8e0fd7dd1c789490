"""Read a question: what it names, its numbers and periods, and how well each intent fits."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date

from yunque.assistant.calendar_math import Span
from yunque.assistant.chat import with_own_units, written_out
from yunque.assistant.dates import Period, find_periods
from yunque.assistant.fold import checked_question, fold
from yunque.assistant.lexicon import Intent, Lexicon
from yunque.assistant.name_words import Mention
from yunque.assistant.names import Catalogue
from yunque.assistant.number_words import with_figures
from yunque.assistant.numbers import Number, find_numbers
from yunque.assistant.scorer import UNKNOWN, Scorer

PATTERNS = 1.2  # what a unit of a pattern's weight adds to the learnt logarithm of an intent's share
LEAST, MOST = -1.5, 4.0  # of a pattern score that is added
CAUTION = 1.5  # what is added to the share of "none of these"
UNEXPLAINED = 1.0  # what every word adds to it that nothing explains
WRONG_TIME = (
    2.5  # what a period that is over takes from what asks ahead, and one that comes from what looks back
)
MENDED = 0.25  # what a mended word adds: it may have meant something else
_WORD = re.compile(r"@?[a-z]+(?:'[a-z]+)?")
_VERB = re.compile(  # endings that verbs have and names of goods hardly ever
    r"..(?:amos|emos|imos|aste|iste|aron|ieron|abamos|iamos|aremos|eremos|iremos|aras|eras|iria|aria|eria|arian"
    r"|erian|irian|ando|iendo|arlos?|arlas?|erlos?|erlas?|irlos?|arme|erme|irme|arnos|ernos|arse|erse|irse"
    r"|arles?|ando(?:me|nos|lo|la|se)|asemos|iesemos|aramos|ieramos)$"
)
NAMED = "_named"  # ends reasons whose patterns are looked for where names are marks
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
        ranked: intents with how much more than "none of these" each is believed, best first.
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
    def best(self) -> Intent | None:
        """The intent that is believed, or None."""
        if self.refused or not self.ranked:
            return None
        intent, score = self.ranked[0]
        return intent if score > 0 else None

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
        scorer: what was learnt of intents.
        default: language when a question does not tell.
    """

    lexicon: Lexicon
    catalogue: Catalogue
    named: NamedDays
    scorer: Scorer
    default: str = "es"

    def read(self, question: object) -> Reading:
        """Read a question.

        Raises:
            UsageError: it is empty, no text, or too long.
        """
        asked = checked_question(question)
        folded = written_out(fold(asked))
        mentions = self.catalogue.find(folded)
        text = _marked(folded, [(one.start, one.end, f"@{one.kind}") for one in mentions])
        refused = _refused(self.lexicon, folded, named=False) or _refused(
            self.lexicon, re.sub(r"\s+", " ", text).strip(), named=True
        )
        mended = _mended(text, self.lexicon)
        changes = sum(a != b for a, b in zip(text.split(), mended.split(), strict=True))
        text = with_figures(with_own_units(mended))
        valued = [one for one in find_numbers(text) if one.kind != "number"]
        text = _marked(text, [(one.start, one.end, f"@{one.kind}") for one in valued])
        times = find_periods(text, self.named)
        text = _marked(
            text, [(one.start, one.end, "@length" if one.is_length else "@period") for one in times]
        )
        plain = find_numbers(text)
        text = re.sub(r"\s+", " ", _marked(text, [(one.start, one.end, "@number") for one in plain])).strip()
        unexplained = _unexplained(self.lexicon, text)
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
            ranked=self._ranked(text, UNEXPLAINED * len(unexplained) + MENDED * changes, _tense(times)),
            refused=refused,
            unexplained=unexplained,
            mended=changes,
        )

    def supposing(self, reading: Reading, names: Collection[str]) -> Intent | None:
        """Give the intent that would be believed if words that nobody knows named articles, or None."""
        text = _WORD.sub(lambda match: "@article" if match.group() in names else match.group(), reading.text)
        unknown = [word for word in reading.unexplained if word not in names]
        tense = _tense([*reading.periods, *reading.lengths])
        intent, score = self._ranked(text, UNEXPLAINED * len(unknown), tense)[0]
        return intent if score > 0 else None

    def _ranked(self, text: str, doubt: float, tense: int) -> tuple[tuple[Intent, float], ...]:
        """Add what patterns say to what was learnt, and take off what speaks for "none of these"."""
        logs = self.scorer.logs(text)
        none = logs[UNKNOWN] + CAUTION + doubt
        held = self.lexicon.families.held(text)
        scored = [
            (
                one,
                logs[one.name]
                + PATTERNS * min(max(one.score(text, held), LEAST), MOST)
                - WRONG_TIME * _is_wrong_time(one, tense)
                - none,
            )
            for one in self.lexicon.intents
        ]
        return tuple(sorted(scored, key=lambda one: -one[1]))


def _tense(times: list[Period]) -> int:
    """Give -1 where periods are over by their own words, 1 where they come, 0 where neither or both."""
    found = {one.tense for one in times} - {0}
    return found.pop() if len(found) == 1 else 0


def _is_wrong_time(intent: Intent, tense: int) -> bool:
    return intent.ahead if tense < 0 else tense > 0 and intent.looks == "past"


def _marked(text: str, spans: list[tuple[int, int, str]]) -> str:
    out, last = [], 0
    for start, end, mark in sorted(spans):
        out += [text[last:start], f" {mark} "]
        last = end
    return "".join([*out, text[last:]])


def _mended(text: str, lexicon: Lexicon) -> str:
    return _WORD.sub(lambda match: lexicon.speller.mend(match.group()), text)


def _refused(lexicon: Lexicon, text: str, *, named: bool) -> str:
    """Give why a question is never answered; `named` says that its names are marks already."""
    held = lexicon.families.held(text)
    for reason, patterns in lexicon.refused.items():
        if not named and reason.endswith(NAMED):
            continue
        if any(pattern.is_in(text, held) for pattern in patterns):
            return reason.removesuffix(NAMED)
    return ""


def _unexplained(lexicon: Lexicon, text: str) -> tuple[str, ...]:
    """Give the words that are neither of questions nor look like verbs: what may be a name nobody knows."""
    words = [match.group() for match in _WORD.finditer(text)]
    return tuple(
        word
        for word in words
        if word[0] != "@"
        and len(word) > 2
        and word.split("'")[0] not in lexicon.words
        and not _VERB.search(word)
    )
