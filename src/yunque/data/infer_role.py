"""Guess what a column is used for: feature, id, or set aside with a reason."""

from dataclasses import dataclass

import polars as pl

from yunque.data.infer_name import sounds_like_calendar, sounds_like_code, sounds_like_identifier
from yunque.data.schema import Kind, Role

NEARLY_UNIQUE = 0.95  # share of distinct texts from which a text column identifies its rows
FEWEST_ROWS = 20  # rows under which being unique says nothing
_FEW_HOURS = 48  # distinct times of day that are still good categories
_DENSE = 0.95  # share of a range's whole numbers that a row counter uses up
_YEARS = (1500, 2200)


@dataclass(frozen=True, kw_only=True)
class Duty:
    """The role of a column and why, in words."""

    role: Role
    reason: str = ""


FEATURE = Duty(role=Role.FEATURE)


def duty_of_emptiness(typed: pl.Series, n_distinct: int) -> Duty | None:
    """Set aside a column without any value, or with the same value in every row."""
    if typed.null_count() == len(typed):
        return Duty(role=Role.IGNORE, reason="every value is missing")
    if n_distinct == 1 and not typed.null_count() and len(typed) > 1:
        return Duty(role=Role.IGNORE, reason=f"every value is {str(typed[0])[:60]!r}")
    return None


def duty_of_text(name: str, typed: pl.Series, n_distinct: int) -> Duty:
    """Tell texts that identify their rows from texts that describe them."""
    present = len(typed) - typed.null_count()
    share = n_distinct / present
    if n_distinct > _FEW_HOURS and _are_times_of_day(typed):
        return Duty(role=Role.IGNORE, reason="it holds times of day alone; join them with their dates")
    if present >= FEWEST_ROWS and share >= NEARLY_UNIQUE:
        return Duty(role=Role.ID, reason=f"{share:.0%} of its values are distinct, so it identifies rows")
    if n_distinct == present > 2 and sounds_like_identifier(name):
        return Duty(role=Role.ID, reason="every value occurs once and the name is that of an identifier")
    return FEATURE


def _are_times_of_day(typed: pl.Series) -> bool:
    sample = typed.drop_nulls().head(1_000).cast(pl.String)
    return bool(sample.str.contains(r"^[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?$").all())


def duty_of_integer(name: str, typed: pl.Series, n_distinct: int) -> Duty:
    """Tell a key or row counter from whole numbers that measure something.

    A column is an id when its name says so and its values are unique, or when it counts the rows: unique,
    without gaps, and not a calendar number. Being unique and sorted alone proves nothing (a table may be
    sorted by price).
    """
    present = len(typed) - typed.null_count()
    if not present:
        return FEATURE
    if sounds_like_identifier(name) and n_distinct >= NEARLY_UNIQUE * present and present > 2:
        return Duty(role=Role.ID, reason="its values are unique and the name is that of an identifier")
    if n_distinct == present == len(typed) >= FEWEST_ROWS and _counts_rows(name, typed):
        return Duty(role=Role.ID, reason="it numbers the rows: unique whole numbers without gaps")
    return FEATURE


def _counts_rows(name: str, typed: pl.Series) -> bool:
    low, high = int(typed.min() or 0), int(typed.max() or 0)  # type: ignore[arg-type]
    if sounds_like_calendar(name) or (_YEARS[0] <= low and high <= _YEARS[1]):
        return False
    density = len(typed) / (high - low + 1)
    if len(typed) < 5 * FEWEST_ROWS:
        return density == 1 and low in (0, 1)
    return density >= _DENSE or (density >= 0.3 and low in (0, 1) and typed.is_sorted())


def is_code(name: str, typed: pl.Series) -> bool:
    """Whether whole numbers are codes that are not counted with, such as a postal code."""
    return (
        sounds_like_code(name) and typed.null_count() < len(typed) and bool((typed.drop_nulls() >= 0).all())
    )


def kind_of_text(typed: pl.Series, n_distinct: int) -> Kind:
    """Tell free text (several words, hardly ever repeated) from categories."""
    present = len(typed) - typed.null_count()
    sample = typed.drop_nulls().head(20_000)
    words = float(sample.str.count_matches(r"\S+").mean() or 0)  # type: ignore[arg-type]
    length = float(sample.str.len_chars().mean() or 0)  # type: ignore[arg-type]
    repeats = present / max(n_distinct, 1)
    is_prose = (words > 3 and repeats < 2) or (words > 3 and length > 100 and repeats < 5)
    return Kind.TEXT if is_prose and present > 2 else Kind.CATEGORY
