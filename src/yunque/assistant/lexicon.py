"""What may be asked, as data: intents with scored patterns, word groups, examples; read from YAML."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from yunque.assistant.date_words import VOCABULARY
from yunque.assistant.name_words import stem
from yunque.assistant.patterns import Families, Pattern, read_yaml
from yunque.assistant.spelling import Speller
from yunque.assistant.verbs import family

Looks = Literal["past", "future"]
_GROUP = re.compile(r"<(\w+)>")
_LITERAL = re.compile(r"(?<![@\\\w<])[a-z]{4,}(?![\w>])")


@dataclass(frozen=True, kw_only=True)
class Intent:
    """One kind of question.

    Attributes:
        name: as answers and tests name it.
        patterns: what speaks for it, with a weight each; a negative weight speaks against it.
        ahead: it asks for what comes, whatever period it names.
        looks: whether a month without a year is the one before or the one to come.
        needs: slots without which there is no answer.
        examples: questions to offer, by language; `{article}` and so on stand for names.
    """

    name: str
    patterns: tuple[tuple[Pattern, float], ...]
    looks: Looks = "future"
    ahead: bool = False
    needs: tuple[str, ...] = ()
    examples: Mapping[str, str] = field(default_factory=dict)

    def score(self, text: str, held: frozenset[str]) -> float:
        """Give the strongest pattern's weight, a tenth of the others', less all that speaks against it."""
        found = [weight for pattern, weight in self.patterns if pattern.is_in(text, held)]
        good = sorted((weight for weight in found if weight > 0), reverse=True)
        return (good[0] + 0.1 * sum(good[1:]) if good else 0.0) + sum(w for w in found if w < 0)


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """Everything that may be asked.

    Attributes:
        intents: all of them.
        refused: patterns of questions that are never answered, by reason ("personal", "outside").
        words: words that belong to questions: neither names nor typing errors.
        cues: word that announces the kind of a name.
        spanish, english: words by which a language is known.
        families: of words that mean alike.
    """

    intents: tuple[Intent, ...]
    refused: Mapping[str, tuple[Pattern, ...]]
    words: frozenset[str]
    cues: Mapping[str, str]
    spanish: frozenset[str]
    english: frozenset[str]
    families: Families

    @cached_property
    def common(self) -> frozenset[str]:
        """Words of questions and their stems: they name nothing by themselves."""
        return self.words | {stem(word) for word in self.words}

    @cached_property
    def speller(self) -> Speller:
        """What mends words of questions."""
        return Speller(self.words)

    def intent(self, name: str) -> Intent | None:
        """Give an intent by its name."""
        return next((intent for intent in self.intents if intent.name == name), None)

    def language(self, text: str, folded: str, default: str) -> str:
        """Give "es" or "en", by the words and letters of a question."""
        words = set(re.findall(r"[a-z]+", folded))
        spanish, english = len(words & self.spanish), len(words & self.english)
        spanish += any(letter in text for letter in "¿¡ñÑáéíóúÁÉÍÓÚ")
        return default if spanish == english else "es" if spanish > english else "en"


def read_lexicon(text: str, more: Iterable[str] = ()) -> Lexicon:
    """Read a lexicon from YAML; `<group>` in a pattern stands for any word of the group.

    Args:
        text: the file.
        more: further words that belong to questions.

    Raises:
        KeyError, re.error: the file is wrong; it is ours, so a test finds it.
    """
    document = read_yaml(text)
    past = set(document["past"].split())
    groups = {name: family(_words(words), past=name in past) for name, words in document["groups"].items()}
    families = Families({name: tuple(words) for name, words in groups.items()})
    intents = tuple(_intent(name, entry, families) for name, entry in document["intents"].items())
    refused = {
        reason: tuple(Pattern(one, families) for one in patterns)
        for reason, patterns in document["refused"].items()
    }
    spanish, english = _words(document["spanish"]), _words(document["english"])
    literal = {
        word
        for entry in document["intents"].values()
        for pattern in entry["patterns"]
        for word in _LITERAL.findall(_GROUP.sub(" ", next(iter(pattern))))
    }
    grouped = {part for words in groups.values() for word in words for part in word.split()}
    known = {*grouped, *literal, *spanish, *english, *_words(document["filler"]), *VOCABULARY, *more}
    return Lexicon(
        intents=intents,
        refused=refused,
        words=frozenset(known),
        cues=document["cues"],
        spanish=frozenset(spanish),
        english=frozenset(english),
        families=families,
    )


def _words(text: str) -> list[str]:
    return [word.replace("_", " ") for word in text.split()]


def _intent(name: str, entry: Mapping[str, object], families: Families) -> Intent:
    patterns = entry["patterns"]
    assert isinstance(patterns, list)  # noqa: S101 - our own file, read once
    return Intent(
        name=name,
        patterns=tuple(
            (Pattern(text, families), float(weight)) for one in patterns for text, weight in one.items()
        ),
        ahead=bool(entry.get("ahead")),
        looks="past" if entry.get("looks") == "past" else "future",
        needs=tuple(str(entry.get("needs", "")).split()),
        examples=entry.get("examples", {}),  # type: ignore[arg-type]
    )
