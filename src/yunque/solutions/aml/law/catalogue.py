"""The dated tables of the law: thresholds, UMA, cash limits and holidays, each row with its source."""

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from yunque.errors import NotFoundError


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """One row of Article 17, in force from `since` to `until` (both included).

    Attributes:
        rule: key of the case ("VIII", "XII-A-a").
        identify, notice: "siempre" (always), "uma" (from an amount), "uma_efectivo" (only when paid in cash),
            "condicion" (only when acting in the client's name) or "revision" (no figure was published).
        identify_uma, notice_uma: amounts in UMA, None where there is none.
        identify_strict: more than, instead of at least (fraction XV).
        base: what is compared: "operacion", "gasto_mensual_cuenta", "renta_mensual", "mayor_valor",
            "valor_individual" or "contraprestacion".
        accumulates: whether Article 17's six months apply.
        listed_since: from this day the general rules name it among what accumulates; None when they always
            did.
        term: how the day of a notice is counted: "dia_17", "fiscal" or "pedimento".
    """

    rule: str
    fraction: str
    clause: str
    sppld_key: str
    activity: str
    identify: str
    identify_uma: int | None
    identify_strict: bool
    notice: str
    notice_uma: int | None
    base: str
    accumulates: bool
    listed_since: date | None
    term: str
    since: date
    until: date | None
    source: str
    verification: str
    note: str

    @property
    def id(self) -> str:
        """The rule with the date from which this row holds: what a result cites."""
        return f"{self.rule}@{self.since.isoformat()}"

    @property
    def place(self) -> str:
        """The fraction and clause as people write them: "XII A a"."""
        return f"{self.fraction} {self.clause.replace('-', ' ')}".strip()


@dataclass(frozen=True, kw_only=True)
class Uma:
    """The daily value of the UMA in centavos, in force from `since` to `until` (both included)."""

    since: date
    until: date
    cents: int
    source: str
    verification: str


@dataclass(frozen=True, kw_only=True)
class CashLimit:
    """One case of Article 32: cash at or above `uma` is forbidden for acts under these rules of Article 17.

    Attributes:
        doubtful: rules whose link with the case is doubtful; they get a warning.
        taxes_since: from this date the amount compared includes taxes (Reglamento 6 ¶3).
    """

    fraction: str
    case: str
    uma: int
    monthly: bool
    rules: tuple[str, ...]
    doubtful: tuple[str, ...]
    since: date
    taxes_since: date
    source: str


@dataclass(frozen=True, kw_only=True)
class Sector:
    """What a sector's name in a file stands for.

    Attributes:
        rule: key of Article 17; "" where `state` says why there is none.
        state: "" or "regimen_no_cargado", "falta_inciso:XII-A", "subcaso:X".
    """

    name: str
    rule: str
    state: str


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A named default where the law leaves a question open, with the alternatives that can be chosen."""

    key: str
    value: str
    alternatives: tuple[str, ...]
    basis: str
    verification: str
    explanation: str


@dataclass(frozen=True, kw_only=True)
class Jurisdiction:
    """A country of high risk on a published list, in force from `since` to `until` (both included).

    Attributes:
        names: simple names and codes by which files call it.
        listed: the list's name.
    """

    code: str
    names: tuple[str, ...]
    listed: str
    since: date
    until: date | None
    source: str
    verification: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Catalogue:
    """All tables of one edition; two with the same hash are the same."""

    thresholds: tuple[Threshold, ...]
    umas: tuple[Uma, ...]
    cash_limits: tuple[CashLimit, ...]
    holidays: frozenset[date]
    sectors: tuple[Sector, ...]
    readings: tuple[Reading, ...]
    sha256: str
    jurisdictions: tuple[Jurisdiction, ...] = ()  # editions before November 2026 had none

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        return isinstance(other, Catalogue) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(self.sha256)

    @property
    def version(self) -> str:
        """The newest date on which anything of the tables comes into force."""
        days = [row.since for row in self.thresholds] + [row.since for row in self.umas]
        return max(days).isoformat()

    @cached_property
    def rules(self) -> tuple[str, ...]:
        """Keys of Article 17 in the order of the table."""
        return tuple(dict.fromkeys(row.rule for row in self.thresholds))

    def uma_on(self, day: date) -> Uma | None:
        """Give the UMA in force on a day, or None: a value is never extrapolated."""
        return next((row for row in self.umas if row.since <= day <= row.until), None)

    def threshold_on(self, rule: str, day: date) -> Threshold | None:
        """Give the row of a rule in force on a day, or None when there was no such rule.

        Raises:
            NotFoundError: the rule is not in the tables at all.
        """
        if rule not in self.rules:
            raise NotFoundError.among("rule of Article 17", rule, self.rules)
        rows = (row for row in self.thresholds if row.rule == rule)
        return next(
            (row for row in rows if row.since <= day and (row.until is None or day <= row.until)), None
        )

    def cash_limit_on(self, rule: str, day: date) -> CashLimit | None:
        """Give the cash limit that binds a rule on a day, or None when the tables hold none."""
        return next((row for row in self.cash_limits if rule in row.rules and row.since <= day), None)

    def reading(self, key: str) -> str:
        """Give the chosen reading of an open question.

        Raises:
            NotFoundError: there is no such question.
        """
        for row in self.readings:
            if row.key == key:
                return row.value
        raise NotFoundError.among("reading", key, [row.key for row in self.readings])

    def with_readings(self, **chosen: str) -> "Catalogue":
        """Give the catalogue with other readings chosen; its hash tells them apart.

        Raises:
            NotFoundError: a reading or a value that does not exist.
        """
        for key, value in chosen.items():
            self.reading(key)
            row = next(row for row in self.readings if row.key == key)
            if value not in (row.value, *row.alternatives):
                raise NotFoundError.among(f"value of {key}", value, (row.value, *row.alternatives))
        readings = tuple(
            Reading(**{**vars(row), "value": chosen.get(row.key, row.value)}) for row in self.readings
        )
        mark = "".join(f"\n{row.key}={row.value}" for row in readings)
        same = readings == self.readings
        sha256 = self.sha256 if same else hashlib.sha256((self.sha256 + mark).encode()).hexdigest()
        return Catalogue(
            thresholds=self.thresholds,
            umas=self.umas,
            cash_limits=self.cash_limits,
            holidays=self.holidays,
            sectors=self.sectors,
            readings=readings,
            sha256=sha256,
            jurisdictions=self.jurisdictions,
        )
