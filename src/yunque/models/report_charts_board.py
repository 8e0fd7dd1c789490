"""Charts of the run: champion and candidates against the baselines, and which columns matter."""

from typing import Any

import altair as alt

from yunque.learning.leaderboard import Baseline, Entry, Leaderboard
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
from yunque.models.report_numbers import number, with_error
from yunque.models.report_words import Words, shortened

MOST_CANDIDATES = 12
MOST_COLUMNS = 20
_ROW_HEIGHT = 26
_NAMES, _VALUES = 210, 130
_PLOT = WIDTH - _NAMES - _VALUES


def leaderboard_chart(board: Leaderboard, words: Words) -> Picture:
    """Draw the champion beside the baselines on the same rows, and below them the candidates."""
    first = [_champion_row(board, words), *(_baseline_row(board, b, words) for b in board.baselines)]
    candidates = [_entry_row(board, entry) for entry in _shown_entries(board)]
    rows = [*first, *candidates]
    scale = _scale(rows)
    found = metric(board.task.metric, board.task.kind)
    better = words("chart.higher" if found.higher_is_better else "chart.lower")
    title = f"{words.metric(board.task.metric)} · {better}"
    held = words(f"held_out.{board.held_out.kind if board.task.has_target else 'judged_apart'}")
    parts = [_dots(first, scale, title if not candidates else "", words("chart.judged_on", rows=held))]
    if candidates:
        parts.append(_dots(candidates, scale, title, words("chart.candidates")))
    chart = alt.vconcat(*parts, spacing=22)
    alt_text = "; ".join(f"{row['name']}: {row['label']}" for row in rows)
    return picture(chart, alt_text=alt_text, caption=words("caption.leaderboard"))


def _champion_row(board: Leaderboard, words: Words) -> Row:
    row = _row(board, words("word.champion"), board.champion_loss, board.champion_loss_error)
    return {**row, "role": "champion"}


def _baseline_row(board: Leaderboard, baseline: Baseline, words: Words) -> Row:
    row = _row(board, words.baseline(baseline), baseline.loss, baseline.loss_error)
    return {**row, "role": "baseline"}


def _entry_row(board: Leaderboard, entry: Entry) -> Row:
    row = _row(board, entry.name, entry.loss, entry.loss_error)
    return {**row, "role": "member" if entry.weight > 0 else "candidate"}


def _row(board: Leaderboard, name: str, loss: float | None, error: float | None) -> Row:
    found = metric(board.task.metric, board.task.kind)
    score = score_of_loss(found, float("nan") if loss is None else loss)
    spread = error or 0.0
    low, high = score - spread, score + spread
    label = with_error(score, error)
    return {"name": shortened(name, 34), "score": score, "low": low, "high": high, "label": label}


def _shown_entries(board: Leaderboard) -> list[Entry]:
    """Take the best candidates; one far worse than the constant would press all others together."""
    done = [entry for entry in board.entries if entry.state == "done" and entry.loss is not None]
    constant = next((b.loss for b in board.baselines if b.name == "constant"), None)
    if constant is not None and done:
        best = min(entry.loss for entry in done if entry.loss is not None)
        worst = constant + 0.5 * abs(constant - best)
        done = [e for e in done if e.weight > 0 or (e.loss is not None and e.loss <= worst)]
    return done[:MOST_CANDIDATES]


def _scale(rows: list[Row]) -> alt.Scale:
    low, high = min(row["low"] for row in rows), max(row["high"] for row in rows)
    pad = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    return alt.Scale(domain=[low - pad, high + pad], nice=False, zero=False)


def _dots(rows: list[Row], scale: alt.Scale, x_title: str, title: str) -> Any:
    colour = alt.Color(
        "role:N",
        legend=None,
        scale=alt.Scale(
            domain=["champion", "member", "candidate", "baseline"], range=[ACCENT, ACCENT, ACCENT_SOFT, WARM]
        ),
    )
    axis = alt.Axis(title=x_title or None, tickCount=6, labels=bool(x_title), ticks=bool(x_title))
    base = alt.Chart(table(keyed(rows))).encode(y=_named(_NAMES), color=colour)
    bars = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", scale=scale, axis=axis), x2="high:Q")
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(x=alt.X("score:Q", scale=scale, axis=axis))
    labels = base.mark_text(align="left", fontSize=11).encode(
        x=alt.value(_PLOT + 16), text="label:N", color=alt.value(MUTED)
    )
    chart = bars + dots + labels
    return chart.properties(width=_PLOT, height=_ROW_HEIGHT * len(rows), title=title)


def _named(width: int) -> alt.Y:
    """Give the axis of names, as wide in every chart so that the plots stand below one another."""
    axis = alt.Axis(
        title=None,
        ticks=False,
        labelColor=INK,
        labelFontSize=12,
        labelPadding=8,
        labelExpr=KEY_LABEL,
        labelLimit=width - 10,
        minExtent=width,
        maxExtent=width,
    )
    return alt.Y("key:N", sort=None, axis=axis, scale=alt.Scale(padding=0.25))


def importance_chart(board: Leaderboard, words: Words) -> Picture | None:
    """Draw how much worse the champion gets when a column is shuffled; None when nothing was measured."""
    ranked = sorted(board.importance.items(), key=lambda item: -item[1])
    if not ranked:
        return None
    rows = [
        {"name": shortened(name, 36), "value": max(value, 0.0), "label": number(value)}
        for name, value in ranked[:MOST_COLUMNS]
    ]
    base = alt.Chart(table(keyed(rows))).encode(y=_named(_NAMES + 30))
    key = "chart.importance" if board.task.has_target else "chart.influence"
    title = words(key, metric=words.metric(board.task.metric))
    bars = base.mark_bar(color=ACCENT, cornerRadiusEnd=2).encode(
        x=alt.X("value:Q", title=title, axis=alt.Axis(tickCount=5))
    )
    labels = base.mark_text(align="left", dx=5, color=MUTED, fontSize=11).encode(x="value:Q", text="label:N")
    chart = (bars + labels).properties(width=WIDTH - _NAMES - 90, height=22 * len(rows))
    rest = len(ranked) - len(rows)
    caption = words("caption.importance") + (
        " " + words("caption.importance_rest", count=rest) if rest else ""
    )
    alt_text = "; ".join(f"{row['name']}: {row['label']}" for row in rows)
    return picture(chart, alt_text=alt_text, caption=caption)
