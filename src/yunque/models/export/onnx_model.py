"""A packed model as one ONNX graph: columns in, labels and probabilities or values out."""

import json
from dataclasses import dataclass

from onnx import ModelProto, checker

from yunque.data.contract import Contract
from yunque.errors import ModelError
from yunque.learning.leaderboard import Champion
from yunque.learning.task import Task
from yunque.models.export.onnx_answers import write_calibration, write_labels, write_values
from yunque.models.export.onnx_columns import CONVENTIONS, Columns
from yunque.models.export.onnx_forms import write_blend
from yunque.models.export.onnx_graph import Graph, Precision
from yunque.models.export.onnx_steps import write_recipe


@dataclass(frozen=True, kw_only=True)
class OnnxModel:
    """A written graph.

    Attributes:
        proto: what is saved.
        columns: of the contract, those it reads, in the order of its inputs.
        precision: of its real numbers.
    """

    proto: ModelProto
    columns: tuple[str, ...]
    precision: Precision


def write_onnx(
    champion: Champion,
    contract: Contract,
    task: Task,
    facts: dict[str, str],
    precision: Precision = "float64",
) -> OnnxModel:
    """Write a champion as an ONNX graph (opset 21, ai.onnx.ml 5).

    The contract's checks are not part of it: it takes values as they stand in a checked table.

    Args:
        champion: blend, recipes, decision.
        contract: of the columns.
        task: a classification or a regression.
        facts: written into the file as metadata.
        precision: of its real numbers.

    Raises:
        ModelError: a step, a form or the task has no equivalent in ONNX; names it.
    """
    if not task.has_target:
        raise ModelError(
            f"The model cannot be written as ONNX: a model of kind {task.kind} is served by its bundle only.",
            hint="Only models that learnt a target are exported.",
        )
    graph = Graph(precision)
    columns = Columns(graph, contract.schema.features)
    used = sorted({member.recipe for member in champion.blend.members})
    written: dict[str, list[str]] = {}
    matrices = {place: write_recipe(columns, champion.recipes[place], written) for place in used}
    mean = write_blend(graph, champion.blend, matrices)
    outputs = write_calibration(graph, champion.blend.calibration, mean, champion.blend.n_outputs)
    if task.is_classification:
        write_labels(graph, task, champion.decision, outputs)
    else:
        write_values(graph, champion.decision, outputs)
    inputs = {name: CONVENTIONS[columns.kinds[name]] for name in columns.read}
    told = {"inputs": inputs, "classes": list(task.classes), "precision": precision}
    proto = graph.model(
        facts.get("model", "model"),
        {**facts, **{key: json.dumps(value, ensure_ascii=False) for key, value in told.items()}},
    )
    checker.check_model(proto)
    return OnnxModel(proto=proto, columns=columns.read, precision=precision)
