"""The report of a run: one HTML file that stands alone, for the people who must decide on the model."""

from typing import Any

from yunque.learning.leaderboard import Leaderboard
from yunque.models import report_findings, report_limits, report_quality, report_run, report_summary
from yunque.models.page import render_page
from yunque.models.report_chart import Picture
from yunque.models.report_charts_board import importance_chart, leaderboard_chart
from yunque.models.report_charts_classes import (
    calibration_chart,
    confusion_chart,
    score_chart,
    separation_chart,
    threshold_chart,
)
from yunque.models.report_charts_more import curve_chart, groups_chart, set_chart
from yunque.models.report_charts_race import left_rows, mixture_rows, pareto_chart, race_chart
from yunque.models.report_charts_values import value_charts
from yunque.models.report_decision import ece_text, effect_rows, rule_lines, set_rows, set_text
from yunque.models.report_facts import ReportFacts
from yunque.models.report_fairness import fairness_tables, lead
from yunque.models.report_numbers import count
from yunque.models.report_unlabelled import cluster_rows
from yunque.models.report_usage import snippets
from yunque.models.report_words import Words, words

__all__ = ["ReportFacts", "render_report"]


def render_report(facts: ReportFacts) -> str:
    """Give the report as one HTML document: no script, nothing fetched, every text escaped.

    Equal facts give equal text.
    """
    return render_page("yunque.models", "report.html", _content(facts, words(facts.language)))


def _content(facts: ReportFacts, t: Words) -> dict[str, Any]:
    board = facts.leaderboard
    content = {
        "t": t,
        "facts": facts,
        "task": board.task,
        "language": facts.language,
        "date": facts.created.date().isoformat(),
        **_head(facts, t),
        **_charts(board, t),
        **_decisions(board, t),
        **_tables(facts, t),
        "snippets": snippets(facts, t),
    }
    return {**content, "sections": _sections(content)}


def _head(facts: ReportFacts, t: Words) -> dict[str, Any]:
    findings, more_findings = report_findings.finding_texts(facts, t)
    verdicts = report_summary.verdicts(facts, t)
    return {
        "question": report_summary.question(facts, t),
        "key_numbers": report_summary.key_numbers(facts, t),
        "verdicts": verdicts,
        "open_points": sum(verdict.state == "bad" for verdict in verdicts),
        "asked": report_run.asked(facts, t),
        "findings": findings,
        "more_findings": more_findings,
        "severities": report_findings.severity_counts(facts, t),
    }


def _charts(board: Leaderboard, t: Words) -> dict[str, Any]:
    quality: list[Picture] = []
    calibration: list[Picture] = []
    decisions: list[Picture] = []
    if len(board.held_out.y) and board.task.is_classification:
        quality = [separation_chart(board, t)]
        calibration = [calibration_chart(board, t), score_chart(board, t)]
        decisions = [confusion_chart(board, t)]
        if len(board.task.classes) == 2:
            decisions.append(threshold_chart(board, t))
    elif len(board.held_out.y) and board.task.is_regression:
        quality = value_charts(board, t)
    return {
        "leaderboard_chart": leaderboard_chart(board, t),
        "importance_chart": importance_chart(board, t),
        "groups_chart": groups_chart(board, t),
        "curve_chart": curve_chart(board, t),
        "race_charts": [drawn for drawn in (race_chart(board, t), pareto_chart(board, t)) if drawn],
        "quality_charts": quality,
        "calibration_charts": calibration,
        "decision_charts": decisions,
    }


def _decisions(board: Leaderboard, t: Words) -> dict[str, Any]:
    sets, more = set_rows(board)
    level = board.champion.decision.set_level
    return {
        "rules": rule_lines(board, t),
        "effects": effect_rows(board, t),
        "set_text": set_text(board, t),
        "sets": sets,
        "more_sets": more,
        "set_chart": set_chart(sets, level, t) if level is not None else None,
        "ece_text": ece_text(board, t),
    }


def _tables(facts: ReportFacts, t: Words) -> dict[str, Any]:
    board = facts.leaderboard
    candidates, more_candidates = report_quality.candidate_rows(board, t)
    classes, more_classes = report_quality.class_rows(board)
    left, more_left = left_rows(board, t)
    unused, more_unused = report_limits.unused_columns(facts, t)
    return {
        "held_out": board.held_out.kind if board.task.has_target else "judged_apart",
        "held_out_rows": count(len(board.held_out.rows)),
        "baselines": [t.baseline(baseline) for baseline in board.baselines],
        "metrics": report_quality.metric_rows(facts, t),
        "has_required": bool(facts.requirements),
        "candidates": candidates,
        "more_candidates": more_candidates,
        "fairness": fairness_tables(facts, t),
        "fairness_lead": lead(facts, t),
        "mixtures": mixture_rows(board, t),
        "left": left,
        "more_left": more_left,
        "clusters": cluster_rows(board, t),
        "classes": classes,
        "more_classes": more_classes,
        "limits": report_limits.limits(facts, t),
        "unused": unused,
        "more_unused": more_unused,
        "run": report_run.run_facts(facts, t),
        "stages": report_run.stage_seconds(facts, t),
        "notes": report_run.notes(facts),
    }


def _sections(content: dict[str, Any]) -> list[str]:
    needs = {
        "race": "race_charts",
        "calibration": "calibration_charts",
        "decisions": "decision_charts",
        "importance": "importance_chart",
        "fairness": "fairness",
        "clusters": "clusters",
    }
    order = (
        "asked",
        "findings",
        "leaderboard",
        "race",
        "quality",
        "clusters",
        "calibration",
        "decisions",
        "fairness",
        "importance",
    )
    return [key for key in (*order, "limits", "usage", "run") if key not in needs or content[needs[key]]]
