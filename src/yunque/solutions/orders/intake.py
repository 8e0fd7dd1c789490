"""A folder of files becomes one table of orders: checked, without repeats, by client and in time."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

from yunque.errors import DataError, TableError
from yunque.solutions.orders.columns import CLIENT, TARGET, TIME
from yunque.solutions.orders.intake_file import REASONS, OrdersFile, read_orders_file
from yunque.solutions.orders.notice import Notice, some

FEWEST_OF_A_CHANNEL = 100  # orders of a channel that can be learnt from
_NUMBERED = re.compile(r"^(.*?)(\d+)$")
_DATED = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What a folder holds.

    Attributes:
        orders: typed rows, by client and in time; ties in the order of the files.
        rejected: reasons of rows set apart: file, row, column, value, reason.
        files: names, in the order they were read.
        rows: rows of all files.
        repeated: rows that stand there twice, word for word, and were left out.
        notices: what a person must know.
    """

    orders: pl.DataFrame
    rejected: pl.DataFrame
    files: tuple[str, ...]
    rows: int
    repeated: int
    notices: tuple[Notice, ...]


def take_in(source: Path, as_of: datetime) -> Intake:
    """Read every file of a folder, one after another.

    Args:
        source: a folder of *.parquet files, or one table.
        as_of: the present, in the files' own time.

    Raises:
        TableError: no file, or a damaged one; names it.
        DataError: a column that cannot be read, or too few rows are left.
    """
    paths = files_of(source)
    return join([read_orders_file(path, as_of) for path in paths])


def files_of(source: Path) -> list[Path]:
    """Give the files of a folder in natural order, or the one file.

    Raises:
        TableError: there is none.
    """
    if source.is_file():
        return [source]
    found = [path for path in source.glob("*.parquet") if path.is_file()] if source.is_dir() else []
    if not found:
        raise TableError(
            "There is no Parquet file there." if source.is_dir() else "There is no such folder.",
            place={"folder": source.name},
            hint="Name the folder that holds the *.parquet files of the orders.",
        )
    return sorted(found, key=lambda path: (_natural(path.name), path.name))


def _natural(name: str) -> list[int]:
    """Sort part-2 before part-10."""
    return [int(digits) for digits in re.findall(r"\d+", name)]


def join(parts: Sequence[OrdersFile]) -> Intake:
    """Join files that were read: repeats and rare channels out, rows by client and in time."""
    notices = [notice for part in parts for notice in part.notices]
    notices += [*_changed_types(parts), *_missing_files([part.name for part in parts])]
    whole = pl.concat([part.frame for part in parts])
    place = pl.concat([_place(part, number) for number, part in enumerate(parts)])
    rejected = [part.rejected for part in parts]
    twice = ~whole.hash_rows(seed=1).is_first_distinct()
    repeated = int(twice.sum())
    if repeated:
        first = parts[place[int(twice.arg_true()[0])]].name
        notices.append(Notice(code="repeated", facts={"count": repeated, "file": first}))
        whole, place = whole.filter(~twice), place.filter(~twice)
    whole, rare = _without_rare_channels(whole, place, [part.name for part in parts])
    notices += rare.notices
    rejected.append(rare.rejected)
    orders = by_client(whole)
    _refuse_too_few(orders, [part.name for part in parts])
    notices += [*_missing_days(orders[TIME]), *_of_clients(orders)]
    return Intake(
        orders=orders,
        rejected=pl.concat(rejected),
        files=tuple(part.name for part in parts),
        rows=sum(part.rows for part in parts),
        repeated=repeated,
        notices=tuple(notices),
    )


def by_client(orders: pl.DataFrame) -> pl.DataFrame:
    """Sort by client and moment; ties keep their order."""
    code = orders[CLIENT].cast(pl.Categorical).to_physical().cast(pl.Int64)
    moment = orders[TIME].dt.timestamp("us")
    ranked = pl.DataFrame({"code": code, "moment": moment}).select(
        pl.arg_sort_by("code", "moment", maintain_order=True)
    )
    return orders[ranked.to_series()]


def _place(part: OrdersFile, number: int) -> pl.Series:
    return pl.repeat(number, part.frame.height, dtype=pl.Int32, eager=True)


@dataclass(frozen=True, kw_only=True)
class _Rare:
    notices: tuple[Notice, ...]
    rejected: pl.DataFrame


