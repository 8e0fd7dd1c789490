"""How a long training looks from outside: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from yunque.learning.progress import Progress

LINE_EVERY_SECONDS = 10.0


@contextmanager
def shown_progress(seconds: float, *, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Give a listener that shows the progress of a run of `seconds` on stderr; nothing when `quiet`."""
    if quiet:
        yield lambda progress: None  # noqa: ARG005
    elif sys.stderr.isatty():
        with _bar(seconds) as listener:
            yield listener
    else:
        yield _Lines()


@contextmanager
def _bar(seconds: float) -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[score]}", markup=False),
        TextColumn("{task.fields[left]}", markup=False),
    )
    with Bar(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("Starting", total=seconds, score="", left="")

        def listener(progress: Progress) -> None:
            bar.update(
                task,
                completed=max(0.0, seconds - progress.seconds_left),
                description=progress.message or progress.stage,
                score=score_text(progress),
                left=f"{progress.seconds_left:.0f} s left",
            )

        yield listener


class _Lines:
    """Writes a line when the stage changes, and every ten seconds."""

    def __init__(self) -> None:
        self._stage = ""
        self._next = 0.0

    def __call__(self, progress: Progress) -> None:
        """Write one line, or none."""
        now = time.monotonic()
        if progress.stage == self._stage and now < self._next:
            return
        self._stage, self._next = progress.stage, now + LINE_EVERY_SECONDS
        parts = [
            f"[{progress.seconds_left:5.0f} s left]",
            progress.message or progress.stage,
            score_text(progress),
        ]
        print(" ".join(part for part in parts if part), file=sys.stderr, flush=True)  # noqa: T201


@contextmanager
def shown_rows(*, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Give a listener that shows the rows done so far on a terminal; nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda rows: None  # noqa: ARG005
        return
    from rich.console import Console

    with Console(file=sys.stderr).status("Reading") as status:
        yield lambda rows: status.update(f"{rows:,} rows done")


def score_text(progress: Progress) -> str:
    """Say the best loss so far beside that of the baselines."""
    if progress.best_loss is None:
        return ""
    against = (
        "" if progress.baseline_loss is None else f" against {progress.baseline_loss:.4f} of the baselines"
    )
    return f"best {progress.best_loss:.4f}{against}"
