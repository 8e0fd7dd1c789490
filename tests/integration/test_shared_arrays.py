"""Workers share the arrays of a model: what the compiled code reads are pages of the bundle's own file."""

import mmap
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
from test_http_serve import ROW, server

from yunque.kernel.forest_build import Scoring, TreeNodes, build_forest
from yunque.kernel.load import form_from_arrays, form_to_shared
from yunque.models.bundle_arrays import read_arrays, write_arrays
from yunque.models.trusted_load import load_bundle


def memory_under(array: npt.NDArray[Any]) -> object:
    """The object that owns the memory of an array."""
    base: Any = array
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    return base.obj if isinstance(base, memoryview) else base


def test_the_arrays_that_are_walked_are_those_of_the_file(home: Path) -> None:
    mapped = 0
    for name in ("buys", "spend"):
        for member in load_bundle(home / "models" / name / "1" / "bundle").champion.blend.members:
            form: Any = member.form
            for array in {"forest": lambda f: f.trees[:2], "oblivious": lambda f: f.trees[:7]}.get(
                form.kind, lambda f: (f.weights,)
            )(form):
                if array.size:
                    assert isinstance(memory_under(array), mmap.mmap), (form.kind, array.shape)
                    mapped += 1
    assert mapped


def test_packed_nodes_are_taken_as_they_lie_and_give_the_same_bits() -> None:
    random = np.random.default_rng(0)
    tree = TreeNodes(
        left=np.array([1, -1, -1]), right=np.array([2, -1, -1]), feature=np.zeros(3, np.int64),
        threshold=np.array([0.5, -1.0, 2.0]), default_left=np.array([True, False, False]),
    )  # fmt: skip
    forest = build_forest([tree] * 9, Scoring(link="identity", n_features=1, n_outputs=1))
    facts, arrays = form_to_shared(forest)
    index, raw = write_arrays(arrays)
    file = read_arrays(index, memoryview(raw))
    again: Any = form_from_arrays("forest", facts, file)
    assert np.shares_memory(again.trees[0], file["nodes"]) and np.shares_memory(again.trees[1], file["nodes"])
    x = random.normal(0, 1, (40, 1))
    x[3] = np.nan
    assert again.raw(x).tobytes() == forest.raw(x).tobytes()


def test_two_workers_map_the_same_file(home: Path) -> None:
    with server(home, "--workers", "2") as (address, process):
        mapping: list[int] = []
        until = time.monotonic() + 60.0  # one worker may answer long before the other has started
        while len(mapping) < 2 and time.monotonic() < until:
            with httpx.Client(base_url=address, timeout=60) as client:  # a new connection, any worker's
                assert client.post("/api/v1/models/buys/predict", json=ROW).status_code == 200
            mapping = [pid for pid in family(process.pid) if arrays_of(pid)]
    assert len(mapping) == 2
    # Private dirty pages would be copies; there are none of a file that is mapped for reading.


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found, new = [pid], [pid]
    while new:
        new = [
            int(child)
            for parent in new
            for task in Path(f"/proc/{parent}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
        found += new
    return found


def arrays_of(pid: int) -> list[dict[str, int]]:
    """The mappings of a bundle's arrays, in kB, without a byte that is this process's own.

    `Anonymous` counts pages that were copied on writing; a file just written has dirty pages that are its own.
    """
    found: list[dict[str, int]] = []
    is_arrays = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        first, *rest = line.split()
        if not first.endswith(":"):
            is_arrays = line.endswith("arrays.bin")
            if is_arrays:
                found.append({})
        elif is_arrays and rest[-1:] == ["kB"]:
            found[-1][first[:-1]] = int(rest[0])
    assert all(mapping["Anonymous"] == 0 for mapping in found), found
    return found
