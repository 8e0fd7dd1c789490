"""Mend typing errors in words the assistant knows, and in no others."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

SHORTEST = 5


@dataclass(frozen=True)
class Speller:
    """Words that may be meant.

    Attributes:
        words: folded words.
    """

    words: frozenset[str]

    @cached_property
    def _long(self) -> tuple[str, ...]:
        return tuple(sorted(word for word in self.words if len(word) >= SHORTEST - 1))

    def mend(self, word: str, keep: Collection[str] = ()) -> str:
        """Give the known word nearest to a mistyped one, or the word itself.

        One wrong letter or swap is mended in a word of five to eight letters, two in longer ones; the first
        letter must hold unless the word is long. Words in `keep` are never touched.
        """
        if len(word) < SHORTEST or word in self.words or word in keep or not word.isalpha():
            return word
        most = 1 if len(word) < 9 else 2
        found = process.extractOne(word, self._long, scorer=DamerauLevenshtein.distance, score_cutoff=most)
        if found is None:
            return word
        near = str(found[0])
        return word if len(word) < 9 and near[0] != word[0] else near


def is_near(word: str, other: str) -> bool:
    """Whether two words differ by one letter or swap (two in words of nine letters and more)."""
    most = 1 if len(word) < 9 else 2
    return bool(DamerauLevenshtein.distance(word, other, score_cutoff=most) <= most)
