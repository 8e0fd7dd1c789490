"""A guarded piece of work is begun again when the system kills it, and else ends as its child ended."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from yunque.runtime.guarded import guarded

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
SCRIPT = str(Path(__file__).parent / "guarded_work.py")


def run(word: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, SCRIPT, word, str(folder)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def lives(folder: Path) -> list[list[str]]:
    return [line.split() for line in (folder / "lives").read_text().splitlines()]


def test_a_killed_child_is_begun_again_and_finds_what_it_left(tmp_path: Path) -> None:
    ended = run("once", tmp_path)
    assert (ended.returncode, ended.stdout) == (5, "done\n")
    assert ended.stderr == "lost 1 False\n"
    first, second = lives(tmp_path)
    assert (first[0], second[0]) == ("1", "2") and first[1] != second[1] and first[2] == second[2]
    assert not Path(first[2]).exists()


def test_the_third_death_is_the_last(tmp_path: Path) -> None:
    ended = run("always", tmp_path)
    assert ended.returncode == 128 + signal.SIGKILL
    assert ended.stderr.splitlines()[-1] == "lost 3 True"
    assert len(lives(tmp_path)) == 3


def waiting(folder: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen([sys.executable, SCRIPT, "wait", str(folder)])
    until = time.monotonic() + 30.0
    while not (folder / "ready").exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    return process


def test_signals_reach_the_child_and_its_end_is_ours(tmp_path: Path) -> None:
    process = waiting(tmp_path)
    process.send_signal(signal.SIGINT)
    assert process.wait(30.0) == 7


def test_an_end_by_a_signal_is_passed_on(tmp_path: Path) -> None:
    process = waiting(tmp_path)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30.0) == -signal.SIGTERM


def test_nothing_outlives_a_killed_parent(tmp_path: Path) -> None:
    process = waiting(tmp_path)
    child = psutil.Process(int(lives(tmp_path)[0][1]))
    process.kill()
    process.wait(30.0)
    assert not psutil.wait_procs([child], timeout=30.0)[1]


def test_a_process_with_threads_is_not_copied() -> None:
    hold = threading.Event()
    other = threading.Thread(target=hold.wait)
    other.start()
    try:
        attempt = guarded(lambda number, is_last: None)
    finally:
        hold.set()
        other.join()
    assert (attempt.number, attempt.folder) == (1, None)
