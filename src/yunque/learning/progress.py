"""What a run tells while it works."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One step of a run.

    Attributes:
        stage: split, anchor, baselines, search, ensemble, refit, explain or done.
        done, total: fits finished and fits planned.
        best: name of the best candidate so far, "" when there is none.
        best_loss: its loss on the rows predicted so far, lower is better.
        baseline_loss: the better of the two baselines, once known.
        message: one line for a person.
        seconds_left: of the budget; never negative.
    """

    stage: str
    done: int
    total: int
    best: str
    best_loss: float | None
    baseline_loss: float | None
    message: str
    seconds_left: float


def ignore(progress: Progress) -> None:
    """Take no notice."""
