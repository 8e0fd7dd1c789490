"""Numbers as people write them: grouped, with decimals, with a scale, a currency or a per cent sign."""

import re
from dataclasses import dataclass
from typing import Literal

from yunque.assistant.number_words import SCALES

NumberKind = Literal["number", "money", "percent"]
CURRENCIES = {
    "pesos": "", "peso": "", "varos": "", "baros": "", "lucas": "", "luca": "", "palos": "", "mdp": "MXN",
    "cop": "COP", "mxn": "MXN", "mn": "MXN", "usd": "USD", "dolares": "USD", "dolar": "USD",
    "dollars": "USD", "dollar": "USD", "us": "USD", "eur": "EUR", "euros": "EUR", "euro": "EUR", "gbp": "GBP",
    "pounds": "GBP", "libras": "GBP",
}  # fmt: skip
_FIGURE = r"\d+(?:[.,' ]\d{3})*(?:[.,]\d+)?|\d+"
_SCALE = (
    r"(?:mil(?:es)?\s+millones|mil(?:es)?|millon(?:es)?(?:\s+y\s+medio)?|mill?|millions?|thousand|hundred|billion"
    r"|lucas?|palos?|mdp|mm|[km])"
)
_NUMBER = re.compile(
    rf"(?P<sign>[+-]\s?)?(?P<before>\b(?:usd|cop|mxn|us|eur|gbp)\s?\$?\s?|[$€£]\s?)?"
    rf"(?<![\w.,])(?P<figure>{_FIGURE})(?:\s?(?P<scale>{_SCALE})\b)?"
    r"(?:\s?(?P<percent>%|(?:por\s?ciento|percent|per\s?cent|pct)\b)"
    r"|\s*(?:de\s+|of\s+)?(?P<after>pesos|varos|baros|cop|mxn|mn|usd|dolar(?:es)?|dollars?|eur(?:os?)?|pounds|gbp)\b)?"
)


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number in a text: where it stands, its value (per cents as fractions), what it is of."""

    start: int
    end: int
    value: float
    kind: NumberKind
    currency: str = ""
    signed: bool = False


def figure_of(text: str) -> float:
    """Give the value of digits with separators.

    A separator followed by three digits groups, wherever the writer lives; the last of two different
    separators is the decimal one: "1.234,5" and "1,234.5" are equal, "1.500" is 1500 and "0.950" is 0.95.
    """
    plain = text.replace(" ", "").replace("'", "")
    marks = [character for character in plain if character in ".,"]
    if not marks:
        return float(plain)
    if len(set(marks)) == 2:
        decimal = marks[-1]
        other = "," if decimal == "." else "."
        return float(plain.replace(other, "").replace(decimal, "."))
    head, _, tail = plain.rpartition(marks[0])
    groups = len(tail) == 3 and not head.replace(marks[0], "").startswith("0")
    return float(plain.replace(marks[0], "")) if groups else float(f"{head.replace(marks[0], '')}.{tail}")


def find_numbers(text: str) -> list[Number]:
    """Give every number of a folded text written in figures, in order (see `number_words.with_figures`)."""
    return [_of_match(match) for match in _NUMBER.finditer(text)]


def _of_match(match: re.Match[str]) -> Number:
    value, scale = figure_of(match["figure"]), match["scale"]
    if scale:
        for word in scale.split():
            value *= SCALES.get(word, 1.0) if word not in {"y", "medio"} else 1.0
        if scale.endswith("medio"):
            value += 0.5e6
    negative = (match["sign"] or "").startswith("-")
    kind: NumberKind = "number"
    before = (match["before"] or "").strip(" $€£")
    after = (match["after"] or "").strip()
    if match["percent"]:
        kind, value = "percent", value / 100
    elif match["before"] or after or (scale and scale not in {"hundred"}):
        kind = "money"
    currency = (
        CURRENCIES.get(before, "")
        or CURRENCIES.get(after, "")
        or ("EUR" if "€" in (match["before"] or "") else "")
        or ("GBP" if "£" in (match["before"] or "") else "")
    )
    return Number(
        start=match.start(),
        end=match.end(),
        value=-value if negative and kind == "percent" else value,
        kind=kind,
        currency=currency,
        signed=bool(match["sign"]),
    )
