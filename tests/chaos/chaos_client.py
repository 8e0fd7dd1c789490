"""A client that submits its jobs with keys and may be killed at any moment; it goes on where its notes end.

What it was told last it asks for again, with the same key: it cannot know whether its own note is all there is.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from chaos_setting import TENANTS, Setting, open_queue
from kill_points import name_step, watch_commits

from yunque.errors import StorageError
from yunque.runtime.jobs import queue_submit
from yunque.runtime.jobs.queue_submit import Submission

_PATIENCE_SECONDS = 60.0
Told = TypeVar("Told")


def submission(setting: Setting, number: int) -> Submission:
    return Submission(
        tenant=TENANTS[number % 2],
        kind=setting.kind_of(number),
        payload={"n": number, "p": setting.child, "seconds": setting.seconds_of(number)},
        idempotency_key=f"job-{number}",
        units=1,
    )


def patiently(ask: Callable[[], Told]) -> Told:
    """Ask again while the database is away, as any client would."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except StorageError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)


def main() -> None:
    setting = Setting.from_environment()
    queue = open_queue(setting)
    watch_commits(queue.database.engine, setting.points)
    name_step(queue_submit, "submit", "submit", setting.points)
    first, step = int(sys.argv[1]), int(sys.argv[2])
    notes = Path(setting.folder) / f"acknowledged-{first}.txt"
    told = [int(line.split()[0]) for line in notes.read_text().splitlines()] if notes.exists() else []
    with notes.open("a") as out:
        for number in range(told[-1] if told else first, setting.jobs, step):
            wish = submission(setting, number)
            job = patiently(lambda wish=wish: queue_submit.submit(queue, wish)).job  # type: ignore[misc]
            out.write(f"{number} {job.id}\n")
            out.flush()


if __name__ == "__main__":
    main()
