"""From a file to its result: folders, R1's flow, repeats, failures, and what a result says."""

import json
import re
import threading
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from yunque.errors import ConflictError, ContractError, DataError, NotFoundError, UsageError
from yunque.runtime.clock import FixedClock
from yunque.runtime.database import open_database
from yunque.services.aml_desk import Desk, read_document, result_pieces
from yunque.services.aml_enrich import enrich_file
from yunque.services.aml_run import public_error, rerun, rerun_bytes, run_pending
from yunque.solutions.aml.features.names import FEATURES, LABEL, R1
from yunque.solutions.aml.law.evaluate import ORDER
from yunque.solutions.aml.layers import Layer, Scores
from yunque.solutions.aml.store.audit import entries, verify

HEADER = "id_operacion,cliente_id,monto,fecha,tipo_operacion,sector_actividad,fraccion"
SMOKE = (
    "cliente_id,monto,fecha,tipo_operacion,sector_actividad\n"
    "12345,50000,2025-01-15,efectivo,casa_cambio\n"
    "12346,180000,2025-01-16,transferencia_nacional,inmobiliaria\n"
)


@pytest.fixture
def desk(empty_sqlite_url, tmp_path):
    database = open_database(empty_sqlite_url, clock=FixedClock(datetime(2026, 11, 20, 18, tzinfo=UTC)))
    yield Desk(folder=tmp_path / "aml", database=database, clock=database.clock, actor="oficial")
    database.engine.dispose()


