"""The head of the report: the question, the key numbers, and whether to believe them."""

import math
from dataclasses import dataclass
from typing import Literal

from yunque.learning.leaderboard import Baseline, Leaderboard
from yunque.learning.metrics import metric, score_of_loss
from yunque.learning.task import TaskKind
from yunque.models.gates import Requirement, loss_needed, needed_baselines, parse_requirement
from yunque.models.report_facts import ReportFacts
from yunque.models.report_numbers import count, number, percent, with_error
from yunque.models.report_words import Words, shortened

SECOND_METRICS = {
    TaskKind.BINARY: ("roc_auc", "pr_auc", "accuracy"),
    TaskKind.MULTICLASS: ("accuracy", "balanced_accuracy", "roc_auc"),
    TaskKind.REGRESSION: ("r2", "mae", "wape"),
    TaskKind.ANOMALY: ("stability", "flag_stability", "label_pr_auc"),
    TaskKind.CLUSTERS: ("stability", "label_rand"),
}


State = Literal["good", "bad", "note"]


@dataclass(frozen=True, kw_only=True)
class KeyNumber:
    """A number worth a card of its own."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One thing that a trustworthy model must show, and whether this one does."""

    state: State
    text: str


def question(facts: ReportFacts, words: Words) -> str:
    """Say in one sentence what is predicted."""
    task = facts.leaderboard.task
    labels = [shortened(str(label), 30) for label in task.classes]
    if not task.has_target:
        return words(f"question.{task.kind}")
    if task.kind is TaskKind.REGRESSION:
        return words("question.regression", target=task.target)
    if task.kind is TaskKind.BINARY:
        return words("question.binary", target=task.target, positive=labels[1], negative=labels[0])
    return words("question.multiclass", target=task.target, classes=count(len(labels)))


def key_numbers(facts: ReportFacts, words: Words) -> list[KeyNumber]:
    """Give the deciding metric beside its baselines, then two or three that people know."""
    board = facts.leaderboard
    found = metric(board.task.metric, board.task.kind)
    score = score_of_loss(found, board.champion_loss)
    first = KeyNumber(
        label=words.metric(board.task.metric),
        value=number(score),
        note=_against_constant(board, words),
    )
    rest = []
    for name in SECOND_METRICS[board.task.kind]:
        value = board.champion_metrics.get(name)
        if value is None or name == board.task.metric:
            continue
        constant = _constant(board)
        other = None if constant is None else constant.metrics.get(name)
        key = "summary.constant_has" if board.task.has_target else f"summary.{board.task.kind}_has"
        note = "" if other is None else words(key, value=number(other))
        rest.append(KeyNumber(label=words.metric(name), value=number(value), note=note))
    return [first, *rest[:3]]


def _constant(board: Leaderboard) -> Baseline | None:
    """Give the constant, or what stands in its place without a target."""
    plain = ("constant", "chance", "permuted_columns")
    return next((baseline for baseline in board.baselines if baseline.name in plain), None)


def _against_constant(board: Leaderboard, words: Words) -> str:
    constant = _constant(board)
    if constant is None or not constant.loss > 0 or not math.isfinite(board.champion_loss):
        return ""
    if not board.task.has_target:
        found = metric(board.task.metric, board.task.kind)
        return words(f"summary.{board.task.kind}_has", value=number(score_of_loss(found, constant.loss)))
    gain = (constant.loss - board.champion_loss) / constant.loss
    return words("summary.less_loss" if gain >= 0 else "summary.more_loss", share=percent(abs(gain)))


def verdicts(facts: ReportFacts, words: Words) -> list[Verdict]:
    """Say what the model showed and what it did not."""
    board = facts.leaderboard
    found = [_beats_verdict(board, baseline, words) for baseline in board.baselines]
    measured = {baseline.name for baseline in board.baselines}
    found += [
        Verdict(state="bad", text=words("verdict.not_measured", baseline=words(f"baseline.{name}")))
        for name in needed_baselines(board.task.kind)
        if name not in measured
    ]
    found += [Verdict(state="bad", text=alarm_text(alarm.id, alarm.message, words)) for alarm in board.alarms]
    if not board.alarms and board.task.has_target:
        found.append(Verdict(state="good", text=words("verdict.no_alarm")))
    found += [_requirement_verdict(facts, text, words) for text in facts.requirements]
    rows = count(len(board.held_out.rows))
    held = words(f"verdict.{board.held_out.kind if board.task.has_target else 'judged_apart'}", rows=rows)
    found.append(Verdict(state="good" if board.held_out.kind == "test" else "note", text=held))
    for finding in facts.findings:
        if finding.severity == "blocking":
            who = facts.accepted.get(finding.id)
            key = "verdict.accepted" if who else "verdict.blocking"
            state: State = "note" if who else "bad"
            found.append(Verdict(state=state, text=words(key, finding=finding.id, who=who or "")))
    found += [Verdict(state="bad", text=words("verdict.override", who=text)) for text in facts.overrides]
    return found


def alarm_text(name: str, message: str, words: Words) -> str:
    """Say what alarm fired; its message holds the numbers."""
    return words("verdict.alarm", alarm=name, message=message)


def beats(board: Leaderboard, baseline: Baseline) -> bool:
    """Tell whether the champion is better by more than noise, as the gate counts it."""
    own, other = (e if math.isfinite(e) else 0.0 for e in (board.champion_loss_error, baseline.loss_error))
    return board.champion_loss < loss_needed(baseline.loss, other, own)


def _beats_verdict(board: Leaderboard, baseline: Baseline, words: Words) -> Verdict:
    found = metric(board.task.metric, board.task.kind)
    is_better = beats(board, baseline)
    text = words(
        "verdict.beats" if is_better else "verdict.falls_short",
        baseline=words.baseline(baseline),
        metric=words.metric(board.task.metric),
        champion=with_error(score_of_loss(found, board.champion_loss), board.champion_loss_error),
        score=with_error(score_of_loss(found, baseline.loss), baseline.loss_error),
    )
    return Verdict(state="good" if is_better else "bad", text=text)


def sign_and_value(requirement: Requirement) -> str:
    """Give a declared target as people write it."""
    sign = requirement.sign.replace(">=", "≥").replace("<=", "≤")
    return f"{sign} {requirement.value:g}"


def _requirement_verdict(facts: ReportFacts, text: str, words: Words) -> Verdict:
    requirement = parse_requirement(text)
    value = facts.leaderboard.champion_metrics.get(requirement.metric, math.nan)
    is_met = requirement.holds(value)
    shown = f"{words.metric(requirement.metric)} {sign_and_value(requirement)}"
    key = "verdict.requirement_met" if is_met else "verdict.requirement_missed"
    return Verdict(state="good" if is_met else "bad", text=words(key, requirement=shown, value=number(value)))
