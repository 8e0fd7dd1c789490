"""Find the things of a catalogue that a question names: by code, by whole name, or by part of a name.

A mention is a run of words of the question that belong to names. The thing whose name it covers best is
meant; where two fit alike, none is chosen and both are told.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from yunque.assistant.fold import fold
from yunque.assistant.name_words import JOINING, WEAK, Mention, Thing, name_words, stem, words_of
from yunque.assistant.spelling import is_near

SHORTEST_MISTAKE = 4  # letters of a word that may be mistyped beside words of its own name
FAINT = 0.34  # share of a name that one word of it must be, unless it comes first


@dataclass(frozen=True)
class Catalogue:
    """The things that may be named, indexed once.

    Attributes:
        things: all of them.
        cues: word that announces a kind ("proveedor": "supplier").
        common: folded stems of words that name nothing by themselves: those of questions.
    """

    things: tuple[Thing, ...]
    cues: Mapping[str, str] = field(default_factory=dict)
    common: frozenset[str] = frozenset()

    @cached_property
    def codes(self) -> dict[str, Thing]:
        """Things by code, folded, with and without its separators."""
        found: dict[str, Thing] = {}
        for thing in self.things:
            if thing.kind == "article":
                plain = fold(thing.key).strip()
                found.setdefault(plain, thing)
                found.setdefault(re.sub(r"[^a-z0-9]", "", plain), thing)
        return found

    @cached_property
    def stems(self) -> list[frozenset[str]]:
        """The words of every name."""
        return [name_words(thing) for thing in self.things]

    @cached_property
    def index(self) -> dict[str, tuple[int, ...]]:
        """Things by word of their names."""
        found: dict[str, list[int]] = defaultdict(list)
        for position, own in enumerate(self.stems):
            for word in own:
                found[word].append(position)
        return {word: tuple(positions) for word, positions in found.items()}

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Words of names that are long enough to be mistyped."""
        return tuple(sorted(word for word in self.index if len(word) >= 4 and not word[0].isdigit()))

    def weight(self, word: str) -> float:
        """What a word says: the rarer, the more; figures say little."""
        rarity = math.log(1 + len(self.things) / len(self.index.get(word, (0,))))
        return rarity * (0.35 if word[0].isdigit() or len(word) < 3 or word in WEAK else 1.0)

    def known(self, word: str, *, fuzzy: bool) -> str | None:
        """Give the word of a name that a stem is, or is a mistyping of."""
        if word in self.index:
            return word
        if not fuzzy or len(word) < 6 or word in self.common or not word.isalpha():
            return None
        found = process.extractOne(word, self.vocabulary, scorer=JaroWinkler.similarity, score_cutoff=0.88)
        return str(found[0]) if found and is_near(word, str(found[0])) else None

    def find(self, text: str) -> list[Mention]:
        """Give what a folded text names, in order, none overlapping."""
        codes = _codes(self, text)
        runs = _runs(self, text, codes)
        found = [mention for run in runs for mention in _mentions(self, text, run)]
        return sorted([*codes, *found], key=lambda one: one.start)


_CODE = re.compile(r"[a-z0-9][a-z0-9._/-]*[a-z0-9]|[a-z0-9]")
_CODE_CUE = re.compile(
    r"\b(?:articulo|producto|codigo|referencia|ref|sku|item|article|product|code|part|#)\s*(?:n\.?o?\.?|numero|number|no\.?)?\s*$"
)
_AMOUNT_AFTER = re.compile(
    r"\s*(?:%|pesos|mil|millon|unidades|units|dias|days|semanas|weeks|meses|months|cop|mxn|usd|k\b|m\b)"
)


def _codes(catalogue: Catalogue, text: str) -> list[Mention]:
    found: list[Mention] = []
    matches = list(_CODE.finditer(text))
    for position, match in enumerate(matches):
        if found and match.start() < found[-1].end:
            continue
        for span in (2, 1):
            part = matches[position : position + span]
            thing = _code_at(catalogue, text, part) if len(part) == span else None
            if thing is not None:
                start, end = part[0].start(), part[-1].end()
                found.append(
                    Mention(
                        start=start,
                        end=end,
                        kind=thing.kind,
                        keys=(thing.key,),
                        text=text[start:end],
                        score=1.0,
                    )
                )
                break
    return found


def _code_at(catalogue: Catalogue, text: str, part: Sequence[re.Match[str]]) -> Thing | None:
    joined = "".join(match.group() for match in part)
    if len(part) > 1 and (
        not any(c.isdigit() for c in joined) or text[part[0].end() : part[1].start()] != " "
    ):
        return None
    thing = catalogue.codes.get(joined) or catalogue.codes.get(re.sub(r"[^a-z0-9]", "", joined))
    if thing is None:
        return None
    if joined.isdigit():
        cued = bool(_CODE_CUE.search(text[: part[0].start()]))
        clear = (
            len(joined) >= 4
            and not joined.startswith(("19", "20"))
            and text[part[0].start() - 1 : part[0].start()] != "$"
        )
        return thing if cued or (clear and not _AMOUNT_AFTER.match(text, part[-1].end())) else None
    if joined.isalpha():
        return (
            thing
            if joined not in catalogue.common and stem(joined) not in catalogue.common and len(joined) > 2
            else None
        )
    return thing


Run = list[tuple[int, int, str, bool]]  # start, end, word of a name, whether it names something by itself


