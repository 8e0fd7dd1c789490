"""Panels: closed periods without gaps, returns netted, zeros without stock masked."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from yunque.errors import UsageError
from yunque.forecasting.classes import classify, describe
from yunque.forecasting.panel import distance, last_closed, make_panel, step, to_matrix


def lines(*rows: tuple[str, date, float]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=["unique_id", "date", "quantity"], orient="row")


def test_gaps_are_zeros_from_the_first_sale_to_the_last_closed_period() -> None:
    sales = lines(("a", date(2024, 1, 5), 3.0), ("a", date(2024, 4, 2), 1.0), ("b", date(2024, 3, 9), 2.0))
    panel = make_panel(sales, frequency="month", as_of=date(2024, 5, 10))
    assert panel.last == date(2024, 4, 1)
    assert panel.frame.filter(pl.col("unique_id") == "a")["quantity"].to_list() == [3.0, 0.0, 0.0, 1.0]
    values, known = to_matrix(panel)
    assert np.isnan(values[1]).tolist() == [True, True, False, False] and known[1].tolist() == [
        False,
        False,
        True,
        True,
    ]


def test_an_open_period_is_dropped_and_said() -> None:
    sales = lines(("a", date(2024, 1, 5), 3.0), ("a", date(2024, 2, 3), 9.0))
    panel = make_panel(sales, frequency="month")
    assert panel.last == date(2024, 1, 1) and dict(panel.notes) == {"open_period_lines": 1}


def test_returns_are_netted_and_never_negative() -> None:
    sales = lines(("a", date(2024, 1, 5), 3.0), ("a", date(2024, 1, 9), -1.0), ("a", date(2024, 2, 9), -7.0))
    panel = make_panel(sales, frequency="month", as_of=date(2024, 2, 29))
    assert panel.frame["quantity"].to_list() == [2.0, 0.0]
    assert dict(panel.notes)["netted_below_zero"] == 1


def test_a_zero_without_stock_is_unknown_but_a_sale_is_a_sale() -> None:
    sales = lines(("a", date(2024, 1, 5), 3.0), ("a", date(2024, 3, 9), 1.0))
    empty = pl.DataFrame({"unique_id": ["a", "a"], "date": [date(2024, 2, 1), date(2024, 3, 1)]})
    panel = make_panel(sales, frequency="month", as_of=date(2024, 3, 31), out_of_stock=empty)
    assert panel.frame["known"].to_list() == [True, False, True]


def test_an_article_that_never_sold_keeps_its_place() -> None:
    items = pl.DataFrame({"unique_id": ["z"], "price": [2.5]})
    panel = make_panel(
        lines(("a", date(2024, 1, 5), 3.0)), frequency="month", as_of=date(2024, 1, 31), items=items
    )
    assert panel.ids == ["a", "z"] and panel.items["price"].to_list() == [None, 2.5]


def test_until_sees_no_later_period() -> None:
    sales = lines(("a", date(2024, 1, 5), 3.0), ("a", date(2024, 3, 9), 1.0))
    panel = make_panel(sales, frequency="month", as_of=date(2024, 3, 31)).until(date(2024, 2, 20))
    assert panel.last == date(2024, 2, 1) and panel.frame["quantity"].to_list() == [3.0, 0.0]


def test_nothing_to_forecast_is_an_error_with_a_hint() -> None:
    with pytest.raises(UsageError, match="no sale"):
        make_panel(lines(), frequency="month")
    with pytest.raises(UsageError, match="lacks quantity"):
        make_panel(pl.DataFrame({"unique_id": ["a"], "date": [date(2024, 1, 1)]}), frequency="week")


@pytest.mark.parametrize(
    ("as_of", "frequency", "last"),
    [
        (date(2024, 1, 31), "month", date(2024, 1, 1)),
        (date(2024, 1, 20), "month", date(2023, 12, 1)),
        (date(2024, 1, 12), "week", date(2024, 1, 8)),  # Friday: nothing sells at the week's end
        (date(2024, 1, 10), "week", date(2024, 1, 1)),
        (date(2024, 1, 10), "day", date(2024, 1, 10)),
    ],
)
def test_the_last_closed_period(as_of: date, frequency: str, last: date) -> None:
    assert last_closed(as_of, frequency) == last  # type: ignore[arg-type]


def test_steps_and_distances_agree() -> None:
    for frequency in ("day", "week", "month"):
        there = step(date(2024, 1, 1), frequency, (17,))[0]  # type: ignore[arg-type]
        assert distance(date(2024, 1, 1), there, frequency) == 17  # type: ignore[arg-type]


def test_an_article_out_of_stock_has_not_ended() -> None:
    values = np.array([[9.0] * 6 + [0.0] * 10])
    known = np.ones_like(values, dtype=bool)
    assert classify(describe(values, known)).tolist() == ["ended"]
    known[0, 6:] = False
    assert classify(describe(values, known)).tolist() == ["short"]


def test_the_classes_of_demand() -> None:
    nan = np.nan
    values = np.array(
        [
            [9, 10, 11, 9, 10, 11, 9, 10, 11, 9, 10, 11, 9, 10, 11, 9],
            [1, 30, 2, 1, 1, 40, 1, 2, 1, 35, 1, 1, 30, 1, 2, 1],
            [5, 0, 5, 0, 5, 0, 5, 0, 5, 0, 5, 0, 5, 0, 5, 0],
            [1, 0, 0, 30, 0, 1, 0, 0, 40, 0, 1, 0, 0, 1, 0, 50],
            [*[nan] * 11, 3, 2, 3, 2, 3],
            [*[nan] * 14, 3, 2],
            [9, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            [nan] * 16,
        ]
    )
    kinds = classify(describe(values, ~np.isnan(values))).tolist()
    assert kinds == ["smooth", "erratic", "intermittent", "lumpy", "short", "new", "ended", "new"]
