"""What the report and the model card are made from: one run, told once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from yunque.data.contract import Contract
from yunque.data.finding import Finding
from yunque.errors import UsageError
from yunque.learning.fairness import Fairness
from yunque.learning.leaderboard import Leaderboard

Language = Literal["en", "es"]


@dataclass(frozen=True, kw_only=True)
class ReportFacts:
    """One run and its circumstances; the report shows nothing that is not here.

    Attributes:
        name: name of the model.
        version: as a person says it ("3"); "" before it is published.
        created: moment of packing, with a time zone.
        language: of the text; names, numbers and messages of checks stay as they are.
        source: where the table came from, in words; no path of a machine.
        author: who made the model.
        description: what it is for, in the user's words; "" lets the question speak for itself.
        contract: what the table had to look like.
        rows: rows that were given to training.
        leaderboard: everything the run found.
        findings: all findings of the table.
        accepted: blocking findings that a person accepted: id -> who and why.
        requirements: targets declared before training, for example "roc_auc>=0.85".
        overrides: named reasons to promote in spite of a shortfall.
        budget_seconds, seconds: asked and used.
        profile: column statistics of the training rows (`data.profile`); {} when there are none.
        versions: packages whose version can change a number.
        example: a row that the model answers, as JSON values.
        fairness: the groups of each sensitive column that was named.
        changes: what is new in this version, newest first.
    """

    name: str
    version: str = ""
    created: datetime
    language: Language = "en"
    source: str = ""
    author: str = "Yunque"
    description: str = ""
    contract: Contract
    rows: int
    leaderboard: Leaderboard
    findings: tuple[Finding, ...] = ()
    accepted: Mapping[str, str] = field(default_factory=dict)
    requirements: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    budget_seconds: float = 0.0
    seconds: float = 0.0
    profile: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    example: Mapping[str, Any] = field(default_factory=dict)
    fairness: tuple[Fairness, ...] = ()
    changes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a language that nobody wrote."""
        if self.language not in ("en", "es"):
            raise UsageError(f"There is no report in {self.language!r}.", hint="Languages are 'en' and 'es'.")
