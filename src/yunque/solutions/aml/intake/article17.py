"""Which row of Article 17 an operation falls under: from fraction and clause, else from the sector's name."""

import re
from dataclasses import dataclass
from functools import cache

import polars as pl

from yunque.solutions.aml.intake.headers import simple
from yunque.solutions.aml.law.catalogue import Catalogue
from yunque.solutions.aml.law.resolve import INSUFFICIENT, NO_MAPPING, NO_REGIME
from yunque.solutions.aml.law.warning import Warn

ROMANS = (
    "I",
    "II",
    "III",
    "IV",
    "V",
    "VI",
    "VII",
    "VIII",
    "IX",
    "X",
    "XI",
    "XII",
    "XIII",
    "XIV",
    "XV",
    "XVI",
)
FRACTION = re.compile(
    r"^(?:(?:ART|ARTICULO)?[ ]?17[ ])?(?:FRACCION|FRACC|FRAC|FR)?[ ]?"
    r"(?P<roman>[IVX]+|1[0-6]|[1-9])(?P<bis>[ ]?BIS)?"
    r"(?:[ ]?(?:APARTADO[ ])?(?P<part>[A-D]))??(?:[ ]?(?:INCISO[ ])?(?P<clause>[A-F]))?$"
)
CLAUSE = re.compile(
    r"^(?:(?:APARTADO[ ])?(?P<part>[A-D])[ ]?(?:INCISO[ ])?(?=[A-F]$))?"
    r"(?:(?:INCISO|APARTADO)[ ])?(?P<clause>[A-F])$"
)
NO_FIGURE = ("XII-C", "XII-D")  # whatever clause is told: no figure was published for them


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in Article 17: `rule` or `state` is filled, never both."""

    rule: str | None = None
    state: str | None = None
    warn: int = 0


def fraction_place(fraction: str, clause: str | None, catalogue: Catalogue) -> Place | None:
    """Read a fraction with its clause ("XII A", "a"); None when the text names no fraction."""
    found = FRACTION.match(simple_upper(fraction))
    if found is None or (found["roman"].isalpha() and found["roman"] not in ROMANS):
        return None
    roman = ROMANS[int(found["roman"]) - 1] if found["roman"].isdigit() else found["roman"]
    if found["bis"]:
        return Place(rule="V-BIS") if roman == "V" else None
    letters = [found["part"], found["clause"]]
    said = CLAUSE.match(simple_upper(clause)) if clause else None
    if said is not None:
        letters = [said["part"] or found["part"] or found["clause"], said["clause"]]
    return in_fraction(roman, [letter for letter in letters if letter], catalogue)


def in_fraction(roman: str, letters: list[str], catalogue: Catalogue) -> Place:
    """Find the rule of a fraction from the letters told after it."""
    rules = [rule for rule in catalogue.rules if rule == roman or rule.startswith(f"{roman}-")]
    rules = [rule for rule in rules if not rule.endswith("-BIS")]
    if rules == [roman]:
        return Place(rule=roman)
    if roman == "XII":
        parts = letters[:1] + [letter.lower() for letter in letters[1:]]
        wanted = "-".join([roman, *parts])
    else:
        wanted = "-".join([roman, *(letter.lower() for letter in letters[-1:])])
    part = "-".join(wanted.split("-")[:2])
    if part in NO_FIGURE:
        return Place(rule=part)
    if wanted in rules:
        # a fee and an amount belong to one operation: fraction XVI is always read by its clause a
        return Place(rule="XVI-a" if roman == "XVI" else wanted)
    if roman in ("X", "XVI") and not letters:
        return Place(rule=f"{roman}-a")
    if roman == "XI" and not letters:
        return Place(rule="XI-a", warn=int(Warn.CLAUSE_ASSUMED))
    return Place(state=INSUFFICIENT)


def simple_upper(text: str) -> str:
    """Bring a text to upper case without accents or signs."""
    return simple(text).replace("_", " ").upper()


def sector_place(sector: str, clause: str | None, catalogue: Catalogue) -> Place:
    """Read the name of a sector."""
    known = sector_table(catalogue).get(simple(sector))
    if known is None:
        return Place(state=NO_MAPPING)
    rule, state = known
    assumed = int(Warn.SECTOR_ASSUMED)
    if rule:
        return Place(rule=rule, warn=assumed)
    if state == NO_REGIME:
        return Place(state=NO_REGIME)
    _, _, fraction = state.partition(":")
    place = fraction_place(fraction, clause, catalogue) or Place(state=NO_MAPPING)
    return Place(rule=place.rule, state=place.state, warn=place.warn | (assumed if place.rule else 0))


@cache
def sector_table(catalogue: Catalogue) -> dict[str, tuple[str, str]]:
    """Give sectors by their simple names."""
    return {row.name: (row.rule, row.state) for row in catalogue.sectors}


def place_of(fraction: str | None, clause: str | None, sector: str | None, catalogue: Catalogue) -> Place:
    """Find the rule of an operation; a fraction that is told wins over the sector."""
    by_sector = sector_place(sector, clause, catalogue) if sector else Place(state=NO_MAPPING)
    if not fraction:
        return by_sector
    by_fraction = fraction_place(fraction, clause, catalogue)
    if by_fraction is None:
        # R1 wrote fractions as "V_inmuebles" and, wrongly, "XI_joyeria": the word is believed, not the number
        word = simple(fraction).partition("_")[2]
        known = word in sector_table(catalogue)
        return sector_place(word, clause, catalogue) if known else Place(state=NO_MAPPING)
    differs = (
        by_sector.rule is not None and by_sector.rule.split("-")[0] != (by_fraction.rule or "").split("-")[0]
    )
    warn = int(Warn.FRACTION_AND_SECTOR_DIFFER) if differs and by_fraction.rule else 0
    return Place(rule=by_fraction.rule, state=by_fraction.state, warn=by_fraction.warn | warn)


def places(frame: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Give `regla`, `estado_regla` and `marcas` for rows with `fraccion`, `inciso`, `sector_actividad`."""
    names = ["fraccion", "inciso", "sector_actividad"]
    distinct = frame.select(names).unique(maintain_order=True)
    found = [place_of(row[0], row[1], row[2], catalogue) for row in distinct.iter_rows()]
    table = distinct.with_columns(
        regla=pl.Series([place.rule for place in found], dtype=pl.String),
        estado_regla=pl.Series([place.state for place in found], dtype=pl.String),
        marcas=pl.Series([place.warn for place in found], dtype=pl.Int64),
    )
    return (
        frame.select(names)
        .join(table, on=names, how="left", nulls_equal=True, maintain_order="left")
        .drop(names)
    )
