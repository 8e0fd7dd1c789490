"""The tables of quality: every metric beside the baselines, every class, every candidate."""

from dataclasses import dataclass

import numpy as np

from yunque.learning.leaderboard import Entry, Leaderboard
from yunque.learning.metrics import metric, metrics_of, score_of_loss
from yunque.learning.task import TaskKind
from yunque.models.gates import parse_requirement
from yunque.models.report_facts import ReportFacts
from yunque.models.report_numbers import (
    NOTHING,
    bounded,
    count,
    duration,
    microseconds,
    number,
    percent,
    with_error,
)
from yunque.models.report_summary import sign_and_value
from yunque.models.report_words import Words, shortened

MOST_CLASSES = 15
MOST_CANDIDATES = 25
# Averages that say nearly the same as their neighbour stay in the manifest; a page needs the telling ones.
LEFT_OUT = frozenset({"precision_macro", "recall_macro", "f1_macro", "mse"})
LEFT_OUT_OF_TWO = LEFT_OUT | {"precision_weighted", "recall_weighted", "f1_weighted"}


@dataclass(frozen=True, kw_only=True)
class MetricRow:
    """One metric: the champion's value, those of the baselines, and the target that was declared."""

    name: str
    label: str
    champion: str
    baselines: tuple[str, ...]
    required: str
    direction: str
    is_deciding: bool


def metric_rows(facts: ReportFacts, words: Words) -> list[MetricRow]:
    """Give the metrics of the task in the catalogue's order, the deciding one first."""
    board = facts.leaderboard
    required = {r.metric: sign_and_value(r) for r in map(parse_requirement, facts.requirements)}
    names = [found.name for found in metrics_of(board.task.kind) if found.name in board.champion_metrics]
    left_out = LEFT_OUT_OF_TWO if board.task.kind is TaskKind.BINARY else LEFT_OUT
    wanted = {*required, board.task.metric} & set(board.champion_metrics)
    names = [name for name in names if name not in left_out or name in wanted]
    names += sorted(wanted.difference(names))
    names.sort(key=lambda name: name != board.task.metric)
    return [_metric_row(board, name, required.get(name, ""), words) for name in names]


def _metric_row(board: Leaderboard, name: str, required: str, words: Words) -> MetricRow:
    found = metric(name.partition("[")[0])
    is_deciding = name == board.task.metric
    shown = bounded if board.task.is_classification else number
    champion = shown(board.champion_metrics.get(name))
    if is_deciding:
        champion = with_error(score_of_loss(found, board.champion_loss), board.champion_loss_error)
    return MetricRow(
        name=name,
        label=words.metric(name, board.task.kind),
        champion=champion,
        baselines=tuple(shown(baseline.metrics.get(name)) for baseline in board.baselines),
        required=required,
        direction="↑" if found.higher_is_better else "↓",
        is_deciding=is_deciding,
    )


@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """One class on the held-out rows."""

    label: str
    rows: str
    share: str
    precision: str
    recall: str
    f1: str


def class_rows(board: Leaderboard) -> tuple[list[ClassRow], int]:
    """Give the largest classes, and how many more there are."""
    task = board.task
    if not task.is_classification:
        return [], 0
    sizes = np.bincount(board.held_out.y, minlength=len(task.classes))
    order = np.argsort(-sizes, kind="stable")[:MOST_CLASSES]
    rows = [_class_row(board, int(place), int(sizes[place]), int(sizes.sum())) for place in order]
    return rows, len(task.classes) - len(rows)


def _class_row(board: Leaderboard, place: int, rows: int, total: int) -> ClassRow:
    label = str(board.task.classes[place])
    precision, recall, f1 = (
        bounded(board.champion_metrics.get(f"{name}[{label}]")) for name in ("precision", "recall", "f1")
    )
    return ClassRow(
        label=shortened(label),
        rows=count(rows),
        share=percent(rows / max(total, 1)),
        precision=precision,
        recall=recall,
        f1=f1,
    )


@dataclass(frozen=True, kw_only=True)
class CandidateRow:
    """One line of the leaderboard."""

    place: str
    name: str
    algorithm: str
    score: str
    weight: str
    folds: str
    rounds: str
    seconds: str
    speed: str
    state: str
    reason: str


def candidate_rows(board: Leaderboard, words: Words) -> tuple[list[CandidateRow], int]:
    """Give the leaderboard's first lines, and how many more there are."""
    shown = board.entries[:MOST_CANDIDATES]
    rows = [_candidate_row(board, place, entry, words) for place, entry in enumerate(shown, start=1)]
    return rows, len(board.entries) - len(shown)


def _candidate_row(board: Leaderboard, place: int, entry: Entry, words: Words) -> CandidateRow:
    found = metric(board.task.metric, board.task.kind)
    score = None if entry.loss is None else score_of_loss(found, entry.loss)
    return CandidateRow(
        place=str(place) if entry.state == "done" else NOTHING,
        name=entry.name,
        algorithm=entry.algorithm.replace("_", " "),
        score=with_error(score, entry.loss_error),
        weight=percent(entry.weight, 0) if entry.weight > 0 else "",
        folds=str(len(entry.fold_losses) or ""),
        rounds=count(entry.rounds) if entry.rounds else "",
        seconds=duration(entry.fit_seconds) if entry.fit_seconds > 0 else "",
        speed=microseconds(entry.microseconds_per_row),
        state=words.state(entry.state),
        reason=entry.reason,
    )
