"""Calibration and decision as ONNX operators: from the blended outputs to labels, probabilities, values."""

import numpy as np
from onnx import TensorProto

from yunque.kernel.calibration import SMALLEST, Calibration
from yunque.kernel.form import FloatArray
from yunque.learning.leaderboard import Decision
from yunque.learning.task import Task
from yunque.models.export.onnx_forms import both
from yunque.models.export.onnx_graph import Graph, Tensor

LABEL_TYPES = {
    bool: TensorProto.BOOL,
    int: TensorProto.INT64,
    float: TensorProto.DOUBLE,
    str: TensorProto.STRING,
}


def write_calibration(graph: Graph, calibration: Calibration, p: Tensor, outputs: int) -> Tensor:
    """Write the map from blended probabilities to calibrated ones, (rows, outputs)."""
    if calibration.kind == "identity":
        return p
    if outputs == 2:
        positive = graph.add("Gather", p, graph.constant(np.array([1], np.int64)), axis=1)
        return both(graph, graph.clip(_mapped(graph, calibration, positive, 1), 0.0, 1.0))
    if calibration.kind == "temperature":
        warm = graph.add("Div", _logarithm(graph, p), graph.constant(calibration.parameters[0]))
        return graph.add("Softmax", warm, axis=1)
    mapped = _mapped(graph, calibration, p, outputs)
    axes = graph.constant(np.array([1], np.int64))
    total = graph.add("ReduceSum", mapped, axes, keepdims=1)
    is_nothing = graph.add("LessOrEqual", total, graph.constant(0.0))
    return graph.where(is_nothing, p, graph.add("Div", mapped, total))


def _mapped(graph: Graph, calibration: Calibration, p: Tensor, maps: int) -> Tensor:
    """Write one map per column of p, (rows, maps)."""
    numbers = calibration.numbers
    if calibration.kind == "isotonic":
        return _isotonic(graph, numbers.reshape(maps, 2, -1), p, maps)
    log_p, log_rest = _logarithm(graph, p), _logarithm_of_rest(graph, p)
    if calibration.kind == "temperature":
        odds = graph.add("Sub", log_p, log_rest)
        return graph.add("Sigmoid", graph.add("Div", odds, graph.constant(float(numbers[0]))))
    if calibration.kind == "platt":
        a, b = (graph.constant(part) for part in numbers.reshape(maps, 2).T)
        odds = graph.add("Mul", a, graph.add("Sub", log_p, log_rest))
        return graph.add("Sigmoid", graph.add("Add", odds, b))
    a, b, c = (graph.constant(part) for part in numbers.reshape(maps, 3).T)
    odds = graph.add("Sub", graph.add("Mul", a, log_p), graph.add("Mul", b, log_rest))
    return graph.add("Sigmoid", graph.add("Add", odds, c))


def _logarithm(graph: Graph, p: Tensor) -> Tensor:
    return graph.add("Log", graph.clip(p, SMALLEST, 1.0 - SMALLEST))


def _logarithm_of_rest(graph: Graph, p: Tensor) -> Tensor:
    inside = graph.clip(p, SMALLEST, 1.0 - SMALLEST)
    return graph.add("Log", graph.add("Sub", graph.constant(1.0), inside))


def _isotonic(graph: Graph, knots: FloatArray, p: Tensor, maps: int) -> Tensor:
    """Write straight lines between knots; flat before the first and after the last.

    Each line is a slope over its own stretch, clipped: y0 + sum of slope * clip(p - x0, 0, width).
    """
    columns = []
    for place in range(maps):
        x, y = knots[place]
        own = graph.add("Gather", p, graph.constant(np.array([place], np.int64)), axis=1) if maps > 1 else p
        columns.append(_one_map(graph, x, y, own))
    return graph.add("Concat", *columns, axis=1) if maps > 1 else columns[0]


def _one_map(graph: Graph, x: FloatArray, y: FloatArray, p: Tensor) -> Tensor:
    """Find the stretch by counting the knots at or below p, then interpolate as `between_knots` does."""
    one = graph.constant(np.array([1], np.int64))
    reached = graph.add("Cast", graph.add("LessOrEqual", graph.constant(x), p), to=TensorProto.INT64)
    count = graph.add("ReduceSum", reached, one, keepdims=1)  # 0: before the first; all: at or after the last
    x0, x1 = np.concatenate(([0.0], x)), np.concatenate((x, [1.0]))
    y0, y1 = np.concatenate((y[:1], y)), np.concatenate((y, y[-1:]))
    is_flat = (x1 <= x0) | (np.arange(x0.size) == 0) | (np.arange(x0.size) == x.size)
    slope = np.where(is_flat, 0.0, (y1 - y0)) / np.where(is_flat, 1.0, x1 - x0)
    start, low, high, steep = (
        graph.add("Gather", graph.constant(values), count, axis=0) for values in (x0, y0, y1, slope)
    )
    line = graph.add("Add", low, graph.add("Mul", steep, graph.add("Sub", p, start)))
    return graph.add("Min", graph.add("Max", line, low), high)


def write_labels(graph: Graph, task: Task, decision: Decision, probabilities: Tensor) -> None:
    """Write the outputs of a classification: `label` (rows,), `probabilities` (rows, classes)."""
    place = _place(graph, decision, probabilities, len(task.classes))
    classes = np.array(task.classes, object if isinstance(task.classes[0], str) else None)
    element = LABEL_TYPES[type(task.classes[0])]
    if element == TensorProto.DOUBLE:
        element = graph.real_type
    label = graph.add("Gather", graph.constant(classes), place, axis=0)
    graph.give_output(label, "label", int(element), ["rows"])
    graph.give_output(probabilities, "probabilities", graph.real_type, ["rows", len(task.classes)])


def _place(graph: Graph, decision: Decision, p: Tensor, classes: int) -> Tensor:
    """Write the position of the answered class, (rows,) int64; the first of equals."""
    if decision.threshold is not None and classes == 2:
        positive = graph.add("Gather", p, graph.constant(np.array(1, np.int64)), axis=1)
        reached = graph.add("GreaterOrEqual", positive, graph.constant(float(decision.threshold)))
        return graph.add("Cast", reached, to=TensorProto.INT64)
    if decision.factors is not None:
        raised = graph.add("Mul", p, graph.constant(np.array(decision.factors)))
        return graph.add("ArgMax", raised, axis=1, keepdims=0)
    if decision.costs is not None:
        expected = graph.add("MatMul", p, graph.constant(np.array(decision.costs)))
        return graph.add("ArgMin", expected, axis=1, keepdims=0)
    return graph.add("ArgMax", p, axis=1, keepdims=0)


def write_values(graph: Graph, decision: Decision, values: Tensor) -> None:
    """Write the outputs of a regression: `value` (rows, 1), and `interval` (rows, 2) where there is one."""
    graph.give_output(values, "value", graph.real_type, ["rows", 1])
    if decision.interval_low is not None and decision.interval_high is not None:
        ends = graph.constant(np.array([decision.interval_low, decision.interval_high]))
        graph.give_output(graph.add("Add", values, ends), "interval", graph.real_type, ["rows", 2])
