"""What the children of `test_guarded.py` do: python guarded_work.py WORD FOLDER."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import TextIO

from yunque.runtime.guarded import guarded


def say(stream: TextIO, text: str) -> None:
    stream.write(f"{text}\n")
    stream.flush()


def main() -> None:
    word, notes = sys.argv[1], Path(sys.argv[2])
    attempt = guarded(lambda number, is_last: say(sys.stderr, f"lost {number} {is_last}"))
    assert attempt.folder is not None
    with (notes / "lives").open("a") as lives:
        lives.write(f"{attempt.number} {os.getpid()} {attempt.folder}\n")
    if word == "once" and attempt.number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "always":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "wait":
        signal.signal(signal.SIGINT, lambda *_: sys.exit(7))
        (notes / "ready").touch()
        time.sleep(60.0)
    say(sys.stdout, "done")
    sys.exit(5)


if __name__ == "__main__":
    main()
