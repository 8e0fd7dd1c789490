"""Operations across files and the audit log: added to, never changed, whole or told."""

from datetime import date

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.errors import ConflictError, StorageError
from yunque.runtime.database import Database
from yunque.solutions.aml.intake.intake import take_in
from yunque.solutions.aml.law.evaluate import evaluate
from yunque.solutions.aml.law.read_catalogue import catalogue
from yunque.solutions.aml.store.audit import Entry, entries, record, verify
from yunque.solutions.aml.store.history import Kept, add_part, merged, part_of, read_part, read_past

TODAY = date(2026, 11, 20)


def read(*rows):
    """Operations of a file with rows (id, client, day, amount)."""
    table = pl.DataFrame(
        {
            "id_operacion": [row[0] for row in rows],
            "cliente_id": [row[1] for row in rows],
            "fecha": [row[2] for row in rows],
            "monto": [row[3] for row in rows],
            "tipo_operacion": ["transferencia"] * len(rows),
            "fraccion": ["VIII"] * len(rows),
        },
        schema_overrides={"id_operacion": pl.String},
    )
    return take_in(table, catalogue(), TODAY)


def kept(*rows):
    intake = read(*rows)
    return Kept(operations=intake.operations, rejected=intake.rejected, facts={"filas": len(rows)})


def owed(past):
    found = evaluate(past.operations, catalogue())
    return sorted(found.obligations.select("id_operacion", "regla", "vence").rows(), key=str)


FIRST = ("a1", "ana", "2026-03-01", "376,565.10")
SECOND = ("a2", "ana", "2026-08-31", "376,565.10")


def test_sums_see_earlier_files(database: Database) -> None:
    assert add_part(database, "t", "one", kept(FIRST)) == 1
    assert add_part(database, "t", "two", kept(SECOND)) == 2
    past = read_past(database, "t")
    assert past.parts == 2
    assert ("a2", "R03_aviso_acumulado@1", date(2026, 9, 17)) in owed(past)
    assert owed(read_past(database, "t", upto=1)) == [("a1", "R01_identificacion@1", None)]


def test_two_files_are_one(database: Database) -> None:
    add_part(database, "t", "one", kept(FIRST))
    add_part(database, "t", "two", kept(SECOND))
    add_part(database, "other", "both", kept(FIRST, SECOND))
    assert owed(read_past(database, "t")) == owed(read_past(database, "other"))


def test_an_operation_told_twice_counts_once(database: Database) -> None:
    add_part(database, "t", "one", kept(FIRST))
    add_part(database, "t", "two", kept(FIRST, SECOND))
    past = read_past(database, "t")
    assert past.operations.height == 2
    assert (past.repeated, past.corrected) == (1, 0)
    assert past.operations.sort("id_operacion")["parte"].to_list() == [1, 2]


def test_a_correction_replaces_and_what_followed_is_judged_again(database: Database) -> None:
    add_part(database, "t", "one", kept(FIRST, SECOND))
    assert len(owed(read_past(database, "t"))) == 3
    add_part(database, "t", "fix", kept((FIRST[0], "ana", FIRST[2], "376,565.09")))
    past = read_past(database, "t")
    assert (past.repeated, past.corrected) == (0, 1)
    assert owed(past) == [("a2", "R01_identificacion@1", None)]
    add_part(database, "t", "back", kept(FIRST))
    assert len(owed(read_past(database, "t"))) == 3
    assert len(owed(read_past(database, "t", upto=1))) == 3  # what was judged then stays reproducible


def test_the_same_analysis_again_changes_nothing(database: Database) -> None:
    assert add_part(database, "t", "one", kept(FIRST)) == add_part(database, "t", "one", kept(FIRST)) == 1
    assert part_of(database, "t", "one") == 1
    assert part_of(database, "t", "two") is None
    with pytest.raises(ConflictError, match="one"):
        add_part(database, "t", "one", kept(SECOND))


def test_tenants_do_not_see_one_another(database: Database) -> None:
    add_part(database, "t", "one", kept(FIRST))
    assert read_past(database, "u").operations.is_empty()
    assert part_of(database, "u", "one") is None
    assert add_part(database, "u", "one", kept(SECOND)) == 1


