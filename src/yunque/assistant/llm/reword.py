"""Let a language model reword a text without seeing, changing or inventing a number or a name.

Names and numbers are masked by marks before the text leaves; the marks must come back once each and in order,
and nothing else that is a number. So a name cannot give orders, and no figure can be altered.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from yunque.assistant.fold import fold
from yunque.assistant.llm.call import Call, Caller
from yunque.assistant.llm.prompts import REWORD_SYSTEM
from yunque.assistant.number_words import with_figures

_MARK = re.compile(r"⟦(\d+)⟧")
_FIGURE = re.compile(r"[-+−]?(?:\b[A-Z]{3} |\$ ?)?\d+(?:[.,]\d+)*(?: ?%)?")
_FOREIGN = re.compile(r"https?:|www\.|[<>`{}|]|\*\*")
_WORDED = re.compile(r"\b(?:mitad|doble|triple|half|double|twice|tercio)\b")


@dataclass(frozen=True, kw_only=True)
class Masked:
    """A text whose names and numbers are marks, and what the marks stand for."""

    text: str
    values: tuple[str, ...]


def mask(text: str, names: Sequence[str]) -> Masked:
    """Replace every name, then every number, by a mark, in order."""
    pattern = "|".join(re.escape(name) for name in sorted({n for n in names if n}, key=len, reverse=True))
    whole = re.compile(f"{pattern}|{_FIGURE.pattern}" if pattern else _FIGURE.pattern)
    values: list[str] = []

    def replace(match: re.Match[str]) -> str:
        values.append(match.group())
        return f"⟦{len(values)}⟧"

    clean = text.replace("⟦", "[").replace("⟧", "]")
    return Masked(text=whole.sub(replace, clean), values=tuple(values))


def unmask(text: str, masked: Masked) -> str | None:
    """Put names and numbers back; None when the text is not to be trusted."""
    order = [int(number) for number in _MARK.findall(text)]
    if order != list(range(1, len(masked.values) + 1)):
        return None
    bare = fold(_MARK.sub(" ", text))
    too_long = len(text) > 1.6 * len(masked.text) + 200
    if too_long or not text.strip() or _FOREIGN.search(text) or _holds_number(bare):
        return None
    return _MARK.sub(lambda match: masked.values[int(match[1]) - 1], text).strip()


def _holds_number(text: str) -> bool:
    figures = with_figures(text)
    alone = set(re.findall(r"[a-z]+", text)) & {"uno", "one"}
    return any(character.isdigit() for character in figures) or bool(_WORDED.search(text)) or bool(alone)


def reword(caller: Caller, text: str, names: Sequence[str], seconds: float) -> tuple[str | None, Call]:
    """Give the reworded text, or None when the model is late, fails, or does not keep to the marks."""
    masked = mask(text, names)
    call = caller.call("reword", REWORD_SYSTEM, masked.text, seconds)
    if call.outcome != "answered":
        return None, call
    return unmask(call.text, masked), call
