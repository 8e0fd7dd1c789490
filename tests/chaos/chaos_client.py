"""A client that submits its jobs with keys, may be killed at any moment, and starts again from the first."""

import sys
from pathlib import Path

from chaos_setting import TENANTS, Setting, open_queue
from kill_points import name_step, watch_commits

from yunque.runtime.jobs import queue_submit
from yunque.runtime.jobs.queue_submit import Submission


def submission(setting: Setting, number: int) -> Submission:
    kind = {3: "crash", 7: "hang"}.get(number, "chaos")
    return Submission(
        tenant=TENANTS[number % 2],
        kind=kind,
        payload={"n": number, "p": setting.child, "seconds": setting.job_seconds},
        idempotency_key=f"job-{number}",
        units=1,
    )


def main() -> None:
    setting = Setting.from_environment()
    queue = open_queue(setting)
    watch_commits(queue.database.engine, setting.points)
    name_step(queue_submit, "submit", "submit", setting.points)
    first, step = int(sys.argv[1]), int(sys.argv[2])
    with (Path(setting.folder) / f"acknowledged-{first}.txt").open("a") as told:
        for number in range(first, setting.jobs, step):
            job = queue_submit.submit(queue, submission(setting, number)).job
            told.write(f"{number} {job.id}\n")
            told.flush()


if __name__ == "__main__":
    main()
