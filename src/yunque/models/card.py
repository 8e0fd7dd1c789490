"""The model card: MODEL_CARD.md with the sections that the ML service standard asks for, in its order."""

import re
from dataclasses import dataclass
from typing import Any

from yunque.data.schema import Role
from yunque.learning.leaderboard import Entry, Leaderboard
from yunque.learning.metrics import metric, score_of_loss
from yunque.models import report_limits, report_quality, report_run, report_summary
from yunque.models.gates import needed_baselines
from yunque.models.page import environment
from yunque.models.report_decision import ece_text, effect_rows, rule_lines
from yunque.models.report_facts import ReportFacts
from yunque.models.report_fairness import FairnessTable, fairness_tables, lead
from yunque.models.report_numbers import NOTHING, count, duration, number, percent, with_error
from yunque.models.report_usage import command_line, curl_command, python_code
from yunque.models.report_words import Words, shortened, words

__all__ = ["ReportFacts", "render_card"]

MOST_MEMBERS = 12
MOST_PARAMETERS = 40
_MARKS = re.compile(r"([\\`*\[\]<>|#&~]|(?<!\w)_|_(?!\w))")


def render_card(facts: ReportFacts) -> str:
    """Give the model card as Markdown; names from the table are escaped, so they cannot become markup.

    Equal facts give equal text.
    """
    return (
        environment("yunque.models", is_markup=False)
        .get_template("card.md")
        .render(_content(facts, words(facts.language)))
    )


