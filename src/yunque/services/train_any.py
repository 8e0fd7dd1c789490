"""Train whatever is asked: with a target, or without one."""

from collections.abc import Callable
from pathlib import Path

from yunque.errors import UsageError
from yunque.learning.progress import Progress, ignore
from yunque.learning.unlabelled.task import is_without_target
from yunque.learning.unlabelled.wish import UnlabelledWish
from yunque.runtime.clock import Clock
from yunque.services.train import Trained, TrainRequest, train
from yunque.services.train_unlabelled import train_unlabelled


def train_any(
    request: TrainRequest, folder: Path, clock: Clock, on_progress: Callable[[Progress], None] = ignore
) -> Trained:
    """Train as `train` or as `train_unlabelled` does, as the task asks; both raise what they say.

    Raises:
        UsageError: what means something only without a target is asked of a task that has one.
    """
    if is_without_target(request.task):
        return train_unlabelled(request, folder, clock, on_progress)
    if request.unlabelled != UnlabelledWish():
        raise UsageError(
            "--clusters, --contamination and --label are for tasks without a target.",
            hint="Add --task anomaly or --task clusters.",
        )
    return train(request, folder, clock, on_progress)
