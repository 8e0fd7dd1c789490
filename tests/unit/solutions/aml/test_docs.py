"""The Spanish pages tell every rule, reading, warning, feature, column and reason that the code has."""

from pathlib import Path

import pytest

from yunque.solutions.aml.features.names import AVAILABLE, FEATURES, OPTIONAL, R1
from yunque.solutions.aml.intake.faults import REASONS
from yunque.solutions.aml.intake.headers import SYNONYMS
from yunque.solutions.aml.law.evaluate import rules
from yunque.solutions.aml.law.read_catalogue import catalogue
from yunque.solutions.aml.law.warning import MEANINGS

PAGES = Path(__file__).parents[4] / "docs" / "es" / "pld"


def page(name):
    return (PAGES / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("caracteristicas.md", [*FEATURES, *OPTIONAL, *AVAILABLE, *R1]),
        ("archivo.md", [*SYNONYMS, *REASONS]),
        ("reglas.md", [*(rule.cited for rule in rules()), *(meaning.code for meaning in MEANINGS.values())]),
        ("preguntas-abiertas.md", [row.key for row in catalogue().readings]),
        (
            "preguntas-abiertas.md",
            [value for row in catalogue().readings for value in (row.value, *row.alternatives)],
        ),
    ],
)
def test_nothing_is_left_out(name, words):
    text = page(name)
    assert [word for word in words if f"`{word}`" not in text] == []


def test_the_words_stay_careful():
    for path in PAGES.glob("*.md"):
        text = path.read_text(encoding="utf-8").lower()
        assert "cumple " not in text, path.name
        assert " garantiza " not in text, path.name


def test_links_lead_somewhere():
    for path in PAGES.glob("*.md"):
        for part in path.read_text(encoding="utf-8").split("](")[1:]:
            assert (PAGES / part.partition(")")[0]).is_file()
