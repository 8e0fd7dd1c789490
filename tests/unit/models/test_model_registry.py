"""The registry: versions are numbered once, only gates make a champion, every change is on record."""

import json
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from bundle_world import World, context_for
from hostile_bundle import copy_of, put

from yunque.errors import BundleError, ConflictError, GateError, NotFoundError, StorageError, UsageError
from yunque.models.bundle import Bundle, pack
from yunque.models.manifest import Override
from yunque.models.registry import Registry
from yunque.models.registry_names import Reference, read_reference
from yunque.models.registry_rows import Event, previous_champion
from yunque.runtime.clock import FixedClock
from yunque.runtime.database import Database, open_database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def registry(quick_path: Path, open_at: Any, clock: FixedClock) -> Registry:
    return Registry(quick_path / "models", open_at(clock))


@pytest.fixture(scope="module")
def weak(binary: World, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle that declares more than it reaches."""
    context = context_for(binary.frame, requirements=("roc_auc>=0.9999",))
    folder = tmp_path_factory.mktemp("weak") / "bundle"
    return pack(binary.leaderboard, binary.contract, context, folder)


def test_versions_count_from_one_and_are_facts_of_their_bundle(registry: Registry, binary: World) -> None:
    first = registry.publish(binary.bundle.folder, by="ana", reason="a first try")
    second = registry.publish(binary.bundle.folder, by="ana")
    assert [(first.label, second.label)] == [("orders@1", "orders@2")]
    assert first.bundle_id == binary.bundle.id and first.created_at == NOON
    assert first.facts["dataset_fingerprint"] == binary.bundle.manifest.dataset.fingerprint
    assert first.facts["contract"]["digest"] == binary.contract.digest()
    assert registry.versions("orders") == (first, second)
    assert registry.names() == ("orders",)
    assert registry.folder_of(first).is_dir()
    event = registry.history("orders")[0]
    assert (event.event, event.actor, event.reason, event.at) == ("publish", "ana", "a first try", NOON)


def test_a_published_bundle_is_a_copy_that_nobody_changes(
    registry: Registry, binary: World, tmp_path: Path
) -> None:
    mine = copy_of(binary.bundle.folder, tmp_path / "mine")
    version = registry.publish(mine, by="ana")
    (mine / "blend.json").write_text("{}")
    assert registry.open("orders@1").predict_row(binary.predictor.example)
    files = [p for p in registry.folder_of(version).rglob("*") if p.is_file()]
    assert files and all(p.stat().st_mode & 0o222 == 0 for p in files)


def test_a_corrupt_bundle_is_not_published(registry: Registry, binary: World, tmp_path: Path) -> None:
    broken = copy_of(binary.bundle.folder, tmp_path / "broken")
    (broken / "arrays.bin").write_bytes(b"")
    with pytest.raises(BundleError):
        registry.publish(broken, by="ana", name="orders")
    assert registry.names() == ()
    home = registry.folder_of(registry.publish(binary.bundle.folder, by="ana")).parent.parent
    assert [path.name for path in home.iterdir()] == ["1"]


def test_a_folder_that_cannot_be_written_is_said_to_be_so(
    quick_path: Path, open_at: Any, binary: World
) -> None:
    (quick_path / "models").write_text("not a folder")
    with pytest.raises(StorageError, match="cannot be written"):
        Registry(quick_path / "models", open_at()).publish(binary.bundle.folder, by="ana")


def test_another_name_may_be_given(registry: Registry, binary: World) -> None:
    assert registry.publish(binary.bundle.folder, by="ana", name="late-orders").label == "late-orders@1"
    assert registry.open("late-orders@1").version_label == "late-orders@1"


@pytest.mark.parametrize(
    "name", ["", "UPPER", "../x", "a/b", "-a", ".a", "a" * 65, "a b", "ñ", "a..b", "a@1"]
)
def test_a_name_that_could_leave_the_folder_is_refused(registry: Registry, binary: World, name: str) -> None:
    with pytest.raises(UsageError):
        registry.publish(binary.bundle.folder, by="ana", name=name or " ")
    with pytest.raises(UsageError):
        registry.versions(name)


def test_nobody_acts_without_a_name(registry: Registry, binary: World) -> None:
    with pytest.raises(UsageError, match="Nobody"):
        registry.publish(binary.bundle.folder, by="  ")


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("orders", Reference(name="orders", version="champion")),
        ("orders@champion", Reference(name="orders", version="champion")),
        ("orders@challenger", Reference(name="orders", version="challenger")),
        ("orders@latest", Reference(name="orders", version="latest")),
        ("orders@3", Reference(name="orders", version=3)),
        ("orders@v3", Reference(name="orders", version=3)),
    ],
)
def test_references_are_read(text: str, reference: Reference) -> None:
    assert read_reference(text) == reference


@pytest.mark.parametrize("text", ["", "orders@", "orders@0", "orders@-1", "orders@3.5", "orders@best", "@1"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_reference(text)


def test_what_is_not_there_is_named_with_its_neighbours(registry: Registry, binary: World) -> None:
    registry.publish(binary.bundle.folder, by="ana")
    with pytest.raises(NotFoundError, match="'orders'"):
        registry.open("order@1")
    with pytest.raises(NotFoundError, match="Available: '1'"):
        registry.open("orders@7")
    with pytest.raises(NotFoundError, match="orders has no champion") as caught:
        registry.open("orders")
    assert "promote orders 1" in caught.value.hint
    with pytest.raises(NotFoundError):
        registry.history("nothing")


def test_a_champion_answers_by_its_alias(registry: Registry, binary: World, clock: FixedClock) -> None:
    registry.publish(binary.bundle.folder, by="ana")
    registry.publish(binary.bundle.folder, by="ana")
    clock.advance(60)
    promoted = registry.promote("orders", 1, by="luis", reason="looks good")
    assert promoted.aliases == ("champion",)
    predictor = registry.open("orders@champion")
    assert predictor.version_label == registry.open("orders").version_label == "orders@1"
    expected = binary.predictor.predict_row(binary.predictor.example)
    assert predictor.predict_row(binary.predictor.example) == expected
    assert registry.resolve("orders@latest").version == 2
    event = registry.history("orders")[-1]
    assert (event.event, event.version, event.actor, event.reason) == ("promote", 1, "luis", "looks good")
    assert event.details["previous"] is None and event.at.timestamp() == NOON.timestamp() + 60


def test_a_challenger_needs_no_gates_and_changes_no_champion(
    registry: Registry, binary: World, weak: Bundle
) -> None:
    registry.publish(binary.bundle.folder, by="ana")
    registry.promote("orders", "v1", by="ana")
    registry.publish(weak.folder, by="ana")
    assert registry.challenge("orders", "2", by="ana").aliases == ("challenger",)
    assert registry.open("orders@challenger").version_label == "orders@2"
    assert registry.open("orders").version_label == "orders@1"


def test_a_version_that_falls_short_is_not_promoted(registry: Registry, weak: Bundle) -> None:
    registry.publish(weak.folder, by="ana")
    with pytest.raises(GateError, match=r"roc_auc>=0\.9999 is not met") as caught:
        registry.promote("orders", 1, by="ana")
    assert [gap.gate for gap in caught.value.shortfalls] == ["requirement"]
    with pytest.raises(NotFoundError):
        registry.open("orders")
    assert [event.event for event in registry.history("orders")] == ["publish"]


def test_an_override_is_a_named_reason_on_record_and_beside_the_bundle(
    registry: Registry, weak: Bundle
) -> None:
    version = registry.publish(weak.folder, by="ana")
    override = Override(by="Ana Ruiz", reason="the target was too high for this data")
    registry.promote("orders", 1, by="luis", override=override)
    details = registry.history("orders")[-1].details
    assert details["overrides"] == [{"by": "Ana Ruiz", "reason": "the target was too high for this data"}]
    assert details["shortfalls"][0]["gate"] == "requirement"
    copied = json.loads((registry.folder_of(version).parent / "overrides.json").read_text())
    assert copied[0]["overrides"] == details["overrides"] and copied[0]["promoted_by"] == "luis"
    assert registry.open("orders").bundle.id == weak.id  # the bundle itself is what it was


def test_an_override_in_the_manifest_counts(registry: Registry, binary: World, tmp_path: Path) -> None:
    context = context_for(
        binary.frame,
        requirements=("roc_auc>=0.9999",),
        overrides=(Override(by="Ana", reason="agreed before training"),),
    )
    registry.publish(pack(binary.leaderboard, binary.contract, context, tmp_path / "b").folder, by="ana")
    assert registry.promote("orders", 1, by="ana").aliases == ("champion",)


def test_an_override_that_was_not_needed_is_not_recorded(registry: Registry, binary: World) -> None:
    version = registry.publish(binary.bundle.folder, by="ana")
    registry.promote("orders", 1, by="ana", override=Override(by="Ana", reason="to be safe"))
    assert registry.history("orders")[-1].details["overrides"] == []
    assert not (registry.folder_of(version).parent / "overrides.json").exists()


def test_rollback_goes_back_step_by_step(registry: Registry, binary: World) -> None:
    for number in (1, 2, 3):
        registry.publish(binary.bundle.folder, by="ana")
        registry.promote("orders", number, by="ana")
    assert registry.rollback("orders", by="luis", reason="complaints").version == 2
    assert registry.rollback("orders", by="luis").version == 1
    with pytest.raises(ConflictError, match="no other champion"):
        registry.rollback("orders", by="luis")
    registry.promote("orders", 3, by="ana")
    assert registry.rollback("orders", by="luis").version == 1
    assert registry.open("orders").version_label == "orders@1"
    events = [(e.event, e.version, e.details.get("previous")) for e in registry.history("orders")[-2:]]
    assert events == [("promote", 3, 1), ("rollback", 1, 3)]


def event(kind: Any, version: int) -> Event:
    return Event(name="m", version=version, event=kind, actor="a", reason="", at=NOON, details={})


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], None),
        ([("publish", 1)], None),
        ([("promote", 1)], None),
        ([("promote", 1), ("promote", 1)], None),
        ([("promote", 1), ("promote", 2)], 1),
        ([("promote", 1), ("promote", 2), ("promote", 2)], 1),
        ([("promote", 1), ("promote", 2), ("rollback", 1)], None),
        ([("promote", 1), ("promote", 2), ("rollback", 1), ("promote", 3)], 1),
        ([("promote", 2), ("promote", 1), ("promote", 2)], 1),
    ],
)
def test_who_reigned_before(events: list[tuple[str, int]], expected: int | None) -> None:
    assert previous_champion([event(kind, version) for kind, version in events]) == expected


def test_a_bundle_changed_after_publication_is_neither_opened_nor_promoted(
    registry: Registry, binary: World
) -> None:
    version = registry.publish(binary.bundle.folder, by="ana")
    folder = registry.folder_of(version)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    put(folder, "environment.txt", b"other==1\n")  # with every hash made right again
    with pytest.raises(BundleError, match="its id differs"):
        registry.open("orders@1")
    with pytest.raises(BundleError, match="its id differs"):
        registry.promote("orders", 1, by="ana")


def test_a_folder_whose_row_was_lost_is_never_written_over(registry: Registry, binary: World) -> None:
    version = registry.publish(binary.bundle.folder, by="ana")
    orphan = registry.folder_of(version).parent.parent / "5"
    orphan.mkdir()
    (orphan / "mine.txt").write_text("mine")
    assert registry.publish(binary.bundle.folder, by="ana").version == 6
    assert (orphan / "mine.txt").read_text() == "mine"


def test_publishers_at_once_get_different_numbers(
    quick_path: Path, database: Database, binary: World
) -> None:
    registry = Registry(quick_path / "models", database)
    numbers: list[int] = []

    def publish() -> None:
        numbers.extend(registry.publish(binary.bundle.folder, by="ana").version for _ in range(3))

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [version.version for version in registry.versions("orders")]
    assert len(set(numbers)) == 12
    for version in registry.versions("orders"):
        assert registry.load(version).id == binary.bundle.id


def test_promoters_at_once_leave_one_champion_and_a_whole_record(
    quick_path: Path, database: Database, binary: World
) -> None:
    registry = Registry(quick_path / "models", database)
    for _ in range(4):
        registry.publish(binary.bundle.folder, by="ana")
    threads = [
        threading.Thread(target=registry.promote, args=("orders", n), kwargs={"by": "ana"})
        for n in (1, 2, 3, 4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    promotions = [event for event in registry.history("orders") if event.event == "promote"]
    assert sorted(event.version or 0 for event in promotions) == [1, 2, 3, 4]
    champions = [version for version in registry.versions("orders") if "champion" in version.aliases]
    assert [version.version for version in champions] == [promotions[-1].version]
    assert [event.details["previous"] for event in promotions] == [
        None,
        *(event.version for event in promotions[:-1]),
    ]


def test_publishing_processes_do_not_collide(quick_path: Path, empty_sqlite_url: str, binary: World) -> None:
    code = (
        "import sys; from pathlib import Path; from yunque.models.registry import Registry;"
        "from yunque.runtime.database import open_database;"
        "r = Registry(Path(sys.argv[1]), open_database(sys.argv[2]));"
        "print(*[r.publish(Path(sys.argv[3]), by='p').version for _ in range(3)])"
    )
    arguments = [
        sys.executable,
        "-c",
        code,
        str(quick_path / "models"),
        empty_sqlite_url,
        str(binary.bundle.folder),
    ]
    running = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    numbers = [int(n) for process in running for n in process.communicate(timeout=100)[0].split()]
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
    database = open_database(empty_sqlite_url)
    assert len(Registry(quick_path / "models", database).versions("orders")) == 6
    database.engine.dispose()


def test_lineage_says_which_versions_came_from_the_same_table(
    registry: Registry, binary: World, tmp_path: Path
) -> None:
    registry.publish(binary.bundle.folder, by="ana")
    other = pack(binary.leaderboard, binary.contract, context_for(binary.frame.head(100)), tmp_path / "b")
    registry.publish(other.folder, by="ana")
    registry.publish(binary.bundle.folder, by="ana")
    prints = [version.facts["dataset_fingerprint"] for version in registry.versions("orders")]
    assert prints[0] == prints[2] != prints[1]
    digests = [version.facts["replayable_digest"] for version in registry.versions("orders")]
    assert digests[0] == digests[2] == binary.bundle.manifest.replayable_digest
    assert msgspec.json.decode(msgspec.json.encode(dict(registry.versions("orders")[0].facts)))
