"""`yunque aml` from a file to a result, and the log verified."""

import json
import sqlite3

import pytest

from yunque.surfaces.cli.app import run

SMOKE = (
    "cliente_id,monto,fecha,tipo_operacion,sector_actividad\n"
    "12345,50000,2025-01-15,efectivo,casa_cambio\n"
    "12346,180000,2025-01-16,transferencia_nacional,inmobiliaria\n"
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YUNQUE_HOME", str(tmp_path / "home"))
    (tmp_path / "test_input.csv").write_text(SMOKE)
    return tmp_path / "home"


def test_the_two_commands_of_the_first_demonstration(home, capsys):
    assert run(["aml", "enrich", "test_input.csv", "--analysis-id", "test_001"]) == 0
    assert (home / "aml" / "pending" / "test_001.csv").is_file()
    assert run(["aml", "run", "test_001"]) == 0
    assert "test_001" in capsys.readouterr().out
    result = json.loads((home / "aml" / "processed" / "test_001.json").read_text())
    assert result["operaciones"][0]["estado_legal"] == "regimen_no_cargado"
    assert run(["aml", "run"]) == 0
    assert "No hay" in capsys.readouterr().out
    assert run(["aml", "rerun", "test_001"]) == 0
    assert json.loads(capsys.readouterr().out) == result


def test_json_and_folder(home, tmp_path, capsys):
    assert run(["aml", "enrich", "test_input.csv", "--folder", "desk", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["filas"], facts["aceptadas"], facts["rechazadas"]) == (2, 2, 0)
    assert run(["aml", "run", "--folder", "desk", "--json"]) == 0
    outcome = json.loads(capsys.readouterr().out)[0]
    assert outcome["state"] == "processed"
    assert (tmp_path / "desk" / "processed" / f"{facts['analysis_id']}.json").is_file()


def test_failures_are_told_with_exit_codes(home, tmp_path, capsys):
    assert run(["aml", "enrich", "missing.csv"]) == 2
    assert run(["aml", "run", "nothing"]) == 1
    (home / "aml" / "pending").mkdir(parents=True, exist_ok=True)
    (home / "aml" / "pending" / "bad.csv").write_text("a,b\n1,2\n")
    assert run(["aml", "run"]) == 2
    assert "failed" in capsys.readouterr().out


def test_the_log_is_verified(home, capsys):
    assert run(["aml", "enrich", "test_input.csv", "--analysis-id", "a"]) == 0
    assert run(["aml", "run"]) == 0
    capsys.readouterr()
    assert run(["aml", "verify"]) == 0
    assert "íntegra: 2 entradas" in capsys.readouterr().out
    with sqlite3.connect(home / "yunque.db") as connection:
        connection.execute("DROP TRIGGER aml_audit_no_UPDATE")
        connection.execute("UPDATE aml_audit SET actor = 'eve' WHERE number = 1")
    connection.close()
    assert run(["aml", "verify", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["rota_en"] == 1


def test_training_keeps_the_label(home, tmp_path, capsys):
    assert run(["aml", "enrich", "test_input.csv", "--training", "--analysis-id", "t"]) == 0
    assert "clasificacion_lfpiorpi" in (home / "aml" / "training" / "t.csv").read_text()
