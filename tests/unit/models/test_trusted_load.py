"""A hostile bundle is refused, by name, before anything is built from it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundle_world import World
from hostile_bundle import change_json, change_manifest, copy_of, put

from yunque.errors import BundleError, NotFoundError
from yunque.models.bundle_blend import READABLE
from yunque.models.bundle_folder import Limits
from yunque.models.golden import check_golden
from yunque.models.manifest import REQUIRED_FILES
from yunque.models.predictor import Predictor
from yunque.models.trusted_load import load_bundle


@pytest.fixture
def folder(binary: World, tmp_path: Path) -> Path:
    return copy_of(binary.bundle.folder, tmp_path / "bundle")


def refused(folder: Path, file: str | None = None) -> BundleError:
    with pytest.raises(BundleError) as caught:
        load_bundle(folder)
    if file is not None:
        assert caught.value.place["file"] == file
    return caught.value


def test_an_honest_copy_loads_and_its_golden_rows_reproduce(world: World, tmp_path: Path) -> None:
    loaded = load_bundle(copy_of(world.bundle.folder, tmp_path / "b"), expected_id=world.bundle.id)
    assert loaded.id == world.bundle.id
    assert loaded.contract == world.contract
    assert loaded.champion.decision == world.leaderboard.champion.decision
    assert loaded.champion.recipes == world.leaderboard.champion.recipes
    assert check_golden(Predictor.from_bundle(loaded)) == ()
    private = load_bundle(loaded.folder, private=True)
    assert check_golden(Predictor.from_bundle(private)) == ()


def test_other_files_are_read_against_their_hash(folder: Path) -> None:
    loaded = load_bundle(folder)
    assert loaded.read("environment.txt") == b"numpy==2.1.0\nyunque==0.1.0\n"
    (folder / "environment.txt").write_bytes(b"numpy==2.1.0\nyunque==6.6.6\n")
    with pytest.raises(BundleError, match="hash differs"):
        loaded.read("environment.txt")
    with pytest.raises(BundleError):
        loaded.read("../secret")


@pytest.mark.parametrize("name", [*REQUIRED_FILES, "reference/lightgbm.txt"])
def test_one_flipped_bit_anywhere_is_noticed(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    assert "hash differs" in refused(folder, name).message


@pytest.mark.parametrize("name", [*REQUIRED_FILES, "reference/lightgbm.txt", "manifest.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    refused(folder, name)


@pytest.mark.parametrize("name", ["extra.txt", "reference/extra.txt", "profile.json.bak"])
def test_an_undeclared_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_text("x")
    refused(folder, name)


@pytest.mark.parametrize("name", [".hidden", "with space", "ünïcode", "a\nb"])
def test_a_strange_name_is_refused_even_when_declared(folder: Path, name: str) -> None:
    put(folder, name, b"x")
    refused(folder, name)


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "reference/../../evil", "other/file", "a/b/c", "", "."]
)
def test_a_name_outside_the_folder_is_refused(folder: Path, name: str) -> None:
    def add(document: dict[str, Any]) -> None:
        document["files"][name] = document["files"]["environment.txt"]

    change_manifest(folder, add)
    refused(folder)


def test_links_and_devices_are_refused(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_bytes((folder / "profile.json").read_bytes())
    (folder / "profile.json").unlink()
    (folder / "profile.json").symlink_to(outside)
    assert "link" in refused(folder, "profile.json").message
    (folder / "profile.json").unlink()
    os.mkfifo(folder / "profile.json")
    assert "link or a device" in refused(folder, "profile.json").message


def test_a_linked_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "reference").rename(tmp_path / "elsewhere")
    (folder / "reference").symlink_to(tmp_path / "elsewhere")
    refused(folder, "reference")
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(NotFoundError):
        load_bundle(tmp_path / "link")
    with pytest.raises(NotFoundError):
        load_bundle(tmp_path / "nowhere")


def test_absurd_sizes_are_refused_unread(folder: Path) -> None:
    with pytest.raises(BundleError, match="at most 10"):
        load_bundle(folder, limits=Limits(file_bytes=10))
    with pytest.raises(BundleError, match="larger than"):
        load_bundle(folder, limits=Limits(document_bytes=10))
    with pytest.raises(BundleError, match="more than 3 files"):
        load_bundle(folder, limits=Limits(files=3))
    with (folder / "arrays.bin").open("r+b") as file:
        file.truncate(2**40)  # sparse: a terabyte that takes no room
    assert "1099511627776 bytes" in refused(folder, "arrays.bin").message


def test_another_bundle_than_the_published_one_is_refused(folder: Path) -> None:
    with pytest.raises(BundleError, match="its id differs"):
        load_bundle(folder, expected_id="0" * 64)


def member(position: int, **changes: Any) -> Callable[[Any], object]:
    return lambda document: document["members"][position].update(changes)


def nested(key: str, **changes: Any) -> Callable[[Any], object]:
    return lambda document: document[key].update(changes)


BLENDS: dict[str, Callable[[Any], object]] = {
    "recipe out of range": member(0, recipe=2),
    "recipe before the first": member(0, recipe=-1),
    "recipe of another width": member(0, recipe=1),
    "weight zero": member(0, weight=0.0),
    "weight negative": member(0, weight=-0.7),
    "weight null": member(0, weight=None),
    "weights above one": member(0, weight=0.8),
    "weight huge": member(0, weight=1e308),
    "unknown kind": member(0, kind="pickle"),
    "kind of the other": member(0, kind="linear"),
    "arrays of the other": member(0, arrays={"bias": "1/bias"}),
    "arrays from nowhere": member(0, arrays={"bias": "9/bias"}),
    "facts gone": member(0, facts={}),
    "facts nested": member(0, facts={"link": [[[]]]}),
    "unknown field": member(0, code="import os"),
    "no members": lambda document: document.update(members=[]),
    "too many members": lambda document: document.update(members=document["members"] * 600),
    "three outputs": lambda document: document.update(n_outputs=3),
    "one output": lambda document: document.update(n_outputs=1),
    "newer format": lambda document: document.update(format=READABLE[-1] + 1),
    "unknown calibration": nested("calibration", kind="magic"),
    "calibration of another length": nested("calibration", parameters=[1.0, 2.0]),
    "calibration by zero": nested("calibration", parameters=[0.0]),
    "threshold above one": nested("decision", threshold=1.5),
    "threshold of text": nested("decision", threshold="0.5"),
    "an interval of classes": nested("decision", interval_low=-1.0, interval_high=1.0),
    "half an interval": nested("decision", interval_low=-1.0),
    "a factor too few": nested("decision", factors=[1.0]),
    "a factor below zero": nested("decision", factors=[1.0, -1.0]),
    "costs of other classes": nested("decision", costs=[[0.0, 1.0]]),
    "costs of a short row": nested("decision", costs=[[0.0, 1.0], [1.0]]),
    "sets from above one": nested("decision", set_threshold=1.5),
}


@pytest.mark.parametrize("change", BLENDS.values(), ids=BLENDS.keys())
def test_a_blend_that_does_not_fit_is_refused(folder: Path, change: Callable[[Any], object]) -> None:
    change_json(folder, "blend.json", change)
    refused(folder)


def test_link_of_another_width_is_refused_before_any_sum(folder: Path) -> None:
    """A member that gives one column where two are summed would be read out of bounds."""
    change_json(folder, "blend.json", lambda d: d["members"][0]["facts"].update(link="identity"))
    assert "number of outputs" in refused(folder, "blend.json").message


def test_a_tree_that_points_outside_is_refused(folder: Path) -> None:
    """A packed node's second word is left << 32 | feature << 4 | flags."""
    index = json.loads((folder / "arrays.json").read_bytes())
    raw = bytearray((folder / "arrays.bin").read_bytes())
    word = _offset(index, "0/nodes") + 8
    rest = int(np.frombuffer(bytes(raw[word : word + 8]), "<i8")[0])
    changes = [
        (word, "<i8", value) for value in (2**30 << 32 | rest & 0xFFFFFFFF, rest ^ 2**30, rest ^ 8, -1)
    ]
    changes += [
        (_offset(index, "0/tree_start"), "<i8", 2**30),
        (_offset(index, "0/tree_output"), "<i4", 2**30),
    ]
    for offset, kind, value in changes:
        changed = np.array(value, kind).tobytes()
        hostile = bytearray(raw)
        hostile[offset : offset + len(changed)] = changed
        put(folder, "arrays.bin", bytes(hostile))
        refused(folder)
    put(folder, "arrays.bin", bytes(raw))
    load_bundle(folder)


