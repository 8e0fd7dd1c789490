"""Charts of the search: how the candidates fared fold after fold, and quality against the time of a row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np

from yunque.learning.leaderboard import Leaderboard
from yunque.learning.metrics import metric, score_of_loss
from yunque.models.report_chart import (
    ACCENT,
    ACCENT_SOFT,
    FAINT,
    INK,
    MUTED,
    WARM,
    WIDTH,
    Picture,
    Row,
    picture,
    table,
)
from yunque.models.report_numbers import microseconds, number
from yunque.models.report_words import Words, shortened

MOST_LINES = 40
MOST_LEFT = 25
MOST_MIXTURES = 20
_PLOT = WIDTH - 90
_ROLES = ("member", "candidate", "left")


@dataclass(frozen=True, kw_only=True)
class Left:
    """A candidate that left the race before the end."""

    name: str
    state: str
    folds: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class MixtureRow:
    """One blend that nothing else beats in both quality and speed."""

    members: str
    score: str
    speed: str
    chosen: bool


def race_chart(board: Leaderboard, words: Words) -> Picture | None:
    """Draw each candidate's mean score over the folds finished so far; None without two of each."""
    rows = _race_rows(board, words)
    if len({row["name"] for row in rows}) < 2:
        return None
    folds = max(row["fold"] for row in rows)
    if folds < 2:
        return None  # one fold has no course; the leaderboard says the same
    colour = alt.Color(
        "role:N",
        title=None,
        scale=alt.Scale(domain=[words(f"race.{role}") for role in _ROLES], range=[ACCENT, ACCENT_SOFT, WARM]),
    )
    x = alt.X(
        "fold:Q",
        title=words("race.fold"),
        scale=alt.Scale(domain=[1, max(folds, 2)], nice=False, padding=14),
        axis=alt.Axis(values=list(range(1, folds + 1)), format="d", grid=False),
    )
    y = alt.Y("score:Q", title=_score_title(board, words), scale=_scale(rows), axis=alt.Axis(tickCount=6))
    base = alt.Chart(table(rows)).encode(x=x, y=y, color=colour, detail="name:N")
    ends = base.transform_filter("datum.last")
    chart = (
        base.mark_line(strokeWidth=1.5, opacity=0.8)
        + ends.transform_filter("!datum.gone").mark_point(filled=True, size=55, opacity=1)
        + ends.transform_filter("datum.gone").mark_point(shape="cross", filled=True, size=80, angle=45)
    )
    finals = [f"{row['name']}: {number(row['score'])} ({row['fold']})" for row in rows if row["last"]]
    return picture(
        chart.properties(width=_PLOT, height=250),
        alt_text="; ".join(finals),
        caption=words("caption.race"),
    )


def _race_rows(board: Leaderboard, words: Words) -> list[Row]:
    weights = {entry.name: entry.weight for entry in board.entries}
    worst = _worst_shown(board)
    lines: list[list[Row]] = []
    for record in _records(board):
        losses = _losses(record)
        role = "left" if record["state"] != "done" else "candidate"
        role = "member" if weights.get(record["name"], 0.0) > 0 else role
        means = np.cumsum(losses) / np.arange(1, len(losses) + 1)
        if record["name"] not in weights or not len(means) or (role != "member" and means[-1] > worst):
            continue
        lines.append(
            [
                {
                    "name": shortened(record["name"], 34),
                    "fold": fold,
                    "score": _score(board, mean),
                    "role": words(f"race.{role}"),
                    "last": fold == len(means),
                    "gone": record["state"] != "done",
                }
                for fold, mean in enumerate(means.tolist(), start=1)
            ]
        )
    better = metric(board.task.metric, board.task.kind).higher_is_better
    lines.sort(key=lambda line: -line[-1]["score"] if better else line[-1]["score"])
    shown = lines[:MOST_LINES]
    return [row for line in reversed(shown) for row in line]


def _records(board: Leaderboard) -> list[Mapping[str, Any]]:
    """Give what the plan tells of each candidate; a plan that only names them tells nothing."""
    return [each for each in board.plan.get("candidates", ()) if isinstance(each, Mapping)]


def _losses(record: Mapping[str, Any]) -> list[float]:
    """Give the losses on folds 0, 1, … as far as there is no hole and each is a number."""
    found: list[float] = []
    for place, each in enumerate(record["folds"]):
        loss = each["loss"]
        if each["fold"] != place or loss is None or not np.isfinite(loss):
            break
        found.append(float(loss))
    return found


def _worst_shown(board: Leaderboard) -> float:
    """Give the loss beyond which a candidate would press all others together: half way to the constant's."""
    constant = next((b.loss for b in board.baselines if b.name == "constant"), None)
    if constant is None:
        return float("inf")
    return 0.5 * (constant + board.champion_loss) if constant > board.champion_loss else float("inf")


