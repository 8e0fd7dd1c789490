"""The report of late labels: one HTML file that stands alone, in the style of the model's own."""

from typing import Any

import altair as alt

from yunque.models.page import render_page
from yunque.models.report_chart import ACCENT, FAINT, INK, WARM, WIDTH, Picture, picture, table
from yunque.models.report_facts import Language
from yunque.models.report_numbers import bounded, count, number
from yunque.models.report_words import Words
from yunque.models.report_words import words as model_words
from yunque.monitoring.drift_words import words
from yunque.monitoring.live import Tenth
from yunque.monitoring.live_facts import LiveFacts

SHOWN_METRICS = 14


def render_live(facts: LiveFacts, language: Language) -> str:
    """Give the report as one HTML document: no script, nothing fetched, every text escaped."""
    t, whole, before = words(language), facts.windows[0], facts.before
    named = model_words(language).metric(before.metric)
    then = number(before.loss)
    content: dict[str, Any] = {
        "t": t,
        "facts": facts,
        "language": language,
        "whole": whole,
        "lead": t("live.lead", rows=count(whole.rows), metric=named, loss=number(whole.loss), before=then),
        "numbers": [
            (number(whole.loss), t("live.axis", metric=named), t("live.error", error=number(whole.error))),
            (then, t("table.before"), ""),
            (count(whole.rows), t("live.rows"), ""),
        ],
        "windows": windows_chart(facts, named, t) if facts.windows[1:] else None,
        "calibration": calibration_chart(facts.calibration, t) if facts.calibration else None,
        "metrics": [
            (model_words(language).metric(name), bounded(value), bounded(before.metrics.get(name)))
            for name, value in list(whole.metrics.items())[:SHOWN_METRICS]
        ],
    }
    return render_page("yunque.monitoring", "live.html", content)


def windows_chart(facts: LiveFacts, named: str, t: Words) -> Picture:
    """Draw the loss of each window with two standard errors, and that of training."""
    rows = [
        {
            "at": each.begin.isoformat() if each.begin else "",
            "loss": each.loss,
            "low": each.loss - 2 * each.error,
            "high": each.loss + 2 * each.error,
            "state": "worse" if each.has_fallen else "fine",
        }
        for each in facts.windows[1:]
    ]
    x = alt.X("at:T", title=None, axis=alt.Axis(tickCount=8, grid=False, format="%Y-%m-%d"))
    y = alt.Y("loss:Q", title=t("live.axis", metric=named), scale=alt.Scale(zero=False))
    colour = alt.Color(
        "state:N", legend=None, scale=alt.Scale(domain=["worse", "fine"], range=[WARM, ACCENT])
    )
    base = alt.Chart(table(rows)).encode(x=x, color=colour)
    spread = base.mark_rule(strokeWidth=2, opacity=0.5).encode(y=alt.Y("low:Q"), y2="high:Q")
    chart = spread + base.mark_circle(size=55, opacity=1).encode(y=y)
    if facts.before.loss is not None:
        line = alt.Chart(table([{"y": facts.before.loss}])).mark_rule(color=INK, strokeDash=[4, 3])
        chart = chart + line.encode(y="y:Q")
    caption = t("live.windows_caption")
    return picture(chart.properties(width=WIDTH - 70, height=200), alt_text=caption, caption=caption)


def calibration_chart(tenths: tuple[Tenth, ...], t: Words) -> Picture:
    """Draw how probable answers were said to be, and how often they came true."""
    rows = [{"x": each.predicted, "y": each.observed} for each in tenths]
    axis = alt.Axis(format=".0%", tickCount=5)
    points = (
        alt.Chart(table(rows))
        .mark_line(color=ACCENT, point=alt.OverlayMarkDef(color=ACCENT, size=45))
        .encode(
            x=alt.X("x:Q", title=t("live.predicted"), axis=axis, scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("y:Q", title=t("live.observed"), axis=axis, scale=alt.Scale(domain=[0, 1])),
        )
    )
    ends = [{"x": 0.0, "y": 0.0}, {"x": 1.0, "y": 1.0}]
    right = alt.Chart(table(ends)).mark_line(color=FAINT, strokeDash=[5, 4], strokeWidth=1.5)
    caption = t("live.calibration_caption")
    chart = right.encode(x="x:Q", y="y:Q") + points
    return picture(chart.properties(width=360, height=320), alt_text=caption, caption=caption)
