"""A run whose workers are Celery's, and what can be done to them and to their broker."""

import os
import random
import signal
import subprocess
import sys
from contextlib import suppress

import redis
from harness import HERE, Run


class CeleryRun(Run):
    """A run whose workers are Celery's; set `broker_url` before it starts."""

    broker_url = ""

    def start(self, script: str, *arguments: str) -> subprocess.Popen[bytes]:
        if script != "chaos_worker":
            return super().start(script, *arguments)
        command = [
            sys.executable, "-m", "celery", "-A", "celery_app", "worker", "-Q", "auto_ml", "-c", "1",
            "-n", f"w{random.SystemRandom().randrange(10**9)}@%h", "--loglevel", "WARNING",
            "--without-gossip", "--without-mingle",
        ]  # fmt: skip
        with self.log("celery").open("wb") as log:
            return subprocess.Popen(
                command,
                env={**self.setting.environment(), "CHAOS_BROKER": self.broker_url},
                cwd=HERE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill_one(self) -> None:
        """Kill one Celery worker with all its pool processes; its jobs' guards see to their own group."""
        with suppress(ProcessLookupError):
            os.killpg(self.random.choice(self.workers).pid, signal.SIGKILL)

    def flush_broker(self) -> None:
        redis.Redis(unix_socket_path=self.broker_url.removeprefix("redis+socket://")).flushall()

    def kill_all(self) -> None:
        for process in self.workers:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        super().kill_all()


def flush_broker(run: Run) -> None:
    """Make the broker forget everything."""
    assert isinstance(run, CeleryRun)
    run.flush_broker()
