"""Fits in processes of their own: the same bits, and whatever becomes of one, the run goes on."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dying_fits import DYING, DyingCell
from test_search import arena

from yunque.kernel.load import form_to_arrays
from yunque.learning import fit_memory
from yunque.learning.arena import Arena
from yunque.learning.blending import blend
from yunque.learning.candidate import Candidate
from yunque.learning.fit_memory import Need
from yunque.learning.fit_work import work
from yunque.learning.memory_limit import MemoryLimit
from yunque.learning.portfolio import anchors
from yunque.learning.race import Standing
from yunque.learning.search import close, enter, run, run_references
from yunque.runtime.cell import Cell
from yunque.services.fit_memory_store import FolderFits

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be bounded there")
MIB = 2**20


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DyingCell]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    cell = Cell(tmp_path / "cells")
    monkeypatch.setitem(fit_memory.NEEDS, "dying", Need(cell=0.0, score=0.0, fixed=220 * MIB))  # type: ignore[arg-type]
    yield DyingCell(cell)
    cell.close()


def candidate(does: str) -> Candidate:
    return Candidate(name=does, algorithm=DYING, params={"does": does})


def raced(given: Arena, *candidates: Candidate) -> dict[str, Standing]:
    standings = enter((*anchors(given.task), *candidates))
    run_references(given, standings)
    run(given, standings)
    close(given, standings)
    return standings


def cramped(given: Arena, outside: DyingCell) -> Arena:
    """Give an arena in which every fit of the dying algorithm needs more than its share."""
    small = MemoryLimit(limit_bytes=450 * MIB, used=lambda: 0)
    given = replace(given, memory_limit=small, outside=outside, threads=2)
    assert not given.job(candidate("raise"), 0).is_outside  # a process more would not fit
    return replace(given, memory_limit=MemoryLimit(limit_bytes=540 * MIB, used=lambda: 0))


def test_a_real_fit_outside_gives_the_same_bits_as_here(outside: DyingCell) -> None:
    given = replace(arena(seconds=3_000.0), slot=600.0, outside=outside)
    light = anchors(given.task)[1]
    here = work(given, given.job(light, 0))
    there = work(given, replace(given.job(light, 0), is_outside=True))
    assert outside.runs == [light.name]
    assert np.array_equal(here.predictions, there.predictions)
    ours, theirs = form_to_arrays(here.form), form_to_arrays(there.form)
    assert ours[:2] == theirs[:2]
    assert all(array.tobytes() == theirs[2][name].tobytes() for name, array in ours[2].items())
    assert there.reference is not None and there.trained_rows == here.trained_rows


def test_whatever_a_large_candidate_does_is_a_line_and_the_run_goes_on(outside: DyingCell) -> None:
    given = cramped(replace(arena(seconds=3_000.0), slot=600.0), outside)
    told = ("raise", "die", "nan", "eat")
    standings = raced(given, *map(candidate, told))
    assert {standings[name].state for name in told} == {"failed"}
    assert standings["raise"].reason == "RuntimeError: it cannot be done"
    assert "killed (SIGKILL)" in standings["die"].reason
    assert "not finite" in standings["nan"].reason
    assert standings["eat"].reason.startswith("MemoryError")
    assert set(told) <= set(outside.runs)
    assert standings["lightgbm-quick"].reach == 3
    assert "lightgbm-quick" in blend(given, standings, 1_000.0).mixture.weights


def test_a_large_candidate_that_hangs_is_ended(outside: DyingCell) -> None:
    given = cramped(replace(arena(seconds=3_000.0), slot=0.5), outside)
    standings = raced(given, candidate("hang"))
    assert standings["hang"].state == "failed"
    assert "did not end within" in standings["hang"].reason


class Diary:
    """A memory whose earlier run was lost in the fits of some candidates."""

    def __init__(self, lost: str) -> None:
        self.lost, self.begun = lost, []  # type: ignore[var-annotated]

    def load(self, facts: Mapping[str, Any]) -> bytes | None:
        return None

    def save(self, facts: Mapping[str, Any], piece: bytes) -> None:
        raise AssertionError("nothing is worth keeping")

    def begin(self, facts: Mapping[str, Any]) -> None:
        self.begun.append(facts["candidate"])

    def end(self, facts: Mapping[str, Any]) -> None:
        self.begun.remove(facts["candidate"])

    def was_lost(self, facts: Mapping[str, Any]) -> bool:
        return bool(facts["candidate"] == self.lost)

    def is_worth(self, seconds: float) -> bool:
        return False


def test_who_may_have_ended_an_earlier_run_is_made_again_outside(outside: DyingCell) -> None:
    diary = Diary("die")
    given = replace(arena(seconds=3_000.0), slot=600.0, outside=outside, memory=diary)
    standings = raced(given, candidate("die"), candidate("fine"))
    assert standings["die"].state == "failed" and "killed" in standings["die"].reason
    assert standings["fine"].state != "failed" and standings["fine"].losses
    assert set(outside.runs) == {"die"} and not diary.begun


def test_a_folder_remembers_what_was_under_way(tmp_path: Path) -> None:
    first, second = {"candidate": "a"}, {"candidate": "b"}
    fits = FolderFits(tmp_path)
    fits.begin(first)
    fits.begin(second)
    fits.end(second)
    fits.save(second, b"piece")
    assert not fits.was_lost(first)  # it is this run's own
    again = FolderFits(tmp_path)
    assert again.was_lost(first) and not again.was_lost(second)
    assert again.load(second) == b"piece" and again.load(first) is None
    assert again.is_worth(2.0) and not again.is_worth(0.01)
