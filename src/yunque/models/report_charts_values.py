"""Charts of a regression: predicted against actual, residuals, and how wide they spread."""

import altair as alt
import numpy as np

from yunque.learning.leaderboard import Leaderboard
from yunque.models import report_curves as curves
from yunque.models.report_chart import (
    ACCENT,
    ACCENT_SOFT,
    FAINT,
    INK,
    WARM,
    WIDTH,
    Picture,
    columns_of,
    picture,
    table,
)
from yunque.models.report_numbers import number, percent
from yunque.models.report_words import Words

_SIDE = 420
_NUMBERS = alt.Axis(labelExpr="format(datum.value, '~s')", tickCount=6)


def value_charts(board: Leaderboard, words: Words) -> list[Picture]:
    """Draw all charts of a regression on its held-out rows."""
    return [actual_chart(board, words), residual_chart(board, words), spread_chart(board, words)]


def actual_chart(board: Leaderboard, words: Words) -> Picture:
    """Draw how many rows lie where, predicted against actual value."""
    held = board.held_out
    grid = curves.against_actual(np.asarray(held.y, dtype=np.float64), held.predictions[:, 0])
    half = grid.width / 2
    rows = columns_of(x=grid.x - half, x2=grid.x + half, y=grid.y - half, y2=grid.y + half, rows=grid.counts)
    scale = alt.Scale(domain=[grid.low, grid.high], nice=False, zero=False)
    x = alt.X("x:Q", title=words("chart.predicted"), scale=scale, axis=_NUMBERS)
    y = alt.Y("y:Q", title=words("chart.actual"), scale=scale, axis=_NUMBERS)
    colour = alt.Color(
        "rows:Q",
        title=words("chart.rows"),
        scale=alt.Scale(type="log", range=["#dceaf0", ACCENT, "#06313f"], interpolate="lab"),
        legend=alt.Legend(orient="right", gradientLength=140, tickCount=3, format="~s"),
    )
    cells = alt.Chart(table(rows)).mark_rect(clip=True).encode(x=x, x2="x2:Q", y=y, y2="y2:Q", color=colour)
    ends = [{"x": grid.low, "y": grid.low}, {"x": grid.high, "y": grid.high}]
    line = (
        alt.Chart(table(ends))
        .mark_line(color=WARM, strokeDash=[5, 4], strokeWidth=1.5)
        .encode(x="x:Q", y="y:Q")
    )
    caption = words("caption.actual", r2=number(board.champion_metrics.get("r2")))
    return picture((cells + line).properties(width=_SIDE, height=_SIDE), alt_text=caption, caption=caption)


def residual_chart(board: Leaderboard, words: Words) -> Picture:
    """Draw the distribution of actual minus predicted, with the interval that is served."""
    held, decision = board.held_out, board.champion.decision
    residual = np.asarray(held.y, dtype=np.float64) - held.predictions[:, 0]
    low, high = curves.shown_range(residual)
    found = curves.histogram(residual, low, high)
    rows = columns_of(low=found.edges[:-1], high=found.edges[1:], rows=found.counts)
    bars = (
        alt.Chart(table(rows))
        .mark_bar(color=ACCENT_SOFT, binSpacing=1)
        .encode(
            x=alt.X("low:Q", bin="binned", title=words("chart.residual"), axis=_NUMBERS),
            x2="high:Q",
            y=alt.Y(
                "rows:Q",
                title=words("chart.rows"),
                axis=alt.Axis(labelExpr="format(datum.value, '~s')", tickCount=4),
            ),
        )
    )
    marks = [{"x": 0.0, "kind": "zero"}]
    ends = (decision.interval_low, decision.interval_high)
    marks += [{"x": end, "kind": "interval"} for end in ends if end is not None and low <= end <= high]
    rules = (
        alt.Chart(table(marks))
        .mark_rule(strokeWidth=1.5)
        .encode(
            x="x:Q",
            color=alt.Color(
                "kind:N", legend=None, scale=alt.Scale(domain=["zero", "interval"], range=[INK, WARM])
            ),
            strokeDash=alt.condition("datum.kind == 'interval'", alt.value([5, 4]), alt.value([1, 0])),
        )
    )
    key = "caption.residual_interval" if decision.interval_level is not None else "caption.residual"
    caption = words(
        key,
        level=percent(decision.interval_level, 0),
        coverage=percent(decision.interval_coverage),
        mae=number(board.champion_metrics.get("mae")),
    )
    chart = (bars + rules).properties(width=WIDTH - 60, height=200)
    return picture(chart, alt_text=caption, caption=caption)


def spread_chart(board: Leaderboard, words: Words) -> Picture:
    """Draw quantiles of the residual by predicted value."""
    held = board.held_out
    bands = curves.residual_bands(np.asarray(held.y, dtype=np.float64), held.predictions[:, 0])
    five, quarter, half, three, last = bands.quantiles.T
    rows = columns_of(x=bands.centre, a=five, b=quarter, m=half, c=three, d=last)
    base = alt.Chart(table(rows)).encode(
        x=alt.X("x:Q", title=words("chart.predicted"), axis=_NUMBERS, scale=alt.Scale(zero=False, nice=False))
    )
    y_title = words("chart.residual")
    wide = base.mark_area(color=ACCENT_SOFT, opacity=0.35).encode(
        y=alt.Y("a:Q", title=y_title, axis=_NUMBERS), y2="d:Q"
    )
    narrow = base.mark_area(color=ACCENT_SOFT, opacity=0.6).encode(y="b:Q", y2="c:Q")
    middle = base.mark_line(color=ACCENT, point=alt.OverlayMarkDef(color=ACCENT, size=30)).encode(y="m:Q")
    zero = alt.Chart(table([{"y": 0.0}])).mark_rule(color=FAINT, strokeDash=[4, 4]).encode(y="y:Q")
    chart = (wide + narrow + zero + middle).properties(width=WIDTH - 60, height=220)
    caption = words("caption.spread")
    return picture(chart, alt_text=caption, caption=caption)