def _runs(catalogue: Catalogue, text: str, taken: Iterable[Mention]) -> list[Run]:
    blocked = [(one.start, one.end) for one in taken]
    runs: list[Run] = []
    run: Run = []
    gap = 0
    for start, end, word in words_of(text):
        inside = any(first < end and start < last for first, last in blocked)
        whole = text[start:end]
        known = None if inside else catalogue.known(word, fuzzy=whole not in catalogue.common)
        is_figure = word[0].isdigit()
        if known is not None and not (is_figure and (not run or gap > 1 or _AMOUNT_AFTER.match(text, end))):
            names = not is_figure and len(known) > 1 and known not in WEAK and whole not in WEAK
            strong = names and word not in catalogue.common and whole not in catalogue.common
            run.append((start, end, known, strong))
            gap = 0
        elif run and whole in JOINING and gap < 2 and not inside:
            gap += 1
        else:
            runs, run, gap = [*runs, run], [], 0
    return [one for one in [*runs, run] if any(strong for *_, strong in one) or _is_whole(catalogue, one)]


def _is_whole(catalogue: Catalogue, run: Run) -> bool:
    """Whether a run of words, each of them common, is the whole name of something."""
    named = frozenset(word for _, _, word, _ in run)
    return len(named) > 1 and any(
        catalogue.stems[position] == named for position in catalogue.index.get(next(iter(named)), ())
    )


def _mentions(catalogue: Catalogue, text: str, run: Run) -> list[Mention]:
    """Name the thing that fits a run best, then what is left on both sides of it."""
    if not any(strong for *_, strong in run) and not _is_whole(catalogue, run):
        return []
    mention, own = _best(catalogue, text, run)
    if _is_faint(catalogue, text, run, mention, own):
        return []
    left = [one for one in run if one[1] <= mention.start]
    right = [one for one in run if one[0] >= mention.end]
    inner = [one for one in run if mention.start <= one[0] < mention.end and one[2] not in own]
    rest = [part for part in (left, right) if part and len(part) < len(run)]
    return (
        [mention, *(found for part in rest for found in _mentions(catalogue, text, part))]
        if not inner
        else [mention]
    )


def _is_faint(catalogue: Catalogue, text: str, run: Run, mention: Mention, own: frozenset[str]) -> bool:
    """Whether a single word, neither the first of a name nor much of it, is all that speaks for an article.

    "Échame la mano" does not name the hand soap.
    """
    shared = {word for _, _, word, _ in run} & own
    if mention.kind != "article" or len(shared) > 1 or _cue(catalogue, text, run[0][0]) == "article":
        return False
    word = next(iter(shared))
    names = (thing.name for thing in catalogue.things if thing.key == mention.keys[0])
    if any(words_of(fold(name))[0][2] == word for name in names if words_of(fold(name))):
        return False
    return catalogue.weight(word) / sum(catalogue.weight(one) for one in own) < FAINT


def _best(catalogue: Catalogue, text: str, run: Run) -> tuple[Mention, frozenset[str]]:
    words = {word for _, _, word, _ in run}
    strong = {word for _, _, word, is_strong in run if is_strong} or words
    total = sum(catalogue.weight(word) for word in words)
    cue = _cue(catalogue, text, run[0][0])
    scores: dict[int, float] = {}
    for position in {position for word in strong for position in catalogue.index[word]}:
        thing, own = catalogue.things[position], catalogue.stems[position]
        shared = sum(catalogue.weight(word) for word in words & own)
        precision, recall = shared / total, shared / sum(catalogue.weight(word) for word in own)
        whole = 0.2 if own <= words else 0.0
        scores[position] = precision + 0.35 * recall + whole + (0.5 if cue == thing.kind else 0.0)
    best = min(scores, key=lambda position: (-scores[position], position))
    thing, own = catalogue.things[best], catalogue.stems[best]
    alike = [
        position
        for position in sorted(scores, key=lambda one: (-scores[one], one))
        if catalogue.things[position].kind == thing.kind and words & catalogue.stems[position] == words & own
    ]
    keys = [best] if own <= words else alike
    places = [(start, end) for start, end, word, _ in run if word in own]
    start, end = places[0][0], _past_mistakes(text, places[-1][1], own - words)
    mention = Mention(
        start=start,
        end=end,
        kind=thing.kind,
        keys=tuple(catalogue.things[position].key for position in keys),
        text=text[start:end],
        score=min(sum(catalogue.weight(word) for word in words & own) / total, 1.0),
    )
    return mention, own


def _past_mistakes(text: str, end: int, rest: frozenset[str]) -> int:
    """Give where a mention ends when mistyped words of the same name, next to it, belong to it, too."""
    for start, last, word in words_of(text[end:]):
        if word in JOINING and text[end + start : end + last] in JOINING:
            continue
        near = len(word) >= SHORTEST_MISTAKE and any(
            word[0] == one[0] and is_near(word, one) for one in rest if len(one) >= SHORTEST_MISTAKE
        )
        if not near and word not in rest:
            return end
        return _past_mistakes(text, end + last, rest)
    return end


def _cue(catalogue: Catalogue, text: str, start: int) -> str:
    before = [word for _, _, word in words_of(text[:start])][-3:]
    for word in reversed(before):
        if word in catalogue.cues:
            return catalogue.cues[word]
        if word not in JOINING:
            return ""
    return ""
