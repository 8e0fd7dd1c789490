"""A worker like any other, except that it may kill itself at the named points."""

import signal
import threading

from chaos_setting import Setting, open_worker

from yunque.runtime.jobs.worker import work
from yunque.runtime.logs import configure_logs


def main() -> None:
    configure_logs()
    worker = open_worker(Setting.from_environment())
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    work(worker, stop)


if __name__ == "__main__":
    main()
