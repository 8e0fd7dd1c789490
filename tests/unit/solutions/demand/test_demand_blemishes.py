"""Cells that no plan can use are left out with a word, and a workbook is read by its sheets."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from yunque.errors import TableError, UsageError
from yunque.services.demand_prophet import require_prophet
from yunque.services.demand_source import read_company
from yunque.services.demand_train import TrainAsk
from yunque.solutions.demand.intake import Whose, take_in
from yunque.solutions.demand.notes import TEXTS, note

ROWS = [(f"2024-01-0{day}", "A", "3") for day in range(1, 8)]


def sales(*more: tuple[str, str, str]) -> dict[str, pl.DataFrame]:
    names = ["fecha", "articulo_codigo", "cantidad"]
    return {"sales": pl.DataFrame([*ROWS, *more], schema=names, orient="row")}


def test_days_that_cannot_be_are_left_out() -> None:
    raw = sales(("2999-01-01", "A", "5"), ("1900-01-01", "A", "5"))
    book = take_in(raw, Whose(latest=date(2024, 6, 1)))
    assert (book.first, book.last, book.movements.height) == (date(2024, 1, 1), date(2024, 1, 7), 7)
    assert {one.code: one.count for one in book.notes} == {"future_dates": 1, "ancient_dates": 1}


def test_numbers_beyond_sense_and_signs_that_steer_a_terminal_are_told_by_the_files_own_names() -> None:
    raw = sales(("2024-01-08", "A", "1e300"), ("2024-01-08", "B\x1b[31m\u202eX", "2"))
    book = take_in(raw)
    assert book.movements["code"].unique().sort().to_list() == ["A", "B [31m X"]
    (told,) = (one for one in book.notes if one.code == "unreadable")
    assert told.text["es"].startswith("Celdas que no se pudieron leer: 1 (cantidad 8: '1e300').")


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_every_note_reads_for_one_and_for_many(code: str) -> None:
    for count in (1, 1_200):
        told = note(code, count, ["A", "B"] if count > 1 else ["A"])
        for text in told.text.values():
            assert text.endswith(".") and "{" not in text and " ." not in text
    assert "1,200" in note("no_sales", 1_200, ["A"]).text["es"]


def test_a_workbook_holds_a_whole_company(tmp_path: Path) -> None:
    import xlsxwriter

    def write(name: str, **sheets: pl.DataFrame) -> Path:
        with xlsxwriter.Workbook(tmp_path / name) as book:
            for title, table in sheets.items():
                table.write_excel(book, worksheet=title)
        return tmp_path / name

    table, other = sales()["sales"], pl.DataFrame({"codigo": ["A"], "existencias": [3]})
    whole = write("libro.xlsx", portada=other, Ventas=table, existencias=other)
    assert set(read_company(str(whole))) == {"sales", "stock"}
    assert set(read_company(str(write("x.xlsx", hoja1=table, hoja2=other)))) == {"movements"}
    with pytest.raises(TableError, match="Dos hojas"):
        read_company(str(write("y.xlsx", ventas=table, sales=table)))


def test_an_algorithm_that_is_not_there_is_refused_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(UsageError, match="No existe el algoritmo 'arima'"):
        TrainAsk(algorithm="arima")  # type: ignore[arg-type]
    monkeypatch.setattr("yunque.services.demand_prophet.find_spec", lambda name: object())
    assert TrainAsk(algorithm="prophet").booster == "lightgbm"
    monkeypatch.setattr("yunque.services.demand_prophet.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="no está instalado") as told:
        require_prophet()
    assert "yunque[prophet]" in str(told.value.hint)
    with pytest.raises(UsageError, match="no está instalado"):
        TrainAsk(algorithm="prophet")
