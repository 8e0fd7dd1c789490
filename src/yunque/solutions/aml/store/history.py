"""Operations across files: each file adds a part, a repeated operation counts once, a correction replaces."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any
from zipfile import ZipFile, ZipInfo

import polars as pl
import sqlalchemy as sa

from yunque.errors import ConflictError, NotFoundError, StorageError
from yunque.runtime.database import Database
from yunque.solutions.aml.intake.identity import COMPARED, content_keys
from yunque.solutions.aml.store.tables import PART

FORMAT = 1  # raised when what a part holds changes meaning; old formats stay readable


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One file as it is kept.

    Attributes:
        operations: what was read, in the law's columns and those beside them.
        rejected: cells that could not be read.
        facts: of the file as a whole, as JSON.
        at: when it was kept; None before.
    """

    operations: pl.DataFrame
    rejected: pl.DataFrame
    facts: Mapping[str, Any]
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Past:
    """What a tenant has told so far.

    Attributes:
        operations: one row an operation, its newest version, with `parte` (the file it came with), `linea`
            and
            `turno`, which orders operations of one moment.
        parts: how many files there are.
        repeated: rows of the newest file that an earlier one had told already.
        corrected: rows of the newest file that replaced an earlier version.
    """

    operations: pl.DataFrame
    parts: int
    repeated: int
    corrected: int


def add_part(database: Database, tenant: str, analysis_id: str, kept: Kept) -> int:
    """Keep one file and give the part's number.

    The same analysis with the same operations again changes nothing and gives the same number.

    Raises:
        ConflictError: the analysis is known with other operations.
    """
    content = packed(kept)
    with database.writing() as connection:
        lock(connection, tenant)
        mine = PART.c.tenant == tenant
        found = connection.execute(sa.select(PART).where(mine, PART.c.analysis_id == analysis_id)).first()
        if found is not None:
            if not unpacked(found).operations.equals(kept.operations):
                raise ConflictError(
                    f"The analysis {analysis_id!r} is known with other operations.",
                    hint="Choose another analysis id for a new file.",
                )
            return int(found.number)
        last = connection.execute(sa.select(sa.func.max(PART.c.number)).where(mine)).scalar()
        number = int(last or 0) + 1
        connection.execute(
            PART.insert().values(
                tenant=tenant,
                number=number,
                analysis_id=analysis_id,
                rows=kept.operations.height,
                at=database.now(connection),
                sha256=hashlib.sha256(content).hexdigest(),
                format=FORMAT,
                content=content,
            )
        )
    return number


def part_of(database: Database, tenant: str, analysis_id: str) -> int | None:
    """Give the number of an analysis' part, None when it is not known."""
    query = sa.select(PART.c.number).where(PART.c.tenant == tenant, PART.c.analysis_id == analysis_id)
    with database.reading_as(tenant) as connection:
        found = connection.execute(query).scalar()
    return None if found is None else int(found)


