"""Random damage to a bundle, hashes made right again: it is refused, or it answers; it never crashes."""

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundle_world import World
from hostile_bundle import copy_of, put
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yunque.errors import BundleError, ContractError, NotFoundError
from yunque.models.predictor import Predictor
from yunque.models.trusted_load import load_bundle

QUIET = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
DOCUMENTS = ("blend.json", "recipe.json", "arrays.json", "golden.json", "manifest.json")
PARSED = (*DOCUMENTS, "contract.yaml", "arrays.bin")

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**31, -(2**31), 2**53, 2**63, 2**64, 10**400, -1]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        ["", "../x", "0/left", "city", "amount €", "late", "forest", "sigmoid", "identity", "\ud800"]
    ),
    st.just([]),
    st.just({}),
    st.just([[[]]]),
    st.just({"a": {"b": []}}),
)


@pytest.fixture(scope="module")
def honest(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of(world.bundle.folder, tmp_path_factory.mktemp("fuzz") / "bundle")


def must_hold(folder: Path) -> None:
    """Refuse, or answer with finite numbers of the right shape."""
    try:
        loaded = load_bundle(folder)
    except (BundleError, NotFoundError):
        return
    predictor = Predictor.from_bundle(loaded)
    try:
        outputs = predictor.evaluate_rows([predictor.example, *map(loaded.golden.record, range(3))])
    except ContractError:
        return
    assert outputs.shape == (4, loaded.task.n_outputs)
    assert np.isfinite(outputs).all()


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document, with long lists cut to their ends."""
    found = [path] if path else []
    if isinstance(document, dict):
        for key, value in document.items():
            found += places(value, (*path, key))
    elif isinstance(document, list):
        for index in sorted(
            {*range(min(3, len(document))), *range(max(0, len(document) - 2), len(document))}
        ):
            found += places(document[index], (*path, index))
    return found


@given(data=st.data())
@QUIET
def test_any_value_of_any_document_may_be_anything(honest: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(DOCUMENTS))
    document = json.loads((honest / name).read_bytes())
    original = (honest / name).read_bytes(), (honest / "manifest.json").read_bytes()
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(document) or [("format",)]))
        change(document, path, data)
    try:
        text = json.dumps(document).encode()
        if name == "manifest.json":
            (honest / name).write_bytes(text)
        else:
            put(honest, name, text)
        must_hold(honest)
    finally:
        (honest / name).write_bytes(original[0])
        (honest / "manifest.json").write_bytes(original[1])


def change(document: Any, path: tuple[Any, ...], data: st.DataObject) -> None:
    for key in path[:-1]:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return
    action = data.draw(st.sampled_from(["replace", "remove", "repeat", "add"]))
    try:
        if action == "replace":
            document[path[-1]] = copy.deepcopy(data.draw(ODD))
        elif action == "remove":
            del document[path[-1]]
        elif isinstance(document, list):
            document.append(document[path[-1]] if action == "repeat" else copy.deepcopy(data.draw(ODD)))
        elif isinstance(document, dict):
            document[data.draw(st.text(max_size=5))] = copy.deepcopy(data.draw(ODD))
    except (KeyError, IndexError, TypeError):
        return


@given(data=st.data())
@QUIET
def test_any_bytes_of_any_file_may_be_flipped(honest: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(PARSED))
    original = (honest / name).read_bytes(), (honest / "manifest.json").read_bytes()
    content = bytearray(original[0])
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(content)))
        content[at:at] = data.draw(st.binary(min_size=1, max_size=16))
    try:
        if name == "manifest.json":
            (honest / name).write_bytes(bytes(content))
        else:
            put(honest, name, bytes(content))
        must_hold(honest)
    finally:
        (honest / name).write_bytes(original[0])
        (honest / "manifest.json").write_bytes(original[1])


def test_the_fuzzed_folder_is_honest_again(honest: Path, tmp_path: Path) -> None:
    shutil.copytree(honest, tmp_path / "b")
    load_bundle(tmp_path / "b")