def _offset(index: Any, name: str) -> int:
    return int(next(record["offset"] for record in index["arrays"] if record["name"] == name))


RECIPES: dict[str, Callable[[Any], object]] = {
    "no recipes": lambda d: d.update(recipes=[]),
    "newer format": lambda d: d.update(format=9),
    "one recipe fewer": lambda d: d["recipes"].pop(),
    "unknown step": lambda d: d["recipes"][0]["operations"][0].update(step="eval"),
    "column of the target": lambda d: d["recipes"][0]["operations"][0].update(columns=["late"]),
    "column of an id": lambda d: d["recipes"][0]["operations"][0].update(columns=["order id"]),
    "column from nowhere": lambda d: d["recipes"][0]["operations"][0].update(columns=["__import__('os')"]),
    "column of another kind": lambda d: d["recipes"][0]["operations"][0].update(columns=["city"]),
    "one operation fewer": lambda d: d["recipes"][0]["operations"].pop(),
}


@pytest.mark.parametrize("change", RECIPES.values(), ids=RECIPES.keys())
def test_a_recipe_that_does_not_fit_is_refused(folder: Path, change: Callable[[Any], object]) -> None:
    change_json(folder, "recipe.json", change)
    refused(folder)


GOLDEN: dict[str, Callable[[Any], object]] = {
    "no rows": lambda d: d.update(rows=[], expected=[]),
    "a row fewer": lambda d: d["rows"].pop(),
    "a value fewer": lambda d: d["rows"][0].pop(),
    "an output more": lambda d: d["expected"][0].append("0x0p+0"),
    "other fields": lambda d: d["fields"].reverse(),
    "not a number": lambda d: d["expected"][0].__setitem__(0, "nan"),
    "not hexadecimal": lambda d: d["expected"][0].__setitem__(0, "half"),
    "beyond floats": lambda d: d["expected"][0].__setitem__(0, "0x1p+99999"),
    "newer format": lambda d: d.update(format=0),
}


