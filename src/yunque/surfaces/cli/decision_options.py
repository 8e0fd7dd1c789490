"""Options of training that say how answers are made, how sure they are, and how fast."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yunque.errors import UsageError

if TYPE_CHECKING:
    from yunque.learning.decide_wish import DecisionWish

LeastRecall = Annotated[
    list[str] | None,
    typer.Option(
        "--least-recall",
        metavar="SHARE",
        help='Share of the positives it must find, or "fraud=0.9" of a class; repeat. Best precision then.',
    ),
]
Costs = Annotated[
    str,
    typer.Option(
        "--costs",
        metavar="C|FILE",
        help='What errors cost: "false_positive=1,false_negative=20", "cat>dog=3,dog>cat=1", or a CSV.',
    ),
]
Coverage = Annotated[
    float,
    typer.Option(
        "--coverage", metavar="SHARE", help="How often intervals, or sets of classes, are to hold the truth."
    ),
]
Latency = Annotated[
    str,
    typer.Option("--latency", metavar="T", help="Time that one row may take: 1ms (the default), 200us."),
]
DEFAULT_MICROSECONDS = 1_000.0
_UNITS = {"us": 1.0, "µs": 1.0, "ms": 1_000.0, "s": 1_000_000.0}
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(us|µs|ms|s)")


def decision_wish(least_recall: list[str] | None, costs: str, coverage: float) -> "DecisionWish":
    """Give what the options ask for; `costs` may name a file.

    Raises:
        UsageError: a word or the file cannot be read.
    """
    from yunque.learning.decide_wish import read_wish

    return read_wish(least_recall, _content(costs), coverage)


def _content(costs: str) -> str:
    path = Path(costs)
    if not costs or "=" in costs:
        return costs
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The costs {path.name!r} are neither written out nor a file that can be read.",
            hint='Write "cat>dog=3", or name a CSV file with a line per actual class.',
        ) from error


def latency_microseconds(text: str) -> float:
    """Read a time of one row.

    Raises:
        UsageError: it is no time above 0.
    """
    if not text:
        return DEFAULT_MICROSECONDS
    match = _TIME.fullmatch(text.strip().lower())
    if match is None or float(match[1]) <= 0:
        raise UsageError(f"--latency takes a time, not {text!r}.", hint="Write 1ms or 200us.")
    return float(match[1]) * _UNITS[match[2]]
