"""How the run went: split, seed, budget, what was skipped, versions."""

from typing import Any

from yunque.models.report_facts import ReportFacts
from yunque.models.report_numbers import count, duration
from yunque.models.report_unlabelled import flag_text
from yunque.models.report_words import Words

MOST_NOTES = 20
_STAGES_LEFT_OUT = ("total",)


def asked(facts: ReportFacts, words: Words) -> list[tuple[str, str]]:
    """Give what was asked, as label and value."""
    board, task = facts.leaderboard, facts.leaderboard.task
    features = len(facts.contract.schema.features)
    pairs = [
        ("asked.target", task.target or ""),
        ("asked.task", words(f"task.{task.kind}")),
        ("asked.metric", words.metric(task.metric)),
        ("asked.table", words("asked.table_size", rows=count(facts.rows), columns=count(features))),
        ("asked.source", facts.source),
        ("asked.contract", f"{facts.contract.name} v{facts.contract.version}"),
        ("asked.split", split_text(facts, words)),
        ("asked.requirements", ", ".join(facts.requirements) or words("asked.no_requirements")),
    ]
    if task.is_classification:
        shown = ", ".join(str(label)[:24] for label in task.classes[:8])
        more = f" … ({count(len(task.classes))})" if len(task.classes) > 8 else ""
        pairs.insert(3, ("asked.classes", shown + more))
    held = words(f"held_out.{board.held_out.kind if task.has_target else 'judged_apart'}")
    pairs.append(("asked.judged", words("asked.judged_on", rows=count(len(board.held_out.rows)), held=held)))
    return [(words(key), value) for key, value in pairs if value]


def split_text(facts: ReportFacts, words: Words) -> str:
    """Say how the rows were split."""
    split = facts.leaderboard.split
    kind, folds = str(split.get("kind", "")), split.get("folds")
    text = words(f"split.{kind}") if f"split.{kind}" in words else kind
    if isinstance(folds, int):
        text += words("split.folds", folds=folds) if folds > 1 else words("split.one_fold")
    holdout = split.get("holdout")
    if isinstance(holdout, dict) and "from" in holdout:
        text += words("split.holdout_from", moment=holdout["from"])
    elif isinstance(holdout, dict) and "share" in holdout:
        text += words("split.holdout_share", share=f"{holdout['share']:.0%}")
    return text


def run_facts(facts: ReportFacts, words: Words) -> list[tuple[str, str]]:
    """Give seed, budget and times, as label and value."""
    board = facts.leaderboard
    blend = board.champion.blend
    pairs = [
        ("run.created", facts.created.isoformat(sep=" ", timespec="minutes")),
        ("run.seed", str(board.seed)),
        (
            "run.budget",
            words("run.budget_used", asked=duration(facts.budget_seconds), used=duration(facts.seconds)),
        ),
        ("run.candidates", _states(facts, words)),
        (
            "run.champion",
            words("run.members" if len(blend.members) > 1 else "run.member", count=len(blend.members)),
        ),
        ("run.calibration", words(f"calibration.{blend.calibration.kind}")),
    ]
    flagged = flag_text(board, words)
    if flagged:
        pairs.append(("run.threshold", flagged))
    threshold = board.champion.decision.threshold
    if threshold is not None:
        pairs.append(("run.threshold", f"{threshold:.3g}"))
    return [(words(key), value) for key, value in pairs]


def _states(facts: ReportFacts, words: Words) -> str:
    states = [entry.state for entry in facts.leaderboard.entries]
    named = [(words.state(name), states.count(name)) for name in ("done", "dropped", "failed", "skipped")]
    return ", ".join(f"{number_of} {label}" for label, number_of in named if number_of)


def stage_seconds(facts: ReportFacts, words: Words) -> list[tuple[str, str, float]]:
    """Give the stages of the run: label, time, share of the whole."""
    timings = {k: v for k, v in facts.leaderboard.timings.items() if k not in _STAGES_LEFT_OUT}
    total = sum(timings.values()) or 1.0
    return [
        (words(f"stage.{name}") if f"stage.{name}" in words else name, duration(seconds), seconds / total)
        for name, seconds in timings.items()
    ]


def notes(facts: ReportFacts) -> list[str]:
    """Give what the run skipped, cut or defaulted, in its own words."""
    board = facts.leaderboard
    found: list[Any] = [*_listed(board.split.get("notes")), *_listed(board.plan.get("notes"))]
    return [str(note) for note in found[:MOST_NOTES]]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
