"""What a run is asked: the table, the question, the time, and how far it may go."""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from yunque.data.schema import Schema
from yunque.learning.budget import Budget
from yunque.learning.decide_wish import DecisionWish
from yunque.learning.fold_memory import FoldMemory
from yunque.learning.memory_limit import MemoryLimit
from yunque.learning.near_winner import NearWinner
from yunque.learning.outside import Outside
from yunque.learning.progress import Progress, ignore
from yunque.learning.splits import SplitWish
from yunque.learning.task import Task


def never() -> bool:
    """Nobody cancels."""
    return False


@dataclass(frozen=True, kw_only=True)
class LearnRequest:
    """One run.

    Attributes:
        frame: checked, typed table, target included.
        schema: its columns and their roles.
        task: the question.
        budget: seconds and clock.
        seed: seeds everything.
        split: what the caller wants of the split.
        algorithms: names or aliases to restrict the candidates to; None for all.
        threads: fits that run side by side, each on one thread.
        on_progress: told after every step; must return quickly.
        cancelled: asked often; once it says True the run ends soon with the best so far.
        latency_microseconds: what one row may take in the shipped blend.
        near_winner: how such variations are found: by seeded steps, or by Optuna's estimators.
        varies: whether variations near the winner are tried when there is time left (the search of
            hyper-parameters).
        with_curve: whether the learning curve is measured where time is left; reports show it.
        decision: what is asked of the answers, and how often intervals and sets are to hold the truth.
        features: kinds of features that trees get beyond the usual ones ("target", "generated"); None tries
            them and decides.
        text: whether texts become points in a few dimensions.
        memory: where finished fits are kept for a run that has to start again; None keeps none.
        memory_limit: what the run may hold; None watches nothing.
        poll_seconds: how often running fits are looked at, which asks the clock; a clock that moves when it
            is asked wants no looks between the ends of fits.
        outside: where large or suspect fits run, so that their death is not the run's; None runs all here.
        fleet: where every fit runs but the refits; `threads` is then how many it makes at a time. None: here.
    """

    frame: pl.DataFrame
    schema: Schema
    task: Task
    budget: Budget
    seed: int = 7
    split: SplitWish = field(default_factory=SplitWish)
    algorithms: tuple[str, ...] | None = None
    threads: int = 2
    on_progress: Callable[[Progress], None] = ignore
    cancelled: Callable[[], bool] = never
    latency_microseconds: float = 1_000.0
    varies: bool = True
    near_winner: NearWinner = "variations"
    with_curve: bool = False
    decision: DecisionWish = field(default_factory=DecisionWish)
    features: tuple[str, ...] | None = None
    text: bool = True
    memory: FoldMemory | None = None
    memory_limit: MemoryLimit | None = None
    poll_seconds: float = 0.05
    outside: Outside | None = None
    fleet: Outside | None = None
