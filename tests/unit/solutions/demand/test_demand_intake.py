"""What files of a company become: synonyms, companies, days, persons, and every bad input with a word."""

from datetime import date

import polars as pl
import pytest

from yunque.errors import ContractError, UsageError
from yunque.solutions.demand.generator import Wish, make_company
from yunque.solutions.demand.history import choose_frequency, elapsed, make_demand, read_history
from yunque.solutions.demand.intake import Book, Whose, take_in

COMPANY = make_company(7, Wish(articles=24, days=200))


def sales(**columns: list[object]) -> pl.DataFrame:
    count = max((len(values) for values in columns.values()), default=1)
    base = {
        "fecha": [f"2024-01-{day + 1:02d}" for day in range(count)],
        "articulo_codigo": ["A"] * count,
        "cantidad": ["3"] * count,
    }
    return pl.DataFrame(base | columns)


def codes(book: Book) -> dict[str, int]:
    return {note.code: note.count for note in book.notes}


def test_a_company_as_text_reads_as_it_was_typed() -> None:
    typed = take_in(COMPANY.tables)
    text = take_in({name: table.select(pl.all().cast(pl.String)) for name, table in COMPANY.tables.items()})
    for name, table in typed.tables.items():
        assert table.equals(text.tables[name], null_equal=True), name
    assert (typed.nit, typed.company, typed.notes) == ("900123456", "1", ())


def test_names_in_english_and_in_spanish_mean_the_same() -> None:
    spanish = sales()
    english = spanish.rename({"fecha": "Invoice Date", "articulo_codigo": "SKU", "cantidad": "Qty"})
    assert take_in({"sales": english}).movements.equals(take_in({"movements": spanish}).movements)


def test_columns_about_persons_are_dropped_with_a_word() -> None:
    book = take_in({"movements": sales(paciente_nombre=["Ana"], cedula=["1"], nota=["x"])})
    told = next(note for note in book.notes if note.code == "personal_dropped")
    assert (told.count, set(told.examples)) == (2, {"paciente_nombre", "cedula"})
    assert "paciente_nombre" not in book.movements.columns and "personales" in told.text["es"]


def test_two_companies_are_refused_until_one_is_chosen() -> None:
    table = sales(nit=["900.123.456-7", "800111222"], empresa_servidor_id=["1", "2"])
    with pytest.raises(ContractError, match="2 companies"):
        take_in({"movements": table})
    one = take_in({"movements": table}, Whose(nit="900123456"))
    assert (one.nit, one.company, one.movements.height) == ("900123456", "1", 1)
    assert take_in({"movements": table}, Whose(company="2")).nit == "800111222"


def test_the_days_asked_for_are_honoured() -> None:
    table = sales(cantidad=["1"] * 20)
    book = take_in({"movements": table}, Whose(first=date(2024, 1, 5), last=date(2024, 1, 9)))
    assert (book.first, book.last, book.today) == (date(2024, 1, 5), date(2024, 1, 9), date(2024, 1, 10))
    with pytest.raises(UsageError, match="before fecha_inicio"):
        Whose(first=date(2024, 2, 1), last=date(2024, 1, 1))
    with pytest.raises(ContractError, match="No movement is left"):
        take_in({"movements": table}, Whose(first=date(2025, 1, 1)))


def test_bad_lines_are_left_out_with_a_word() -> None:
    table = pl.DataFrame(
        {
            "fecha": [
                "2024-01-01",
                "2024-01-01",
                "2024-01-02",
                "2024-01-03",
                "2024-09-09",
                "no",
                "2024-01-05",
            ],
            "codigo": ["A", "A", "A", "A", "A", "A", None],
            "cantidad": ["5", "5", "-2", "4", "1", "1", "1"],
            "factura": ["F1", "F1", "F2", "F3", "F4", "F5", "F6"],
            "unidad": ["und", "und", "und", "caja", "und", "und", "und"],
        }
    )
    book = take_in({"sales": table}, Whose(today=date(2024, 2, 1)))
    assert codes(book) == {
        "unreadable": 1, "row_without_key": 2, "future_dates": 1, "duplicates": 1, "mixed_units": 1, "negative_units": 1,
    }  # fmt: skip
    no_kind = take_in({"movements": table}, Whose(today=date(2024, 2, 1)))
    assert codes(no_kind)["negative_units"] == 1
    sold = read_history(no_kind).sales
    assert sold.rows() == [("A", date(2024, 1, 1), 3.0)]


