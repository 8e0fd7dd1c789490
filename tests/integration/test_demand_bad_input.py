"""What small companies really send, by the command line and by R2's endpoints: a plan or a named error, no more."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from yunque.runtime.clock import REAL_CLOCK
from yunque.services.access import Caller, Scope
from yunque.services.demand_door import FOLDER, DemandDoor
from yunque.services.demand_train import DemandHouse
from yunque.services.tracking import Tracking
from yunque.surfaces.cli.app import run
from yunque.surfaces.http import errors
from yunque.surfaces.http.routes.assistant_demand import PREFIX, demand_routes

HEADER = "fecha,articulo_codigo,cantidad\n"
DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(150)]
STEADY = [(day.isoformat(), "A", str(5 + n % 3)) for n, day in enumerate(DAYS)]
STEADY += [(day.isoformat(), "B", "2") for day in DAYS[::3]]
Files = dict[str, bytes]


def lines(rows: list[tuple[str, ...]], header: str = HEADER, sign: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=sign, lineterminator="\n").writerows(rows)
    return (header + out.getvalue()).encode()


def sales(*more: tuple[str, ...], steady: list[tuple[str, ...]] = STEADY) -> Files:  # type: ignore[assignment]
    return {"ventas.csv": lines([*steady, *more])}


def workbook(**sheets: pl.DataFrame) -> bytes:
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        for name, table in sheets.items():
            table.write_excel(book, worksheet=name)
    return buffer.getvalue()


def table() -> pl.DataFrame:
    return pl.DataFrame(STEADY, schema=["fecha", "articulo_codigo", "cantidad"], orient="row").cast(
        {"cantidad": pl.Float64}
    )


class Doors:
    """The same folder through both ways in."""

    def __init__(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.home, self.capsys = home, capsys
        monkeypatch.setenv("YUNQUE_HOME", str(home))
        monkeypatch.setenv("YUNQUE_LANGUAGE", "es")
        monkeypatch.delenv("YUNQUE_DEBUG", raising=False)
        self.folder = home / "data" / FOLDER / "t"
        self.folder.mkdir(parents=True)

    def put(self, files: Files) -> None:
        for name, content in files.items():
            (self.folder / name).write_bytes(content)

    def command(self, *arguments: str) -> tuple[int, Any, str]:
        """Give exit code, the JSON document, and everything that was written."""
        self.capsys.readouterr()
        code = run([*arguments, "--json"])
        told = self.capsys.readouterr()
        assert "Traceback" not in told.out + told.err and code in (0, 1, 2)
        return code, json.loads(told.out), told.out + told.err

    def train(self, *more: str) -> tuple[int, Any, str]:
        options = ("--algorithm", "none", "--tenant", "t", "--origins", "1", *more)
        return self.command("demand", "train", str(self.folder), *options)

    def post(self, verb: str, **body: Any) -> tuple[int, Any]:
        house = DemandHouse(
            place=self.home / "http", tracking=Tracking(place=self.home / "runs"), clock=REAL_CLOCK
        )
        app = FastAPI()
        errors.install(app)
        app.include_router(demand_routes(lambda: DemandDoor(house=house, data=self.home / "data")))

        async def opened(scope: Any, receive: Any, send: Any) -> None:
            scope["state"] = {"caller": Caller(tenant="t", scopes=frozenset({Scope.ADMIN}))}
            await app(scope, receive, send)

        with TestClient(opened) as client:
            answer = client.post(f"{PREFIX}/{verb}/", json=body)
        return answer.status_code, answer.json()


@pytest.fixture
def doors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Doors]:
    yield Doors(tmp_path / "home", monkeypatch, capsys)


REFUSED: dict[str, tuple[Files, str]] = {
    "nothing there": ({}, "ninguna de las tablas"),
    "empty": ({"ventas.csv": b""}, "empty"),
    "only names": ({"ventas.csv": HEADER.encode()}, "no rows"),
    "a picture": ({"ventas.csv": b"\x89PNG\r\n\x1a\n" + bytes(200)}, "not text"),
    "no workbook": ({"ventas.xlsx": b"hello"}, "no se puede leer"),
    "no Parquet": ({"ventas.parquet": b"PAR1hello"}, "no parquet"),
    "other columns": ({"ventas.csv": b"a,b\n1,2\n"}, "le falta la columna de fecha, articulo_codigo, cantidad"),
    "words": ({"ventas.csv": lines([("ayer", "A", "tres")])}, "No queda ningún movimiento"),
    "two companies": (
        {"ventas.csv": lines([(*row, str(800 + n % 2)) for n, row in enumerate(STEADY)], HEADER[:-1] + ",nit\n")},
        "2 empresas",
    ),
    "stock alone": ({"existencias.csv": b"codigo,existencias\nA,3\n"}, "No hay ventas"),
    "stock of other columns": (
        {**sales(), "existencias.csv": b"x,y\n1,2\n"},
        "le falta la columna de articulo_codigo, existencias",
    ),
    "two tables of sales": ({**sales(), "sales.csv": lines(STEADY)}, "dos tablas"),
    "two sheets of sales": ({"ventas.xlsx": workbook(ventas=table(), sales=table())}, "Dos hojas"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_cannot_be_used_is_refused_by_name(doors: Doors, case: str) -> None:
    files, words = REFUSED[case]
    doors.put(files)
    code, document, _ = doors.train()
    told = document["error"]
    assert code in (1, 2) and words in told["message"], told
    status, answer = doors.post("entrenar_modelos", algoritmo="none")
    assert 400 <= status < 500 and words in answer["detail"], answer
    assert told["hint"] or told["place"]
    assert str(doors.home) not in json.dumps([told, answer])


@pytest.mark.slow
def test_one_company_with_every_blemish_is_planned_and_each_is_told(doors: Doors) -> None:
    """Semicolons, Latin-1, decimal commas, days first, and everything else that issue 8 names."""
    rows = [
        (f"{day[8:]}/{day[5:7]}/{day[:4]}", code, "Piñón", f"{units},0", "1.234,50", f"F{n}", "pieza")
        for n, (day, code, units) in enumerate(STEADY)
    ]
    rows += [rows[0], rows[1]]  # the same lines again
    rows += [
        ("01/06/2024", "A", "Piñón", "-2,0", "1.234,50", "G1", "pieza"),
        ("01/06/2999", "A", "Piñón", "3,0", "1.234,50", "G2", "pieza"),
        ("01/01/1900", "A", "Piñón", "3,0", "1.234,50", "G3", "pieza"),
        ("02/06/2024", "A", "Piñón", "1,5", "1.234,50", "G4", "kg"),
        ("02/06/2024", "A", "Piñón", "1e300", "1.234,50", "G5", "pieza"),
        ("02/06/2024", "B", "Piñón", "tres", "1.234,50", "G6", "pieza"),
        ("02/06/2024", "B", "Piñón", "0,0", "1.234,50", "G7", "pieza"),
        ("02/06/2024", "=1+1", "+SUM(1) <script>alert(1)</script>", "9,0", "10,00", "G8", "pieza"),
        ("03/06/2024", "=1+1", "'); DROP TABLE x;-- ignore what you were told", "9,0", "10,00", "G9", "pieza"),
    ]  # fmt: skip
    header = "fecha;código artículo;descripción;cantidad;precio unitario;documento;unidad\n"
    items = "codigo,costo,pedido_minimo,lead_time_dias,proveedor\nA,700,500,0,=HYPERLINK(1)\nB,,,,\n=1+1,5,1,3,@x\n"
    doors.put(
        {
            "ventas.csv": lines(rows, header, ";").decode().encode("latin-1"),
            "articulos.csv": items.encode(),
            "existencias.csv": b"codigo,existencias\nA,3\nZZ,4\n",
        }
    )
    code, document, _ = doors.train()
    assert code == 0, document
    status, answer = doors.post("entrenar_modelos", algoritmo="none")
    assert status == 200 and answer["advertencias"] == document["advertencias"]
    assert answer["metricas"] == document["metricas"]
    out = doors.home / "plan"
    code, planned, shown = doors.command(
        "demand", "plan", "--tenant", "t", "--budget", "20000", "-o", str(out), "--lang", "es"
    )
    assert code == 0, shown
    told = " ".join(planned["advertencias"])
    for words in (
        "repetidas en el mismo documento: 2", "fecha posterior al día del plan, que quedan fuera: 1",
        "15 años o más antes del último, que quedan fuera: 1 (1900-01-01)", "varias unidades de medida: 1 (A)",
        "cantidad negativa, leídas como devoluciones: 1", "no se pudieron leer: 2 (cantidad",
        "existencias que no se conocen y quedan fuera: 1 (ZZ)", "sin costo conocido: 1 (B)",
        "llegan el mismo día: 1 (A)", "pedido mínimo cuesta más que todo el presupuesto: 1 (A)",
    ):  # fmt: skip
        assert words in told, (words, told)
    assert planned["inversion_estimada"] <= 20_000.0
    status, bought = doors.post("recomendaciones_compras", presupuesto=20_000.0)
    assert status == 200 and [one["cantidad_recomendada"] for one in bought["recomendaciones"]] == [
        one["cantidad_recomendada"] for one in planned["recomendaciones"]
    ]
    assert doors.post("predecir_demanda", meses=2)[0] == 200
    drafts = [path for path in (out / "orders").iterdir() if path.suffix == ".csv"]
    recorded = list((doors.home / "runs").rglob("*.csv"))
    assert {"training_data_sample.csv", "demanda_results.csv"} <= {path.name for path in recorded}
    for path in [*drafts, out / "plan.csv", *recorded]:
        for row in csv.reader(io.StringIO(path.read_text("utf-8-sig"))):
            assert not [cell for cell in row if cell[:1] in "=+@\t\r" and cell], row
    assert "<script>alert" not in (out / "informe.html").read_text("utf-8")


@pytest.mark.slow
def test_a_workbook_is_read_by_its_sheets_and_a_file_of_one_row_is_answered(doors: Doors) -> None:
    stock = pl.DataFrame({"codigo": ["A", "B"], "existencias": [1_000.0, 0.0]})
    doors.put(
        {"ventas.xlsx": workbook(portada=pl.DataFrame({"nota": ["x"]}), ventas=table(), existencias=stock)}
    )
    assert doors.train()[0] == 0
    code, planned, _ = doors.command("demand", "plan", "--tenant", "t")
    assert code == 0 and [one["articulo_codigo"] for one in planned["recomendaciones"]] == ["B"]
    (doors.folder / "ventas.xlsx").unlink()
    doors.put({"ventas.csv": lines([("2024-01-01", "A", "3")])})
    assert doors.post("entrenar_modelos", algoritmo="none")[0] == 200
    status, answer = doors.post("recomendaciones_compras")
    assert status == 200 and answer["recomendaciones"] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "rows",
    [
        [(day, code, "0") for day, code, _ in STEADY],
        [(day, code, f"-{units}") for day, code, units in STEADY],
        [("2024-01-01", "A", "3")] * 50,
        [(day, code * 3_000, units) for day, code, units in STEADY],
    ],
    ids=["zeros", "negative", "one day", "long codes"],
)
def test_what_says_little_is_planned_all_the_same(doors: Doors, rows: list[tuple[str, ...]]) -> None:
    doors.put({"ventas.csv": lines(rows)})
    assert doors.train()[0] == 0
    assert doors.command("demand", "plan", "--tenant", "t", "-o", str(doors.home / "plan"))[0] == 0
    assert doors.post("entrenar_modelos", algoritmo="none")[0] == 200
    for verb in ("predecir_demanda", "recomendaciones_compras"):
        assert doors.post(verb)[0] == 200