def left_rows(board: Leaderboard, words: Words) -> tuple[list[Left], int]:
    """Give who left the race, when and why, the furthest first; and how many more there are."""
    shown = {entry.name for entry in board.entries}
    gone = [record for record in _records(board) if record["state"] != "done" and record["name"] in shown]
    gone.sort(key=lambda record: (-len(record["folds"]), record["name"]))
    rows = [
        Left(
            name=record["name"],
            state=words.state(record["state"]) if record["state"] else "",
            folds=str(len(record["folds"])),
            reason=record["reason"],
        )
        for record in gone[:MOST_LEFT]
    ]
    return rows, len(gone) - len(rows)


def pareto_chart(board: Leaderboard, words: Words) -> Picture | None:
    """Draw the blends that nothing beats in both quality and time; None when the plan holds none."""
    rows = _pareto_rows(board, words)
    if not rows:
        return None
    target = board.plan.get("latency_microseconds")
    times = [row["time"] for row in rows] + ([float(target)] if target else [])
    low, high = min(times) / 1.5, max(times) * 1.5
    x = alt.X(
        "time:Q",
        title=words("race.microseconds"),
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=alt.Axis(tickCount=5, format="~s"),
    )
    y = alt.Y("score:Q", title=_score_title(board, words), scale=_scale(rows), axis=alt.Axis(tickCount=5))
    base = alt.Chart(table(rows)).encode(x=x, y=y)
    dots = base.transform_filter("!datum.chosen").mark_point(
        filled=True, size=70, color=ACCENT_SOFT, opacity=1
    )
    chosen = base.transform_filter("datum.chosen")
    chart = (
        base.mark_line(color=FAINT, strokeWidth=1.2, interpolate="step-after")
        + dots
        + chosen.mark_point(filled=True, size=130, color=ACCENT, opacity=1)
        + chosen.mark_text(align="right", dx=-11, dy=-9, fontSize=11, color=INK).encode(text="label:N")
    )
    if target:
        chart = chart + _target_line(float(target), words)
    named = "; ".join(
        f"{row['members']}: {number(row['score'])}, {microseconds(row['time'])}" for row in rows
    )
    return picture(chart.properties(width=_PLOT, height=230), alt_text=named, caption=words("caption.pareto"))


def _target_line(target: float, words: Words) -> Any:
    place = alt.Chart(table([{"time": target, "label": words("race.target", time=microseconds(target))}]))
    line = place.mark_rule(color=WARM, strokeDash=[5, 4], strokeWidth=1.5).encode(x="time:Q")
    text = place.mark_text(align="right", dx=-6, fontSize=11, color=MUTED).encode(
        x="time:Q", y=alt.value(8), text="label:N"
    )
    return line + text


def _pareto_rows(board: Leaderboard, words: Words) -> list[Row]:
    chosen = dict(board.plan.get("weights", {}))
    rows: list[Row] = []
    for each in board.plan.get("pareto", ()):
        loss, time = each["loss"], each["microseconds_per_row"]
        if loss is None or time is None or not np.isfinite([loss, time]).all() or time <= 0:
            continue
        rows.append(
            {
                "score": _score(board, loss),
                "time": float(time),
                "chosen": dict(each["weights"]) == chosen,
                "label": words("race.shipped"),
                "members": ", ".join(shortened(name, 30) for name in each["weights"]),
            }
        )
    return rows


def mixture_rows(board: Leaderboard, words: Words) -> list[MixtureRow]:
    """Give the same blends as a table, the cheapest first; the shipped one is always among them."""
    rows = _pareto_rows(board, words)
    shown = rows if len(rows) <= MOST_MIXTURES else [r for r in rows if r["chosen"]] + rows[-MOST_MIXTURES:]
    return [
        MixtureRow(
            members=row["members"],
            score=number(row["score"]),
            speed=microseconds(row["time"]),
            chosen=row["chosen"],
        )
        for row in shown
    ]


def _score(board: Leaderboard, loss: float) -> float:
    return score_of_loss(metric(board.task.metric, board.task.kind), loss)


def _score_title(board: Leaderboard, words: Words) -> str:
    found = metric(board.task.metric, board.task.kind)
    better = words("chart.higher" if found.higher_is_better else "chart.lower")
    return f"{words.metric(board.task.metric)} · {better}"


def _scale(rows: list[Row]) -> alt.Scale:
    low, high = min(row["score"] for row in rows), max(row["score"] for row in rows)
    pad = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
    return alt.Scale(domain=[low - pad, high + pad], nice=False, zero=False)
