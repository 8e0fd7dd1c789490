"""Patterns over families of words: compiled when a text may hold what they need, and not before.

A family is written as one alternation that shares beginnings ("compr(?:a(?:r|s)|o)"), so that hundreds of
words are read, compiled and looked for at a fraction of the cost of an alternative each.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_GROUP = re.compile(r"<(\w+)>")
_PIECE = re.compile(r"\\.|\[[^\]]*\]|\{[^}]*\}|\(\?(?::|<?[!=])|[()|]|<\w+>|@[a-z]+|[a-z0-9']+")
_OPTIONAL = re.compile(r"[?*{]")
_BEGINNING = 5  # letters of a word that a text must hold somewhere
Clause = frozenset[str]
ANYWHERE = r"[^.;]{0,40}?"  # what ~ stands for


def read_yaml(text: str) -> Any:
    """Read our own YAML, by the C reader where there is one."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader, either way


@dataclass(frozen=True)
class Families:
    """Words that mean alike, by the name of their family.

    Attributes:
        words: name -> words and phrases.
    """

    words: Mapping[str, Iterable[str]]
    _written: dict[str, str] = field(default_factory=dict, repr=False)

    def written(self, name: str) -> str:
        """Give the pattern of any word of a family."""
        if name not in self._written:
            self._written[name] = any_of(self.words[name])
        return self._written[name]

    @cached_property
    def _beginnings(self) -> dict[str, frozenset[str]]:
        return {
            f"<{name}>": frozenset(word[:_BEGINNING] for word in words) for name, words in self.words.items()
        }

    def held(self, text: str) -> frozenset[str]:
        """Give the families that a text may hold a word of: "<buy>"."""
        pieces = {text[at : at + size] for size in range(1, _BEGINNING + 1) for at in range(len(text))}
        return frozenset(name for name, own in self._beginnings.items() if not own.isdisjoint(pieces))


@dataclass(frozen=True)
class Pattern:
    """A pattern over families: `<group>` stands for any word of one, ~ for up to 40 characters.

    Attributes:
        text: as written.
        families: what groups stand for.
    """

    text: str
    families: Families = field(repr=False)

    @cached_property
    def _needed(self) -> tuple[Clause, ...]:
        return tuple(sorted(needed(self.text), key=lambda clause: (len(clause), sorted(clause))))

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern; compiled once it is asked for."""
        spaced = _GROUP.sub(lambda match: self.families.written(match[1]), self.text).replace("~", ANYWHERE)
        return re.compile(
            rf"(?<![\w@]){spaced}(?!\w)" if self.text[-1:] not in "$*?" else rf"(?<![\w@]){spaced}"
        )

    def is_in(self, text: str, held: frozenset[str]) -> bool:
        """Whether a text matches; `held` is what it holds of families."""
        for clause in self._needed:
            if held.isdisjoint(clause) and not any(one[0] != "<" and one in text for one in clause):
                return False
        return self.compiled.search(text) is not None


def any_of(words: Iterable[str]) -> str:
    """Give a pattern of any of the words, common beginnings written once."""
    tree: dict[str, Any] = {}
    for word in sorted(set(words)):
        at = tree
        for letter in word:
            at = at.setdefault(letter, {})
        at[""] = {}
    return f"(?:{_branch(tree)})"


def _branch(tree: Mapping[str, Any]) -> str:
    """Give the pattern of a tree of letters; longer words first."""
    parts = [re.escape(letter) + _branch(rest) for letter, rest in tree.items() if letter]
    if not parts:
        return ""
    whole = parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"
    return f"(?:{whole})?" if "" in tree else whole


def needed(text: str) -> list[Clause]:
    """Give what every match of a pattern holds: one thing of each clause, a family, a mark or a word."""
    open_parts: list[tuple[str, list[list[Clause]]]] = [("", [[]])]
    for match in _PIECE.finditer(text):
        piece, may_miss = match.group(), _OPTIONAL.match(text, match.end()) is not None
        branches = open_parts[-1][1]
        if piece[0] == "(":
            open_parts.append((piece, [[]]))
        elif piece == "|":
            branches.append([])
        elif piece == ")":
            kind, inner = open_parts.pop()
            if not may_miss and "!" not in kind:
                open_parts[-1][1][-1] += _of_branches(inner)
        elif piece[0] in "<@":
            branches[-1] += [] if may_miss else [frozenset([piece])]
        elif piece[0] not in "\\[{":
            branches[-1] += [frozenset([word])] if (word := piece[: len(piece) - may_miss]) else []
    return _of_branches(open_parts[0][1])


def _of_branches(branches: list[list[Clause]]) -> list[Clause]:
    """Give what all of one branch hold, or one thing of each of several."""
    if len(branches) == 1:
        return branches[0]
    if not all(branches):
        return []
    return [
        frozenset().union(*(min(one, key=lambda clause: (len(clause), sorted(clause))) for one in branches))
    ]
