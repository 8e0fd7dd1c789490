"""What the children of `test_cell.py` do; imported by name in a process of its own."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np


def total(document: dict[str, Any], arrays: dict[str, np.ndarray], should_stop: Any, clock: Any) -> bytes:
    assert clock() <= clock()
    return str(float(arrays["x"].sum()) * document["times"]).encode()


def change(document: dict[str, Any], arrays: dict[str, np.ndarray], should_stop: Any, clock: Any) -> bytes:
    arrays["x"][:] = 0.0
    return b"changed"


def explode(document: dict[str, Any], *_: Any) -> bytes:
    raise ValueError("no such thing")


def die(document: dict[str, Any], *_: Any) -> bytes:
    os.kill(os.getpid(), document["signal"])
    time.sleep(60.0)
    return b""


def wait_for_a_word(document: dict[str, Any], arrays: Any, should_stop: Any, clock: Any) -> bytes:
    Path(document["ready"]).touch()
    while not should_stop():
        time.sleep(0.01)
    return b"stopped early"


def hang(document: dict[str, Any], *_: Any) -> bytes:
    Path(document["ready"]).touch()
    time.sleep(60.0)
    return b""


def eat(document: dict[str, Any], *_: Any) -> bytes:
    eaten = []
    for _number in range(1_000):
        eaten.append(np.ones(2**23))  # 64 MiB
    return str(len(eaten)).encode()


def leave(document: dict[str, Any], *_: Any) -> bytes:
    os._exit(3)
