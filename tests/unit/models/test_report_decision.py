"""The report tells how answers are made, what that changes, what sets hold, what more would bring."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from report_example import binary_task, facts_of, multiclass_task, regression_task

from yunque.learning.conformal import measured, promised
from yunque.learning.leaderboard import Decision
from yunque.models.card import render_card
from yunque.models.report import render_report
from yunque.models.report_charts_more import curve_chart, groups_chart, set_chart
from yunque.models.report_decision import effect_rows, rule_lines, set_rows, set_text
from yunque.models.report_facts import Language, ReportFacts
from yunque.models.report_words import words

EN = words("en")
PLAN: dict[str, Any] = {
    "decision_effect": [
        {"measure": "mean_cost", "before": 0.41, "after": 0.2},
        {"measure": "recall[<b>&\"'`]", "before": 0.31, "after": 0.82},
        {"measure": "balanced_accuracy", "before": 0.61, "after": 0.68},
    ],
    "ece": {"before": 0.061, "after": 0.012},
    "learning_curve": {
        "candidate": "lightgbm-1",
        "folds": 3,
        "points": [{"rows": rows, "loss": 3.0 / rows**0.25} for rows in (250, 500, 1000, 2000)],
    },
    "group_importance": {
        "kind:number": {"columns": ["a", "b", "c"], "loss_increase": 0.3},
        "together:<i>distance</i>": {"columns": ["<i>distance</i>", "b"], "loss_increase": 0.2},
        "kind:category": {"columns": ["d", "e"], "loss_increase": -0.001},
    },
}


def decided(classes: int = 4, language: Language = "en", **rule: Any) -> ReportFacts:
    task = multiclass_task(classes) if classes > 2 else binary_task()
    facts = facts_of(task, rows=900, language=language)
    board = facts.leaderboard
    y, p = board.held_out.y, board.held_out.predictions
    decision = measured(promised(Decision(**rule), y, p, 0.9), y, p)
    champion = replace(board.champion, decision=decision)
    return replace(facts, leaderboard=replace(board, champion=champion, plan=PLAN))


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("classes", [2, 4, 30])
def test_report_and_card_state_coverage_effects_and_what_more_would_bring(
    language: Language, classes: int
) -> None:
    facts = decided(classes, language)
    t, board = words(language), facts.leaderboard
    page, card = render_report(facts), render_card(facts)
    assert set_text(board, t).split(".")[0] in page
    for key in ("decision.changes", "decision.sets_title", "groups.title", "groups.curve_title"):
        assert t(key) in page
    assert "0.061" in page and "0.061" in card
    coverage = f"{board.champion.decision.set_coverage:.1%}"
    assert coverage in page and coverage in card
    assert '<b>&"' not in page and "<i>distance" not in page


def test_a_rule_is_told_in_words() -> None:
    assert rule_lines(decided(4).leaderboard, EN) == []
    factors = rule_lines(decided(4, factors=(0.5, 0.9, 1.0, 2.5)).leaderboard, EN)
    assert "× 2.5" in factors[0] and factors[0].index("2.5") < factors[0].index("0.5")
    costs = ((0.0, 1.0, 9.0, 1.0), (1.0, 0.0, 1.0, 1.0), (1.0, 1.0, 0.0, 1.0), (1.0, 1.0, 1.0, 0.0))
    assert "class 0 → class 2: 9" in rule_lines(decided(4, costs=costs).leaderboard, EN)[0]
    assert len(rule_lines(decided(2, threshold=0.2).leaderboard, EN)) == 1


def test_effects_name_the_class_and_the_cost() -> None:
    rows = effect_rows(decided(4).leaderboard, EN)
    assert rows[0] == ("Mean cost of a row", "0.4100", "0.2000")
    assert rows[1][0].startswith("Recall · ") and rows[1][2] == "0.8200"


def test_sets_are_told_class_by_class() -> None:
    board = decided(30).leaderboard
    rows, more = set_rows(board)
    assert len(rows) == 15 and more == 15
    drawn = set_chart(rows, 0.9, EN)
    assert drawn is not None and rows[0].label in drawn.alt
    held = board.champion.decision.set_coverage
    assert held is not None and held >= 0.9


def test_a_curve_says_what_the_last_half_brought() -> None:
    drawn = curve_chart(decided(4).leaderboard, EN)
    assert drawn is not None and "1,000 to 2,000" in drawn.caption and "-15.9%" in drawn.caption
    groups = groups_chart(decided(4).leaderboard, EN)
    assert groups is not None and groups.alt.startswith("Numbers (3): 0.3")


def test_what_was_not_measured_is_not_there() -> None:
    for task in (binary_task(), regression_task()):
        facts = facts_of(task, rows=300)
        board = facts.leaderboard
        assert curve_chart(board, EN) is None and groups_chart(board, EN) is None
        assert set_rows(board) == ([], 0) and set_text(board, EN) == ""
        page = render_report(facts)
        assert EN("groups.title") not in page and EN("decision.sets_title") not in page
    few = replace(board, plan={"learning_curve": {"points": [{"rows": 9, "loss": float("nan")}]}})
    assert curve_chart(few, EN) is None
    assert np.isfinite(board.champion_loss)
