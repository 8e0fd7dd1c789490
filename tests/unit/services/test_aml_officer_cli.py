"""The officer on the command line: from a file to a closed case, two people, and a log that is whole."""

import json

import pytest

from yunque.surfaces.cli.app import run

ROWS = (
    "id_operacion,cliente_id,monto,fecha,tipo_operacion,fraccion\n"
    "b1,beto,800000,2026-08-02,efectivo,VIII\n"
    "a1,ana,753130.20,2026-08-02,transferencia,VIII\n"
)


@pytest.fixture
def told(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("YUNQUE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def tell(*words, code=0):
        capsys.readouterr()
        found = run(["aml", *words])
        out = capsys.readouterr()
        assert found == code, out
        return out.out

    return tell


def test_a_case_from_its_file_to_its_closing(told, tmp_path):
    source = tmp_path / "ops.csv"
    source.write_text(ROWS)
    told("enrich", str(source), "--analysis-id", "x")
    told("run", "x")
    items = json.loads(told("queue", "--json"))["items"]
    assert {it["id_operacion"] for it in items} == {"a1", "b1"}
    assert "preocupante" in told("queue", "--client", "beto")
    assert "753,130.20" in told("client", "ana") or "753130.20" in told("client", "ana")
    told("decide", "b1", "--as", "nada", "--note", "x", code=1)
    told("decide", "b1", "--as", "descartar", "--note", " ", code=1)
    waiting = told("decide", "b1", "--as", "descartar", "--note", "visto", "--by", "olga")
    assert "falta la firma de otra persona" in waiting
    told("sign", "1", "--note", "x", "--by", "Olga", code=1)
    told("sign", "1", "--note", "de acuerdo", "--by", "pepe")
    assert [it["id_operacion"] for it in json.loads(told("queue", "--json"))["items"]] == ["a1"]
    assert "2026-09-17" in told("calendar", "--month", "2026-08", "--fractions", "VIII,XV")
    assert "informe_en_ceros" in told("calendar", "--month", "2026-08", "--fractions", "XV")
    told("export", "VEH", "--month", "2026-08", "--out", "veh.csv")
    assert (tmp_path / "veh.csv").read_text().count("aviso_mensual") == 2
    told("export", "VEH", "--month", "agosto", code=1)
    told("xml", "VEH", "--month", "2026-08", code=2)
    log = json.loads(told("audit", "list", "--json"))["entradas"]
    assert [it["que"] for it in log][:2] == ["exportado", "segunda_firma"]
    assert "íntegra" in told("audit", "verify")
