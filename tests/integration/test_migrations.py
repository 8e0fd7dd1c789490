"""The migrated database is what the code's tables say, on SQLite and on Postgres."""

import importlib
import pkgutil
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import yunque
from yunque.errors import StorageError
from yunque.runtime.database import METADATA, Database, open_engine, reading, sqlite_url, writing
from yunque.runtime.migrations import current_revision, newest_revision, upgrade


def import_every_table() -> None:
    for module in pkgutil.walk_packages(yunque.__path__, "yunque."):
        text = Path(str(module.module_finder.path), f"{module.name.rpartition('.')[2]}.py")  # type: ignore[union-attr]
        if text.is_file() and "METADATA," in text.read_text(encoding="utf-8"):
            importlib.import_module(module.name)


def test_migrations_make_what_the_tables_say(database: Database) -> None:
    import_every_table()
    with reading(database.engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_every_constraint_of_the_tables_is_in_the_database(database: Database) -> None:
    import_every_table()
    inspector = sa.inspect(database.engine)
    for table in METADATA.tables.values():
        said = {str(c.name) for c in table.constraints if isinstance(c, sa.CheckConstraint)}
        there = {str(check["name"]) for check in inspector.get_check_constraints(table.name)}
        assert said == there, table.name


def test_many_processes_may_start_on_an_empty_database(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "new.db")
    engines = [open_engine(url) for _ in range(4)]
    found: list[str] = []
    threads = [threading.Thread(target=lambda e=engine: found.append(upgrade(e))) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [newest_revision()] * 4
    assert current_revision(engines[0]) == newest_revision()
    for engine in engines:
        engine.dispose()


def test_a_database_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "new.db"))
    upgrade(engine)
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageError, match="9999"):
        upgrade(engine)
    engine.dispose()


def test_a_ledger_entry_can_be_neither_changed_nor_removed(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO account VALUES ('t', 'MXN', 5, 0, 0, 1, '0')")
        connection.exec_driver_sql(
            "INSERT INTO ledger (tenant, number, entry, purchased_minor, gifted_minor, reserved_minor,"
            " balance_minor, units, description, at, digest)"
            " VALUES ('t', 1, 'purchase', 5, 0, 0, 5, 0, '', '2026-01-01T00:00:00.000000Z', '0')"
        )
    for statement in ("UPDATE ledger SET balance_minor = 9", "DELETE FROM ledger"):
        with pytest.raises(sa.exc.DatabaseError, match="never changed"), database.writing() as connection:
            connection.exec_driver_sql(statement)