def lock(connection: sa.Connection, tenant: str) -> None:
    """Let one writer of a tenant at a time through; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"aml:{tenant}"))))


def packed(kept: Kept) -> bytes:
    """Give a part as bytes: a zip of two Parquet tables and JSON; equal parts give equal bytes."""
    buffer = BytesIO()
    facts = json.dumps(dict(kept.facts), ensure_ascii=False, sort_keys=True).encode()
    members = {
        "operations.parquet": parquet(kept.operations),
        "rejected.parquet": parquet(kept.rejected),
        "facts.json": facts,
    }
    with ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()


def parquet(frame: pl.DataFrame) -> bytes:
    """Give a table as the bytes of a Parquet file."""
    buffer = BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=False)
    return buffer.getvalue()


def unpacked(row: sa.Row[tuple[object, ...]]) -> Kept:
    """Read one part back.

    Raises:
        StorageError: its bytes changed, or it is of a newer format.
    """
    content = bytes(row.content)
    if hashlib.sha256(content).hexdigest() != row.sha256:
        raise StorageError(f"Part {row.number} of the operations is not what was written.")
    if row.format != FORMAT:
        raise StorageError(f"Part {row.number} of the operations has the unknown format {row.format}.")
    with ZipFile(BytesIO(content)) as archive:
        return Kept(
            operations=pl.read_parquet(archive.read("operations.parquet")),
            rejected=pl.read_parquet(archive.read("rejected.parquet")),
            facts=json.loads(archive.read("facts.json")),
            at=row.at,
        )


def read_part(database: Database, tenant: str, number: int) -> Kept:
    """Give one part.

    Raises:
        NotFoundError: there is none.
        StorageError: it is not what was written.
    """
    query = sa.select(PART).where(PART.c.tenant == tenant, PART.c.number == number)
    with database.reading_as(tenant) as connection:
        row = connection.execute(query).first()
    if row is None:
        raise NotFoundError(f"There is no part {number} of the operations.")
    return unpacked(row)


def read_past(database: Database, tenant: str, *, upto: int | None = None) -> Past:
    """Give a tenant's operations as of a part (all parts by default).

    Raises:
        StorageError: a part is not what was written.
    """
    query = sa.select(PART).where(PART.c.tenant == tenant).order_by(PART.c.number)
    if upto is not None:
        query = query.where(PART.c.number <= upto)
    with database.reading_as(tenant) as connection:
        rows = connection.execute(query).all()
    frames = [unpacked(row).operations.with_columns(parte=pl.lit(row.number, pl.Int64)) for row in rows]
    return merged(frames)


def merged(parts: list[pl.DataFrame]) -> Past:
    """Put parts together: one row an operation; the newest version counts, where it first stood.

    An operation told again with the same content keeps the version it had, so that two uploads of one file
    are one.
    """
    if not parts:
        return Past(operations=pl.DataFrame(), parts=0, repeated=0, corrected=0)
    whole = pl.concat(parts, how="diagonal_relaxed").with_columns(_todo=pl.lit(None, pl.String))
    whole = whole.with_columns(_todo=content_keys(whole, COMPARED))
    newest = whole["parte"].max()
    versions = whole.with_columns(
        _primera=pl.col("parte").first().over("id_operacion"),
        _antes=pl.col("_todo").shift(1).over("id_operacion"),
    )
    is_new = versions["parte"] == newest
    repeated = versions.filter(is_new & (pl.col("_antes") == pl.col("_todo"))).height
    corrected = versions.filter(is_new & (pl.col("_antes") != pl.col("_todo"))).height
    changed = versions.filter(pl.col("_antes").is_null() | (pl.col("_antes") != pl.col("_todo")))
    kept = changed.unique("id_operacion", keep="last", maintain_order=True)
    ordered = with_turns(kept.drop("_todo", "_antes"))
    return Past(operations=ordered, parts=len(parts), repeated=repeated, corrected=corrected)


def with_turns(operations: pl.DataFrame) -> pl.DataFrame:
    """Add `turno`, which orders operations of one moment the same in any file and in any order of lines.

    Ids that a file gave count in their natural order (9 before 10); operations without one follow, by the
    file they first came with and their line.
    """
    name = pl.col("id_operacion")
    digits = name.str.extract(r"(\d{1,18})$", 1).cast(pl.Int64, strict=False)
    stem = name.str.replace(r"\d{1,18}$", "")
    own = pl.col("id_propio")
    keyed = operations.with_columns(
        _ajeno=~own,
        _tronco=pl.when(own).then(stem),
        _cifra=pl.when(own).then(digits),
        _parte=pl.when(~own).then(pl.col("_primera")),
        _linea=pl.when(~own).then(pl.col("linea")),
    ).sort("_ajeno", "_tronco", "_cifra", "_parte", "_linea", "id_operacion", nulls_last=False)
    numbered = keyed.with_columns(turno=pl.int_range(pl.len(), dtype=pl.Int64))
    return numbered.drop("_ajeno", "_tronco", "_cifra", "_parte", "_linea", "_primera")
