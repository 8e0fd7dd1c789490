"""What a column is: its kind, its role, and how its text is read."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from yunque.errors import NotFoundError, UsageError


class Kind(StrEnum):
    """The logical type of a column, and the polars type that a checked table gives it."""

    NUMBER = "number"  # Float64; NaN is read as missing
    INTEGER = "integer"  # Int64
    BOOLEAN = "boolean"  # Boolean
    CATEGORY = "category"  # String
    TEXT = "text"  # String
    DATE = "date"  # Date
    TIMESTAMP = "timestamp"  # Datetime("us"), naive; a zone in the source is converted to UTC


class Role(StrEnum):
    """What a column is used for."""

    FEATURE = "feature"
    TARGET = "target"
    TIME = "time"  # orders the rows; also a feature through its parts only when asked
    GROUP = "group"  # rows of one group never straddle a split
    ID = "id"  # carried through, never learnt from
    WEIGHT = "weight"
    IGNORE = "ignore"  # not used; `reason` says why


DateOrder = Literal["iso", "dmy", "mdy"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the text of a column is read; the defaults read what is already typed.

    Attributes:
        decimal: sign between integer and fraction part.
        thousands: sign between groups of digits, "" for none.
        percent: values carry a percent sign and are divided by 100.
        currency: currency signs or codes that are stripped, "" for none.
        date_order: ISO, or the order of day and month in D/M/Y or M/D/Y.
        true_words, false_words: lower-case words of a boolean column.
        missing_words: further words that mean "missing" in this column.
        kept_words: standard missing words that are values in this column ("none", "-", Namibia's "NA").
    """

    decimal: Literal[".", ","] = "."
    thousands: str = ""
    percent: bool = False
    currency: str = ""
    date_order: DateOrder = "iso"
    true_words: tuple[str, ...] = ()
    false_words: tuple[str, ...] = ()
    missing_words: tuple[str, ...] = ()
    kept_words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a contract.

    Attributes:
        name: as in the source, unchanged (spaces, accents and emoji included).
        kind: logical type.
        role: what it is used for.
        nullable: whether a missing value is accepted.
        required: whether a table or row without the column is refused.
        levels: known values of a category or boolean in canonical text, most frequent first; () when open.
        minimum, maximum: range seen in the training table, for numbers and integers; informative.
        reading: how its text is read.
        reason: why it has this role, in words a person reads.
    """

    name: str
    kind: Kind
    role: Role = Role.FEATURE
    nullable: bool = True
    required: bool = True
    levels: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    reading: Reading = Reading()
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Schema:
    """The ordered columns of a contract; at most one target, time, group and weight column."""

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        """Refuse repeated names and roles that may stand once only."""
        names = [column.name for column in self.columns]
        repeated = (
            sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        )
        if repeated:
            raise UsageError(
                f"Column names appear twice: {', '.join(map(repr, repeated))}.", hint="Rename them."
            )
        for role in (Role.TARGET, Role.TIME, Role.GROUP, Role.WEIGHT):
            holders = [column.name for column in self.columns if column.role is role]
            if len(holders) > 1:
                raise UsageError(f"More than one column has the role {role}: {', '.join(holders)}.")

    def __iter__(self) -> Iterator[Column]:
        """Iterate over the columns in order."""
        return iter(self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """All column names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def features(self) -> tuple[Column, ...]:
        """The feature columns in order: the fields of a prediction request."""
        return tuple(column for column in self.columns if column.role is Role.FEATURE)

    @property
    def target(self) -> Column | None:
        """The target column, if there is one."""
        return self.holder(Role.TARGET)

    def holder(self, role: Role) -> Column | None:
        """Give the one column of a role that stands once only, or None."""
        return next((column for column in self.columns if column.role is role), None)

    def column(self, name: str) -> Column:
        """Give the column of that name.

        Raises:
            NotFoundError: there is none; the nearest names are the hint.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise NotFoundError.among("column", name, self.names)

    def with_column(self, changed: Column) -> "Schema":
        """Give the schema with the column of the same name replaced."""
        self.column(changed.name)
        return replace(self, columns=tuple(changed if c.name == changed.name else c for c in self.columns))

    def with_role(self, name: str, role: Role, reason: str = "") -> "Schema":
        """Give the schema with another role for one column."""
        return self.with_column(replace(self.column(name), role=role, reason=reason))
