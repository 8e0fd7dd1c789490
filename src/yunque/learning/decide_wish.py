"""What a person asks of the answers: a least recall, costs of mistakes, how often a set holds the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yunque.errors import UsageError
from yunque.learning.decide_costs import CostTable, label_text, parse_costs, place_of
from yunque.learning.task import Label, Task, TaskKind

COVERAGE = 0.9

RecallWords = str | float | Mapping[str, float] | Sequence[str]


@dataclass(frozen=True, kw_only=True)
class DecisionWish:
    """How answers, intervals and sets are to be made; nothing set leaves answers to the deciding metric.

    Attributes:
        recalls: (class, least share of its rows that must be found), above 0 and at most 1; "" names the
            positive class of two. Among the ways that reach it on out-of-fold rows, the one of best precision
            for the class is taken.
        costs: what each mistake costs; None for equal costs.
        coverage: share of intervals or sets of classes that are to hold the truth.
    """

    recalls: tuple[tuple[str, float], ...] = ()
    costs: CostTable | None = None
    coverage: float = COVERAGE

    def __post_init__(self) -> None:
        """Refuse shares that mean nothing.

        Raises:
            UsageError: a number is out of range, or both ways to answer are asked for.
        """
        for _, share in self.recalls:
            if not 0.0 < share <= 1.0:
                raise UsageError(
                    f"A least recall is a share above 0 and at most 1, not {share}.",
                    hint="Write 0.9 for nine in ten.",
                )
        if not 0.5 <= self.coverage < 1.0:
            raise UsageError(
                f"A coverage is a share from 0.5 to below 1, not {self.coverage}.",
                hint="Write 0.9 for nine in ten.",
            )
        if self.recalls and self.costs is not None:
            raise UsageError(
                "A least recall and costs are two ways to choose one answer.", hint="Give one of them."
            )

    @property
    def is_set(self) -> bool:
        """Whether something is asked of the answers themselves."""
        return bool(self.recalls) or self.costs is not None

    def refuse_other_tasks(self, task: Task) -> None:
        """Stop before training where the task has no such answers.

        Raises:
            UsageError: the task has no classes, a class is unknown, or both classes of two need a recall.
        """
        if not self.is_set:
            return
        if not task.is_classification:
            raise UsageError(
                f"A least recall or costs choose between classes, and a {task.kind.value} task has none.",
                hint="Leave them out, or predict a column of classes.",
            )
        if self.costs is not None:
            self.costs.matrix(task.classes)
        places = [self.recall_place(name, task.classes) for name, _ in self.recalls]
        if task.kind is TaskKind.BINARY and len(places) > 1:
            raise UsageError("One threshold cannot promise a recall of both classes.", hint="Name one class.")
        if len(set(places)) < len(places):
            raise UsageError("A class has two least recalls.", hint="Name each class once.")

    @staticmethod
    def recall_place(name: str, classes: Sequence[Label]) -> int:
        """Give the position of a class that a recall is asked of.

        Raises:
            UsageError: there is no such class, or none is named among many.
        """
        if name:
            return place_of(name, {label_text(label): place for place, label in enumerate(classes)})
        if len(classes) != 2:
            raise UsageError(
                f"A least recall among {len(classes)} classes needs the name of one.",
                hint=f'Write "{label_text(classes[0])}=0.9".',
            )
        return 1


def read_wish(
    recall: RecallWords | None = None,
    costs: str | Mapping[str, Mapping[str, float]] | None = None,
    coverage: float = COVERAGE,
) -> DecisionWish:
    """Read what people write: a recall as 0.9, "0.9", "fraud=0.9", several of them, or {"fraud": 0.9}.

    Raises:
        UsageError: a word cannot be read, or the wish means nothing.
    """
    return DecisionWish(
        recalls=_recalls(recall), costs=parse_costs(costs) if costs else None, coverage=coverage
    )


def _recalls(given: RecallWords | None) -> tuple[tuple[str, float], ...]:
    if given is None or given == "":
        return ()
    if isinstance(given, Mapping):
        return tuple((name, float(share)) for name, share in given.items())
    if isinstance(given, int | float):
        return (("", float(given)),)
    if isinstance(given, str):
        return tuple(_recall(part) for part in given.split(","))
    return tuple(_recall(part) for text in given for part in str(text).split(","))


def _recall(text: str) -> tuple[str, float]:
    name, _, share = text.rpartition("=")
    try:
        return name.strip(), float(share)
    except ValueError as error:
        raise UsageError(
            f"A least recall is not written like that: {text[:60]!r}.", hint='Write 0.9, or "fraud=0.9".'
        ) from error
