"""The question sets of the tests, and what reads them: questions with the intent and slots that a buyer means."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from yunque.assistant.reading import Reader
from yunque.solutions.demand.questions.understand import Names, make_reader

FOLDER = Path(__file__).parent / "demand_questions"
CATALOGUE = yaml.safe_load((FOLDER / "catalogue.yaml").read_text("utf-8"))
SETS = ("first", "second", "third", "fourth", "fifth", "office", "chat", "formal", "voices", "everyday")


@cache
def make_test_reader() -> Reader:
    """Give what reads questions about the catalogue of the tests."""
    rows = CATALOGUE["articles"]
    names = Names(
        articles={code: name for code, name, _, _ in rows},
        categories=sorted({row[2] for row in rows}),
        suppliers=sorted({row[3] for row in rows}),
        warehouses=CATALOGUE["warehouses"],
        cities=CATALOGUE["cities"],
    )
    return make_reader(names, CATALOGUE["country"])


@cache
def asked(name: str) -> list[dict[str, Any]]:
    """Give the questions of a set: q, l, i, s, and b, the questions before it in the same conversation."""
    found: list[dict[str, Any]] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    return found
