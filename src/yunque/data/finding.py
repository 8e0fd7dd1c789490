"""What a check reports: one finding, with its evidence and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["blocking", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("blocking", "warning", "info")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something about a table that a person should know before training on it.

    Attributes:
        id: the check's name and, where there are several, the column: "single_column_leak:dep_delay". Unique
            within a table; a blocking finding is accepted by this name.
        severity: "blocking" makes training meaningless or dishonest; "warning" asks for a decision; "info"
            is worth knowing.
        columns: columns it is about.
        evidence: the numbers it rests on, JSON-able.
        message: what was found, in one or two sentences with numbers.
        suggested_action: what to do about it.
    """

    id: str
    severity: Severity
    columns: tuple[str, ...]
    evidence: Mapping[str, Any]
    message: str
    suggested_action: str

    def to_dict(self) -> dict[str, Any]:
        """Give the finding as plain JSON values."""
        return {
            "id": self.id,
            "severity": self.severity,
            "columns": list(self.columns),
            "evidence": dict(self.evidence),
            "message": self.message,
            "suggested_action": self.suggested_action,
        }


def listed(names: tuple[str, ...] | list[str], most: int = 8) -> str:
    """Name columns in a sentence, and say how many more there are."""
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
