"""Charts of a classification: separation, calibration, confusion, scores and what each threshold gives."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np

from yunque.learning.answers import answer_positions
from yunque.learning.leaderboard import Leaderboard
from yunque.learning.metrics import metric
from yunque.models import report_curves as curves
from yunque.models.report_chart import (
    ACCENT,
    FAINT,
    INK,
    KEY_LABEL,
    SERIES,
    WARM,
    Picture,
    Row,
    columns_of,
    picture,
    table,
)
from yunque.models.report_numbers import count, number, percent
from yunque.models.report_words import Words, shortened

MOST_CURVES = 5
MOST_CONFUSED = 12
_SQUARE, _SMALL, _BESIDE = 335, 290, 370
_PERCENT = alt.Axis(format=".0%", tickCount=5)
_LINE_LEGEND: dict[str, Any] = {
    "title": None,
    "symbolType": "stroke",
    "symbolStrokeWidth": 3,
    "symbolSize": 160,
}


def _shown_classes(board: Leaderboard) -> list[int]:
    """Give the second of two classes, or the largest few of many."""
    if len(board.task.classes) == 2:
        return [1]
    sizes = np.bincount(board.held_out.y, minlength=len(board.task.classes))
    return [int(c) for c in np.argsort(-sizes, kind="stable")[:MOST_CURVES] if sizes[c]]


def separation_chart(board: Leaderboard, words: Words) -> Picture:
    """Draw ROC and precision-recall curves, one class against the rest."""
    held = board.held_out
    roc_rows: list[Row] = []
    pr_rows: list[Row] = []
    names = []
    for place in _shown_classes(board):
        is_class, score = held.y == place, held.predictions[:, place]
        name = f"{place}·{shortened(str(board.task.classes[place]), 24)}"
        names.append(name)
        for rows, curve in (
            (roc_rows, curves.roc(is_class, score)),
            (pr_rows, curves.precision_recall(is_class, score)),
        ):
            order = range(len(curve.x))
            rows += [{**row, "class": name} for row in columns_of(x=curve.x, y=curve.y, order=list(order))]
    colour = _class_colour(names)
    diagonal = [{"x": 0.0, "y": 0.0}, {"x": 1.0, "y": 1.0}]
    share = float(np.mean(held.y == _shown_classes(board)[0]))
    level = [{"x": 0.0, "y": share}, {"x": 1.0, "y": share}] if len(names) == 1 else []
    roc = _lines(roc_rows, colour, words("chart.false_positive"), words("chart.true_positive"), diagonal)
    pr = _lines(pr_rows, colour, words("chart.recall"), words("chart.precision"), level)
    chart = alt.hconcat(roc.properties(title="ROC"), pr.properties(title=words("chart.precision_recall")))
    auc, pr_auc = board.champion_metrics.get("roc_auc"), board.champion_metrics.get("pr_auc")
    values = {"roc_auc": number(auc), "pr_auc": number(pr_auc)}
    key = "caption.separation" if len(board.task.classes) == 2 else "caption.separation_many"
    caption = words(key, shown=len(names), classes=len(board.task.classes), **values)
    return picture(chart, alt_text=f"ROC-AUC {values['roc_auc']}, PR-AUC {values['pr_auc']}", caption=caption)


def _class_colour(names: list[str]) -> Any:
    if len(names) == 1:
        return alt.value(ACCENT)
    legend = alt.Legend(
        **_LINE_LEGEND, columns=3, labelExpr="slice(datum.label, indexof(datum.label, '·') + 1)"
    )
    return alt.Color(
        "class:N", scale=alt.Scale(domain=names, range=list(SERIES[: len(names)])), legend=legend
    )


def _lines(rows: list[Row], colour: Any, x_title: str, y_title: str, reference: Sequence[Row]) -> Any:
    unit = alt.Scale(domain=[0, 1], nice=False)
    x = alt.X("x:Q", title=x_title, scale=unit, axis=_PERCENT)
    y = alt.Y("y:Q", title=y_title, scale=unit, axis=_PERCENT)
    lines = alt.Chart(table(rows)).mark_line(clip=True).encode(x=x, y=y, color=colour, order="order:Q")
    if not reference:
        return lines.properties(width=_SQUARE, height=_SQUARE)
    dashed = alt.Chart(table(reference)).mark_line(strokeDash=[4, 4], color=FAINT, strokeWidth=1)
    return (dashed.encode(x=x, y=y) + lines).properties(width=_SQUARE, height=_SQUARE)


def calibration_chart(board: Leaderboard, words: Words) -> Picture:
    """Draw predicted against observed probability, before and after calibration."""
    held, task = board.held_out, board.task
    ece = metric("ece", task.kind)
    is_calibrated = board.champion.blend.calibration.kind != "identity"
    stages = [("after", held.predictions)]
    if is_calibrated:
        stages.insert(0, ("before", held.uncalibrated))
    rows: list[Row] = []
    labels, errors = [], {}
    for stage, predictions in stages:
        errors[stage] = ece.value(task, held.y, predictions, None)
        label = (
            f"{words(f'chart.{stage}' if is_calibrated else 'chart.champion')} · ECE {number(errors[stage])}"
        )
        labels.append(label)
        found = curves.reliability(*curves.asked_probability(held, predictions))
        points = columns_of(x=found.predicted, y=found.observed, rows=found.rows)
        rows += [{**point, "stage": label} for point in points]
    colour = alt.Color(
        "stage:N",
        scale=alt.Scale(domain=labels, range=[WARM, ACCENT][-len(labels) :]),
        legend=alt.Legend(title=None, columns=1),
    )
    top = min(1.0, max(value for row in rows for value in (row["x"], row["y"])) * 1.06)
    low = 0.0 if len(task.classes) == 2 else max(0.0, min(min(r["x"], r["y"]) for r in rows) * 0.9)
    unit = alt.Scale(domain=[low, top], nice=False)
    x = alt.X("x:Q", title=words("chart.predicted_probability"), scale=unit, axis=_PERCENT)
    y = alt.Y("y:Q", title=words("chart.observed_share"), scale=unit, axis=_PERCENT)
    diagonal = alt.Chart(table([{"x": low, "y": low}, {"x": top, "y": top}])).mark_line(
        strokeDash=[4, 4], color=FAINT, strokeWidth=1
    )
    base = alt.Chart(table(rows)).encode(x=x, y=y, color=colour)
    chart = (
        diagonal.encode(x=x, y=y)
        + base.mark_line(strokeWidth=1.5)
        + base.mark_point(filled=True, size=55, opacity=1)
    )
    caption = words("caption.calibrated" if is_calibrated else "caption.not_calibrated")
    caption += " " + words("caption.asked_positive" if len(task.classes) == 2 else "caption.asked_answer")
    alt_text = ", ".join(labels)
    return picture(chart.properties(width=_SMALL, height=_SMALL), alt_text=alt_text, caption=caption)


def confusion_chart(board: Leaderboard, words: Words) -> Picture:
    """Draw which classes are taken for which, as shares of each actual class."""
    held, classes = board.held_out, board.task.classes
    answers = answer_positions(board.champion.decision, held.predictions)
    found = curves.confusion(held.y, answers, len(classes), MOST_CONFUSED)
    names = [
        shortened(curves.class_name(classes, c, words("chart.other_classes")), 18) for c in found.classes
    ]
    keys = [f"{i:03d}{name}" for i, name in enumerate(names)]
    totals = np.maximum(found.counts.sum(axis=1), 1)
    rows = [
        {
            "actual": keys[i],
            "answered": keys[j],
            "share": float(found.counts[i, j] / totals[i]),
            "label": percent(float(found.counts[i, j] / totals[i]), 0),
            "rows": count(int(found.counts[i, j])),
        }
        for i in range(len(keys))
        for j in range(len(keys))
    ]
    size = 110 if len(keys) == 2 else min(90, max(44, 560 // len(keys)))
    axis = {"labelExpr": KEY_LABEL, "ticks": False, "labelColor": INK, "labelFontSize": 11.5}
    base = alt.Chart(table(rows)).encode(
        x=alt.X(
            "answered:N",
            sort=None,
            title=words("chart.answered"),
            axis=alt.Axis(orient="top", labelAngle=0 if len(keys) <= 4 else -40, **axis),
        ),
        y=alt.Y("actual:N", sort=None, title=words("chart.actual"), axis=alt.Axis(**axis)),
    )
    cells = base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.Color(
            "share:Q",
            legend=None,
            scale=alt.Scale(domain=[0, 1], range=["#f1f5f8", "#0b6e8f"], interpolate="lab"),
        )
    )
    ink = alt.condition("datum.share > 0.55", alt.value("white"), alt.value(INK))
    shares = base.mark_text(fontSize=12 if size >= 60 else 10, fontWeight=600, dy=-5 if size >= 60 else 0)
    chart = cells + shares.encode(text="label:N", color=ink)
    if size >= 60:
        chart += base.mark_text(fontSize=10, dy=10).encode(text="rows:N", color=ink)
    right = float(np.mean(answers == held.y)) if len(held.y) else float("nan")
    side = size * len(keys)
    return picture(
        chart.properties(width=side, height=side if len(keys) > 2 else int(side * 0.8)),
        alt_text=words("caption.confusion", accuracy=percent(right)),
        caption=words("caption.confusion", accuracy=percent(right)),
    )


def score_chart(board: Leaderboard, words: Words) -> Picture:
    """Draw how the probabilities are spread: by actual class of two, else right against wrong answers."""
    held, classes = board.held_out, board.task.classes
    hit, probability = curves.asked_probability(held, held.predictions)
    if len(classes) == 2:
        groups = [(shortened(str(classes[1]), 24), hit, WARM), (shortened(str(classes[0]), 24), ~hit, ACCENT)]
        title, caption = words("chart.probability_of", label=shortened(str(classes[1]), 24)), "caption.scores"
    else:
        groups = [(words("chart.right"), hit, ACCENT), (words("chart.wrong"), ~hit, WARM)]
        title, caption = words("chart.probability_of_answer"), "caption.scores_many"
    rows: list[Row] = []
    for name, mask, _ in groups:
        found = curves.histogram(probability[mask], 0.0, 1.0)
        share = found.counts / max(int(found.counts.sum()), 1)
        rows += [
            {**row, "group": name}
            for row in columns_of(low=found.edges[:-1], high=found.edges[1:], share=share)
        ]
    colour = alt.Color(
        "group:N",
        scale=alt.Scale(domain=[g[0] for g in groups], range=[g[2] for g in groups]),
        legend=alt.Legend(title=None),
    )
    chart = (
        alt.Chart(table(rows))
        .mark_bar(opacity=0.55, binSpacing=0)
        .encode(
            x=alt.X("low:Q", bin="binned", title=title, scale=alt.Scale(domain=[0, 1]), axis=_PERCENT),
            x2="high:Q",
            y=alt.Y(
                "share:Q",
                stack=None,
                title=words("chart.share_of_rows"),
                axis=alt.Axis(format=".0%", tickCount=4),
            ),
            color=colour,
        )
    )
    return picture(chart.properties(width=_BESIDE, height=_SMALL), alt_text=title, caption=words(caption))


def threshold_chart(board: Leaderboard, words: Words) -> Picture:
    """Draw precision, recall and the share of rows flagged at every threshold of a binary task."""
    held = board.held_out
    found = curves.trade_off(held.y == 1, held.predictions[:, 1])
    kinds = {"chart.precision": found.precision, "chart.recall": found.recall, "chart.flagged": found.flagged}
    rows = [
        {"x": x, "y": y, "what": words(key)}
        for key, values in kinds.items()
        for x, y in zip(found.threshold.tolist(), values.tolist(), strict=True)
        if np.isfinite(y)
    ]
    names = [words(key) for key in kinds]
    unit = alt.Scale(domain=[0, 1], nice=False)
    lines = (
        alt.Chart(table(rows))
        .mark_line()
        .encode(
            x=alt.X("x:Q", title=words("chart.threshold"), scale=unit, axis=_PERCENT),
            y=alt.Y("y:Q", title=None, scale=unit, axis=_PERCENT),
            color=alt.Color(
                "what:N",
                scale=alt.Scale(domain=names, range=[ACCENT, WARM, FAINT]),
                legend=alt.Legend(**_LINE_LEGEND),
            ),
        )
    )
    threshold = board.champion.decision.threshold
    chosen = 0.5 if threshold is None else threshold
    rule = alt.Chart(table([{"x": chosen}])).mark_rule(color=INK, strokeDash=[3, 3]).encode(x="x:Q")
    caption = words(
        "caption.threshold", threshold=f"{chosen:.3g}", label=shortened(str(board.task.classes[1]), 40)
    )
    chart = (lines + rule).properties(width=_BESIDE, height=_SMALL)
    return picture(chart, alt_text=caption, caption=caption)
