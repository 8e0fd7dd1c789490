"""A cell survives whatever its child does, and says what that was."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from yunque.errors import OperationError
from yunque.runtime.cell import Cell

ARRAYS = {"x": np.arange(1_000.0)}
ALLOWANCE = 512 * 2**20


@pytest.fixture
def cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cell]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    made = Cell(tmp_path / "cells", grace_seconds=2.0)
    yield made
    made.close()
    assert not list((tmp_path / "cells").iterdir())


def run(cell: Cell, name: str, should_stop: Any = lambda has_begun: False, **document: Any) -> bytes:
    return cell.run(f"cell_work:{name}", document, ARRAYS, ALLOWANCE, should_stop)


def test_arrays_go_in_and_bytes_come_out_and_the_arrays_stay_as_they_are(cell: Cell) -> None:
    assert run(cell, "change") == b"changed"
    assert float(run(cell, "total", times=2)) == 2 * ARRAYS["x"].sum()


def test_what_a_child_raises_is_told(cell: Cell) -> None:
    with pytest.raises(OperationError, match="ValueError: no such thing"):
        run(cell, "explode")


def test_a_killed_child_is_told_as_such(cell: Cell) -> None:
    with pytest.raises(
        OperationError, match=r"killed \(SIGKILL\); most likely the machine ran out of memory"
    ):
        run(cell, "die", signal=int(signal.SIGKILL))
    with pytest.raises(OperationError, match="crashed: Segmentation fault"):
        run(cell, "die", signal=int(signal.SIGSEGV))
    with pytest.raises(OperationError, match=r"without a result \(exit code 3\)"):
        run(cell, "leave")


def test_a_child_that_takes_more_than_its_allowance_fails_alone(cell: Cell) -> None:
    with pytest.raises(MemoryError):
        run(cell, "eat")


def test_a_child_is_asked_to_stop_and_stopped_when_it_does_not(cell: Cell, tmp_path: Path) -> None:
    ready, hangs = tmp_path / "ready", tmp_path / "hangs"
    assert (
        run(
            cell,
            "wait_for_a_word",
            should_stop=lambda has_begun: has_begun and ready.exists(),
            ready=str(ready),
        )
        == b"stopped early"
    )
    with pytest.raises(OperationError, match="did not end within 2 s"):
        run(cell, "hang", should_stop=lambda has_begun: has_begun and hangs.exists(), ready=str(hangs))
