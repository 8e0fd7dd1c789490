"""Charts of what more would bring: rows, as a learning curve; and of what groups of columns are worth."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np

from yunque.learning.leaderboard import Leaderboard
from yunque.learning.metrics import metric, score_of_loss
from yunque.models.report_chart import (
    ACCENT,
    ACCENT_SOFT,
    INK,
    KEY_LABEL,
    MUTED,
    WARM,
    WIDTH,
    Picture,
    Row,
    keyed,
    picture,
    table,
)
from yunque.models.report_decision import SetRow
from yunque.models.report_numbers import count, number, percent
from yunque.models.report_words import Words, shortened

_NAMES, _ROW_HEIGHT = 300, 26


def curve_chart(board: Leaderboard, words: Words) -> Picture | None:
    """Draw the score against the rows learnt from; None where it was not measured."""
    found = board.plan.get("learning_curve")
    points = found.get("points", ()) if isinstance(found, Mapping) else ()
    pairs = [(int(p["rows"]), float(p["loss"])) for p in points if np.isfinite(p["loss"])]
    if len(pairs) < 2 or not isinstance(found, Mapping):
        return None
    deciding = metric(board.task.metric, board.task.kind)
    rows: list[Row] = [
        {"rows": n, "score": score_of_loss(deciding, loss), "label": number(score_of_loss(deciding, loss))}
        for n, loss in pairs
    ]
    scores = [row["score"] for row in rows]
    pad = 0.18 * (max(scores) - min(scores)) or 0.05 * abs(scores[0]) or 1.0
    better = words("chart.higher" if deciding.higher_is_better else "chart.lower")
    base = alt.Chart(table(rows)).encode(
        x=alt.X(
            "rows:Q",
            title=words("chart.learnt_rows"),
            scale=alt.Scale(type="log", domain=[pairs[0][0] / 1.15, pairs[-1][0] * 1.15], nice=False),
            axis=alt.Axis(values=[n for n, _ in pairs], format=",d", grid=False),
        ),
        y=alt.Y(
            "score:Q",
            title=f"{words.metric(board.task.metric)} · {better}",
            scale=alt.Scale(domain=[min(scores) - pad, max(scores) + pad], nice=False, zero=False),
            axis=alt.Axis(tickCount=5),
        ),
    )
    chart = (
        base.mark_line(color=ACCENT)
        + base.mark_point(filled=True, size=70, color=ACCENT, opacity=1)
        + base.mark_text(dy=-13, fontSize=11, color=INK).encode(text="label:N")
    )
    fall = (pairs[-2][1] - pairs[-1][1]) / max(abs(pairs[-2][1]), 1e-12)
    caption = words(
        "caption.curve",
        candidate=shortened(str(found.get("candidate", "")), 40),
        folds=found.get("folds", 1),
        half=count(pairs[-2][0]),
        all=count(pairs[-1][0]),
        change=f"{-fall:+.1%}",
    )
    alt_text = "; ".join(f"{count(n)}: {number(score_of_loss(deciding, loss))}" for n, loss in pairs)
    return picture(chart.properties(width=WIDTH - 90, height=220), alt_text=alt_text, caption=caption)


def groups_chart(board: Leaderboard, words: Words) -> Picture | None:
    """Draw what the champion loses when a group of columns is shuffled together; None without groups."""
    found = board.plan.get("group_importance")
    if not isinstance(found, Mapping) or not found:
        return None
    order = sorted(found, key=lambda name: -found[name]["loss_increase"])
    rows = keyed(
        [
            {
                "name": _group_name(name, found[name]["columns"], words),
                "loss": float(found[name]["loss_increase"]),
                "label": number(float(found[name]["loss_increase"])),
            }
            for name in order
        ]
    )
    losses = [row["loss"] for row in rows]
    top, low = max(*losses, 1e-12), min(*losses, 0.0)
    scale = alt.Scale(domain=[low * 1.1, top * 1.14], nice=False)
    title = words("chart.importance", metric=words.metric(board.task.metric))
    base = alt.Chart(table(rows)).encode(
        y=alt.Y(
            "key:N",
            sort=None,
            title=None,
            axis=alt.Axis(
                labelExpr=KEY_LABEL, ticks=False, labelColor=INK, labelFontSize=12, labelLimit=_NAMES
            ),
        ),
        x=alt.X("loss:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5)),
    )
    chart = base.mark_bar(color=ACCENT, height=13, cornerRadiusEnd=2) + base.mark_text(
        align="left", dx=6, fontSize=11, color=MUTED
    ).encode(text="label:N")
    return picture(
        chart.properties(width=WIDTH - _NAMES - 20, height=_ROW_HEIGHT * len(rows)),
        alt_text="; ".join(f"{row['name']}: {row['label']}" for row in rows),
        caption=words("caption.groups"),
    )


def _group_name(name: str, columns: Any, words: Words) -> str:
    part, _, what = name.partition(":")
    if part == "kind":
        return f"{words(f'kind.{what}')} ({len(columns)})"
    return words("groups.together", column=shortened(what, 20), count=len(columns) - 1)


def set_chart(rows: list[SetRow], level: float, words: Words) -> Picture | None:
    """Draw how often sets hold each class, beside what was promised over all rows; None without classes."""
    if not rows:
        return None
    shown = keyed([{"name": shortened(r.label, 30), "share": r.share, "label": r.coverage} for r in rows])
    low = max(0.0, min([level, *(r.share for r in rows)]) - 0.08)
    scale = alt.Scale(domain=[low, 1.0], nice=False)
    axis = alt.Axis(format=".0%", tickCount=5)
    base = alt.Chart(table(shown)).encode(
        y=alt.Y(
            "key:N",
            sort=None,
            title=None,
            axis=alt.Axis(labelExpr=KEY_LABEL, ticks=False, labelColor=INK, labelFontSize=12, labelLimit=200),
        ),
        x=alt.X("share:Q", title=words("chart.set_coverage"), scale=scale, axis=axis),
    )
    colour = alt.condition(f"datum.share < {level - 0.02}", alt.value(WARM), alt.value(ACCENT))
    rule = (
        alt.Chart(table([{"x": level}]))
        .mark_rule(color=MUTED, strokeDash=[5, 4], strokeWidth=1.5)
        .encode(x=alt.X("x:Q", scale=scale))
    )
    stem = base.mark_rule(color=ACCENT_SOFT, strokeWidth=2).encode(x2=alt.X2Datum(low))
    chart = stem + rule + base.mark_point(filled=True, size=80, opacity=1).encode(color=colour)
    return picture(
        chart.properties(width=WIDTH - 250, height=_ROW_HEIGHT * len(shown)),
        alt_text="; ".join(f"{r.label}: {percent(r.share)}" for r in rows),
        caption=words("caption.sets", level=percent(level, 0)),
    )
