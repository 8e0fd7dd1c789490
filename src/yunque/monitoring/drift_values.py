"""What a measurement of drift says, as values: per column, of the scores, and of all columns together."""

from dataclasses import dataclass, field
from typing import Any, Literal

Question = Literal["stability", "distance", "missing", "unseen", "together"]

ALPHA = 0.01
MOST_BARS = 12


@dataclass(frozen=True, kw_only=True)
class Floors:
    """Effects that are worth an alarm however sure they are; smaller ones never are.

    Attributes:
        stability: population stability index; by custom 0.1 is a slight move, 0.25 a large one.
        distance: of the distribution functions of numbers (Kolmogorov and Smirnov).
        missing: change of the share of missing cells.
        unseen: share of cells with a level that training never saw, beyond what was to be expected.
        together: area under the curve of a model that tells today's rows from those of training.
    """

    stability: float = 0.1
    distance: float = 0.1
    missing: float = 0.01
    unseen: float = 0.01
    together: float = 0.55


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One question and its answer.

    Attributes:
        question: what was asked.
        effect: how far.
        floor: what the effect must reach to be an alarm: the floor, or what is usual at this size.
        p: as if this had been the only question.
        corrected: p for all questions of the run together (Holm).
        is_alarm: sure and large enough.
    """

    question: Question
    effect: float
    floor: float
    p: float
    corrected: float = 1.0
    is_alarm: bool = False


@dataclass(frozen=True, kw_only=True)
class Bar:
    """The share of cells in one bin, before and now."""

    label: str
    before: float
    now: float


@dataclass(frozen=True, kw_only=True)
class Moved:
    """One column, or one of the model's answers.

    Attributes:
        name: of the column; "(score)" and "(answer)" are the model's own.
        kind: of the column, as contracts have it.
        verdicts: of every question that could be asked.
        importance: the column's share of the model's importance, 0 to 1.
        earth_mover: how far numbers moved on average, in middle halves of the reference.
        facts: medians, shares of missing cells, levels that are new.
        bars: the distribution before and now.
    """

    name: str
    kind: str
    verdicts: tuple[Verdict, ...]
    importance: float = 0.0
    earth_mover: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    bars: tuple[Bar, ...] = ()

    @property
    def is_alarm(self) -> bool:
        """Whether any question was answered by an alarm."""
        return any(verdict.is_alarm for verdict in self.verdicts)

    @property
    def strength(self) -> float:
        """How far beyond its floor the largest alarm is; 0 without one, 10 at most."""
        sizes = [v.effect / v.floor for v in self.verdicts if v.is_alarm and v.floor > 0]
        return min(10.0, max(sizes, default=0.0))

    @property
    def weight(self) -> float:
        """How much the alarm matters to this model: strength times importance."""
        return self.strength * self.importance

    def effect(self, question: Question) -> float | None:
        """Give the effect of a question, None where it was not asked."""
        return next((v.effect for v in self.verdicts if v.question == question), None)


@dataclass(frozen=True, kw_only=True)
class Together:
    """All columns at once.

    Attributes:
        verdict: area under the curve of a model that tells today's rows from those of training.
        shares: the columns that tell them, largest first.
    """

    verdict: Verdict
    shares: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One measurement.

    Attributes:
        rows: of today.
        reference_rows: of the table that was learnt from; sample_rows: of the sample kept of it.
        columns: every column that could be compared; alarms first, by strength times importance.
        answers: score and answer of the model, as far as they could be compared.
        together: all columns at once; None where it was not asked, or rows were too few.
        notes: what could not be compared and why, as keys of the catalogue with their values.
        alpha: how often a run may alarm although nothing moved.
    """

    rows: int
    reference_rows: int
    sample_rows: int
    columns: tuple[Moved, ...]
    answers: tuple[Moved, ...] = ()
    together: Together | None = None
    notes: tuple[tuple[str, dict[str, Any]], ...] = ()
    alpha: float = ALPHA

    @property
    def alarms(self) -> tuple[str, ...]:
        """Name what moved: columns first, by strength times importance; "(together)" for all at once."""
        moved = [each.name for each in (*self.columns, *self.answers) if each.is_alarm]
        is_told = self.together is not None and self.together.verdict.is_alarm
        return (*moved, *(("(together)",) if is_told else ()))