def plain(text: str) -> str:
    """Escape what Markdown would read as markup, and keep the text on one line."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def _content(facts: ReportFacts, t: Words) -> dict[str, Any]:
    code = [python_code(facts), command_line(facts), curl_command(facts)]
    longest = max((len(run) for text in code for run in re.findall("`+", text)), default=0)
    return {
        "t": t,
        **_general(facts, t),
        **_data(facts, t),
        **_architecture(facts, t),
        "metrics": _metrics(facts, t),
        "baseline_note": plain(_baseline_note(facts.leaderboard, t)),
        "fairness": [_plain_table(table) for table in fairness_tables(facts, t)],
        "fairness_lead": plain(lead(facts, t)),
        "limits": [plain(text) for text in _limits(facts, t)],
        "python": code[0],
        "shell": code[1],
        "curl": code[2],
        "fence": "`" * max(3, longest + 1),
        "changes": [plain(change) for change in _changes(facts, t)],
    }


def _general(facts: ReportFacts, t: Words) -> dict[str, str]:
    board = facts.leaderboard
    purpose = t(
        "card.purpose",
        question=report_summary.question(facts, t),
        metric=t.metric(board.task.metric),
        candidates=len(board.entries),
        budget=duration(facts.budget_seconds),
    )
    return {
        "name": plain(facts.name),
        "version": plain(facts.version) or t("card.unpublished"),
        "date": facts.created.date().isoformat(),
        "author": plain(facts.author),
        "kind": t(f"task.{board.task.kind}"),
        "description": plain(facts.description),
        "purpose": plain(purpose),
        "headline": plain(_headline(board, t)),
    }


def _headline(board: Leaderboard, t: Words) -> str:
    found = metric(board.task.metric, board.task.kind)
    plain_ones = needed_baselines(board.task.kind)[0]
    constant = next((b.loss for b in board.baselines if b.name == plain_ones), float("nan"))
    kind = board.held_out.kind if board.task.has_target else "judged_apart"
    return t(
        "card.headline" if board.task.has_target else f"card.headline_{board.task.kind}",
        held=f"{count(len(board.held_out.rows))} {t(f'held_out.{kind}')}",
        metric=t.metric(board.task.metric),
        score=with_error(score_of_loss(found, board.champion_loss), board.champion_loss_error),
        constant=number(score_of_loss(found, constant)),
    )


def _data(facts: ReportFacts, t: Words) -> dict[str, str]:
    period = report_limits.training_period(facts)
    shown = t("card.period_between", first=period[0], last=period[1]) if period else t("card.no_period")
    if period is None and (time := facts.contract.schema.holder(Role.TIME)) is not None:
        shown = time.name
    return {
        "source": plain(facts.source or t("page.no_source")),
        "size": t("card.samples", rows=count(facts.rows)),
        "features": t("card.features_count", count=count(len(facts.contract.schema.features))),
        "target": plain(facts.leaderboard.task.target or t("card.no_target")),
        "period": plain(shown),
        "split": plain(report_run.split_text(facts, t)),
    }


def _architecture(facts: ReportFacts, t: Words) -> dict[str, Any]:
    board = facts.leaderboard
    shipped = [entry for entry in board.entries if entry.weight > 0]
    lines = [
        t("card.member", name=entry.name, algorithm=entry.algorithm, weight=percent(entry.weight))
        for entry in shipped[:MOST_MEMBERS]
    ]
    return {
        "member_count": len(board.champion.blend.members),
        "members": [plain(line) for line in lines],
        "decision": _decision(board, t),
        "parameters": _parameters(shipped, t),
    }


def _decision(board: Leaderboard, t: Words) -> list[str]:
    decision = board.champion.decision
    lines = []
    if board.task.is_classification:
        kind = t(f"calibration.{board.champion.blend.calibration.kind}")
        lines.append(t("card.calibrated", kind=kind))
    lines += [ece] if (ece := ece_text(board, t)) else []
    lines += rule_lines(board, t)
    lines += [
        f"{label}: {before} → {after} ({t('decision.plain')} → {t('decision.decided')})."
        for label, before, after in effect_rows(board, t)
    ]
    if decision.set_level is not None:
        level, size = percent(decision.set_level, 0), number(decision.set_size)
        lines.append(t("card.sets", level=level, coverage=percent(decision.set_coverage), size=size))
    if decision.interval_level is not None:
        lines.append(t("card.interval", level=percent(decision.interval_level, 0)))
        lines.append(t("card.interval_measured", coverage=percent(decision.interval_coverage)))
    return [plain(line) for line in lines]


def _parameters(shipped: list[Entry], t: Words) -> list[tuple[str, str]]:
    found = [
        (plain(f"{entry.name}: {name}"), plain(shortened(str(value), 80)))
        for entry in shipped
        for name, value in sorted(entry.params.items())
    ]
    found += [(plain(f"{entry.name}: rounds"), str(entry.rounds)) for entry in shipped if entry.rounds]
    return found[:MOST_PARAMETERS] or [(NOTHING, t("card.no_parameters"))]


@dataclass(frozen=True, kw_only=True)
class CardMetric:
    """One metric: cross-validated on training rows, on untouched rows, and the target that was declared."""

    label: str
    train: str
    test: str
    required: str


def _metrics(facts: ReportFacts, t: Words) -> list[CardMetric]:
    board = facts.leaderboard
    best = next((entry.metrics for entry in board.entries if entry.weight > 0), {})
    is_test = board.held_out.kind == "test"
    return [
        CardMetric(
            label=plain(row.label),
            train=number(best.get(row.name)) if is_test else row.champion,
            test=row.champion if is_test else NOTHING,
            required=row.required or NOTHING,
        )
        for row in report_quality.metric_rows(facts, t)
    ]


def _baseline_note(board: Leaderboard, t: Words) -> str:
    named = [f"{t.baseline(b)} {with_error(b.loss, b.loss_error)}" for b in board.baselines]
    return t("card.baseline_note", baselines=", ".join(named) or NOTHING)


def _plain_table(table: FairnessTable) -> FairnessTable:
    return FairnessTable(
        column=plain(table.column),
        header=tuple(map(plain, table.header)),
        rows=tuple(tuple(map(plain, row)) for row in table.rows),
        gaps=tuple((plain(label), plain(value)) for label, value in table.gaps),
        notes=tuple(map(plain, table.notes)),
    )


def _limits(facts: ReportFacts, t: Words) -> list[str]:
    unused, more = report_limits.unused_columns(facts, t)
    found = report_limits.limits(facts, t)
    if unused:
        named = ", ".join(f"{c.name} ({c.role}{f': {c.reason}' if c.reason else ''})" for c in unused)
        found.append(t("card.not_used", names=named + (f" … (+{more})" if more else "")))
    return found


def _changes(facts: ReportFacts, t: Words) -> list[str]:
    if facts.changes:
        return list(facts.changes)
    version = f"v{facts.version}" if facts.version else t("card.unpublished")
    first = t("card.first_change", rows=count(facts.rows), seed=facts.leaderboard.seed)
    return [f"{version} ({facts.created.date().isoformat()}): {first}"]
