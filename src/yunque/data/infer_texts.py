"""The distinct texts of a column with their counts: what all guessing about text looks at."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import polars as pl

from yunque.data.parse_words import BLANKS, STANDARD_MISSING
from yunque.data.schema import Kind, Reading

UNKNOWN_PHRASES = frozenset(
    {
        "unknown", "missing", "not available", "not applicable", "undefined", "desconocido", "sin dato",
        "sin datos", "sin informacion", "sin información", "no aplica", "no disponible", "n.a.", "n.d.", "nd",
        "s/d", "s.d.", "nulo", "vacio", "vacío", "(null)", "(blank)", "#value!", "#div/0!", "#ref!", "#num!",
        "#n/d", "#¡valor!", "error", ".", "..", "--", "---", "*", "#na",
    }
)  # fmt: skip
"""Words, lower case, that stand for "missing" among numbers or dates."""

READ_SHARE = 0.95  # of rows and of distinct texts that must be readable for a kind to be believed


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something that inference assumed or set aside, for a person to confirm."""

    column: str
    message: str
    severity: Literal["info", "warning"] = "info"


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A kind and reading for a column, with what was assumed on the way.

    Attributes:
        other: another reading that fits the texts as well and gives other values, or None.
    """

    kind: Kind
    reading: Reading = field(default_factory=Reading)
    notes: tuple[Note, ...] = ()
    other: Reading | None = None


@dataclass(frozen=True)
class Texts:
    """The distinct, stripped, non-missing texts of a column, and how many rows hold each."""

    column: str
    values: pl.Series
    counts: pl.Series

    @classmethod
    def of(cls, series: pl.Series) -> "Texts":
        """Count the texts of a String series."""
        stripped = series.str.strip_chars(BLANKS).alias("text")
        missing = stripped.str.to_lowercase().is_in(pl.Series(sorted(STANDARD_MISSING)).implode())
        table = stripped.filter(~missing.fill_null(value=True)).value_counts().sort("text")
        return cls(series.name, table["text"], table["count"])

    @cached_property
    def rows(self) -> int:
        """How many rows hold a text."""
        return int(self.counts.sum())

    def share(self, mask: pl.Series) -> float:
        """Give the share of rows whose text has the mask."""
        return float(self.counts.filter(mask).sum()) / self.rows if self.rows else 0.0

    def where(self, mask: pl.Series) -> "Texts":
        """Keep the texts that have the mask."""
        return replace(self, values=self.values.filter(mask), counts=self.counts.filter(mask))

    def examples(self, mask: pl.Series) -> str:
        """Quote up to three texts that have the mask."""
        return ", ".join(repr(text) for text in self.values.filter(mask).head(3))


@dataclass(frozen=True, kw_only=True)
class Rest:
    """What is done with texts that a kind cannot read.

    Attributes:
        words: those that become missing words of the reading.
        notes: what is said about them.
    """

    words: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def judge_rest(texts: Texts, readable: pl.Series, what: str) -> Rest | None:
    """Decide whether a kind may be believed although some texts are unreadable under it.

    It may when nearly all rows and texts are readable (the rest are bad cells), or when the rest are phrases
    for "missing" or a few words that stand again and again among many readable values.

    Args:
        texts: the texts of the column.
        readable: which of them the kind reads.
        what: the kind in words, for the note ("numbers").

    Returns:
        What to do with the rest, or None when the kind is not believed.
    """
    if readable.all():
        return Rest()
    phrases = texts.values.str.to_lowercase().is_in(pl.Series(sorted(UNKNOWN_PHRASES)).implode())
    words = texts.where(~readable & (phrases | _are_repeated_words(texts, readable)))
    known = readable | texts.values.is_in(words.values.implode())
    few = int((~known).sum()) <= 3
    believed = texts.share(known) >= READ_SHARE and (few or float(known.mean() or 0) >= READ_SHARE)  # type: ignore[arg-type]
    if not believed or texts.share(readable) < 0.3 or readable.sum() < 5:
        return None
    notes = []
    if len(words.values):
        shown = ", ".join(map(repr, words.values))
        notes.append(Note(column=texts.column, message=f"{shown} among {what} is read as missing."))
    if not known.all():
        message = (
            f"Read as {what}, but {1 - texts.share(known):.2%} of the cells are not, such as "
            f"{texts.examples(~known)}; they count as unreadable."
        )
        notes.append(Note(column=texts.column, message=message, severity="warning"))
    return Rest(words=tuple(words.values.str.to_lowercase().unique().sort()), notes=tuple(notes))


def _are_repeated_words(texts: Texts, readable: pl.Series) -> pl.Series:
    """Mark texts without digits that repeat, when they are at most three among at least twenty others."""
    wordy = ~readable & ~texts.values.str.contains("[0-9]") & (texts.counts >= 2)
    if readable.sum() < 20 or not 1 <= wordy.sum() <= 3 or texts.share(readable) < 0.6:
        return pl.repeat(False, len(texts.values), dtype=pl.Boolean, eager=True)
    return wordy
