"""Fixtures that several folders of tests share: databases, a broker, and object storage."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import settings
from sqlalchemy.engine import make_url

from servers import Postgres, make_bucket, postgres_server, private_folder, s3_server, valkey_server
from yunque.runtime.clock import Clock
from yunque.runtime.database import Database, open_database, open_engine, sqlite_url
from yunque.runtime.migrations import upgrade

# The suite that decides whether a change lands draws the same examples every time; `HYPOTHESIS_PROFILE=explore`
# draws new ones, and is how a person looks for trouble.
settings.register_profile("steady", derandomize=True)
settings.register_profile("explore", print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

OpenDatabase = Callable[..., Database]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    with valkey_server() as url:
        yield url


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture
def s3_bucket(s3_address: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """An empty bucket: the server's address and the bucket's name; credentials stand in the environment."""
    name = f"yunque-{uuid4().hex[:12]}"
    make_bucket(s3_address, name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return s3_address, name


def _administer(url: str, *statements: str) -> None:
    engine = open_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """The name of a migrated, empty database from which others are copied."""
    name = f"template_{uuid4().hex[:8]}"
    _administer(postgres.url, f"CREATE DATABASE {name}")
    engine = open_engine(make_url(postgres.url).set(database=name))
    upgrade(engine)
    engine.dispose()
    return name


@pytest.fixture
def postgres_url(postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """The address of a migrated, empty Postgres database that only this test uses."""
    name = f"test_{uuid4().hex[:12]}"
    _administer(postgres.url, f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield make_url(postgres.url).set(database=name).render_as_string(hide_password=False)
    _administer(postgres.url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def quick_path() -> Iterator[Path]:
    """An empty folder like `tmp_path`, in memory where the machine allows it."""
    with private_folder() as folder:
        yield folder


@pytest.fixture
def empty_sqlite_url(quick_path: Path) -> str:
    """The address of a migrated, empty SQLite database that only this test uses."""
    url = sqlite_url(quick_path / "yunque.db")
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.pg)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated, empty database: once SQLite, once Postgres."""
    name = "empty_sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def open_at(database_url: str) -> Iterator[OpenDatabase]:
    """Open the test's database, with a clock of one's own if wanted; closed at the end of the test."""
    opened: list[sa.Engine] = []

    def open_it(clock: Clock | None = None) -> Database:
        database = open_database(database_url, clock=clock)
        opened.append(database.engine)
        return database

    yield open_it
    for engine in opened:
        engine.dispose()


@pytest.fixture
def database(open_at: OpenDatabase) -> Database:
    """A migrated, empty database: once SQLite, once Postgres."""
    return open_at()
