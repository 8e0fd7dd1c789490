"""A packed model as ONNX: the same answers, or a refusal that says why."""

import json
from dataclasses import replace
from pathlib import Path

import bundle_world
import numpy as np
import onnxruntime
import polars as pl
import pytest
from bundle_world import World, table

from yunque.data.schema import Kind, Role
from yunque.errors import ModelError
from yunque.kernel.blend import Blend
from yunque.kernel.calibration import Calibration, isotonic
from yunque.learning.leaderboard import Champion, Decision
from yunque.learning.task import SUPERVISED, TaskKind
from yunque.models.export.onnx_model import OnnxModel, write_onnx
from yunque.models.export.onnx_parity import feed, golden_frame, measure, require
from yunque.models.predictor import Predictor

KNOTS = np.linspace(0.05, 0.9, 7).tolist(), np.linspace(0.0, 1.0, 7).tolist()
CALIBRATIONS = {
    TaskKind.BINARY: [
        Calibration(kind="temperature", parameters=(1.7,)),
        Calibration(kind="platt", parameters=(0.8, -0.2)),
        Calibration(kind="beta", parameters=(0.7, 1.2, 0.1)),
        isotonic([KNOTS]),
    ],
    TaskKind.MULTICLASS: [
        Calibration(kind="temperature", parameters=(0.6,)),
        Calibration(kind="platt", parameters=(0.8, -0.2, 1.0, 0.1, 1.3, 0.0)),
        Calibration(kind="beta", parameters=(0.7, 1.2, 0.1) * 3),
        isotonic([KNOTS, (KNOTS[0][:3], KNOTS[1][:3]), KNOTS]),
    ],
}
DECISIONS = {
    TaskKind.BINARY: Decision(threshold=0.31),
    TaskKind.MULTICLASS: Decision(factors=(0.5, 1.0, 2.5)),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[TaskKind, World]:
    """Bundles of a table without texts, which ONNX cannot read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(bundle_world.KINDS, "note", (Kind.TEXT, Role.ID))
        return {kind: World(kind, tmp_path_factory.mktemp(kind) / "bundle") for kind in sorted(SUPERVISED)}


def export(predictor: Predictor, champion: Champion | None = None, precision: str = "float64") -> OnnxModel:
    facts = {"model": "orders@1", "bundle": predictor.bundle.id}
    used = champion or predictor.champion
    return write_onnx(used, predictor.contract, predictor.task, facts, precision)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", sorted(SUPERVISED))
def test_a_graph_answers_golden_rows_and_a_table_as_the_bundle_does(
    plain: dict[TaskKind, World], kind: TaskKind
) -> None:
    predictor = plain[kind].predictor
    exported = export(predictor)
    parity = measure(predictor, exported, table(500, seed=9))
    assert parity.rows == {"golden": len(predictor.golden.rows), "table": 500}
    assert (parity.labels_differ, parity.examples) == (0, ())
    assert parity.largest_difference < 1e-9
    require(parity, "float64")
    facts = {entry.key: entry.value for entry in exported.proto.metadata_props}
    assert (facts["model"], facts["bundle"]) == ("orders@1", predictor.bundle.id)
    assert json.loads(facts["classes"]) == list(predictor.task.classes)
    assert set(json.loads(facts["inputs"])) == set(exported.columns)


@pytest.mark.parametrize(
    ("kind", "place"), [(kind, place) for kind, some in CALIBRATIONS.items() for place in range(len(some))]
)
def test_every_calibration_and_decision_is_written(
    plain: dict[TaskKind, World], kind: TaskKind, place: int
) -> None:
    predictor = Predictor.from_bundle(plain[kind].predictor.bundle)
    blend = predictor.champion.blend
    raised = Blend(members=blend.members, n_outputs=blend.n_outputs, calibration=CALIBRATIONS[kind][place])
    predictor.champion = replace(predictor.champion, blend=raised, decision=DECISIONS[kind])
    parity = measure(predictor, export(predictor), None)
    assert parity.labels_differ == 0
    assert parity.largest_difference < 1e-9


def test_an_interval_is_written_beside_the_value(plain: dict[TaskKind, World]) -> None:
    predictor = plain[TaskKind.REGRESSION].predictor
    exported = export(predictor)
    frame = golden_frame(predictor)
    session = onnxruntime.InferenceSession(exported.proto.SerializeToString())
    value, interval = session.run(["value", "interval"], feed(predictor, exported, frame))
    np.testing.assert_allclose(interval, value + np.array([[-1.25, 1.5]]), rtol=1e-12)


def test_float32_that_changes_labels_is_refused_with_the_reason(plain: dict[TaskKind, World]) -> None:
    predictor = Predictor.from_bundle(plain[TaskKind.BINARY].predictor.bundle)
    exported = export(predictor, precision="float32")
    session = onnxruntime.InferenceSession(exported.proto.SerializeToString())
    frame = golden_frame(predictor)
    rounded = session.run(["probabilities"], feed(predictor, exported, frame))[0][:, 1].astype(np.float64)
    exact = predictor.predict_proba([predictor.golden.record(row) for row in range(frame.height)])[:, 1]
    between = (rounded + exact)[np.abs(rounded - exact).argmax()] / 2.0
    predictor.champion = replace(predictor.champion, decision=Decision(threshold=float(between)))
    parity = measure(predictor, export(predictor, precision="float32"), None)
    with pytest.raises(
        ModelError, match=r"float32 rounds what the model compares: .* another label"
    ) as caught:
        require(parity, "float32")
    assert caught.value.details["parity"]["labels_differ"] == parity.labels_differ > 0
    assert "float64" in caught.value.hint
    assert {parity.examples[0]["bundle"], parity.examples[0]["onnx"]} == {"yes", "no"}
    assert measure(predictor, export(predictor), None).holds


def test_what_has_no_equivalent_is_named(binary: World) -> None:
    with pytest.raises(ModelError, match="the step 'text' of 'note'"):
        export(binary.predictor)


def test_a_graph_is_the_same_bytes_twice(plain: dict[TaskKind, World], tmp_path: Path) -> None:
    predictor = plain[TaskKind.MULTICLASS].predictor
    one, other = (export(predictor).proto.SerializeToString(deterministic=True) for _ in range(2))
    assert one == other


def test_rows_that_the_contract_refuses_are_not_compared(plain: dict[TaskKind, World]) -> None:
    predictor = plain[TaskKind.BINARY].predictor
    rows = table(20, seed=4).with_columns(pl.lit("no number").alias("amount €"))
    parity = measure(predictor, export(predictor), rows)
    assert parity.rows["table"] == 0