def test_a_missing_column_names_what_is_at_hand() -> None:
    with pytest.raises(ContractError, match="no column for units; it has 'fecha', 'codigo'"):
        take_in({"sales": pl.DataFrame({"fecha": ["2024-01-01"], "codigo": ["A"]})})
    with pytest.raises(UsageError, match="no sales"):
        take_in({"items": pl.DataFrame({"codigo": ["A"]})})
    with pytest.raises(UsageError, match="no table 'ventas'"):
        take_in({"ventas": sales()})


def test_returns_come_off_the_sale_they_undo() -> None:
    table = pl.DataFrame(
        {
            "fecha": ["2024-01-01", "2024-01-08", "2024-01-09", "2024-01-10", "2023-12-01"],
            "codigo": ["A"] * 4 + ["B"],
            "cantidad": [74_215.0, 3.0, 74_215.0, 1.0, 2.0],
            "tipo": ["venta", "venta", "devolucion", "TRASLADO", "devolucion"],
        }
    )
    history = read_history(take_in({"movements": table}))
    assert history.sales.rows() == [("A", date(2024, 1, 1), 0.0), ("A", date(2024, 1, 8), 3.0)]
    assert {note.code for note in history.notes} == {"transfers_out", "returns_unmatched"}


def test_days_without_stock_and_bulk_lines_are_those_that_were_made() -> None:
    book = take_in(COMPANY.tables)
    history = read_history(book)
    empty = COMPANY.truth.filter(pl.col("on_hand") <= 0)
    first = book.movements.group_by("code").agg(first=pl.col("date").min())
    since = empty.join(first, on="code").filter(pl.col("date") >= pl.col("first"))
    assert history.out_of_stock.height == since.height > 0
    made = book.movements.filter(pl.col("document").str.starts_with("FE") & (pl.col("units") > 60))
    assert set(made["document"]) <= set(history.bulk["document"])
    separated = read_history(book, "separate")
    assert separated.sales["quantity"].sum() < history.sales["quantity"].sum()


def test_the_panel_has_closed_periods_only() -> None:
    book = take_in(COMPANY.tables)
    assert (choose_frequency(book, 20), choose_frequency(book, 45)) == ("week", "month")
    panel = make_demand(book, read_history(book), "week")
    assert panel.last.weekday() == 0 and len(panel.ids) == 24
    assert not panel.frame["known"].all() and 0 <= elapsed(book, panel) < 1


def test_the_truth_is_kept_and_the_seed_repeats() -> None:
    again = make_company(7, Wish(articles=24, days=200))
    assert all(again.tables[name].equals(table) for name, table in COMPANY.tables.items())
    sold = COMPANY.tables["movements"].filter(pl.col("documento").str.starts_with("FV"))["cantidad"].sum()
    assert 0.5 < sold / COMPANY.truth["demand"].sum() <= 1.0


@pytest.mark.parametrize("written", ["%Y-%m", "%Y-%m-01", "%d/%m/%Y"])
def test_a_book_kept_by_month_is_forecast_by_month_up_to_its_last_month(written: str) -> None:
    days = pl.date_range(date(2023, 1, 31), date(2025, 2, 28), "1mo", eager=True).dt.month_end()
    raw = pl.DataFrame(
        {"unique_id": "A", "ds": days.dt.strftime(written), "y": [str(9 + n % 4) for n in range(26)]}
    )
    book = take_in({"sales": raw})
    panel = make_demand(book, read_history(book), choose_frequency(book, 10))
    assert (panel.frequency, panel.last, book.last) == ("month", date(2025, 2, 1), date(2025, 2, 28))
    assert panel.frame["quantity"].to_list() == [9 + n % 4 for n in range(26)]
    inside = take_in({"sales": raw}, Whose(today=date(2025, 2, 10)))
    assert inside.last < date(2025, 2, 10)
