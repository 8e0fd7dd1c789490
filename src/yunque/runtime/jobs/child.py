"""The child process of one attempt: a small guard that watches its parent, and the body that does the work.

The guard is forked from before anything heavy is imported and does nothing but wait, so it answers at once
when the parent disappears, even while native code in the body holds the interpreter. Both are in one
process group, which the parent can kill as a whole.
"""

import ctypes
import importlib
import json
import os
import resource
import select
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yunque.errors import StorageError, YunqueError
from yunque.runtime.jobs.checkpoints import Checkpoints
from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.runtime.storage import open_storage

_PR_SET_PDEATHSIG = 1


class Messages:
    """The pipe to the parent: one JSON object a line, whole lines only."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._lock = threading.Lock()

    def send(self, **message: Any) -> None:
        """Send one message; it may wait for the parent to read."""
        line = memoryview(json.dumps(message).encode() + b"\n")
        with self._lock:
            while line:
                line = line[os.write(self._handle, line) :]

    def end_line(self) -> None:
        """End a line that somebody else may have left open."""
        os.write(self._handle, b"\n")

    def tell(self, kind: str, text: str, fraction: float | None) -> None:
        """Send a note."""
        self.send(note={"kind": kind, "text": text, "fraction": fraction})


def main() -> int:
    """Read the order from standard input, start the body, and watch until one of both sides ends."""
    messages = Messages(int(sys.argv[1]))
    order = json.loads(sys.stdin.buffer.readline())
    wake_up, signalled = os.pipe()
    os.set_blocking(signalled, False)
    signal.set_wakeup_fd(signalled)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    body = os.fork()
    if body == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os._exit(_body(order, messages))
    return _guard(body, wake_up, messages)


def _guard(body: int, wake_up: int, messages: Messages) -> int:
    parent = sys.stdin.fileno()
    while True:
        ready, _, _ = select.select([parent, wake_up], [], [])
        if wake_up in ready:
            os.read(wake_up, 1024)
            found, status = os.waitpid(body, os.WNOHANG)
            if found:
                code = os.waitstatus_to_exitcode(status)
                messages.end_line()  # the body may have been killed in the middle of one
                messages.send(exit={"code": max(code, 0), "signal": max(-code, 0)})
                return 0
        if parent in ready and not os.read(parent, 1024):
            os.killpg(0, signal.SIGKILL)  # the parent is gone: so is the lease, and so are we


def _body(order: Mapping[str, Any], messages: Messages) -> int:
    _die_with_parent()
    _limit(order["memory_bytes"] + order["headroom_bytes"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what the work prints goes to the attempt's log
    try:
        result = _work(order, messages)
        messages.send(result=result)
    except YunqueError as error:
        traceback.print_exc()
        _send_error(messages, error.code, str(error), is_retryable=isinstance(error, StorageError))
    except MemoryError:
        traceback.print_exc()
        _send_error(
            messages, "out_of_memory", "The job needed more memory than it may have.", is_retryable=True
        )
    except OSError:
        traceback.print_exc()
        _send_error(messages, "system", "The machine refused something the job needs.", is_retryable=True)
    except Exception:  # noqa: BLE001 — the border of the process: logged here, told in general words
        traceback.print_exc()
        _send_error(messages, "internal", "The job failed inside the platform.", is_retryable=False)
    sys.stdout.flush()
    sys.stderr.flush()
    return 0


def _send_error(messages: Messages, code: str, message: str, *, is_retryable: bool) -> None:
    messages.send(error={"code": code, "message": message, "is_retryable": is_retryable})


def _work(order: Mapping[str, Any], messages: Messages) -> dict[str, Any]:
    module, _, name = order["entry"].partition(":")
    function = getattr(importlib.import_module(module), name)
    storage = open_storage(order["storage_url"])
    context = JobContext(
        job_id=order["job_id"],
        tenant=order["tenant"],
        attempt=order["attempt"],
        payload=order["payload"],
        storage=storage,
        checkpoints=Checkpoints(storage, order["work_prefix"]),
        scratch=Path(order["scratch"]),
        threads=order["threads"],
        result_prefix=order["result_prefix"],
        upload_key=order["upload_key"],
        tell=messages.tell,
        memory_bytes=order["memory_bytes"],
    )
    found: JobResult = function(context)
    files = {name: {"size": it.size, "sha256": it.sha256} for name, it in sorted(context.files.items())}
    return {
        "summary": {"files": files, "summary": dict(found.summary)},
        "charge_minor": found.charge_minor,
    }


def _limit(wanted: int) -> None:
    """Bound the address space in bytes: a runaway allocation fails instead of waking the kernel's killer.

    Some of it is reserved and never used: thread arenas, libraries, the cages of JavaScript engines.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or wanted < hard:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, wanted))


def _die_with_parent() -> None:
    """Ask Linux to kill the body when the guard dies; elsewhere the parent's kill of the group remains."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
