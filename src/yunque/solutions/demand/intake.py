"""A company's raw tables become one book: typed, of one company, of the days that were asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from yunque.errors import ContractError, UsageError
from yunque.solutions.demand.columns import MOVEMENTS, OTHER, RETURN, SALE, TABLES
from yunque.solutions.demand.intake_names import movement_kind
from yunque.solutions.demand.intake_read import read_raw
from yunque.solutions.demand.notes import noted
from yunque.solutions.demand.plan_values import DataNote

SOURCES = ("movements", "sales", "returns", "items", "stock", "orders", "suppliers", "promotions")
LEAST_MONTHS = 6  # with no more days than months, from which a book counts as kept by month
MOST_YEARS = 15  # of history before the last movement
FIXED = {"sales": SALE, "returns": RETURN}  # tables whose name says what their movements are


@dataclass(frozen=True, kw_only=True)
class Whose:
    """Whose data, and of which days; all empty takes whatever there is, when it is one company's.

    Attributes:
        company: its number (`empresa_servidor_id`).
        nit: its tax number; only its digits count.
        first, last: days, both included (`fecha_inicio`, `fecha_fin`).
        today: the day of the plan: later movements are left out; the day after the last one when None.
        latest: the day on which the question is asked; what is dated after it cannot have happened.
    """

    company: str = ""
    nit: str = ""
    first: date | None = None
    last: date | None = None
    today: date | None = None
    latest: date | None = None

    def __post_init__(self) -> None:
        """Refuse a stretch of days that ends before it begins."""
        if self.first and self.last and self.first > self.last:
            raise UsageError(
                f"fecha_fin {self.last} is before fecha_inicio {self.first}. / "
                f"fecha_fin {self.last} es anterior a fecha_inicio {self.first}.",
                hint="Turn them round. / Inviértalas.",
            )


@dataclass(frozen=True, kw_only=True)
class Book:
    """A company's tables, clean and typed.

    Attributes:
        tables: by name, with the columns of TABLES; tables that were not given are empty.
        company, nit: whose they are, "" where nothing says so.
        first, last: days of the first and last movement.
        today: the day of the plan.
        notes: what was left out.
    """

    tables: Mapping[str, pl.DataFrame]
    company: str
    nit: str
    first: date
    last: date
    today: date
    notes: tuple[DataNote, ...] = field(default=())

    @property
    def is_kept_by_month(self) -> bool:
        """Say whether every month has one day of movements, so that nothing is known within it."""
        return _is_kept_by_month(self.movements)

    @property
    def movements(self) -> pl.DataFrame:
        """Every movement."""
        return self.tables["movements"]


def take_in(raw: Mapping[str, pl.DataFrame], whose: Whose | None = None) -> Book:
    """Read a company's raw tables.

    Args:
        raw: by name of SOURCES; movements or sales are needed, the rest is asked for by notes of the plan.
        whose: the company and days that are wanted.

    Raises:
        UsageError: a table of another name; neither movements nor sales.
        ContractError: a needed column is missing; several companies and none was chosen; nothing is left.
    """
    asked = whose or Whose()
    _refuse_names(raw)
    notes: list[DataNote] = []
    parts = []
    tables = {name: pl.DataFrame(schema=schema) for name, schema in TABLES.items()}
    for name, table in raw.items():
        kind = "movements" if name in ("movements", "sales", "returns") else name
        typed = read_raw(table, kind, name)
        notes += typed.notes
        if kind == "movements":
            parts.append(_with_kind(typed.frame, FIXED.get(name, "")))
        else:
            tables[kind] = typed.frame
    movements = _of_company(pl.concat(parts), asked)
    movements, told = _cleaned(movements, asked)
    notes += told
    if not movements.height:
        raise ContractError(
            "No movement is left of this company in these days. / "
            "No queda ningún movimiento de esta empresa en estos días.",
            hint=" ".join(
                ["Check the company, fecha_inicio and fecha_fin, and the dates of the file."]
                + [one.text["en"] for one in notes if one.code == "unreadable"]
            ),
        )
    first, last = _days(movements, asked)
    tables["movements"] = movements
    return Book(
        tables=tables,
        company=_only(movements["company"]) or asked.company,
        nit=_only(movements["nit"]) or digits(asked.nit),
        first=first,
        last=last,
        today=asked.today or pl.select(pl.lit(asked.last or last).dt.offset_by("1d")).item(),
        notes=tuple(notes),
    )


def digits(nit: str) -> str:
    """Give the digits of a tax number, without those after a dash (the check digit)."""
    return "".join(sign for sign in nit.partition("-")[0] if sign.isdigit())


def _refuse_names(raw: Mapping[str, Any]) -> None:
    if unknown := sorted(set(raw) - set(SOURCES)):
        raise UsageError(f"There is no table {unknown[0]!r} here.", hint="Tables: " + ", ".join(SOURCES))
    if not {"movements", "sales"} & set(raw):
        raise UsageError(
            "There are no sales to forecast from. / No hay ventas para pronosticar.",
            hint="Give `movements` or `sales` / Dé `movimientos` o `ventas`.",
        )


def _with_kind(frame: pl.DataFrame, fixed: str) -> pl.DataFrame:
    """Say of each movement what it is; without a word, a quantity is a sale, a negative one a return."""
    if fixed:
        kind: pl.Expr = pl.lit(fixed)
    elif frame["kind"].null_count() == frame.height:
        kind = pl.lit(SALE)
    else:
        words = frame["kind"].unique().to_list()
        kind = pl.col("kind").replace_strict(words, [movement_kind(w) for w in words], default=OTHER)
    nit = pl.col("nit").str.split("-").list.first().str.replace_all(r"\D", "").fill_null("")
    return frame.with_columns(
        kind.alias("kind"), nit.alias("nit"), pl.col("company").fill_null(""),
    )  # fmt: skip


def _of_company(movements: pl.DataFrame, asked: Whose) -> pl.DataFrame:
    """Keep the movements of the company that was asked for; a file of several needs a choice."""
    kept = movements
    if asked.nit and (movements["nit"] != "").any():
        kept = kept.filter(pl.col("nit") == digits(asked.nit))
    if asked.company and (movements["company"] != "").any():
        kept = kept.filter(pl.col("company") == asked.company)
    for column, option in (("nit", "nit (--nit)"), ("company", "empresa_servidor_id (--company)")):
        found = sorted(set(kept[column]) - {""})
        if len(found) > 1 and not (column == "company" and asked.nit):
            raise ContractError(
                f"The tables hold {len(found)} companies ({column}: {', '.join(found[:5])}). / "
                f"Las tablas son de {len(found)} empresas.",
                hint=f"Choose one / Elija una: {option}. Plans never mix companies.",
            )
    return kept


def _cleaned(movements: pl.DataFrame, asked: Whose) -> tuple[pl.DataFrame, tuple[DataNote, ...]]:
    """Leave out other days, the future, repeated lines and other units; turn negative sales into returns."""
    frame = movements
    if asked.first:
        frame = frame.filter(pl.col("date") >= asked.first)
    if asked.last:
        frame = frame.filter(pl.col("date") <= asked.last)
    future = frame.filter(_is_future(asked))
    frame = frame.filter(~_is_future(asked))
    ancient = frame.filter(_is_ancient())
    frame = frame.filter(~_is_ancient())
    is_again = pl.col("document").is_not_null() & ~pl.struct(pl.all()).is_first_distinct()
    repeated, once = frame.filter(is_again), frame.filter(~is_again)
    common, mixed = _one_unit(once)
    negative = common.filter((pl.col("units") < 0) & (pl.col("kind") == SALE))
    kind = pl.when((pl.col("units") < 0) & (pl.col("kind") == SALE)).then(pl.lit(RETURN)).otherwise("kind")
    done = common.with_columns(kind.alias("kind"), pl.col("units").abs()).select(list(MOVEMENTS))
    return done.sort("date", maintain_order=True), noted(
        ("future_dates", future.height, future["code"].unique(maintain_order=True).to_list()),
        (
            "ancient_dates",
            ancient.height,
            ancient["date"].cast(pl.String).unique(maintain_order=True).to_list(),
        ),
        ("duplicates", repeated.height, repeated["document"].unique(maintain_order=True).to_list()),
        ("mixed_units", len(mixed), mixed),
        ("negative_units", negative.height, negative["code"].unique(maintain_order=True).to_list()),
    )


def _is_future(asked: Whose) -> pl.Expr:
    limits = [pl.col("date") >= asked.today] if asked.today else []
    limits += [pl.col("date") > asked.latest] if asked.latest else []
    return pl.any_horizontal(pl.lit(value=False), *limits)


def _is_ancient() -> pl.Expr:
    """Say which movements lie so long before the last one that they are a slip, or of no use."""
    return pl.col("date") < pl.col("date").max().dt.offset_by(f"-{MOST_YEARS}y")


def _one_unit(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Keep the commonest unit of measure of each article that is counted in several."""
    unit = pl.col("unit_of_measure").str.to_lowercase().fill_null("")
    counted = frame.with_columns(unit=unit)
    counts = counted.filter(pl.col("unit") != "").group_by("code", "unit").len()
    several = counts.group_by("code").len().filter(pl.col("len") > 1)["code"].sort().to_list()
    if not several:
        return frame, []
    best = counts.sort("len", "unit", descending=[True, False]).unique("code", keep="first")
    joined = counted.join(best.select("code", best="unit"), on="code", how="left", maintain_order="left")
    keep = (pl.col("unit") == "") | (pl.col("unit") == pl.col("best"))
    return joined.filter(keep).drop("unit", "best"), several


def _days(movements: pl.DataFrame, asked: Whose) -> tuple[date, date]:
    """Give the first and last day; a month that one line stands for was lived to its end."""
    ends = pl.col("date").max().dt.month_end()
    first, last, month_end = movements.select(pl.col("date").min(), last=pl.col("date").max(), end=ends).row(
        0
    )
    is_over = not asked.today or asked.today > month_end
    return first, month_end if is_over and _is_kept_by_month(movements) else last


def _is_kept_by_month(movements: pl.DataFrame) -> bool:
    days = movements["date"].unique()
    months = days.dt.truncate("1mo").n_unique()
    return months >= LEAST_MONTHS and len(days) == months


def _only(values: pl.Series) -> str:
    found = values.unique().to_list()
    return str(found[0]) if len(found) == 1 else ""
