"""The findings of the table as people read them: what, how bad, on which columns, what to do."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from yunque.data.finding import SEVERITIES, Finding, listed
from yunque.models.report_facts import ReportFacts
from yunque.models.report_numbers import number, percent
from yunque.models.report_words import Words, shortened

MOST_FINDINGS = 40
MOST_COLUMNS = 8
_SHARES = ("skill", "share", "best_possible")


@dataclass(frozen=True, kw_only=True)
class FindingText:
    """One finding, ready to print."""

    id: str
    severity: str
    severity_label: str
    title: str
    columns: tuple[str, ...]
    more_columns: int
    message: str
    action: str
    accepted: str


def finding_texts(facts: ReportFacts, words: Words) -> tuple[list[FindingText], int]:
    """Give findings, gravest first, and how many more there are."""
    ordered = sorted(facts.findings, key=lambda finding: SEVERITIES.index(finding.severity))
    texts = [_text(finding, facts.accepted.get(finding.id, ""), words) for finding in ordered[:MOST_FINDINGS]]
    return texts, len(ordered) - len(texts)


def severity_counts(facts: ReportFacts, words: Words) -> list[tuple[str, str, int]]:
    """Count findings by severity: (severity, label, count)."""
    counts = Counter(finding.severity for finding in facts.findings)
    return [(name, words(f"severity.{name}"), counts[name]) for name in SEVERITIES if counts[name]]


def _text(finding: Finding, accepted: str, words: Words) -> FindingText:
    check = finding.id.partition(":")[0]
    key = f"finding.{check}"
    title = words(f"{key}.title") if f"{key}.title" in words else check.replace("_", " ").capitalize()
    action = words(f"{key}.action") if f"{key}.action" in words else finding.suggested_action
    return FindingText(
        id=finding.id,
        severity=finding.severity,
        severity_label=words(f"severity.{finding.severity}"),
        title=title,
        columns=tuple(shortened(name) for name in finding.columns[:MOST_COLUMNS]),
        more_columns=max(0, len(finding.columns) - MOST_COLUMNS),
        message=_message(finding, f"{key}.message", words),
        action=action,
        accepted=accepted,
    )


def _message(finding: Finding, key: str, words: Words) -> str:
    """Give the check's own message, or where the catalogue has one, that with the evidence's numbers."""
    if key not in words:
        return finding.message
    shown = {name: _plain(name, value) for name, value in finding.evidence.items()}
    try:
        return words(key, columns=listed(finding.columns), **shown)
    except KeyError:  # the check gave other evidence this time; its own words are better than none
        return finding.message


def _plain(name: str, value: Any) -> str:
    if isinstance(value, float):
        return percent(value) if name.startswith(_SHARES) else number(value)
    if isinstance(value, int):
        return f"{value:,}"
    parts = value if isinstance(value, list | tuple) else [value]
    return ", ".join(shortened(str(part), 40) for part in parts)