def test_parts_and_entries_can_be_neither_changed_nor_removed(database: Database) -> None:
    add_part(database, "t", "one", kept(FIRST))
    record(database, "t", Entry(actor="x", action="y", subject="z", details={}))
    for table in ("aml_part", "aml_audit"):
        for statement in (f"UPDATE {table} SET number = 9", f"DELETE FROM {table}"):
            with pytest.raises(sa.exc.DatabaseError, match="never changed"), database.writing() as connection:
                connection.exec_driver_sql(statement)


def unprotect(database: Database, table: str) -> None:
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"DROP TRIGGER {table}_append_only ON {table}")
        else:
            for change in ("UPDATE", "DELETE"):
                connection.exec_driver_sql(f"DROP TRIGGER {table}_no_{change}")


def test_a_part_that_was_changed_is_refused(database: Database) -> None:
    add_part(database, "t", "one", kept(FIRST))
    unprotect(database, "aml_part")
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE aml_part SET content = :c"), {"c": b"other"})
    with pytest.raises(StorageError, match="not what was written"):
        read_part(database, "t", 1)


def test_the_log_is_whole_or_says_where_it_breaks(database: Database) -> None:
    assert verify(database, "t").entries == 0
    for n in range(5):
        record(database, "t", Entry(actor="ana", action="vio", subject=f"op{n}", details={"n": n, "ñ": "é"}))
    record(database, "u", Entry(actor="eve", action="vio", subject="x", details={}))
    found = verify(database, "t")
    assert found.is_whole
    assert found.entries == 5
    assert found.last_digest == entries(database, "t")[0]["digest"]
    assert [entry["number"] for entry in entries(database, "t", limit=2)] == [5, 4]


@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE aml_audit SET actor = 'eve' WHERE number = 3",
        "UPDATE aml_audit SET details = '{}' WHERE number = 3",
        "DELETE FROM aml_audit WHERE number = 3",
        "UPDATE aml_audit SET previous = digest WHERE number = 3",
    ],
)
def test_every_forgery_shows(database: Database, forgery: str) -> None:
    for n in range(5):
        record(database, "t", Entry(actor="ana", action="vio", subject=f"op{n}", details={"n": n}))
    unprotect(database, "aml_audit")
    with database.writing() as connection:
        connection.exec_driver_sql(forgery)
    assert verify(database, "t").broken_at == 3


def test_entries_in_another_order_show(database: Database) -> None:
    for n in range(5):
        record(database, "t", Entry(actor="ana", action="vio", subject=f"op{n}", details={"n": n}))
    unprotect(database, "aml_audit")
    with database.writing() as connection:
        for old, new in ((3, 99), (4, 3), (99, 4)):
            connection.exec_driver_sql(f"UPDATE aml_audit SET number = {new} WHERE number = {old}")
    assert verify(database, "t").broken_at == 3


ROWS = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from(["ana", "beto"]),
        st.sampled_from(["2026-03-01", "2026-03-02", "2026-08-31", "2026-09-01"]),
        st.sampled_from(["376,565.10", "400,000", "800,000", "100"]),
    ),
    min_size=2,
    max_size=12,
    unique_by=lambda row: row[0],
)


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, cut=st.integers(1, 11), data=st.data())
def test_d_one_upload_is_two_half_uploads(rows, cut, data):
    named = [(f"op-{number}", *rest) for number, *rest in rows]
    mixed = data.draw(st.permutations(named))
    halves = [part for part in (mixed[:cut], mixed[cut:]) if part]
    whole = merged([read(*named).operations.with_columns(parte=pl.lit(1, pl.Int64))])
    split = merged(
        [read(*half).operations.with_columns(parte=pl.lit(n, pl.Int64)) for n, half in enumerate(halves)]
    )
    assert owed(whole) == owed(split)


def test_operations_of_one_moment_are_ordered_by_their_ids_as_people_count():
    rows = [(f"op-{n}", "ana", "2026-03-01", "400,000") for n in (10, 9)]
    past = merged([read(*rows).operations.with_columns(parte=pl.lit(1, pl.Int64))])
    assert ("op-10", "R03_aviso_acumulado@1", date(2026, 4, 17)) in owed(past)
