"""Forms and their links as ONNX operators: trees, weighted sums, layers of them."""

import numpy as np

from yunque.kernel.blend import Blend
from yunque.kernel.form import FloatArray, Form, Link
from yunque.kernel.forms.forest import Forest
from yunque.kernel.forms.linear import LARGEST_INPUT, Linear
from yunque.kernel.forms.network import Network
from yunque.kernel.forms.oblivious import Oblivious
from yunque.kernel.link import LARGEST_EXPONENT
from yunque.models.export.onnx_columns import no_equivalent
from yunque.models.export.onnx_graph import Graph, Tensor
from yunque.models.export.onnx_trees import write_forest, write_oblivious


def write_blend(graph: Graph, blend: Blend, matrices: dict[int, Tensor]) -> Tensor:
    """Write the weighted mean of the members before calibration, (rows, outputs).

    Raises:
        ModelError: a form has no equivalent; names the member and its kind.
    """
    total = ""
    for member in blend.members:
        raw = _write_raw(graph, member.form, matrices[member.recipe], member.name)
        answered = write_link(graph, member.form.link, raw)
        weighed = graph.add("Mul", answered, graph.constant(float(member.weight)))
        total = graph.add("Add", total, weighed) if total else weighed
    return total


def _write_raw(graph: Graph, form: Form, matrix: Tensor, name: str) -> Tensor:
    if isinstance(form, Forest):
        return write_forest(graph, form, matrix)
    if isinstance(form, Oblivious):
        return write_oblivious(graph, form, matrix)
    if isinstance(form, Linear):
        return _weigh(graph, form.weights, form.bias, matrix)
    if isinstance(form, Network):
        layers = list(zip(form.weights, form.biases, strict=True))
        for place, (weights, bias) in enumerate(layers):
            matrix = _weigh(graph, weights, bias, matrix)
            if place + 1 < len(layers):
                matrix = graph.add("Relu", matrix)
        return matrix
    raise no_equivalent(
        f"the member {name!r} of kind {form.kind!r}",
        "trees, weighted sums and rectified layers are what it has",
    )


def _weigh(graph: Graph, weights: FloatArray, bias: FloatArray, matrix: Tensor) -> Tensor:
    present = graph.where(graph.is_missing(matrix), graph.constant(0.0), matrix)
    present = graph.clip(present, -LARGEST_INPUT, LARGEST_INPUT)
    product = graph.add("MatMul", present, graph.constant(np.ascontiguousarray(weights)))
    return graph.add("Add", product, graph.constant(bias))


def write_link(graph: Graph, link: Link, raw: Tensor) -> Tensor:
    """Write how raw scores become predictions, (rows, outputs)."""
    if link == "identity":
        return raw
    if link == "softmax":
        return graph.add("Softmax", raw, axis=1)
    if link in ("exp", "expm1"):
        value = graph.add("Exp", graph.add("Min", raw, graph.constant(LARGEST_EXPONENT)))
        return value if link == "exp" else graph.add("Sub", value, graph.constant(1.0))
    p = graph.add("Sigmoid", raw) if link == "sigmoid" else graph.clip(raw, 0.0, 1.0)
    return both(graph, p)


def both(graph: Graph, p: Tensor) -> Tensor:
    """Give [1 - p, p], (rows, 2)."""
    return graph.add("Concat", graph.add("Sub", graph.constant(1.0), p), p, axis=1)
