"""The report's picture of the search: who ran how far, who left and why, what the shipped blend was chosen from."""

from dataclasses import replace
from typing import Any

from report_example import binary_task, facts_of

from yunque.learning.leaderboard import Leaderboard
from yunque.models.report import render_report
from yunque.models.report_charts_race import left_rows, mixture_rows, pareto_chart, race_chart
from yunque.models.report_facts import ReportFacts
from yunque.models.report_words import words

EN = words("en")


def ran(name: str, state: str, reason: str, *losses: float | None) -> dict[str, Any]:
    folds = [{"fold": fold, "rounds": 9, "loss": loss} for fold, loss in enumerate(losses)]
    return {"name": name, "state": state, "reason": reason, "folds": folds}


def facts() -> ReportFacts:
    found = facts_of(binary_task(), rows=300)
    loss = found.leaderboard.champion_loss
    plan = {
        "candidates": [
            ran("lightgbm-1", "done", "", loss, loss + 0.02, loss - 0.01),
            ran("catboost-1", "done", "", loss + 0.01, loss + 0.01, loss + 0.01),
            ran("xgboost-deep", "dropped", "<b>0.02 behind</b>", loss + 0.02),
            ran("catboost-2", "skipped", "no time left"),
        ],
        "pareto": [
            {"weights": {"catboost-1": 1.0}, "loss": loss + 0.01, "microseconds_per_row": 4.0},
            {"weights": {"lightgbm-1": 0.5, "catboost-1": 0.5}, "loss": loss, "microseconds_per_row": 40.0},
            {"weights": {"x": 1.0}, "loss": None, "microseconds_per_row": 50.0},
        ],
        "weights": {"lightgbm-1": 0.5, "catboost-1": 0.5},
        "latency_microseconds": 1_000.0,
    }
    return replace(found, leaderboard=replace(found.leaderboard, plan=plan))


def board() -> Leaderboard:
    return facts().leaderboard


def test_who_left_is_named_with_the_reason_and_how_far_it_came() -> None:
    rows, more = left_rows(board(), EN)
    assert [(row.name, row.state, row.folds) for row in rows] == [
        ("xgboost-deep", "dropped", "1"),
        ("catboost-2", "skipped", "0"),
    ]
    assert rows[0].reason == "<b>0.02 behind</b>" and more == 0


def test_the_race_tells_how_far_each_came() -> None:
    drawn = race_chart(board(), EN)
    assert drawn is not None
    told = dict(part.split(": ") for part in drawn.alt.split("; "))
    assert told["lightgbm-1"].endswith("(3)") and told["xgboost-deep"].endswith("(1)")
    assert "catboost-2" not in told


def test_one_fold_has_no_course() -> None:
    whole = board()
    plan = dict(whole.plan)
    plan["candidates"] = [{**each, "folds": each["folds"][:1]} for each in plan["candidates"]]
    assert race_chart(replace(whole, plan=plan), EN) is None


def test_the_shipped_blend_is_marked_and_one_without_a_loss_left_out() -> None:
    rows = mixture_rows(board(), EN)
    assert [(row.members, row.speed, row.chosen) for row in rows] == [
        ("catboost-1", "4.0 µs", False),
        ("lightgbm-1, catboost-1", "40 µs", True),
    ]


def test_a_run_without_a_plan_has_no_such_section() -> None:
    bare = replace(board(), plan={})
    assert race_chart(bare, EN) is None and pareto_chart(bare, EN) is None


def test_the_page_escapes_reasons() -> None:
    page = render_report(facts())
    assert 'id="race"' in page and "&lt;b&gt;0.02 behind" in page and "<b>0.02" not in page