def file(folder: Path, *rows: str, header: str = HEADER, name: str = "in.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def result_of(desk: Desk, source: Path, name: str):
    enrich_file(desk, source, analysis_id=name)
    outcome = run_pending(desk, name)[0]
    assert outcome.state == "processed", outcome.error
    return read_document(outcome.path)


def test_the_first_demonstration_end_to_end(desk, tmp_path):
    source = tmp_path / "test_input.csv"
    source.write_text(SMOKE)
    done = enrich_file(desk, source, analysis_id="test_001")
    assert done.path == desk.folder / "pending" / "test_001.csv"
    pending = pl.read_csv(done.path)
    assert LABEL not in pending.columns
    assert set(R1) - {LABEL} | set(FEATURES) <= set(pending.columns)
    outcome = run_pending(desk, "test_001")[0]
    assert outcome.path == desk.folder / "processed" / "test_001.json"
    assert not done.path.exists()
    assert (desk.folder / "processed" / "test_001.csv").exists()
    result = read_document(outcome.path)
    assert result["modo"] == "solo_reglas"
    assert {layer["motivo"] for layer in result["capas"].values()} == {"sin_modelo"}
    exchange, property_ = result["operaciones"]
    assert exchange["estado_legal"] == "regimen_no_cargado"
    assert exchange["clase"] == "limpio_con_datos_faltantes"
    assert [owed["regla"] for owed in property_["obligaciones"]] == ["R01_identificacion@1"]
    assert property_["umbral"]["aviso"] == "871274.25"
    assert property_["clase"] == "limpio"
    assert result["resumen"]["total_transacciones"] == 2
    assert {name: result["resumen"][name] for name in ORDER} == {
        "limpio": 1,
        "relevante": 0,
        "inusual": 0,
        "preocupante": 0,
    }


def test_a_notice_shows_article_numbers_due_days_and_the_sum(desk, tmp_path):
    source = file(
        tmp_path,
        'a1,ana,"$376,565.10",01/03/2026,transferencia,automotriz,VIII',
        "a2,ana,376565.10,2026-08-31,transferencia,automotriz,VIII",
    )
    result = result_of(desk, source, "x")
    row = result["operaciones"][1]
    assert row["clase"] == "relevante"
    assert row["elevada_por"] == ["R03_aviso_acumulado@1"]
    notice = next(owed for owed in row["obligaciones"] if owed["tipo"] == "aviso_mensual")
    assert (notice["vence"], notice["vence_habil"], notice["plazo"]) == ("2026-09-17", "2026-09-17", "dia_17")
    assert notice["fundamento"].startswith("LFPIORPI 17 fr. VIII y penúltimo párrafo, y 23")
    assert row["acumulado"]["ids"] == ["a1", "a2"]
    assert row["acumulado"]["pesos"] == "753130.20"
    assert row["acumulado"]["umas"] == "6420.0000"
    assert row["acumulado"]["criterio"] == "ambos"
    assert row["acumulado"]["falta_mxn"] == "0.00"
    assert row["umbral"]["falta_mxn"] == "376565.10"
    assert row["umas"] == "3210.0000"
    assert "2 actos desde 2026-02-28 suman $753,130.20 (6,420.0000 UMA)" in row["razones"][1]["texto"]
    assert row["razones"][1]["valores"]["acum"] == "753130.20"
    assert row["advertencias"] == ["monto_unico"]
    assert result["advertencias"]["monto_unico"].startswith("Un solo monto")
    assert result["catalogo"]["uma"] == {"2026-02-01": "117.31"}
    assert re.fullmatch("[0-9a-f]{64}", result["catalogo"]["sha256"])
    assert result["resumen"]["avisos"] == 1


def test_nothing_says_that_someone_complies(desk, tmp_path):
    source = file(
        tmp_path, "a1,ana,900000,2026-03-01,efectivo,automotriz,VIII", "a2,ana,5,2026-03-01,cheque,banana,"
    )
    result_of(desk, source, "x")
    text = "".join(path.read_text() for path in (desk.folder / "processed").iterdir()).lower()
    assert "cumple" not in text


def test_bad_rows_are_told_and_the_rest_goes_on(desk, tmp_path):
    source = file(
        tmp_path,
        "a1,=ana,5,2026-03-01,cheque,automotriz,VIII",
        "a2,ana,-5,2026-03-01,cheque,automotriz,VIII",
        "a3,ana,5,2026-03-01,cheque,automotriz,VIII",
    )
    result = result_of(desk, source, "x")
    told = [(cell["linea"], cell["columna"], cell["motivo"]) for cell in result["rechazadas"]]
    assert told == [(2, "cliente_id", "caracter_de_formula"), (3, "monto", "monto_negativo")]
    assert result["resumen"]["rechazadas"] == 2
    assert [row["linea"] for row in result["operaciones"]] == [4]


def test_later_files_see_earlier_ones_and_say_what_they_changed(desk, tmp_path):
    first = file(tmp_path, "a2,ana,400000,2026-08-31,cheque,automotriz,VIII", name="1.csv")
    assert result_of(desk, first, "one")["resumen"]["avisos"] == 0
    late = file(tmp_path, "a1,ana,400000,2026-03-01,cheque,automotriz,VIII", name="2.csv")
    result = result_of(desk, late, "two")
    assert [row["id_operacion"] for row in result["operaciones"]] == ["a1"]
    assert result["reevaluadas"] == [
        {
            "id_operacion": "a2",
            "antes": {"piso": "limpio", "reglas": ["R01_identificacion@1"]},
            "ahora": {
                "piso": "relevante",
                "reglas": ["R01_identificacion@1", "R03_aviso_acumulado@1 2026-09-17"],
            },
        }
    ]
    assert rerun(desk, "one")["resumen"]["avisos"] == 0


def test_what_the_database_recalls_in_another_order_gives_the_same_bytes():
    first = {"id": "a", "modelo": {"z": 1, "a": {"y": 2, "b": 3}}, "cobro": {"filas": 1, "a": None}}
    again = {"id": "a", "modelo": {"a": {"b": 3, "y": 2}, "z": 1}, "cobro": {"a": None, "filas": 1}}
    assert b"".join(result_pieces(first, [])) == b"".join(result_pieces(again, []))


def test_an_old_analysis_gives_the_same_bytes_after_later_files(desk, tmp_path):
    first = file(tmp_path, "a2,ana,400000,2026-08-31,cheque,automotriz,VIII", name="1.csv")
    enrich_file(desk, first, analysis_id="one")
    before = run_pending(desk, "one")[0].path.read_bytes()
    desk.clock.advance(86_400)
    result_of(desk, file(tmp_path, "a1,ana,400000,2026-03-01,cheque,automotriz,VIII", name="2.csv"), "two")
    assert rerun_bytes(desk, "one") == before


def test_the_same_file_twice_counts_once(desk, tmp_path):
    source = file(tmp_path, "a1,ana,400000,2026-03-01,cheque,automotriz,VIII")
    result_of(desk, source, "one")
    again = result_of(desk, source, "two")
    assert again["resumen"]["repetidas"] == 1
    assert again["resumen"]["avisos"] == 0
    assert [row["id_operacion"] for row in again["operaciones"]] == ["a1"]
    with pytest.raises(ConflictError, match="finished"):
        enrich_file(desk, source, analysis_id="one")


def test_all_pending_are_run_and_one_failure_stops_none(desk, tmp_path):
    good = file(tmp_path, "a1,ana,400000,2026-03-01,cheque,automotriz,VIII")
    enrich_file(desk, good, analysis_id="good")
    (desk.folder / "pending" / "bad.csv").write_text("a,b\n1,2\n")
    outcomes = {outcome.analysis_id: outcome for outcome in run_pending(desk)}
    assert outcomes["good"].state == "processed"
    assert outcomes["bad"].state == "failed"
    assert (desk.folder / "failed" / "bad.csv").exists()
    error = read_document(desk.folder / "failed" / "bad_error.json")
    assert error["success"] is False
    assert "cliente_id" in error["error"]
    assert "Traceback" in error["traceback"]
    public = public_error(error)
    assert "traceback" not in public
    assert str(desk.folder) not in json.dumps(public)
    assert list((desk.folder / "pending").iterdir()) == []


def test_a_table_put_among_the_pending_by_hand_is_run(desk):
    (desk.folder / "pending").mkdir(parents=True)
    (desk.folder / "pending" / "hand.csv").write_text(SMOKE)
    assert [outcome.state for outcome in run_pending(desk)] == ["processed"]


def test_two_runners_never_take_the_same_file(desk, tmp_path):
    for n in range(4):
        source = file(tmp_path, f"a{n},ana,400000,2026-03-01,cheque,automotriz,VIII", name=f"{n}.csv")
        enrich_file(desk, source, analysis_id=f"n{n}")
    found = []
    threads = [threading.Thread(target=lambda: found.extend(run_pending(desk))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.analysis_id for outcome in found) == ["n0", "n1", "n2", "n3"]
    assert {outcome.state for outcome in found} == {"processed"}


def test_training_keeps_the_label_and_adds_nothing(desk, tmp_path):
    header = HEADER + ",clasificacion_lfpiorpi"
    source = file(tmp_path, "a1,ana,400000,2026-03-01,cheque,automotriz,VIII,inusual", header=header)
    done = enrich_file(desk, source, analysis_id="t", training_mode=True)
    assert pl.read_csv(done.path)[LABEL].to_list() == ["inusual"]
    assert run_pending(desk) == ()
    with pytest.raises(NotFoundError):
        rerun(desk, "t")
    enrich_file(desk, source, analysis_id="i")
    assert LABEL not in pl.read_csv(desk.folder / "pending" / "i.csv").columns


def test_what_cannot_be_read_at_all_is_refused_with_reasons(desk, tmp_path):
    with pytest.raises(DataError, match="monto_negativo"):
        enrich_file(desk, file(tmp_path, "a1,ana,-4,2026-03-01,cheque,automotriz,VIII"))
    with pytest.raises(ContractError):
        enrich_file(desk, file(tmp_path, "1", header="a"))
    with pytest.raises(UsageError):
        enrich_file(desk, file(tmp_path, "a1,ana,4,2026-03-01,cheque,automotriz,VIII"), analysis_id="../x")
    with pytest.raises(NotFoundError):
        run_pending(desk, "nothing")


def scorer(p, unusual=0.6, worrying=0.9):
    def score(enriched):
        table = enriched.select("id_operacion", p_sospecha=pl.lit(p), anomalia=pl.lit(0.0))
        layers = (Layer(name="supervisada", ran=True, version="1"),)
        return Scores(table=table, unusual=unusual, worrying=worrying, layers=layers, model={"id": "m"})

    return score


ROWS = (
    "a1,ana,900000,2026-03-01,cheque,automotriz,VIII",
    "a2,beto,5,2026-03-01,cheque,automotriz,VIII",
    "a3,eva,800000,2026-03-01,efectivo,automotriz,VIII",
)


@pytest.mark.parametrize(
    ("p", "classes"),
    [
        (0.0, ["relevante", "limpio", "preocupante"]),
        (0.7, ["inusual", "inusual", "preocupante"]),
        (1.0, ["preocupante", "preocupante", "preocupante"]),
    ],
)
def test_layers_raise_and_never_lower_nor_touch_obligations(desk, tmp_path, p, classes):
    source = file(tmp_path, *ROWS)
    plain = result_of(desk, source, "rules")
    scored = Desk(**{**vars(desk), "scorer": scorer(p), "tenant": "scored"})
    result = result_of(scored, source, "scored")
    assert result["modo"] == "completo"
    assert [row["clase"] for row in result["operaciones"]] == classes
    assert "relevante" not in {row["clase_ml"] for row in result["operaciones"]}
    assert [row["obligaciones"] for row in result["operaciones"]] == [
        row["obligaciones"] for row in plain["operaciones"]
    ]


def broken(enriched):
    raise ValueError("corrupt")


def incomplete(enriched):
    return scorer(0.5)(enriched.head(1))


def infinite(enriched):
    return scorer(float("nan"))(enriched)


@pytest.mark.parametrize("layers", [broken, incomplete, infinite])
def test_broken_layers_leave_the_rules_alone_and_say_so(desk, tmp_path, layers):
    source = file(tmp_path, *ROWS)
    plain = result_of(desk, source, "rules")
    result = result_of(Desk(**{**vars(desk), "scorer": layers, "tenant": "t2"}), source, "broken")
    assert result["modo"] == "solo_reglas"
    assert {layer["motivo"] for layer in result["capas"].values()} == {"fallo: ValueError"}
    assert result["operaciones"] == plain["operaciones"]


def test_whatever_raises_a_class_is_named(desk, tmp_path):
    header = HEADER + ",es_pep,sospecha"
    rows = (
        "a1,ana,5,2024-03-01,cheque,automotriz,VIII,si,no",
        "a2,ana,5,2026-03-01,cheque,automotriz,VIII,si,no",
        "a3,ana,5,2024-03-01,cheque,automotriz,VIII,no,si",
    )
    result = result_of(desk, file(tmp_path, *rows, header=header), "x")
    assert [row["clase"] for row in result["operaciones"]] == ["limpio", "inusual", "preocupante"]
    for row in result["operaciones"]:
        assert bool(row["elevada_por"]) == (row["clase"] != "limpio")
        assert len(row["razones"]) == len(row["obligaciones"])
    assert result["resumen"]["guardrails_aplicados"] == 2


def test_every_step_is_in_the_log(desk, tmp_path):
    result_of(desk, file(tmp_path, *ROWS), "x")
    assert [entry["action"] for entry in entries(desk.database, "local")] == [
        "analisis_terminado",
        "archivo_recibido",
    ]
    assert entries(desk.database, "local")[0]["actor"] == "oficial"
    assert verify(desk.database, "local").is_whole


def test_an_attempt_without_an_amount_is_judged(desk, tmp_path):
    header = HEADER + ",intento,en_lista"
    result = result_of(
        desk, file(tmp_path, "a1,ana,,2026-03-01,cheque,automotriz,VIII,si,si", header=header), "x"
    )
    row = result["operaciones"][0]
    assert row["clase"] == "preocupante"
    assert row["obligaciones"][0]["plazo"] == "24_horas_desde_el_conocimiento"


def test_a_client_id_that_a_spreadsheet_would_run_never_reaches_the_table(desk, tmp_path):
    result_of(desk, file(tmp_path, "a1,ana,5,2026-03-01,cheque,=SUM(A1),VIII"), "x")
    assert "'=SUM(A1)" in (desk.folder / "processed" / "x.csv").read_text()
