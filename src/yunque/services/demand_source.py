"""Where a company's tables come from: a folder, a file, or queries of a database that are only read."""

import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from yunque.data.table import read_table
from yunque.errors import StorageError, TableError, UsageError
from yunque.solutions.aml.intake.read_file import SPREADSHEETS, read_file
from yunque.solutions.demand.intake import SOURCES
from yunque.solutions.demand.intake_names import simple

FILE_NAMES = {
    "movements": ("movements", "movimientos", "movimientos_inventario"),
    "sales": ("sales", "ventas"),
    "returns": ("returns", "devoluciones"),
    "items": ("items", "articulos", "productos", "products"),
    "stock": ("stock", "existencias", "inventario", "inventory"),
    "orders": ("orders", "ordenes", "ordenes_compra", "pedidos", "purchase_orders"),
    "suppliers": ("suppliers", "proveedores"),
    "promotions": ("promotions", "promociones"),
}
SUFFIXES = (".csv", ".parquet", ".arrow", ".ndjson", ".gz", ".zst", ".txt", *SPREADSHEETS)
NEEDED = ("movements", "sales")
R2_QUERY = {"movements": "SELECT * FROM movimientos_inventario"}
MOST_ROWS = 20_000_000
_READS = re.compile(r"\s*(select|with)\b", re.IGNORECASE)


def read_company(source: str, queries: Mapping[str, str] | None = None) -> dict[str, pl.DataFrame]:
    """Read the raw tables of a company.

    Args:
        source: a folder whose files are named by their table (ventas.csv, existencias.xlsx …), one file of
            movements, or an SQLAlchemy URL.
        queries: SELECT by table of SOURCES, for a URL; R2's `movimientos_inventario` when left out.

    Raises:
        UsageError: nothing of that name, no table in the folder, or a query that does more than read.
        TableError: a file that is no table.
        StorageError: the database does not answer, or refuses the query.
    """
    if "://" in source:
        return _read_database(source, queries or R2_QUERY)
    path = Path(source)
    if path.is_dir():
        return _read_folder(path)
    return {"movements": read_file(path)}


def _read_folder(folder: Path) -> dict[str, pl.DataFrame]:
    found: dict[str, pl.DataFrame] = {}
    for path in sorted(folder.iterdir()):
        kind = _kind_of(path)
        if kind is None:
            continue
        if kind in found:
            raise UsageError(
                f"The folder holds two files of {kind}; one of them is {path.name!r}.",
                hint="Keep one of them.",
            )
        table = _read_table(path, kind)
        if table is not None:
            found[kind] = table
    if not found:
        known = ", ".join(f"{names[-1]}.csv" for names in FILE_NAMES.values())
        raise UsageError(f"The folder {folder.name!r} holds none of the tables.", hint=f"Name them {known}.")
    return found


def _read_table(path: Path, kind: str) -> pl.DataFrame | None:
    """Read one file; None for a table beside the movements that has names and no rows."""
    try:
        return read_file(path)
    except TableError:
        is_empty = kind not in NEEDED and path.suffix.lower() not in SPREADSHEETS and _has_names_only(path)
        if not is_empty:
            raise
    return None


def _has_names_only(path: Path) -> bool:
    try:
        return read_table(path, limit=0).width > 0
    except TableError:
        return False


def _kind_of(path: Path) -> str | None:
    if not path.is_file() or path.suffix.lower() not in SUFFIXES:
        return None
    stem = simple(path.name.partition(".")[0])
    return next((kind for kind, names in FILE_NAMES.items() if stem in names), None)


def _read_database(url: str, queries: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    for kind, query in queries.items():
        if kind not in SOURCES:
            raise UsageError(f"There is no table {kind!r} to fill.", hint="Tables: " + ", ".join(SOURCES))
        if not _READS.match(query) or ";" in query.rstrip().rstrip(";"):
            raise UsageError(f"The query of {kind!r} is not one SELECT.", hint="Only reading is done here.")
    try:
        engine = sa.create_engine(url)
    except (sa.exc.SQLAlchemyError, ImportError, ValueError) as error:
        raise UsageError(
            "The database URL cannot be used.", hint="For example postgresql+psycopg://user@host/name."
        ) from error
    try:
        return {kind: _query(engine, kind, query) for kind, query in queries.items()}
    finally:
        engine.dispose()


def _query(engine: sa.Engine, kind: str, query: str) -> pl.DataFrame:
    """Run one SELECT where writing is refused by the database itself, and roll back."""
    try:
        with engine.connect() as connection:
            _only_read(connection)
            answer = connection.execute(sa.text(query.rstrip().rstrip(";").replace(":", r"\:")))
            names, rows = list(answer.keys()), answer.fetchmany(MOST_ROWS)
            connection.rollback()
    except sa.exc.SQLAlchemyError as error:
        raise StorageError(
            f"The database did not answer the query of {kind!r}.",
            hint="Check the address, the permission to read, and the names in the query.",
        ) from error
    if not rows:
        raise TableError(f"The query of {kind!r} gave no rows.", hint="Check its conditions.")
    columns = [
        pl.Series(name, values, strict=False)
        for name, values in zip(names, zip(*rows, strict=True), strict=True)
    ]
    return pl.DataFrame(columns)


def _only_read(connection: sa.Connection) -> None:
    dialect = connection.engine.dialect.name
    if dialect == "sqlite":
        connection.execute(sa.text("PRAGMA query_only = ON"))
    elif dialect in ("postgresql", "mysql", "mariadb"):
        connection.execute(sa.text("SET TRANSACTION READ ONLY"))
