"""A worker like any other, except that it may kill itself at the named points."""

import signal
import threading

from chaos_setting import Setting, open_queue, place_of, rules_of
from kill_points import name_step, watch_commits

from yunque.runtime.jobs import outbox, supervise, upkeep
from yunque.runtime.jobs import worker as worker_module
from yunque.runtime.jobs.worker import Worker, work
from yunque.runtime.logs import configure_logs


def main() -> None:
    configure_logs()
    setting = Setting.from_environment()
    queue = open_queue(setting)
    watch_commits(queue.database.engine, setting.points)
    name_step(worker_module, "claim", "claim", setting.points)
    name_step(supervise, "complete", "complete", setting.points)
    # What waits for hours in production waits for seconds here: also for a sender that was killed.
    outbox._WAITS_SECONDS = (0.2,) * 99  # type: ignore[assignment]
    outbox.MAX_TRIES = 100  # type: ignore[misc]
    upkeep._SENDING_LEASE_SECONDS = 3.0  # type: ignore[misc]
    chores = [upkeep.taking_back(queue)]
    if setting.webhook_port:
        chores.append(upkeep.telling(queue.database, rules_of(setting), every_seconds=0.2))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    work(Worker(queue=queue, place=place_of(setting), chores=chores, poll_seconds=0.1), stop)


if __name__ == "__main__":
    main()
