"""Where a company's tables come from: a folder, a file, or queries of a database that are only read."""

import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from yunque.data.table import read_table
from yunque.errors import StorageError, TableError, UsageError
from yunque.services.demand_workbook import read_workbook
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
SHOWN = {kind: names[:2] for kind, names in FILE_NAMES.items()}  # the Spanish name stands second
SUFFIXES = (".csv", ".parquet", ".arrow", ".ndjson", ".gz", ".zst", ".txt", *SPREADSHEETS)
NEEDED = ("movements", "sales")
R2_QUERY = {"movements": "SELECT * FROM movimientos_inventario"}
MOST_ROWS = 20_000_000
_READS = re.compile(r"\s*(select|with)\b", re.IGNORECASE)


def read_company(source: str, queries: Mapping[str, str] | None = None) -> dict[str, pl.DataFrame]:
    """Read the raw tables of a company.

    Args:
        source: a folder whose files are named by their table (ventas.csv, existencias.xlsx …), one file of
            movements, one workbook whose sheets are named by their table, or an SQLAlchemy URL.
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
    if path.suffix.lower() in SPREADSHEETS:
        return read_workbook(path, "movements", kind_named)
    return {"movements": read_file(path)}


def _read_folder(folder: Path) -> dict[str, pl.DataFrame]:
    found: dict[str, pl.DataFrame] = {}
    for path in sorted(folder.iterdir()):
        kind = _kind_of(path)
        if kind is None:
            continue
        for name, table in _read_table(path, kind).items():
            if name in found:
                raise UsageError(
                    f"The folder holds two tables of {name}; one of them is in {path.name!r}. / "
                    f"La carpeta tiene dos tablas de {name}; una está en {path.name!r}.",
                    hint="Keep one of them. / Deje una.",
                )
            found[name] = table
    if not found:
        known = ", ".join(f"{names[-1]}.csv" for names in SHOWN.values())
        raise UsageError(
            f"The folder {folder.name!r} holds none of the tables. / "
            f"En la carpeta {folder.name!r} no hay ninguna de las tablas.",
            hint=f"Name them / Nómbrelas: {known}.",
        )
    return found


def _read_table(path: Path, kind: str) -> dict[str, pl.DataFrame]:
    """Read one file; nothing for a table beside the movements that has names and no rows."""
    if path.suffix.lower() in SPREADSHEETS:
        return read_workbook(path, kind, kind_named)
    try:
        return {kind: read_file(path)}
    except TableError:
        if kind in NEEDED or not _has_names_only(path):
            raise
    return {}


def _has_names_only(path: Path) -> bool:
    try:
        return read_table(path, limit=0).width > 0
    except TableError:
        return False


def _kind_of(path: Path) -> str | None:
    if not path.is_file() or path.suffix.lower() not in SUFFIXES:
        return None
    return kind_named(path.name.partition(".")[0])


def kind_named(name: str) -> str | None:
    """Tell the table by the name of a file or sheet; None for no table."""
    plain = simple(name)
    return next((kind for kind, names in FILE_NAMES.items() if plain in names), None)


def _read_database(url: str, queries: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    for kind, query in queries.items():
        if kind not in SOURCES:
            raise UsageError(f"There is no table {kind!r} to fill.", hint="Tables: " + ", ".join(SOURCES))
        if not _READS.match(query) or ";" in query.rstrip().rstrip(";"):
            raise UsageError(
                f"The query of {kind!r} is not one SELECT. / La consulta de {kind!r} no es un SELECT.",
                hint="Only reading is done here. / Aquí solo se lee.",
            )
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
