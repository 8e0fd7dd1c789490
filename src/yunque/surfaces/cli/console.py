"""Where the command line writes: results on stdout, everything else on stderr, JSON when asked."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import typer

PLAIN_WIDTH = 140


def write_json(value: Any) -> None:
    """Write one JSON document on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str, allow_nan=False))


def say(text: str = "") -> None:
    """Write one line of a result."""
    typer.echo(text)


def note(text: str) -> None:
    """Write one line that is not part of the result."""
    typer.echo(text, err=True)


def write_table(title: str, headers: Sequence[str], rows: Iterable[Sequence[str]], right: str = "") -> None:
    """Write a table: with lines on a terminal, with spaces elsewhere.

    Args:
        title: one line above it.
        headers: one per column.
        rows: one text per column.
        right: headers of the columns aligned to the right, separated by commas.
    """
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    is_terminal = sys.stdout.isatty()
    numbers = {name.strip() for name in right.split(",")}
    if title:
        say(title)
    table = Table(box=box.SIMPLE_HEAD if is_terminal else None, pad_edge=False)
    for header in headers:
        table.add_column(
            escape(header), justify="right" if header in numbers else "left", overflow="fold", no_wrap=False
        )
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    console = Console(file=sys.stdout, width=None if is_terminal else PLAIN_WIDTH, highlight=False)
    console.print(table)
