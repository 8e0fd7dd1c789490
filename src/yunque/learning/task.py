"""What is asked of a model: the kind of answer, the classes, and the metric that decides."""

from dataclasses import dataclass
from enum import StrEnum

from yunque.errors import UsageError

Label = str | int | bool | float


class TaskKind(StrEnum):
    """The kind of answer."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"
    ANOMALY = "anomaly"
    CLUSTERS = "clusters"


# Kinds that learn from rows without an answer; the table has no target then.
WITHOUT_TARGET = frozenset({TaskKind.ANOMALY, TaskKind.CLUSTERS})
SUPERVISED = frozenset(TaskKind) - WITHOUT_TARGET
# What a model of clusters gives for one row: the number of the cluster, and the distance to it.
CLUSTER_OUTPUTS = 2


@dataclass(frozen=True, kw_only=True)
class Task:
    """The question a run answers.

    Attributes:
        kind: kind of answer.
        target: name of the target column; None where rows have no answer (anomaly, clusters).
        classes: the labels as they stand in the data (text, integers or booleans), sorted; () in regression.
            In a binary task the second is the positive class.
        metric: name of the metric that ranks candidates (see `learning.metrics`).
        reason: why the task is of this kind, in words a person reads.
    """

    kind: TaskKind
    target: str | None = None
    classes: tuple[Label, ...] = ()
    metric: str
    reason: str = ""

    @property
    def is_classification(self) -> bool:
        """Whether the answer is one of a set of classes."""
        return self.kind in (TaskKind.BINARY, TaskKind.MULTICLASS)

    @property
    def is_regression(self) -> bool:
        """Whether the answer is a number that the table holds."""
        return self.kind is TaskKind.REGRESSION

    @property
    def has_target(self) -> bool:
        """Whether rows have an answer to learn from."""
        return self.kind not in WITHOUT_TARGET

    @property
    def n_outputs(self) -> int:
        """Columns of a prediction matrix.

        One per class; one value in regression; one score of an anomaly; the number of a cluster and the
        distance to it.
        """
        if self.is_classification:
            return len(self.classes)
        return CLUSTER_OUTPUTS if self.kind is TaskKind.CLUSTERS else 1

    @property
    def answer_column(self) -> str:
        """Name of the target column.

        Raises:
            UsageError: rows of this task have none.
        """
        if self.target is None:
            raise UsageError(f"A task of kind {self.kind} has no target column.")
        return self.target
