"""Memory as a budget: what is read, what is admitted, and what is said of the rest."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from learning_tables import table
from test_learn import learnt
from test_search import arena

from yunque.errors import UsageError
from yunque.learning.admission import cells_within, committed, over_limit
from yunque.learning.fit_memory import NEEDS, encoding_bytes, fit_bytes
from yunque.learning.fit_size import FitSize
from yunque.learning.memory_limit import MemoryLimit, in_words, parse_memory
from yunque.learning.portfolio import anchors
from yunque.learning.portfolio_entries import ENTRIES
from yunque.learning.search import close, enter, run, run_references
from yunque.runtime.memory import cgroup_free, free_bytes, used_bytes

GIB = 2**30


@pytest.mark.parametrize(
    ("text", "used", "free", "limit"),
    [
        ("75%", 1_000, 4_000, 4_000),
        ("100 %", 1_000, 4_000, 5_000),
        ("3kb", 1_000, 4_000, 3_000),
        ("2 KiB", 1_000, 4_000, 2_048),
        ("1.5k", 1_000, 4_000, 1_500),
        ("4GB", 1_000, 4_000, 5_000),
        (2_500, 1_000, 4_000, 2_500),
    ],
)
def test_a_memory_limit_is_read(text: str | float, used: int, free: int, limit: int) -> None:
    assert parse_memory(text).limit_bytes(used=used, free=free) == limit


@pytest.mark.parametrize("text", ["", "much", "-4GB", "0", "0%", "101%", "4 parsecs", float("nan")])
def test_nonsense_is_refused(text: str | float) -> None:
    with pytest.raises(UsageError) as caught:
        parse_memory(text)
    assert caught.value.hint


def test_sizes_are_said_as_people_read_them() -> None:
    assert in_words(512 * 2**20) == "512 MiB" and in_words(3.4 * GIB) == "3.4 GiB"


def test_what_a_process_holds_grows_with_what_it_allocates() -> None:
    before = used_bytes()
    held = b"x" * (64 * 2**20)
    assert used_bytes() - before > 32 * 2**20 and len(held)
    assert free_bytes() > 0


def test_the_tightest_control_group_counts_and_files_in_memory_are_free(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    for folder, limit, used, files in (("a", "9000", "5000", "1000"), ("a/b", "max", "3000", "0")):
        (tmp_path / folder / "memory.max").write_text(f"{limit}\n")
        (tmp_path / folder / "memory.current").write_text(f"{used}\n")
        (tmp_path / folder / "memory.stat").write_text(f"anon 7\ninactive_file {files}\n")
    assert cgroup_free(tmp_path, "0::/a/b\n") == [5_000]
    old = tmp_path / "memory" / "jobs"
    old.mkdir(parents=True)
    (old / "memory.limit_in_bytes").write_text("4000")
    (old / "memory.usage_in_bytes").write_text("1500")
    assert cgroup_free(tmp_path, "5:cpu:/\n4:memory:/jobs\n") == [2_500]
    assert cgroup_free(tmp_path, "") == []


def test_every_algorithm_of_the_portfolio_has_a_measured_estimate_that_grows() -> None:
    small, large = FitSize(rows=1_000, columns=10, scores=1), FitSize(rows=100_000, columns=50, scores=20)
    assert {entry.algorithm for entry in ENTRIES} <= set(NEEDS)
    for name in NEEDS:
        assert 0 < fit_bytes(name, small) < fit_bytes(name, large) <= fit_bytes("unheard of", large)
    assert encoding_bytes(1_000) > 8_000


def test_a_candidate_that_does_not_fit_is_not_started_and_its_line_says_why() -> None:
    frame, schema, task = table(2_000)
    held = used_bytes()
    limit = MemoryLimit(limit_bytes=held + 8 * 2**20, used=lambda: held)
    board = learnt(frame, schema, task, memory_limit=limit)
    lines = {entry.name: entry for entry in board.entries}
    assert lines["constant"].weight == 1.0
    others = [entry for name, entry in lines.items() if name != "constant"]
    assert others and all(entry.state == "skipped" for entry in others)
    told = re.compile(r"MiB of memory; 8 MiB of [0-9.]+ [MG]iB are left$")
    assert [entry.reason for entry in others if not told.search(entry.reason)] == []


def test_two_fits_at_once_must_fit_together() -> None:
    given = arena()
    one = given.needs(anchors(given.task)[1], 0)
    limit = MemoryLimit(limit_bytes=round(1.5 * one), used=lambda: 0)
    given = replace(given, memory_limit=limit)
    names = enter(
        tuple(replace(anchors(given.task)[1], name=f"twin {number}", is_anchor=False) for number in range(3))
    )
    most = 0

    def watch(standings: object) -> None:
        nonlocal most
        most = max(most, sum(len(each.running) for each in names.values()))

    given = replace(given, on_step=watch)
    run(given, names)
    close(given, names)
    assert all(each.state == "done" and each.reach == 3 for each in names.values())
    assert most == 0  # after one had ended, no other was under way


def test_running_fits_count_with_what_they_will_need() -> None:
    given = replace(arena(), memory_limit=MemoryLimit(limit_bytes=GIB, used=lambda: 300 * 2**20))
    light = anchors(given.task)[1]
    job = replace(given.job(light, 0), needs=200 * 2**20, held=250 * 2**20)
    assert given.memory_limit is not None
    assert committed(given.memory_limit, ()) == 300 * 2**20
    assert committed(given.memory_limit, (job,)) == 450 * 2**20
    assert committed(given.memory_limit, (replace(job, is_outside=True),)) == 500 * 2**20
    assert given.has_room(574 * 2**20, (job,)) and not given.has_room(575 * 2**20, (job,))
    assert over_limit(given.memory_limit, (job,)) is None
    full = MemoryLimit(limit_bytes=GIB, used=lambda: 2 * GIB)
    assert over_limit(full, (job, replace(job, needs=1))) is job
    assert over_limit(full, (replace(job, is_outside=True),)) is None


def test_the_fit_that_grows_beyond_the_limit_is_stopped_and_its_line_says_so() -> None:
    held = [0]
    given = replace(arena(), memory_limit=MemoryLimit(limit_bytes=4 * GIB, used=lambda: held[0]))
    given = replace(given, cancelled=lambda: bool(held.__setitem__(0, 5 * GIB)))
    standings = enter(anchors(given.task))
    run_references(given, standings)
    held[0] = 0
    slow = replace(
        standings["lightgbm-quick"].candidate,
        params={"num_iterations": 1_000_000, "patience_share": 1e9},
    )
    standings["lightgbm-quick"].candidate = slow
    run(given, standings)
    assert standings["constant"].losses
    assert standings["lightgbm-quick"].state in ("failed", "skipped")
    assert "of memory" in standings["lightgbm-quick"].reason


def test_small_limits_mean_smaller_matrices() -> None:
    usual = cells_within(None)
    roomy = cells_within(MemoryLimit(limit_bytes=64 * GIB, used=lambda: 0))
    tight = cells_within(MemoryLimit(limit_bytes=GIB, used=lambda: 0))
    assert usual == roomy
    assert tight.kept < usual.kept and all(tight.most[view] < usual.most[view] for view in usual.most)
