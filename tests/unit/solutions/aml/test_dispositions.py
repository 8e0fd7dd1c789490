"""What officers decide: kept with a note, never changed, in the log, and closed by two where it worries."""

import pytest
import sqlalchemy as sa

from yunque.errors import AccessError, ConflictError, NotFoundError, UsageError
from yunque.runtime.database import Database
from yunque.solutions.aml.store.audit import entries, verify
from yunque.solutions.aml.store.dispositions import (
    Disposition,
    dispose,
    read_dispositions,
    sign,
    standing_of,
    standings,
    verdicts,
)


def told(verdict="descartar", shown="inusual", operation="op1", **changes):
    facts = {"riesgo": 0.71, "muestra": False}
    whole = {
        "analysis_id": "a",
        "operation_id": operation,
        "client_id": "ana",
        "shown_class": shown,
        "verdict": verdict,
        "note": "factura vista",
        "actor": "oficial",
        "facts": facts,
    }
    return Disposition(**{**whole, **changes})


def test_a_decision_is_kept_told_and_logged(database: Database) -> None:
    (one,) = dispose(database, "t", [told()])
    assert (one.number, one.signs) == (1, None)
    assert read_dispositions(database, "t") == (one,)
    assert read_dispositions(database, "t", operation_id="op1") == (one,)
    assert read_dispositions(database, "t", operation_id="op2") == ()
    assert read_dispositions(database, "u") == ()
    assert standing_of([one]).state == "descartada"
    (entry,) = entries(database, "t")
    assert (entry["action"], entry["subject"], entry["actor"]) == ("disposicion", "op1", "oficial")
    assert entry["details"]["note"] == "factura vista"
    assert verify(database, "t").is_whole


def test_a_worrying_one_is_closed_by_two(database: Database) -> None:
    (one,) = dispose(database, "t", [told(shown="preocupante")])
    assert standings([one])["op1"].state == "por_firmar"
    assert verdicts([one]) == {}
    with pytest.raises(AccessError):
        sign(database, "t", 1, actor="Oficial ", note="yo misma")
    with pytest.raises(UsageError):
        sign(database, "t", 1, actor="segunda", note=" ")
    signed = sign(database, "t", 1, actor="segunda", note="de acuerdo")
    assert signed.signs == 1
    found = standing_of(read_dispositions(database, "t"))
    assert (found.state, found.signed_by, found.is_closed) == ("descartada", "segunda", True)
    assert verdicts(read_dispositions(database, "t"))["op1"][0] is False
    with pytest.raises(ConflictError):
        sign(database, "t", 1, actor="tercera", note="también")
    assert entries(database, "t")[0]["action"] == "segunda_firma"


def test_a_later_decision_replaces_one_that_waits(database: Database) -> None:
    dispose(database, "t", [told(shown="preocupante"), told("confirmar", "preocupante")])
    found = read_dispositions(database, "t")
    assert standing_of(found).state == "confirmada"
    assert verdicts(found)["op1"][0] is True
    with pytest.raises(ConflictError):
        sign(database, "t", 1, actor="segunda", note="tarde")
    with pytest.raises(NotFoundError):
        sign(database, "t", 9, actor="segunda", note="nada")


def test_a_notice_closes_and_teaches_nothing(database: Database) -> None:
    rows = [
        told("confirmar"),
        told("aviso_presentado", reference="F-1"),
        told("pedir_datos", operation="op2"),
    ]
    dispose(database, "t", rows)
    found = read_dispositions(database, "t")
    assert {name: one.state for name, one in standings(found).items()} == {
        "op1": "aviso_presentado",
        "op2": "en_espera_de_datos",
    }
    assert {name: is_suspicious for name, (is_suspicious, _) in verdicts(found).items()} == {"op1": True}


@pytest.mark.parametrize(
    "changes",
    [{"note": ""}, {"note": " \n"}, {"note": "x" * 4001}, {"actor": ""}, {"verdict": "banana"}],
)
def test_a_decision_that_says_too_little_is_refused(changes):
    with pytest.raises(UsageError):
        told(**changes)
    with pytest.raises(UsageError, match="folio"):
        told("aviso_presentado")


def test_decisions_are_all_kept_or_none_and_never_changed(database: Database) -> None:
    dispose(database, "t", [told()])
    with pytest.raises(sa.exc.DatabaseError):
        dispose(database, "t", [told(operation="op2"), told(operation=None)])
    assert len(read_dispositions(database, "t")) == 1
    assert verify(database, "t").entries == 1
    for table in ("aml_disposition", "aml_answer", "aml_policy"):
        with pytest.raises(sa.exc.DatabaseError, match="never changed"), database.writing() as connection:
            if table != "aml_disposition":
                row = {"aml_answer": "'t','a','2026-01-01T00:00:00.000000Z','0',1,'x'"}
                row["aml_policy"] = "'t',1,'2026-01-01T00:00:00.000000Z','e','a','{}'"
                connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({row[table]})")
            connection.exec_driver_sql(f"DELETE FROM {table}")
