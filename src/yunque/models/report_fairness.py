"""The table of groups: how the champion treats those that a person named, with what is not known said."""

from collections.abc import Mapping
from dataclasses import dataclass

from yunque.learning.fairness import FEWEST_ROWS, Fairness, Measured
from yunque.models.report_facts import ReportFacts
from yunque.models.report_numbers import NOTHING, count, number, percent
from yunque.models.report_words import Words, shortened

_PLAIN = ("mean_error", "mae", "mean_error_difference", "mae_difference")
_RATIOS = ("parity_ratio",)


@dataclass(frozen=True, kw_only=True)
class FairnessTable:
    """One column's groups as text: header, rows (label, rows, numbers), gaps (label, value), notes."""

    column: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    gaps: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def fairness_tables(facts: ReportFacts, words: Words) -> list[FairnessTable]:
    """Give a table for each sensitive column that was named; [] when none was."""
    return [_table(found, words) for found in facts.fairness]


def lead(facts: ReportFacts, words: Words) -> str:
    """Say what the tables show, and which answer counts as positive."""
    task = facts.leaderboard.task
    if not task.has_target:
        return ""
    positive = shortened(str(task.classes[1])) if len(task.classes) > 1 else ""
    return words(f"lead.fairness_{task.kind}", positive=positive)


def _table(found: Fairness, words: Words) -> FairnessTable:
    names = tuple(found.groups[0].rates) if found.groups else ()
    rows = [
        (
            words("fairness.missing") if group.label is None else shortened(group.label),
            count(group.rows),
            *_cells(group.rates, words),
        )
        for group in found.groups
    ]
    notes = [words("fairness.cut")] if found.cut else []
    if found.groups_left_out:
        notes.append(words("fairness.more", count=found.groups_left_out))
    if any(each is None for group in found.groups for each in group.rates.values()):
        notes.append(words("fairness.few_note", least=FEWEST_ROWS))
    return FairnessTable(
        column=shortened(found.column),
        header=(words("fairness.group"), words("word.rows"), *(words(f"fairness.{name}") for name in names)),
        rows=tuple(rows),
        gaps=tuple(
            (words(f"fairness.{name}"), NOTHING if gap is None else shown(name, gap))
            for name, gap in found.gaps.items()
        ),
        notes=tuple(notes),
    )


def _cells(rates: Mapping[str, Measured | None], words: Words) -> list[str]:
    return [words("fairness.few") if each is None else shown(name, each) for name, each in rates.items()]


def shown(name: str, measured: Measured) -> str:
    """Give a measured number with its interval, in percent where it is a share."""
    if name in _PLAIN:
        texts = [number(value) for value in (measured.value, measured.low, measured.high)]
    elif name in _RATIOS:
        texts = [f"{value:.2f}" for value in (measured.value, measured.low, measured.high)]
    else:
        texts = [percent(value) for value in (measured.value, measured.low, measured.high)]
    return f"{texts[0]} [{texts[1]}, {texts[2]}]"
