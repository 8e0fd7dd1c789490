"""What is asked of a model: the kind of answer, the classes, and the metric that decides."""

from dataclasses import dataclass
from enum import StrEnum

Label = str | int | bool | float


class TaskKind(StrEnum):
    """The kind of answer."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


@dataclass(frozen=True, kw_only=True)
class Task:
    """The question a run answers.

    Attributes:
        kind: kind of answer.
        target: name of the target column.
        classes: the labels as they stand in the data (text, integers or booleans), sorted; () in regression.
            In a binary task the second is the positive class.
        metric: name of the metric that ranks candidates (see `learning.metrics`).
        reason: why the task is of this kind, in words a person reads.
    """

    kind: TaskKind
    target: str
    classes: tuple[Label, ...] = ()
    metric: str
    reason: str = ""

    @property
    def is_classification(self) -> bool:
        """Whether the answer is one of a set of classes."""
        return self.kind is not TaskKind.REGRESSION

    @property
    def n_outputs(self) -> int:
        """Columns of a prediction matrix: one per class, or one value in regression."""
        return len(self.classes) if self.is_classification else 1
