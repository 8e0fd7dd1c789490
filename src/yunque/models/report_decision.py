"""How answers are made, what that changes on held-out rows, and how often sets of classes hold the truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.learning.conformal import held
from yunque.learning.leaderboard import Leaderboard
from yunque.models.report_numbers import NOTHING, bounded, count, number, percent
from yunque.models.report_words import Words, shortened

MOST_NAMED = 8
MOST_CLASSES = 15
FEWEST_ROWS = 20


@dataclass(frozen=True, kw_only=True)
class SetRow:
    """One class on held-out rows: how often its sets hold it, and how large they are."""

    label: str
    rows: str
    coverage: str
    size: str
    share: float


def rule_lines(board: Leaderboard, words: Words) -> list[str]:
    """Say how a class is chosen, where it is not simply the most probable one."""
    decision, classes = board.champion.decision, board.task.classes
    lines = []
    if decision.threshold is not None:
        lines.append(words("card.threshold", threshold=f"{decision.threshold:.3g}"))
    if decision.factors is not None:
        order = np.argsort(-np.asarray(decision.factors), kind="stable")[:MOST_NAMED]
        named = [f"{shortened(str(classes[k]), 24)} × {decision.factors[k]:.3g}" for k in order]
        more = f" … (+{len(classes) - len(named)})" if len(classes) > len(named) else ""
        lines.append(words("decision.factors", factors=", ".join(named) + more))
    if decision.costs is not None:
        costs = np.asarray(decision.costs)
        dearest = np.argsort(-costs, axis=None, kind="stable")[:MOST_NAMED]
        pairs = [divmod(int(place), len(classes)) for place in dearest]
        named = [
            f"{shortened(str(classes[i]), 18)} → {shortened(str(classes[j]), 18)}: {costs[i, j]:g}"
            for i, j in pairs
            if i != j
        ]
        lines.append(words("decision.costs", costs=", ".join(named)))
    return lines


def effect_rows(board: Leaderboard, words: Words) -> list[tuple[str, str, str]]:
    """Give each number with the plain answer and with the decided one."""
    found = board.plan.get("decision_effect", ())
    return [
        (effect_label(str(each["measure"]), board, words), _shown(each, "before"), _shown(each, "after"))
        for each in found
        if isinstance(each, Mapping)
    ]


def effect_label(measure: str, board: Leaderboard, words: Words) -> str:
    """Name a number that a decision changes."""
    if measure == "mean_cost":
        return words("decision.mean_cost")
    base, bracket, label = measure.partition("[")
    if bracket:
        return f"{words.metric(base)} · {shortened(label.removesuffix(']'), 30)}"
    return words.metric(measure, board.task.kind)


def _shown(effect: Mapping[str, Any], side: str) -> str:
    value = float(effect[side])
    return number(value) if effect["measure"] == "mean_cost" else bounded(value)


def set_text(board: Leaderboard, words: Words) -> str:
    """Say what sets promise and what they held; "" where there are none."""
    decision = board.champion.decision
    if decision.set_threshold is None:
        return ""
    return words(
        "decision.sets",
        level=percent(decision.set_level, 0),
        threshold=f"{decision.set_threshold:.3g}",
        coverage=percent(decision.set_coverage),
        size=number(decision.set_size),
        judged=words(f"decision.judged_{board.held_out.kind}"),
    )


def set_rows(board: Leaderboard) -> tuple[list[SetRow], int]:
    """Give the sets by actual class, the largest classes first, and how many more there are."""
    decision, rows = board.champion.decision, board.held_out
    if decision.set_threshold is None or not len(rows.y):
        return [], 0
    hits, sizes = held(decision, rows.y, rows.predictions)
    per_class = np.bincount(rows.y, minlength=len(board.task.classes))
    order = [int(k) for k in np.argsort(-per_class, kind="stable")[:MOST_CLASSES] if per_class[k]]
    made = [
        SetRow(
            label=shortened(str(board.task.classes[k]), 40),
            rows=count(int(per_class[k])),
            coverage=percent(float(hits[rows.y == k].mean())) if per_class[k] >= FEWEST_ROWS else NOTHING,
            size=f"{sizes[rows.y == k].mean():.2f}",
            share=float(hits[rows.y == k].mean()),
        )
        for k in order
    ]
    return made, int((per_class > 0).sum()) - len(made)


def ece_text(board: Leaderboard, words: Words) -> str:
    """Say how far probabilities were from what happened, before and after calibration; "" if not measured."""
    found = board.plan.get("ece")
    if not isinstance(found, Mapping):
        return ""
    return words("decision.ece", before=number(found.get("before")), after=number(found.get("after")))
