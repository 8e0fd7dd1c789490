"""Forms of regular Spanish verbs, folded: a family of words holds a verb in every person and tense."""

from collections.abc import Iterable, Iterator

from yunque.assistant.fold import words

_ENDINGS = {
    "ar": words("o as a amos an ando e es emos en ado ada ados adas"),
    "er": words("o es e emos en iendo a as amos an ido ida idos idas"),
    "ir": words("o es e imos en iendo a as amos an ido ida idos idas"),
}
_FUTURE = words("e as a emos an ia ias iamos ian")
_PAST = {
    "ar": words("aste aron aba abas abamos aban"),
    "er": words("io iste ieron ia ias iamos ian"),
    "ir": words("io iste ieron ia ias iamos ian"),
}
_JOINED = words("lo la los las me nos se le les te melo selo")
_ASKED = words("me nos se le lo la melo")  # "indiqueme", "comparese"
SHORTEST = 5


def forms(word: str, *, past: bool = False) -> Iterator[str]:
    """Give the regular forms of an infinitive, and it with the pronouns that join it; none of other words."""
    ending = word[-2:]
    if len(word) < SHORTEST or ending not in _ENDINGS or not word.isalpha():
        return
    root = word[:-2]
    yield from (root + one for one in _ENDINGS[ending])
    yield from (word + one for one in _FUTURE)
    yield from (word + one for one in _JOINED)
    yield from (root + ("e" if ending == "ar" else "a") + one for one in _ASKED)
    if past:
        yield from (root + one for one in _PAST[ending])


def family(members: Iterable[str], *, past: bool = False) -> list[str]:
    """Give the words of a family with the forms of its infinitives, each once, its own first."""
    own = list(members)
    return list(dict.fromkeys([*own, *(form for word in own for form in forms(word, past=past))]))
