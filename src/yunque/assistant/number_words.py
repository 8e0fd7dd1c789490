"""Numbers in words, Spanish and English: "dos millones y medio" is 2500000."""

import re

from yunque.assistant.fold import words

_ES = words(
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis "
    "diecisiete dieciocho diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco "
    "veintiseis veintisiete veintiocho veintinueve"
)
_EN = words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
)
_TENS = (
    words("treinta cuarenta cincuenta sesenta setenta ochenta noventa"),
    words("thirty forty fifty sixty seventy eighty ninety"),
)
UNITS: dict[str, float] = {
    **{word: float(value) for value, word in enumerate(_ES)},
    **{word: float(value) for value, word in enumerate(_EN)},
    "un": 1, "una": 1, "a": 1, "an": 1, "par": 2, "couple": 2, "docena": 12, "dozen": 12,
    **{word: float(value) for tens in _TENS for value, word in zip(range(30, 100, 10), tens, strict=True)},
    "cien": 100, "ciento": 100, "doscientos": 200, "doscientas": 200, "trescientos": 300,
    "trescientas": 300, "cuatrocientos": 400, "cuatrocientas": 400, "quinientos": 500, "quinientas": 500,
    "seiscientos": 600, "seiscientas": 600, "setecientos": 700, "setecientas": 700, "ochocientos": 800,
    "ochocientas": 800, "novecientos": 900, "novecientas": 900,
}  # fmt: skip
SCALES: dict[str, float] = {
    "hundred": 100, "mil": 1e3, "thousand": 1e3, "miles": 1e3, "k": 1e3, "lucas": 1e3, "luca": 1e3,
    "millon": 1e6, "millones": 1e6, "million": 1e6, "millions": 1e6, "m": 1e6, "mm": 1e6, "mill": 1e6,
    "palo": 1e6, "palos": 1e6, "melones": 1e6, "mdp": 1e6, "billion": 1e9,
}  # fmt: skip
HALF = {"medio", "media", "half"}
ARTICLES = {"un", "una", "a", "an", "par", "couple"}  # no numbers by themselves
_WORD = re.compile(r"[a-z]+")
_MILLION = re.compile(r"\bmill")
_UNITS = re.compile(r"\s*(?:de\s+|of\s+)?(?:unidades|units|piezas|pieces)\b")


def number_of(parts: list[str]) -> float | None:
    """Give the value of a run of number words, scales and "y/and"; None when it is none."""
    total, part, seen = 0.0, 0.0, False
    last_scale = 1.0
    for at, word in enumerate(parts):
        if word in {"y", "and", "de", "of"}:
            continue
        if word in HALF:
            part += 0.5 if last_scale == 1.0 else 0.0
            total += 0.5 * last_scale if last_scale > 1 else 0.0
        elif word in ARTICLES and (part or _counts_by_itself(parts[at + 1 : at + 2])):
            continue  # "half a million", "un treinta por ciento", "una docena"
        elif word in UNITS:
            part += UNITS[word]
        elif word == "hundred":
            part = max(part, 1.0) * 100
        elif word in SCALES:
            last_scale = SCALES[word]
            total += (part or 1.0) * last_scale
            part = 0.0
        else:
            return None
        seen = True
    return total + part if seen else None


def _counts_by_itself(following: list[str]) -> bool:
    return bool(following) and following[0] in UNITS and following[0] not in ARTICLES


def with_figures(text: str) -> str:
    """Give a folded text with its numbers in words written as figures: "dos millones y medio" as $2500000.

    Articles ("un", "una", "a") and a lone "uno" or "one" stay; so does a scale after a figure ("200 mil").
    Millions are money unless units follow.
    """
    out, last = [], 0
    for start, end, value in _runs(text):
        money = _MILLION.search(text[start:end]) and not _UNITS.match(text, end)
        out += [text[last:start], "$" if money else "", f"{value:.10g}" if value < 1e9 else f"{value:.0f}"]
        last = end
    return "".join([*out, text[last:]])


def _runs(text: str) -> list[tuple[int, int, float]]:
    found: list[tuple[int, int, float]] = []
    run: list[re.Match[str]] = []
    for match in _WORD.finditer(text):
        word = match.group()
        if word in {"ciento", "cien"} and text[: match.start()].rstrip().endswith("por"):
            word = "por ciento"
        touches = bool(run) and not text[run[-1].end() : match.start()].strip()
        if touches and (_counts(word) or word in {"y", "and"}):
            run.append(match)
            continue
        found += _close(text, run)
        run = [match] if _counts(word) else []
    return found + _close(text, run)


def _counts(word: str) -> bool:
    return word in UNITS or word in HALF or (word in SCALES and len(word) > 2)


def _close(text: str, run: list[re.Match[str]]) -> list[tuple[int, int, float]]:
    while run and run[-1].group() in {"y", "and", "a", "an", "un", "una"}:
        run = run[:-1]
    found = [match.group() for match in run]
    if not found or set(found) <= ARTICLES | {"y", "and"} or found in (["uno"], ["one"]):
        return []
    if found[0] in HALF and len(found) == 1:
        return []
    after_figure = text[: run[0].start()].rstrip()[-1:].isdigit()
    if found[0] in SCALES and (after_figure or found[0] not in {"mil", "millon", "thousand", "million"}):
        return []
    value = number_of(found)
    return [] if value is None else [(run[0].start(), run[-1].end(), value)]
