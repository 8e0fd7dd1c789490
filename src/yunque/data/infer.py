"""Propose a contract from a table, with a note for everything that was assumed or set aside."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from yunque.data.contract import Contract
from yunque.data.infer_kind import Style, guess_kind, reading_for
from yunque.data.infer_number import is_decisive
from yunque.data.infer_role import (
    Duty,
    duty_of_emptiness,
    duty_of_integer,
    duty_of_text,
    is_code,
    kind_of_text,
)
from yunque.data.infer_texts import Guess, Note, Texts
from yunque.data.parse import is_readable, parse_series
from yunque.data.schema import Column, Kind, Reading, Role, Schema
from yunque.errors import NotFoundError, UsageError

__all__ = ["MOST_LEVELS", "SAMPLE_ROWS", "Note", "Wishes", "infer_contract", "notes_in_words"]

SAMPLE_ROWS = 100_000  # rows, evenly spread, that kinds are guessed from; validation sees all of them
MOST_LEVELS = 1_000  # a category with more distinct values stays open (no levels)

_TIME_KINDS = frozenset({Kind.DATE, Kind.TIMESTAMP, Kind.NUMBER, Kind.INTEGER})
_NUMBERS = frozenset({Kind.NUMBER, Kind.INTEGER})


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the person asking already knows about the table.

    Attributes:
        target, time_column, group_column, weight_column: columns with that role.
        ignore: columns that are not used.
        ids: columns that are carried through and never learnt from.
        kinds: kinds that are not to be guessed.
        task_is_regression: whether the target is a quantity, when that is known.
    """

    target: str | None = None
    time_column: str | None = None
    group_column: str | None = None
    weight_column: str | None = None
    ignore: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    task_is_regression: bool | None = None

    def roles(self) -> dict[str, Role]:
        """Give the wished role of each named column.

        Raises:
            UsageError: a column has two roles.
        """
        named = [
            (self.target, Role.TARGET),
            (self.time_column, Role.TIME),
            (self.group_column, Role.GROUP),
            (self.weight_column, Role.WEIGHT),
            *((name, Role.ID) for name in self.ids),
            *((name, Role.IGNORE) for name in self.ignore),
        ]
        roles: dict[str, Role] = {}
        for name, role in named:
            if name is not None and roles.setdefault(name, role) is not role:
                raise UsageError(f"Column {name!r} is asked to be both {roles[name]} and {role}.")
        return roles


