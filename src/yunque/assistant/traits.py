"""Traits of a question's words, by which intents are told apart: families, stems, neighbours, parts of words.

The text is a reading's: folded, with marks for names, amounts and periods. A trait is a short string; which
traits speak for which intent is learnt (`scorer.py`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

_TOKEN = re.compile(r"@?[a-z]+(?:'[a-z]+)?|[?]")
SHORT = 3  # letters of words that have no stem
STEM = 6  # letters of a word that tell it from others, whatever its ending
PART = 4  # letters of a part of a word


@dataclass(frozen=True)
class Traits:
    """What reads traits.

    Attributes:
        groups: name -> words and phrases that mean alike.
    """

    groups: Mapping[str, Iterable[str]]

    @cached_property
    def _families(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for name, words in self.groups.items():
            for word in words:
                found.setdefault(word, []).append(name)
        return {word: tuple(names) for word, names in found.items()}

    @cached_property
    def _phrases(self) -> re.Pattern[str]:
        phrases = sorted(
            (word for word in self._families if " " in word), key=lambda word: (-len(word), word)
        )
        return re.compile(r"(?<![\w@'])(?:" + "|".join(map(re.escape, phrases)) + r")(?![\w'])")

    def of(self, text: str) -> list[str]:
        """Give the traits of a text, sorted, each once."""
        found: set[str] = set()
        phrased = [
            family for match in self._phrases.finditer(text) for family in self._families[match.group()]
        ]
        found.update(f"p:{family}" for family in phrased)
        tokens = _TOKEN.findall(text)
        kinds = [self._kind(token) for token in tokens]
        stems = [stem(token) for token in tokens]
        for token, kind, short in zip(tokens, kinds, stems, strict=True):
            found.update((f"w:{short}", f"k:{kind}"))
            found.update(f"f:{family}" for family in self._families.get(token, ()))
            if token[0] != "@" and len(token) > PART:
                found.update(f"c:{part}" for part in parts(token))
        ends = ["^", *kinds, "$"]
        plain = ["^", *stems, "$"]
        found.update(f"b:{a} {b}" for a, b in pairwise(ends))
        found.update(f"d:{a} {b}" for a, b in pairwise(plain))
        found.update(f"s:{a} {b}" for a, b in zip(ends, ends[2:], strict=False))
        found.update(f"t:{a} {b} {c}" for a, b, c in zip(ends, ends[1:], ends[2:], strict=False))
        found.add(f"n:{min(len(tokens) // 4, 4)}")
        return sorted(found)

    def _kind(self, token: str) -> str:
        families = self._families.get(token)
        return families[0] if families else stem(token)


def stem(token: str) -> str:
    """Give the beginning of a word that its endings share; marks and short words stay."""
    if token[0] == "@" or len(token) <= SHORT:
        return token
    short = token.rstrip("s") if len(token) > 4 else token
    return short[:STEM]


def parts(token: str) -> Iterable[str]:
    """Give the runs of letters of a word, its ends marked."""
    marked = f"<{token}>"
    return (marked[at : at + PART] for at in range(len(marked) - PART + 1))
