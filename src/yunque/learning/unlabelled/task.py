"""The question where rows have no answer."""

from collections.abc import Sequence

from yunque.errors import UsageError
from yunque.learning.algorithm import Algorithm
from yunque.learning.metrics import metric as find_metric
from yunque.learning.registry import algorithm, algorithms
from yunque.learning.task import WITHOUT_TARGET, Task, TaskKind

# Ma, Zhao, Zhang, Akoglu: The need for unsupervised outlier model selection (SIGKDD Explorations 2023): of
# measures that need no label, agreement with other learners is the one that was not worse than none.
DECIDING = {TaskKind.ANOMALY: "agreement", TaskKind.CLUSTERS: "silhouette"}
ALONE = "stability"  # of an anomaly score that no other stands beside


def is_without_target(name: str) -> bool:
    """Tell whether a task of that name has no target."""
    return name in set(WITHOUT_TARGET)


def unlabelled_task(name: str, metric: str = "auto", names: Sequence[str] | None = None) -> Task:
    """Give the task "anomaly" or "clusters".

    Args:
        name: the kind.
        metric: name of the deciding metric; "auto" takes the silhouette of clusters, and of anomaly scores
            the agreement with the other learners, or the stability where one learner alone is asked for.
        names: algorithms that were asked for.

    Raises:
        UsageError: the metric is not of this task, or an algorithm cannot answer it.
    """
    kind = TaskKind(name)
    chosen = None if names is None else [algorithm(each) for each in names]
    for each in chosen or ():
        refuse_other(each, kind)
    alone = chosen is not None and len({each.name for each in chosen}) == 1
    deciding = ALONE if alone and kind is TaskKind.ANOMALY else DECIDING[kind]
    found = deciding if metric == "auto" else find_metric(metric, kind).name
    if found == DECIDING[TaskKind.ANOMALY] and alone:
        raise UsageError(
            "Agreement needs several learners; one was asked for.", hint="Name two or more, or use stability."
        )
    return Task(kind=kind, metric=found, reason="asked for")


def refuse_other(entry: Algorithm, kind: TaskKind) -> None:
    """Refuse an algorithm that cannot answer a task.

    Raises:
        UsageError: it cannot; the hint names those that can.
    """
    if kind not in entry.tasks:
        usable = ", ".join(each.name for each in algorithms() if kind in each.tasks)
        raise UsageError(
            f"{entry.name} does not answer a task of kind {kind}.", hint=f"Use one of: {usable}."
        )