def infer_contract(
    frame: pl.DataFrame, wishes: Wishes | None = None, *, name: str = "table"
) -> tuple[Contract, tuple[Note, ...]]:
    """Propose a contract for a table.

    Nothing is dropped silently: constants, ids and columns of unsupported types stay in the contract with a
    role and a reason, and every assumption is a note.

    Raises:
        NotFoundError: a wished column does not exist.
        UsageError: wishes contradict one another, or the time column holds no times.
    """
    wishes = wishes or Wishes()
    roles = wishes.roles()
    for wished in (*roles, *wishes.kinds):
        if wished not in frame.columns:
            raise NotFoundError.among("column", wished, frame.columns)
    step = max(1, frame.height // SAMPLE_ROWS)
    sample = frame.gather_every(step) if step > 1 else frame
    guesses = _guess_all(sample, wishes)
    columns, notes = [], []
    for series in frame:
        column, said = _propose(series, guesses[series.name], wishes, roles.get(series.name))
        columns.append(column)
        notes += said
    contract = Contract(name=name, schema=Schema(columns=tuple(columns)))
    return contract, tuple(notes)


def _guess_all(sample: pl.DataFrame, wishes: Wishes) -> dict[str, Guess]:
    """Guess every kind, and let columns with certain decimal commas or points settle the doubtful ones."""
    guesses = {series.name: _guess(series, wishes, Style()) for series in sample}
    doubtful = [name for name, guess in guesses.items() if guess.other is not None]
    if doubtful:
        decimals = {
            guess.reading.decimal
            for name, guess in guesses.items()
            if guess.kind is Kind.NUMBER and guess.other is None and sample[name].dtype == pl.String
            and is_decisive(guess.reading, Texts.of(sample[name]))
        }  # fmt: skip
        if len(decimals) == 1:
            style = Style(decimal=decimals.pop())
            guesses |= {name: _guess(sample[name], wishes, style) for name in doubtful}
    return guesses


def _guess(series: pl.Series, wishes: Wishes, style: Style) -> Guess:
    if series.name in wishes.kinds:
        kind = Kind(wishes.kinds[series.name])
        return Guess(kind=kind, reading=reading_for(kind, series))
    guess = guess_kind(series, style, is_target=series.name == wishes.target)
    if series.name == wishes.target and wishes.task_is_regression and guess.kind is Kind.CATEGORY:
        return _quantity(series) or guess
    return guess


def _quantity(series: pl.Series) -> Guess | None:
    """Read a target that is said to be a quantity as numbers, if most of its texts are."""
    column = Column(name=series.name, kind=Kind.NUMBER, reading=reading_for(Kind.NUMBER, series))
    typed, unreadable = parse_series(column, series)
    if typed.count() <= unreadable.sum():
        return None
    return Guess(kind=Kind.NUMBER, reading=column.reading)


def _propose(series: pl.Series, guess: Guess, wishes: Wishes, role: Role | None) -> tuple[Column, list[Note]]:
    """Turn a guess into a column of the contract."""
    column = Column(name=series.name, kind=guess.kind, reading=guess.reading)
    if not is_readable(series.dtype):
        return _unsupported(series, role)
    typed, _ = parse_series(column, series)
    n_distinct = typed.drop_nulls().n_unique()
    if role is None:
        guessed = column.kind
        column, duty = _duty(column, typed, n_distinct, wishes)
        column = replace(column, role=duty.role, reason=duty.reason)
        if guessed is Kind.INTEGER and column.kind is Kind.CATEGORY:
            typed, _ = parse_series(column, series)
        notes = [*guess.notes, *([_set_aside(column)] if duty.reason else [])]
    else:
        column = _with_wished_role(column, role, typed)
        notes = list(guess.notes) if role not in (Role.ID, Role.IGNORE) else []
    return _described(column, typed, n_distinct), notes


def _unsupported(series: pl.Series, role: Role | None) -> tuple[Column, list[Note]]:
    """Set aside a column of lists, structures or bytes."""
    what = type(series.dtype).__name__.lower()
    if role not in (None, Role.ID, Role.IGNORE):
        raise UsageError(f"Column {series.name!r} is a {what}; it cannot be the {role} column.")
    reason = f"its type ({what}) cannot be learnt from"
    column = Column(name=series.name, kind=Kind.TEXT, role=Role.IGNORE, reason=reason, required=False)
    return column, [_set_aside(column)]


def _duty(column: Column, typed: pl.Series, n_distinct: int, wishes: Wishes) -> tuple[Column, Duty]:
    """Guess the role of a column that nobody spoke of, and refine its kind."""
    empty = duty_of_emptiness(typed, n_distinct)
    if empty is not None:
        return replace(column, reading=Reading()) if not n_distinct else column, empty
    is_free = column.name not in wishes.kinds
    if column.kind is Kind.CATEGORY and is_free:
        column = replace(column, kind=kind_of_text(typed, n_distinct))
        if column.kind is Kind.CATEGORY:
            return column, duty_of_text(column.name, typed, n_distinct)
    if column.kind is Kind.INTEGER and is_free:
        duty = duty_of_integer(column.name, typed, n_distinct)
        if duty.role is Role.FEATURE and is_code(column.name, typed):
            reading = Reading(missing_words=column.reading.missing_words)
            column = replace(column, kind=Kind.CATEGORY, reading=reading)
            duty = duty_of_text(column.name, typed, n_distinct)
        return column, duty
    return column, Duty(role=Role.FEATURE)


def _with_wished_role(column: Column, role: Role, typed: pl.Series) -> Column:
    if role is Role.TIME and (column.kind not in _TIME_KINDS or typed.null_count() == len(typed)):
        raise UsageError(
            f"The time column {column.name!r} holds neither dates nor numbers.",
            hint="Name a column of dates or timestamps, or say how its dates are written in the contract.",
        )
    if role is Role.WEIGHT and column.kind not in _NUMBERS:
        raise UsageError(f"The weight column {column.name!r} does not hold numbers.")
    reasons = {Role.IGNORE: "asked to be ignored", Role.ID: "asked to be carried as an id"}
    return replace(column, role=role, reason=reasons.get(role, ""))


def _described(column: Column, typed: pl.Series, n_distinct: int) -> Column:
    """Add what training saw: levels and range, and which cells must be there."""
    column = replace(
        column,
        required=column.role is Role.FEATURE,
        nullable=column.role not in (Role.TARGET, Role.TIME, Role.WEIGHT),
    )
    if column.role not in (Role.FEATURE, Role.TARGET):
        return column
    if column.kind in _NUMBERS and n_distinct:
        return replace(column, minimum=float(typed.min()), maximum=float(typed.max()))  # type: ignore[arg-type]
    if column.kind in (Kind.CATEGORY, Kind.BOOLEAN) and n_distinct <= MOST_LEVELS:
        return replace(column, levels=_levels(typed))
    return column


def _levels(typed: pl.Series) -> tuple[str, ...]:
    """Give the distinct values in canonical text, most frequent first, ties in alphabetical order."""
    values = typed.cast(pl.String).drop_nulls().alias("level").value_counts()
    return tuple(values.sort(["count", "level"], descending=[True, False])["level"])


def _set_aside(column: Column) -> Note:
    verb = "carried as an id" if column.role is Role.ID else "not used"
    return Note(column=column.name, message=f"Column {column.name!r} is {verb}: {column.reason}.")


def notes_in_words(notes: tuple[Note, ...]) -> Iterator[str]:
    """Give each note as a line of text, warnings first."""
    for note in sorted(notes, key=lambda note: note.severity != "warning"):
        yield note.message if note.message.startswith("Column") else f"Column {note.column!r}: {note.message}"
