"""On Postgres a tenant's own connection sees its own rows and nothing else, whatever the query says."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from yunque.runtime.database import Database, open_database
from yunque.runtime.jobs.job import Finished
from yunque.runtime.jobs.kind import Kind, kinds_by_name
from yunque.runtime.jobs.ledger import add_funds
from yunque.runtime.jobs.outbox import add_endpoint
from yunque.runtime.jobs.queue import Queue, claim
from yunque.runtime.jobs.queue_finish import complete
from yunque.runtime.jobs.queue_submit import Submission, submit
from yunque.runtime.jobs.tables import ACCOUNT, ATTEMPT, ENDPOINT, JOB, JOB_EVENT, LEDGER, OUTBOX, UPLOAD
from yunque.runtime.jobs.uploads import NewUpload, receive
from yunque.runtime.storage import open_storage
from yunque.solutions.aml.store.audit import Entry, record
from yunque.solutions.aml.store.tables import AUDIT

pytestmark = pytest.mark.pg
TABLES = (JOB, ATTEMPT, JOB_EVENT, UPLOAD, OUTBOX, ACCOUNT, LEDGER)


@pytest.fixture
def filled(postgres_url: str) -> Iterator[Database]:
    """Two tenants, each with a row in every table."""
    database = open_database(postgres_url)
    queue = Queue(database=database, kinds=kinds_by_name(Kind(name="score", entry="m:f")))
    for tenant in ("a", "b"):
        add_funds(database, tenant, 100, currency="MXN", source="gift")
        add_endpoint(database, tenant, "https://example.com/")
        upload = NewUpload(tenant=tenant, file_name="x.csv", chunks=[b"1"])
        receive(database, open_storage("memory://"), upload)
        submit(queue, Submission(tenant=tenant, kind="score", payload={}))
        job = claim(queue, "w")
        assert job is not None
        complete(queue, job, Finished())
    yield database
    database.engine.dispose()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_tenant_sees_only_its_own_rows(filled: Database, table: sa.Table) -> None:
    everything = sa.select(table.c.tenant).distinct()
    with filled.reading_as("a") as connection:
        assert connection.execute(everything).scalars().all() == ["a"]
    with filled.reading() as connection:
        assert sorted(connection.execute(everything).scalars().all()) == ["a", "b"]


def test_without_a_tenant_there_are_no_rows(filled: Database) -> None:
    with filled.reading_as("") as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(JOB)).scalar_one() == 0


def test_the_claims_of_a_supabase_token_name_the_tenant(filled: Database) -> None:
    claims = '{"sub": "u1", "app_metadata": {"tenant": "b"}, "user_metadata": {"tenant": "a"}}'
    with filled.reading_as("") as connection:
        connection.execute(sa.select(sa.func.set_config("request.jwt.claims", claims, True)))
        found = connection.execute(sa.select(JOB.c.tenant)).scalars().all()
    assert found == ["b"]


def test_every_table_with_a_tenant_stands_behind_the_wall(filled: Database) -> None:
    """Those that are added later, too."""
    query = """
      SELECT c.table_name FROM information_schema.columns c
      JOIN pg_class t ON t.relname = c.table_name AND t.relnamespace = 'public'::regnamespace
      WHERE c.table_schema = 'public' AND c.column_name = 'tenant'
        AND NOT (t.relrowsecurity AND EXISTS (
          SELECT FROM pg_policies p WHERE p.tablename = c.table_name AND p.policyname = 'own_rows'))
    """
    count = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'tenant'"
    with filled.reading() as connection:
        assert connection.exec_driver_sql(query).scalars().all() == []
        assert connection.exec_driver_sql(count).scalar_one() >= 12


def test_operations_and_the_audit_log_of_two_tenants_are_apart(filled: Database) -> None:
    for tenant in ("a", "b"):
        record(filled, tenant, Entry(actor="ana", action="vio", subject=f"client of {tenant}", details={}))
    with filled.reading_as("b") as connection:
        assert connection.execute(sa.select(AUDIT.c.subject)).scalars().all() == ["client of b"]
        assert connection.execute(sa.select(AUDIT).where(AUDIT.c.tenant == "a")).all() == []
        balance = sa.select(LEDGER.c.tenant, LEDGER.c.purchased_minor + LEDGER.c.gifted_minor)
        assert [tuple(row) for row in connection.execute(balance)] == [("b", 100)]
    for statement in ("DELETE FROM aml_audit", "UPDATE aml_part SET tenant = 'b'", "TRUNCATE aml_audit"):
        refused = pytest.raises(sa.exc.DBAPIError, match=r"permission denied|never changed")
        with refused, filled.reading_as("b") as connection:
            connection.exec_driver_sql(statement)
        refused = pytest.raises(sa.exc.DBAPIError, match="never changed")  # not even the service
        with refused, filled.writing() as connection:
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE job SET tenant = 'a'",
        "DELETE FROM ledger",
        "INSERT INTO account VALUES ('c', 'MXN', 9, 9, 0, 0, '')",
        "SELECT secrets FROM webhook_endpoint",
        "UPDATE account SET purchased_minor = 1000000",
    ],
)
def test_a_tenant_may_neither_write_nor_read_secrets(filled: Database, statement: str) -> None:
    with (
        pytest.raises(sa.exc.ProgrammingError, match="permission denied"),
        filled.reading_as("a") as connection,
    ):
        connection.exec_driver_sql(statement)


def test_the_role_is_left_with_the_transaction(filled: Database) -> None:
    with filled.reading_as("a"):
        pass
    with filled.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(ENDPOINT)).scalar_one() == 2
