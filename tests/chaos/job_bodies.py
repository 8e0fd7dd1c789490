"""What jobs of the tests do in their child processes: well, badly, and just before they are killed."""

import contextlib
import ctypes
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from kill_points import is_in_focus, note

from yunque.errors import DataError, StorageError
from yunque.runtime.jobs.context import JobContext, JobResult


def echo(context: JobContext) -> JobResult:
    """Publish what was asked, after as many seconds as asked."""
    context.log("started")
    steps = 5
    for step in range(steps):
        time.sleep(context.payload.get("seconds", 0) / steps)
        context.progress((step + 1) / steps, f"step {step + 1}")
    context.publish("answer.txt", [str(context.payload["n"]).encode()])
    return JobResult(summary={"n": context.payload["n"]}, charge_minor=context.payload.get("charge"))


def refuse(context: JobContext) -> JobResult:
    sys.stderr.write("/secret/path: the table is bad\n")
    raise DataError("The table has no target.", hint="Name one.", place={"column": "y"})


def stumble(context: JobContext) -> JobResult:
    raise KeyError("/secret/path")


def lose_storage(context: JobContext) -> JobResult:
    raise StorageError("The store did not answer.")


def segfault(context: JobContext) -> JobResult:
    ctypes.string_at(0)
    return JobResult()


def leave(context: JobContext) -> JobResult:
    os._exit(7)


def hang(context: JobContext) -> JobResult:
    """Hang in native code that keeps the interpreter's lock, with a grandchild that hangs as well."""
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    context.log(f"pids {os.getpid()} {os.getppid()}")
    ctypes.PyDLL(None).sleep(600)
    return JobResult()


def ask_too_much(context: JobContext) -> JobResult:
    """Ask for more address space than there may be."""
    bytearray(1 << 40)
    return JobResult()


def grow(context: JobContext) -> JobResult:
    """Grow slowly past the limit."""
    kept = []
    while True:
        kept.append(b"x" * (16 << 20))
        time.sleep(0.02)


def chatter(context: JobContext) -> JobResult:
    for number in range(5000):
        context.log(f"line {number}")
        context.progress(number / 5000, f"at {number}")
    return JobResult(summary={"lines": 5000})


def brief(context: JobContext) -> JobResult:
    context.log("first")
    context.log("second")
    context.progress(0.9, "nearly there")
    context.log("last")
    return JobResult(summary={})


def brief_refusal(context: JobContext) -> JobResult:
    brief(context)
    raise StorageError("the store was away")


def flood_log(context: JobContext) -> JobResult:
    for _ in range(40):
        sys.stdout.write("x" * (1 << 20))
        time.sleep(0.05)
    sys.stdout.write("the end\n")
    sys.stdout.flush()
    time.sleep(1)
    raise DataError("flooded")


def resume(context: JobContext) -> JobResult:
    """Do five pieces, dying after each new one on all attempts but the last; finished ones are not redone."""
    done = 0
    for piece in range(5):
        if context.checkpoints.load({"piece": piece}) is None:
            done += 1
            context.checkpoints.save({"piece": piece}, f"piece {piece}".encode())
            if context.attempt < 3:
                os.kill(os.getpid(), signal.SIGKILL)
    return JobResult(summary={"done_in_last_attempt": done})


def read_upload(context: JobContext) -> JobResult:
    with context.open_upload() as stream:
        content = stream.read()
    (context.scratch / "copy").write_bytes(content)
    return JobResult(summary={"size": len(content), "threads": os.environ["OMP_NUM_THREADS"]})


def fill_disk(context: JobContext) -> JobResult:
    """Publish more than the disk holds on the first attempt: a file-size limit stands in for a full disk."""
    import resource

    if context.attempt == 1:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    context.publish("big.bin", (b"x" * 50_000 for _ in range(10)))
    return JobResult(summary={"attempt": context.attempt})


def fill_disk_once(context: JobContext) -> JobResult:
    """Find the disk full while the result is written, at the first attempt; publish it at a later one."""
    import resource

    if context.attempt == 1:
        note("disk_full_in_publish")
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    def written_first() -> Iterator[bytes]:
        with (context.scratch / "result").open(
            "wb"
        ) as file:  # a store over the network fills no disk of ours
            for _ in range(10):
                file.write(b"x" * 50_000)
                file.flush()
        yield str(context.payload["n"]).encode()

    context.publish("answer.txt", written_first())
    return JobResult(summary={"n": context.payload["n"]})


def die_at_random(context: JobContext) -> JobResult:
    """Publish, with a chance of being killed half-way and another of being killed just after."""
    chance = random.Random(f"{context.job_id}:{context.attempt}:{context.payload.get('salt', '')}")
    p = context.payload.get("p", 0.0)

    def half() -> Iterator[bytes]:
        yield str(context.payload["n"]).encode()
        if chance.random() < p and is_in_focus("child_half_written"):
            note("child_half_written")
            os.kill(os.getpid(), signal.SIGKILL)

    time.sleep((0.5 + 0.5 * chance.random()) * context.payload.get("seconds", 0.05))
    context.progress(0.5)
    context.publish("answer.txt", half())
    if chance.random() < p and is_in_focus("child_published"):
        note("child_published")
        os.kill(random.Random(str(os.getpid())).choice([os.getpid(), os.getppid()]), signal.SIGKILL)
    with contextlib.suppress(OSError):
        context.log("published")
    return JobResult(summary={"n": context.payload["n"]})