@pytest.mark.parametrize("change", GOLDEN.values(), ids=GOLDEN.keys())
def test_golden_rows_that_do_not_fit_are_refused(folder: Path, change: Callable[[Any], object]) -> None:
    change_json(folder, "golden.json", change)
    refused(folder, "golden.json")


def test_a_golden_answer_that_is_off_by_one_bit_is_found(folder: Path) -> None:
    def nudge(document: Any) -> None:
        number = float.fromhex(document["expected"][5][1])
        document["expected"][5][1] = float(np.nextafter(number, 1.0)).hex()

    change_json(folder, "golden.json", nudge)
    mismatches = check_golden(Predictor.from_bundle(load_bundle(folder)))
    assert [mismatch.row for mismatch in mismatches] == [5]


CONTRACTS = {
    "not yaml": b"a: [",
    "not utf-8": b"\xff\xfe\x00",
    "other columns": b"format: 1\nname: orders\ncolumns:\n- {name: x, kind: number}\n",
    "nested": b"[" * 5000,
    "python object": b"!!python/object/apply:os.system ['true']",
    "huge number": b"format: 1\nname: orders\ncolumns:\n- {name: x, kind: number, minimum: 1"
    + b"0" * 400
    + b"}\n",
    "bomb": b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n",
}


@pytest.mark.parametrize("raw", CONTRACTS.values(), ids=CONTRACTS.keys())
def test_a_contract_that_cannot_be_read_is_refused(folder: Path, raw: bytes) -> None:
    put(folder, "contract.yaml", raw)
    refused(folder, "contract.yaml")


def test_the_contract_must_be_the_one_of_the_manifest(folder: Path) -> None:
    text = (folder / "contract.yaml").read_text().replace("version: 1", "version: 2")
    put(folder, "contract.yaml", text.encode())
    assert "not the one" in refused(folder, "contract.yaml").message


def test_a_page_of_nested_json_is_refused(folder: Path) -> None:
    for name in ("blend.json", "recipe.json", "golden.json", "arrays.json"):
        original = (folder / name).read_bytes()
        put(folder, name, b'{"format":1,"recipes":[{"a":' + b"[" * 5000 + b"]" * 5000 + b"}]}")
        refused(folder, name)
        put(folder, name, original)


def test_opening_and_answering_loads_no_learning_library(binary: World) -> None:
    """Serving needs no library that trained the model, and nothing in a bundle is unpickled.

    numba keeps the compiled kernels in its own cache on this machine and pickles the index of that cache; that
    is the only unpickling allowed here, and it happens whether or not a bundle is opened.
    """
    code = """
import json, sys, traceback
unpickled = []
def watch(event, arguments):
    if event == "pickle.find_class":
        files = {frame.filename.replace("\\\\", "/") for frame in traceback.extract_stack()}
        if not any(name.endswith("numba/core/caching.py") for name in files):
            unpickled.append(str(arguments))
sys.addaudithook(watch)
import polars
from pathlib import Path
from yunque.models.predictor import Predictor
from yunque.models.trusted_load import load_bundle
predictor = Predictor.from_bundle(load_bundle(Path(sys.argv[1])))
predictor.predict_row(predictor.example)
predictor.predict_table(polars.DataFrame([predictor.example], infer_schema_length=None))
import yunque.models.registry
learners = {"sklearn", "lightgbm", "catboost", "xgboost", "pandas", "optuna", "altair", "pyarrow", "alembic",
            "joblib", "cloudpickle", "scipy.stats"}
print(json.dumps([sorted(learners & set(sys.modules)), unpickled]))
"""
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(binary.bundle.folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == [[], []]
