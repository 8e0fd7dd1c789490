"""The manifest: read strictly, compared without its clock."""

import json

import msgspec
import pytest
from bundle_world import World

from yunque.errors import BundleError
from yunque.learning.task import TaskKind
from yunque.models.manifest import Override, Record, TaskRecord, read_manifest, replay_differences


def test_it_reads_back_as_it_was(world: World) -> None:
    manifest = world.bundle.manifest
    assert read_manifest(manifest.to_bytes()) == manifest
    assert manifest.question == world.leaderboard.task
    assert manifest.task.classes == list(world.leaderboard.task.classes)
    assert manifest.contract.digest == world.contract.digest()
    assert manifest.champion.held_out_rows == world.frame.height
    assert [candidate.state for candidate in manifest.candidates] == ["done", "done", "failed"]


def test_a_newer_format_is_refused_before_anything_else() -> None:
    with pytest.raises(BundleError, match="format 2"):
        read_manifest(json.dumps({"format": 2, "anything": "else"}).encode())


def test_an_unknown_field_is_refused(binary: World) -> None:
    document = json.loads(binary.bundle.manifest.to_bytes())
    document["surprise"] = 1
    with pytest.raises(BundleError):
        read_manifest(json.dumps(document).encode())


@pytest.mark.parametrize(
    "task",
    [
        ("ranking", ["a", "b"]),
        ("binary", ["a"]),
        ("binary", ["a", "b", "c"]),
        ("binary", ["a", "a"]),
        ("binary", [1, True]),
        ("binary", [0, "a"]),
        ("multiclass", []),
        ("regression", ["a", "b"]),
    ],
)
def test_a_task_that_cannot_be_is_refused(binary: World, task: tuple[str, list[object]]) -> None:
    record = TaskRecord(kind=task[0], target="late", classes=task[1], metric="log_loss")  # type: ignore[arg-type]
    with pytest.raises(BundleError):
        _ = msgspec.structs.replace(binary.bundle.manifest, task=record).question


def test_times_and_versions_do_not_enter_the_replayable_digest(binary: World) -> None:
    manifest = binary.bundle.manifest
    later = msgspec.structs.replace(
        manifest,
        clock=msgspec.structs.replace(manifest.clock, created="2030-01-01T00:00:00+00:00"),
        versions={**manifest.versions, "numpy": "9.9"},
        files={**manifest.files, "report.html": manifest.files["MODEL_CARD.md"]},
    )
    assert later.to_bytes() != manifest.to_bytes()
    assert later.replayable_digest == manifest.replayable_digest
    assert replay_differences(manifest, later) == ("version of numpy: 2.1.0 against 9.9",)


def test_what_differs_is_named(binary: World) -> None:
    manifest = binary.bundle.manifest
    other = msgspec.structs.replace(
        manifest, seed=8, files={**manifest.files, "arrays.bin": manifest.files["blend.json"]}
    )
    assert other.replayable_digest != manifest.replayable_digest
    assert replay_differences(manifest, other) == ("seed", "file arrays.bin")


def test_an_override_names_a_person_and_a_reason() -> None:
    assert issubclass(Override, Record)
    for by, reason in (("", "because"), ("Ana", "  ")):
        with pytest.raises(ValueError, match="name and a reason"):
            Override(by=by, reason=reason)


def test_kinds_of_tasks_are_all_covered(world: World) -> None:
    assert world.bundle.manifest.task.kind in set(TaskKind)
