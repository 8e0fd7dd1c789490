"""Mend typing errors in words the assistant knows, and in no others."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

SHORTEST = 5
SHORTEST_HEARD = 6
TIES = 8  # words as near as one another that are weighed
_SOUNDS = (("qu", "k"), ("ll", "y"), ("ce", "se"), ("ci", "si"), ("ge", "je"), ("gi", "ji"))
_LETTERS = str.maketrans({"v": "b", "z": "s", "h": None, "c": "k"})


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
        found = process.extract(
            word, self._long, scorer=DamerauLevenshtein.distance, score_cutoff=most, limit=TIES
        )
        if not found:
            return self._heard(word)
        letters = sorted(word)
        near = str(min(found, key=lambda one: (one[1], sorted(one[0]) != letters))[0])
        return word if len(word) < 9 and near[0] != word[0] else near

    @cached_property
    def _sounds(self) -> dict[str, str]:
        return {sound(word): word for word in reversed(self._long) if len(word) >= SHORTEST_HEARD}

    def _heard(self, word: str) -> str:
        """Give the word that sounds like a mistyped one but for a letter or swap: "quiever" is "quiebre"."""
        if len(word) < SHORTEST_HEARD:
            return word
        heard = sound(word)
        sounds, scorer = list(self._sounds), DamerauLevenshtein.distance
        found = process.extractOne(heard, sounds, scorer=scorer, score_cutoff=1)
        if found is None:
            return word
        meant = self._sounds[str(found[0])]
        close = DamerauLevenshtein.distance(word, meant, score_cutoff=2) <= 2
        return meant if close and len(meant) == len(word) and found[0][:2] == heard[:2] else word


def sound(word: str) -> str:
    """Give a folded word as it sounds in Spanish, where letters that sound alike are often mistaken."""
    for written, heard in _SOUNDS:
        word = word.replace(written, heard)
    return word.translate(_LETTERS)


def is_near(word: str, other: str) -> bool:
    """Whether two words differ by one letter or swap (two in words of nine letters and more)."""
    most = 1 if len(word) < 9 else 2
    return bool(DamerauLevenshtein.distance(word, other, score_cutoff=most) <= most)