def _without_rare_channels(
    whole: pl.DataFrame, place: pl.Series, names: Sequence[str]
) -> tuple[pl.DataFrame, _Rare]:
    """Set apart the orders of channels that have too few to learn from."""
    counts = whole[TARGET].value_counts()
    rare = counts.filter(pl.col("count") < min(FEWEST_OF_A_CHANNEL, whole.height // 100)).drop_nulls()
    if not rare.height:
        return whole, _Rare(notices=(), rejected=pl.DataFrame(schema=REASONS))
    out = whole[TARGET].cast(pl.String).is_in(rare[TARGET].cast(pl.String).implode())
    told = pl.DataFrame(
        {
            "file": [names[each] for each in place.filter(out)],
            "row": pl.repeat(None, int(out.sum()), dtype=pl.Int64, eager=True),
            "column": pl.repeat(TARGET, int(out.sum()), dtype=pl.String, eager=True),
            "value": whole[TARGET].filter(out).cast(pl.String),
            "reason": pl.repeat("rare_channel", int(out.sum()), dtype=pl.String, eager=True),
        },
        schema=REASONS,
    )
    notices = tuple(
        Notice(code="rare_channel", facts={"value": value, "count": count})
        for value, count in rare.sort("count", descending=True).rows()
    )
    return whole.filter(~out), _Rare(notices=notices, rejected=told)


def _refuse_too_few(orders: pl.DataFrame, names: Sequence[str]) -> None:
    if orders.height < 2 or orders[TARGET].n_unique() < 2:
        raise DataError(
            f"{orders.height:,} usable orders of {orders[TARGET].n_unique()} channel(s) are too few.",
            place={"file": some(list(names)), "column": TARGET},
            hint="See which rows were set apart and why; two channels at least are needed.",
        )


def _changed_types(parts: Sequence[OrdersFile]) -> Iterator[Notice]:
    """Tell columns that one file stores otherwise than the others."""
    for column in parts[0].types:
        found = {part.name: part.types[column] for part in parts if column in part.types}
        usual, _ = Counter(found.values()).most_common(1)[0]
        for file, kind in found.items():
            if kind != usual:
                facts = {"file": file, "column": column, "found": kind, "usual": usual}
                yield Notice(code="changed_type", facts=facts)


def _missing_files(names: Sequence[str]) -> Iterator[Notice]:
    """Tell gaps in the numbers or days that the names of the files carry."""
    stems = [name.partition(".")[0] for name in names]
    days = [found for stem in stems if (found := _day(stem)) is not None]
    if len(days) == len(stems) > 1:
        missing = _gaps(sorted(days))
        if missing:
            yield Notice(code="missing_files", facts={"names": some([day.isoformat() for day in missing])})
        return
    numbered = [match for stem in stems if (match := _NUMBERED.match(stem))]
    if len(numbered) == len(stems) > 1 and len({match[1] for match in numbered}) == 1:
        numbers = {int(match[2]) for match in numbered}
        lost = sorted(set(range(min(numbers), max(numbers))) - numbers)
        if lost and len(lost) <= len(numbers):
            gone = [f"{numbered[0][1]}{number}" for number in lost]
            yield Notice(code="missing_files", facts={"names": some(gone)})


def _day(stem: str) -> date | None:
    found = _DATED.search(stem)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def _gaps(days: Sequence[date]) -> list[date]:
    """Give the days between the first and the last that are not there, if most are."""
    present = set(days)
    span = (days[-1] - days[0]).days + 1
    gone = [day for n in range(span) if (day := days[0] + timedelta(days=n)) not in present]
    return gone if len(gone) <= len(present) else []


def _missing_days(moments: pl.Series) -> Iterator[Notice]:
    """Tell days without a single order, where most days have some."""
    days = moments.dt.date().unique().sort().to_list()
    if gone := _gaps(days):
        facts = {"count": len(gone), "days": some([day.isoformat() for day in gone])}
        yield Notice(code="missing_days", facts=facts)


def _of_clients(orders: pl.DataFrame) -> Iterator[Notice]:
    """Tell clients of one order only, and orders of one client at one instant."""
    counts = orders.group_by(CLIENT).len()
    once = int((counts["len"] == 1).sum())
    if once:
        yield Notice(code="seen_once", facts={"count": once, "clients": counts.height})
    same = orders.select((pl.struct(CLIENT, TIME).rle_id()).alias("instant"))["instant"]
    shared = len(same) - same.n_unique()
    if shared:
        yield Notice(code="same_instant", facts={"count": shared})
