"""What the model cannot know, and how far its answers may be trusted."""

from dataclasses import dataclass

import numpy as np

from yunque.data.schema import Column, Kind, Role
from yunque.learning.leaderboard import Leaderboard
from yunque.models.report_facts import ReportFacts
from yunque.models.report_numbers import count, number, percent
from yunque.models.report_summary import alarm_text
from yunque.models.report_words import Words, shortened

MOST_COLUMNS = 40
FEW_ROWS = 30
UNUSED = (Role.IGNORE, Role.ID, Role.GROUP, Role.TIME, Role.WEIGHT)


@dataclass(frozen=True, kw_only=True)
class UnusedColumn:
    """A column that the model does not look at, and why."""

    name: str
    role: str
    reason: str


def unused_columns(facts: ReportFacts, words: Words) -> tuple[list[UnusedColumn], int]:
    """Give columns that are not features, and how many more there are."""
    found = [column for column in facts.contract.schema if column.role in UNUSED]
    shown = [
        UnusedColumn(name=shortened(c.name), role=words(f"role.{c.role}"), reason=c.reason)
        for c in found[:MOST_COLUMNS]
    ]
    return shown, len(found) - len(shown)


def limits(facts: ReportFacts, words: Words) -> list[str]:
    """Give one sentence per limit, gravest first."""
    board = facts.leaderboard
    found = [alarm_text(alarm.id, alarm.message, words) for alarm in board.alarms]
    found += [words("limit.accepted", finding=name, who=who) for name, who in facts.accepted.items()]
    found += _about_time(facts, words)
    found += _about_scores(board, words)
    found += _about_classes(board, words)
    found += _about_values(facts, words)
    found += _about_columns(facts, words)
    found.append(words("limit.cause"))
    return found


def _about_time(facts: ReportFacts, words: Words) -> list[str]:
    time = facts.contract.schema.holder(Role.TIME)
    if time is None:
        return [words("limit.no_time")]
    period = training_period(facts)
    if period is None:
        return [words("limit.time", column=shortened(time.name))]
    return [words("limit.period", column=shortened(time.name), first=period[0], last=period[1])]


def training_period(facts: ReportFacts) -> tuple[str, str] | None:
    """Give the first moment of the training rows and where they end, from profile and split."""
    time = facts.contract.schema.holder(Role.TIME)
    columns = facts.profile.get("columns")
    facts_of_time = columns.get(time.name) if time is not None and isinstance(columns, dict) else None
    if not isinstance(facts_of_time, dict):
        return None
    first, last = facts_of_time.get("min"), _first_held_out(facts) or facts_of_time.get("max")
    return None if first is None or last is None else (_moment(first), _moment(last))


def _first_held_out(facts: ReportFacts) -> object:
    holdout = facts.leaderboard.split.get("holdout")
    return holdout.get("from") if isinstance(holdout, dict) else None


def _moment(value: object) -> str:
    return str(value).replace("T", " ")[:16].removesuffix(" 00:00")


def _about_scores(board: Leaderboard, words: Words) -> list[str]:
    found = []
    if not board.task.has_target:
        found.append(words(f"limit.{board.task.kind}"))
    elif board.held_out.kind == "out_of_fold":
        found.append(words("limit.out_of_fold"))
    decision = board.champion.decision
    if decision.interval_level is not None:
        coverage = percent(decision.interval_coverage)
        found.append(words("limit.interval", level=percent(decision.interval_level, 0), coverage=coverage))
    if decision.set_level is not None:
        level, coverage = percent(decision.set_level, 0), percent(decision.set_coverage)
        found.append(words("limit.sets", level=level, coverage=coverage, size=number(decision.set_size)))
    return found


def _about_classes(board: Leaderboard, words: Words) -> list[str]:
    if not board.task.is_classification:
        return []
    sizes = np.bincount(board.held_out.y, minlength=len(board.task.classes))
    few = [str(label) for label, size in zip(board.task.classes, sizes, strict=True) if size < FEW_ROWS]
    found = [words("limit.classes", count=count(len(board.task.classes)))]
    if few:
        names = ", ".join(shortened(name, 24) for name in few[:6]) + (" …" if len(few) > 6 else "")
        found.append(words("limit.few_rows", count=len(few), names=names, least=FEW_ROWS))
    return found


def _about_values(facts: ReportFacts, words: Words) -> list[str]:
    target = facts.contract.schema.target
    if facts.leaderboard.task.is_classification or target is None or target.minimum is None:
        return []
    return [words("limit.range", low=number(target.minimum), high=number(target.maximum))]


def _about_columns(facts: ReportFacts, words: Words) -> list[str]:
    features = facts.contract.schema.features
    found = []
    if any(column.kind is Kind.CATEGORY for column in features):
        found.append(words("limit.unseen", names=_names(features, {Kind.CATEGORY})))
    if any(column.kind is Kind.TEXT for column in features):
        found.append(words("limit.text", names=_names(features, {Kind.TEXT})))
    if any(column.kind in (Kind.NUMBER, Kind.INTEGER) for column in features):
        found.append(words("limit.extrapolation"))
    return found


def _names(columns: tuple[Column, ...], kinds: set[Kind]) -> str:
    names = [shortened(column.name, 24) for column in columns if column.kind in kinds]
    return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
