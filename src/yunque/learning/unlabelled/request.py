"""What a run without a target is asked."""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from yunque.data.schema import Schema
from yunque.learning.budget import Budget
from yunque.learning.progress import Progress, ignore
from yunque.learning.request import never
from yunque.learning.task import Task
from yunque.learning.unlabelled.wish import UnlabelledWish


@dataclass(frozen=True, kw_only=True)
class ExploreRequest:
    """One run.

    Attributes:
        frame: checked, typed table; the label of `wish` is among its columns, but no feature.
        schema: its columns and their roles.
        task: the question, without a target.
        wish: number of clusters, share to flag, label to judge by.
        budget: seconds and clock.
        seed: seeds everything.
        algorithms: names to restrict the candidates to; None for all that answer the task.
        on_progress: told after every step; must return quickly.
        cancelled: asked between fits; once it says True the run ends with the best so far.
    """

    frame: pl.DataFrame
    schema: Schema
    task: Task
    wish: UnlabelledWish = field(default_factory=UnlabelledWish)
    budget: Budget
    seed: int = 7
    algorithms: tuple[str, ...] | None = None
    on_progress: Callable[[Progress], None] = ignore
    cancelled: Callable[[], bool] = never
