"""The model card: the standard's sections in its order, escaped, with code that is Yunque's own."""

import ast
import json
import re
import shlex

import pytest
from report_example import binary_task, facts_of, multiclass_task, regression_task

from yunque.models.card import plain, render_card

SECTIONS = [
    "Información General",
    "Descripción",
    "Datos de Entrenamiento",
    "Arquitectura",
    "Hiperparámetros",
    "Métricas",
    "Limitaciones",
    "Uso",
    "Changelog",
]


def blocks(card: str, language: str) -> list[str]:
    return re.findall(rf"^(`{{3,}}){language}\n(.*?)\n\1$", card, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "task", [binary_task(), multiclass_task(3), regression_task()], ids=lambda t: str(t.kind)
)
def test_the_standard_s_sections_in_its_order(task: object) -> None:
    card = render_card(facts_of(task, rows=300, language="es", version="3"))  # type: ignore[arg-type]
    assert card.startswith("# Model Card: flights-late\n")
    assert re.findall(r"^## (.+)$", card, flags=re.MULTILINE) == SECTIONS
    for line in (
        "- **Nombre:** flights-late",
        "- **Versión:** 3",
        "- **Fecha:** 2026-03-14",
        "- **Autor:** Yunque",
    ):
        assert line in card
    assert "| Métrica | Train | Test | Objetivo |" in card
    assert "| Parámetro | Valor |" in card
    assert "- **Tamaño:** 3,000 muestras" in card
    assert "- **Período:** 2013-01-01 05:00 a 2013-11-01" in card


def test_every_table_row_has_the_columns_of_its_head() -> None:
    card = render_card(facts_of(multiclass_task(4), rows=300))
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in card.splitlines() if line.startswith("|")}
    assert widths == {3, 5}


def test_train_is_cross_validated_and_test_untouched() -> None:
    card = render_card(facts_of(binary_task(), rows=500))
    board = facts_of(binary_task(), rows=500).leaderboard
    row = next(line for line in card.splitlines() if line.startswith("| ROC-AUC"))
    assert row == f"| ROC-AUC | 0.7000 | {board.champion_metrics['roc_auc']:.4f} | ≥ 0.6 |"
    folds = render_card(facts_of(binary_task(), rows=500, kind="out_of_fold"))
    row = next(line for line in folds.splitlines() if line.startswith("| ROC-AUC"))
    assert row == f"| ROC-AUC | {board.champion_metrics['roc_auc']:.4f} | – | ≥ 0.6 |"


def test_the_python_is_python_and_the_row_is_the_model_s_own() -> None:
    ((_, code),) = blocks(render_card(facts_of(binary_task(), rows=300)), "python")
    tree = ast.parse(code)
    assigned = next(n for n in tree.body if isinstance(n, ast.Assign) and isinstance(n.value, ast.Dict))
    assert ast.literal_eval(assigned.value) == {
        "distance": 1089.5,
        "carrier": 'O\'Hare "B6"',
        "departs": "2013-11-02T08:15:00",
    }
    assert "predictor.predict_proba(row)" in code
    ((_, code),) = blocks(render_card(facts_of(regression_task(), rows=300)), "python")
    assert "predictor.predict_interval(row)" in code


def test_the_shell_quotes_the_row() -> None:
    ((_, code),) = blocks(render_card(facts_of(binary_task(), rows=300)), "bash")
    command = code[code.index("curl") :].replace("\\\n", "")
    assert json.loads(shlex.split(command)[-1])["carrier"] == 'O\'Hare "B6"'


def test_a_row_of_many_fields_is_cut_and_says_so() -> None:
    wide = {f"x{i}": i for i in range(2000)}
    card = render_card(facts_of(binary_task(), rows=300, example=wide))
    ((_, code),) = blocks(card, "python")
    ast.parse(code)
    assert "1960 more fields" in code
    assert len(card) < 20_000


def test_names_cannot_become_markup() -> None:
    wicked = "`x` | <img src=x onerror=alert(1)>\n# heading ```"
    card = render_card(
        facts_of(
            binary_task(), rows=300, name="m", source=wicked, example={wicked: wicked}, changes=(wicked,)
        )
    )
    prose = re.sub(r"^(`{3,})(python|bash)\n.*?\n\1$", "", card, flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"(?<!\\)<", prose)
    assert "\n# heading" not in prose
    assert len(blocks(card, "python")) == 1
    assert len(re.findall(r"^#{1,2} ", prose, flags=re.MULTILINE)) == len(SECTIONS) + 1


def test_plain_text_stays_readable() -> None:
    assert plain("arr_late  is\n5 * _x_") == "arr_late is 5 \\* \\_x\\_"


def test_equal_facts_give_equal_text() -> None:
    assert render_card(facts_of(binary_task(), rows=200)) == render_card(facts_of(binary_task(), rows=200))
