"""Things with names, mentions of them, and the words of names without their endings."""

import re
from dataclasses import dataclass

from yunque.assistant.fold import fold, words

JOINING = frozenset(words("de del la el los las el en con para y x n o of the for and with"))
WEAK = frozenset(  # words of many names that name nothing by themselves: colours, sizes, packages
    words(
        "azul rojo roja negro negra blanco blanca verde amarillo gris morado rosado blue red black white "
        "green yellow grey gray pink grande pequeno mediano chico large small medium big mini maxi nuevo "
        "premium clasico kit set juego caja paquete pack bolsa unidad negr blanc roj amarill pequen median "
        "clasic grand color talla"
    )
)
LEGAL = frozenset(words("sas sa srl ltda cia cv rl inc llc spa eu"))
_WORD = re.compile(r"[a-z0-9]+(?:[.,]\d+)?")
_STEMS = (("iones", "ion"), ("ces", "z"), ("es", ""), ("s", ""))


@dataclass(frozen=True, kw_only=True)
class Thing:
    """Something with a name: its kind ("article", "supplier", ...), its key, its name."""

    kind: str
    key: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Mention:
    """A thing that a text names.

    Attributes:
        start, end: where it stands.
        kind: what kind of thing.
        keys: of the things that fit alike; one when it is clear.
        text: the words of the question.
        score: 0..1, how well it fits.
    """

    start: int
    end: int
    kind: str
    keys: tuple[str, ...]
    text: str
    score: float


def stem(word: str) -> str:
    """Give a folded word without its plural ending."""
    if len(word) < 4 or word.isdigit():
        return word
    for ending, instead in _STEMS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: len(word) - len(ending)] + instead
    return word


def words_of(text: str) -> list[tuple[int, int, str]]:
    """Give start, end and stem of every word of a folded text."""
    return [(match.start(), match.end(), stem(match.group())) for match in _WORD.finditer(text)]


def name_words(thing: Thing) -> frozenset[str]:
    """Give the words that a name is known by; legal forms and joining words only where it has no other."""
    parts = [word for _, _, word in words_of(fold(thing.name))]
    kept = frozenset(word for word in parts if word not in JOINING and word not in LEGAL)
    return kept or frozenset(parts)
