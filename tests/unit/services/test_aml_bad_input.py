"""Everything bad that a file may hold, at once: each cell told by row and column, and the rest is processed."""

from datetime import UTC, datetime

import polars as pl
import pytest

from yunque.runtime.clock import FixedClock
from yunque.runtime.database import open_database
from yunque.services.aml_desk import Desk, read_document
from yunque.services.aml_enrich import enrich_file
from yunque.services.aml_run import run_pending
from yunque.solutions.aml.features.enrich import enrich
from yunque.solutions.aml.intake.intake import take_in
from yunque.solutions.aml.law.evaluate import evaluate
from yunque.solutions.aml.law.read_catalogue import catalogue

COLUMNS = "id_operacion;cliente_id;monto;fecha;tipo_operacion;fraccion;moneda;tipo_cambio"
LINES = {
    2: 'ok1;ana;"$376,565.10";10/03/2026;transferencia;VIII;;',
    3: "b1;ana;-5;2026-03-10;transferencia;VIII;;",
    4: "b2;ana;0;2026-03-10;transferencia;VIII;;",
    5: "b3;ana;5;2026-11-21;transferencia;VIII;;",
    6: "b4;ana;5;2016-01-27;transferencia;VIII;;",
    7: "b5;ana;5;2026-03-10;transferencia;VIII;USD;",
    8: "ok2;ana;5;2026-03-10;transferencia;VIII;USD;17.50",
    9: "b6;ana;5;2026-03-10;trueque;VIII;;",
    10: "b7;=HYPERLINK(1);5;2026-03-10;transferencia;VIII;;",
    11: "ok1;ana;7;2026-03-10;transferencia;VIII;;",
    12: "ok3;ana;5;2026-03-10T23:30:00-08:00;transferencia;VIII;;",
    13: "b8;ana;5.001;2026-03-10;transferencia;VIII;;",
    14: "b9;;5;nunca;transferencia;VIII;;",
    15: "ok4;ana;5;2026-03-12;transferencia;VIII;;",
}
TOLD = {
    (3, "monto", "monto_negativo"),
    (4, "monto", "monto_cero"),
    (5, "fecha", "fecha_futura"),
    (6, "fecha", "fecha_sin_uma"),
    (7, "moneda", "moneda_sin_tipo_de_cambio"),
    (9, "tipo_operacion", "tipo_operacion_desconocido"),
    (10, "cliente_id", "caracter_de_formula"),
    (11, "id_operacion", "id_repetido_distinto"),
    (13, "monto", "mas_de_dos_decimales"),
    (14, "cliente_id", "falta"),
    (14, "fecha", "fecha_ilegible"),
}


def test_every_bad_cell_has_its_row_and_column_and_the_rest_is_processed(empty_sqlite_url, tmp_path):
    clock = FixedClock(datetime(2026, 11, 20, 18, tzinfo=UTC))
    database = open_database(empty_sqlite_url, clock=clock)
    desk = Desk(folder=tmp_path / "aml", database=database, clock=clock)
    source = tmp_path / "mala.csv"
    source.write_bytes(("\r\n".join([COLUMNS, *LINES.values()]) + "\r\n").encode("cp1252"))
    done = enrich_file(desk, source, analysis_id="x")
    assert (done.rows, done.accepted, done.rejected) == (14, 4, 10)
    result = read_document(run_pending(desk, "x")[0].path)
    assert {(it["linea"], it["columna"], it["motivo"]) for it in result["rechazadas"]} == TOLD
    rows = {row["id_operacion"]: row for row in result["operaciones"]}
    assert sorted(rows) == ["ok1", "ok2", "ok3", "ok4"]
    assert rows["ok2"]["monto"] == "87.50" and "moneda_convertida" in rows["ok2"]["advertencias"]
    assert rows["ok3"]["fecha"] == "2026-03-11"  # 23:30 at the coast is 01:30 of the next day in Mexico City
    assert result["resumen"]["rechazadas"] == 10
    table = pl.read_csv(run_table(desk))
    assert table.filter(pl.col("id_operacion") != "ok3")["es_nocturno"].to_list() == [0, 0, 0]
    database.engine.dispose()


def run_table(desk):
    return desk.folder / "processed" / "x.csv"


@pytest.mark.slow
def test_one_client_with_half_a_million_rows():
    n = 500_000
    days = (pl.date(2025, 8, 1) + pl.duration(days=pl.int_range(pl.len()) % 400)).cast(pl.String)
    frame = pl.DataFrame({"id_operacion": [f"o{i}" for i in range(n)]}).with_columns(
        cliente_id=pl.lit("ana"),
        monto=(400_000 + pl.int_range(pl.len()) % 1000).cast(pl.String),
        fecha=days,
        tipo_operacion=pl.lit("transferencia"),
        fraccion=pl.lit("VIII"),
    )
    intake = take_in(frame, catalogue(), datetime(2026, 11, 20, tzinfo=UTC).date())
    found = evaluate(intake.operations, catalogue())
    assert found.operations.height == n == enrich(found.operations, catalogue()).height
    assert found.obligations.filter(pl.col("regla").str.starts_with("R03")).height > n // 2
