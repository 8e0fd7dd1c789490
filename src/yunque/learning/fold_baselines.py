"""The baselines on the rows that judge the champion: the untouched ones, or those of all folds together."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from yunque.kernel.form import FloatArray
from yunque.learning.baselines import baselines
from yunque.learning.fold_data import Table
from yunque.learning.leaderboard import Baseline
from yunque.learning.splits import IntArray, Split
from yunque.learning.task import Task

ROOTS = frozenset({"rmse"})  # metrics that are the root of a mean over rows


def judging_folds(split: Split) -> list[tuple[IntArray, IntArray]]:
    """Give (train, valid) of the folds until every row they judge has been judged once."""
    total = len(np.unique(np.concatenate([fold.valid for fold in split.folds])))
    pairs: list[tuple[IntArray, IntArray]] = []
    seen = 0
    for fold in split.folds:
        if seen >= total:
            break
        pairs.append((fold.train, fold.valid))
        seen += len(fold.valid)
    return pairs


def judged_baselines(
    task: Task,
    table: Table,
    pairs: Sequence[tuple[IntArray, IntArray]],
    seed: int,
    out_of_time: Callable[[], bool],
) -> tuple[Baseline, ...]:
    """Judge the constant and the best single column on every pair, and put the parts together.

    Args:
        task: the question.
        table: the rows.
        pairs: (train, judged) positions; each pair learns from its own training rows only.
        seed: seeds the choice of the column.
        out_of_time: asked after each pair; True leaves the others out.
    """
    found: list[tuple[Baseline, ...]] = []
    sizes: list[int] = []
    for train, held in pairs:
        frame = table.frame
        found.append(
            baselines(task, table.schema, frame[train], table.y[train], frame[held], table.y[held], seed=seed)
        )
        sizes.append(len(held))
        if out_of_time():
            break
    shares = np.array(sizes) / sum(sizes)
    return tuple(together(task, parts, shares) for parts in zip(*found, strict=True))


def together(task: Task, parts: Sequence[Baseline], shares: FloatArray) -> Baseline:
    """Give one baseline from its parts: means weighted by rows, and the column chosen most often.

    Means over rows and roots of them are exact; others (ROC-AUC) are the mean of the folds'.
    """
    weights = shares
    names = [name for name in parts[0].metrics if all(name in part.metrics for part in parts)]
    errors = np.array([part.loss_error for part in parts])
    columns = Counter(part.column for part in parts)
    return Baseline(
        name=parts[0].name,
        column=columns.most_common(1)[0][0],
        loss=_mean(task.metric, [part.loss for part in parts], weights),
        loss_error=float(np.sqrt(np.sum((weights * errors) ** 2))),
        metrics={name: _mean(name, [part.metrics[name] for part in parts], weights) for name in names},
    )


def _mean(metric: str, values: Sequence[float], weights: FloatArray) -> float:
    given = np.array(values)
    return float(np.sqrt(weights @ given**2) if metric in ROOTS else weights @ given)
