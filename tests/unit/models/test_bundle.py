"""Packing: everything is there, equal inputs give equal bytes, nothing half-written is ever seen."""

import csv
import hashlib
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from bundle_world import World, assemble, context_for

from yunque.data.contract import Contract
from yunque.errors import BundleError, ConflictError, StorageError, UsageError
from yunque.kernel.blend import Blend
from yunque.models.bundle import pack
from yunque.models.bundle_reference import measured_frame, read_sample
from yunque.models.manifest import REQUIRED_FILES, SAMPLE, Acceptance, Override
from yunque.models.trusted_load import load_bundle


def test_every_file_is_there_with_its_hash(world: World) -> None:
    folder, manifest = world.bundle.folder, world.bundle.manifest
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert present == {*REQUIRED_FILES, SAMPLE, "reference/lightgbm.txt", "manifest.json"}
    for name, record in manifest.files.items():
        content = (folder / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (record.size, record.sha256)
    assert world.bundle.id == hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    assert (folder / "reference/lightgbm.txt").read_bytes() == b"tree\n"
    assert (folder / "environment.txt").read_text() == "numpy==2.1.0\nyunque==0.1.0\n"
    assert Contract.from_yaml((folder / "contract.yaml").read_text()) == world.contract


def test_the_sample_of_a_bundle_holds_its_held_out_answers(world: World) -> None:
    bundle = load_bundle(world.bundle.folder)
    sample, held = read_sample(bundle), world.leaderboard.held_out
    assert sample is not None and sample.held_out == held.kind
    assert np.array_equal(sample.outputs, held.predictions)
    assert np.array_equal(sample.truth, np.asarray(held.y, float))
    features = measured_frame(world.contract.schema, world.frame)
    assert sample.frame.equals(features)
    assert json.loads(bundle.read(SAMPLE))["rows"] == world.frame.height


def test_equal_inputs_give_equal_bytes(world: World, tmp_path: Path) -> None:
    again = pack(world.leaderboard, world.contract, context_for(world.frame), tmp_path / "again")
    assert again.id == world.bundle.id


def test_another_moment_changes_nothing_that_is_replayed(world: World, tmp_path: Path) -> None:
    later = context_for(world.frame, created=datetime(2031, 1, 1, tzinfo=UTC))
    again = pack(world.leaderboard, world.contract, later, tmp_path / "again")
    assert again.id != world.bundle.id
    assert again.manifest.replayable_digest == world.bundle.manifest.replayable_digest


def test_the_leaderboard_opens_as_a_table(world: World) -> None:
    text = (world.bundle.folder / "leaderboard.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["name"] for row in rows] == [
        "champion",
        *(entry.name for entry in world.leaderboard.entries),
        "baseline: constant",
        "baseline: single column amount €",
    ]
    assert rows[3]["reason"] == "It gave NaN." and rows[3]["loss"] == ""
    assert json.loads(rows[1]["params"]) == {"seed": 7}
    metric = world.leaderboard.task.metric
    assert float(rows[0][metric]) == world.leaderboard.champion_metrics[metric]


def test_what_people_decided_is_written_down(binary: World, tmp_path: Path) -> None:
    context = context_for(
        binary.frame,
        accepted=(Acceptance(finding="id_column:order id", by="Ana", reason="it is not learnt from"),),
        requirements=("roc_auc>=0.6", "recall[yes]>=0.5"),
        overrides=(Override(by="Ana", reason="a trial"),),
    )
    manifest = pack(binary.leaderboard, binary.contract, context, tmp_path / "b").manifest
    assert manifest.accepted[0].by == "Ana"
    assert manifest.requirements == ["roc_auc>=0.6", "recall[yes]>=0.5"]
    assert manifest.overrides == [Override(by="Ana", reason="a trial")]
    assert load_bundle(tmp_path / "b").manifest == manifest


def test_an_existing_folder_is_never_written_over(binary: World, tmp_path: Path) -> None:
    target = tmp_path / "taken"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    with pytest.raises(ConflictError, match="taken"):
        pack(binary.leaderboard, binary.contract, context_for(binary.frame), target)
    assert [path.name for path in tmp_path.rglob("*")] == ["taken", "mine.txt"]


class Liar(Blend):
    """A blend that answers a single row differently from a table."""

    def evaluate(self, matrices: list, *, threads: int = 1) -> np.ndarray:  # type: ignore[override,type-arg]
        outputs = super().evaluate(matrices, threads=threads)
        return outputs if len(outputs) == 1 else np.nextafter(outputs, 0.0)


def test_a_bundle_that_does_not_answer_as_the_champion_did_never_appears(
    binary: World, tmp_path: Path
) -> None:
    honest = binary.leaderboard
    blend = honest.champion.blend
    liar = Liar(members=blend.members, n_outputs=blend.n_outputs, calibration=blend.calibration)
    champion = replace(honest.champion, blend=liar)
    board = assemble(honest.task, binary.frame, champion, honest.held_out.y, honest.held_out.predictions)
    with pytest.raises(BundleError, match="golden rows"):
        pack(board, binary.contract, context_for(binary.frame), tmp_path / "b")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_leaves_nothing_behind(binary: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError):
        pack(binary.leaderboard, binary.contract, context_for(binary.frame), tmp_path / "file" / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_reference_file_cannot_leave_the_folder(binary: World, tmp_path: Path) -> None:
    champion = replace(binary.leaderboard.champion, references={"../../evil": b"x"})
    with pytest.raises(BundleError, match="evil"):
        pack(
            replace(binary.leaderboard, champion=champion),
            binary.contract,
            context_for(binary.frame),
            tmp_path / "b",
        )


def test_a_moment_needs_a_time_zone(binary: World) -> None:
    with pytest.raises(UsageError, match="time zone"):
        context_for(binary.frame, created=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("rows", [1, 5])
def test_a_tiny_table_still_gives_enough_golden_rows(binary: World, tmp_path: Path, rows: int) -> None:
    few = binary.frame.head(rows)
    bundle = pack(binary.leaderboard, binary.contract, context_for(few), tmp_path / "b")
    golden = load_bundle(bundle.folder).golden
    assert 64 <= len(golden.rows) <= 256


def test_golden_rows_hold_gaps_extremes_and_values_never_seen(world: World) -> None:
    golden = world.predictor.golden
    rows = pl.DataFrame([golden.record(i) for i in range(len(golden.rows))], infer_schema_length=None)
    assert 64 <= rows.height <= 256
    for column in world.contract.schema.features:
        if column.nullable:
            assert rows[column.name].null_count() > 0
    assert rows["amount €"].max() >= world.frame["amount €"].max()
    assert "never seen before" in rows["city"].to_list()
    assert golden.expected.shape == (rows.height, world.leaderboard.task.n_outputs)


def test_without_leave_to_keep_rows_the_bundle_has_no_sample(binary: World, tmp_path: Path) -> None:
    context = replace(context_for(binary.frame), keep_rows=False)
    bundle = pack(binary.leaderboard, binary.contract, context, tmp_path / "bundle")
    assert SAMPLE not in bundle.manifest.files and not (bundle.folder / SAMPLE).exists()
    assert SAMPLE in binary.bundle.manifest.files
