"""What is kept of a company, as tables and one document, and back."""

from dataclasses import asdict
from datetime import date
from typing import Any

import polars as pl

from yunque.forecasting.answer import from_tables
from yunque.forecasting.panel import Frequency, Panel
from yunque.solutions.demand.basis import Basis
from yunque.solutions.demand.history import History
from yunque.solutions.demand.intake import Book
from yunque.solutions.demand.plan_values import DataNote

FORMAT = 2  # 1 had no folder a training


def frames_of(basis: Basis) -> dict[str, pl.DataFrame]:
    """Give every table of a company by name."""
    history, panel = basis.history, basis.panel
    return {
        **{f"table_{name}": frame for name, frame in basis.book.tables.items()},
        "history_sales": history.sales,
        "history_out_of_stock": history.out_of_stock,
        "history_bulk": history.bulk,
        "panel_frame": panel.frame,
        "panel_items": panel.items,
        "panel_promotions": panel.promotions,
        **{f"forecast_{name}": frame for name, frame in basis.forecasts.to_tables().items()},
    }


def about_of(basis: Basis, facts: dict[str, Any]) -> dict[str, Any]:
    """Give what stands beside the tables, as JSON values."""
    book, panel = basis.book, basis.panel
    return {
        "format": FORMAT,
        "facts": facts,
        "book": {
            "company": book.company, "nit": book.nit, "first": book.first, "last": book.last,
            "today": book.today, "notes": [asdict(one) for one in book.notes],
        },
        "history": {"notes": [asdict(one) for one in basis.history.notes]},
        "panel": {"frequency": panel.frequency, "last": panel.last, "notes": panel.notes},
    }  # fmt: skip


def basis_of(about: dict[str, Any], frames: dict[str, pl.DataFrame]) -> Basis:
    """Give back what `frames_of` and `about_of` took apart."""

    def part(prefix: str) -> dict[str, pl.DataFrame]:
        return {name.removeprefix(prefix): frame for name, frame in frames.items() if name.startswith(prefix)}

    book, panel = about["book"], about["panel"]
    days = {name: date.fromisoformat(book[name]) for name in ("first", "last", "today")}
    frequency: Frequency = panel["frequency"]
    return Basis(
        book=Book(
            tables=part("table_"), company=book["company"], nit=book["nit"], notes=_notes(book), **days
        ),
        history=History(**part("history_"), notes=_notes(about["history"])),
        panel=Panel(
            **part("panel_"),
            frequency=frequency,
            last=date.fromisoformat(panel["last"]),
            notes=tuple((code, count) for code, count in panel["notes"]),
        ),
        forecasts=from_tables(part("forecast_")),
    )  # fmt: skip


def _notes(document: dict[str, Any]) -> tuple[DataNote, ...]:
    return tuple(DataNote(**{**one, "examples": tuple(one["examples"])}) for one in document["notes"])
