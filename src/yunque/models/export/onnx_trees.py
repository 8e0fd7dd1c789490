"""Trees as one `TreeEnsemble` of ai.onnx.ml: float64 thresholds and leaves, sets of categories, gaps."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from yunque.errors import ModelError
from yunque.kernel.forest_nodes import unpack
from yunque.kernel.forest_walk import CATEGORICAL, DEFAULT_LEFT, INNER, SINGLE_MAX, ZERO
from yunque.kernel.forms.forest import Forest
from yunque.kernel.forms.oblivious import Oblivious
from yunque.models.export.onnx_graph import ML, Graph, Tensor

AT_MOST, MEMBER, SUM = 0, 6, 1
LARGEST_FILE = 1_900_000_000  # bytes: a file of ONNX is one protocol buffer, which holds 2 GiB
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trees:
    """Binary trees: a node goes to its first child when x <= threshold or its level is a member.

    Attributes:
        threshold, feature, child, first_when_missing: of each node; the second child is child + 1.
        inner: whether a node is no leaf.
        members: of each categorical node, the codes of its set.
        roots: first node of each tree, (T,), ascending.
        leaf: (nodes,) value of a leaf, or the row of its vector.
        output: (T,) which output each tree adds to.
        vectors: (L, K) of leaves; no rows where leaves hold values.
    """

    threshold: FloatArray
    feature: IntArray
    child: IntArray
    first_when_missing: npt.NDArray[np.bool_]
    inner: npt.NDArray[np.bool_]
    members: dict[int, IntArray]
    roots: IntArray
    leaf: FloatArray
    output: IntArray
    vectors: FloatArray


def write_forest(graph: Graph, form: Forest, matrix: Tensor) -> Tensor:
    """Write (sum of leaves + base) / divisor * scale + bias, (rows, K).

    Raises:
        ModelError: more leaves than a file of ONNX holds.
    """
    facts, arrays = form.facts, form.arrays
    x = _as_seen(graph, matrix, arrays["zero_is_missing"] != 0, single=facts["inputs"] == "float32")
    total = graph.add("Add", _sum(graph, _trees_of(form), x, form.n_raw), graph.constant(arrays["base"]))
    total = graph.add("Div", total, graph.constant(float(facts["divisor"])))
    total = graph.add("Mul", total, graph.constant(float(facts["scale"])))
    return graph.add("Add", total, graph.constant(arrays["bias"]))


def write_oblivious(graph: Graph, form: Oblivious, matrix: Tensor) -> Tensor:
    """Write symmetric trees as ordinary ones: sum of leaves * scale + bias, (rows, K).

    Raises:
        ModelError: more leaves than a file of ONNX holds.
    """
    arrays = form.arrays
    x = _as_seen(graph, matrix, np.zeros(form.n_features, np.bool_), single=True)
    parts = [x]
    if arrays["indicator_column"].size:
        shown = graph.add("Gather", x, graph.constant(arrays["indicator_column"].astype(np.int64)), axis=1)
        codes = graph.constant(arrays["indicator_code"].astype(np.float64))
        parts.append(graph.to_real(graph.add("Equal", shown, codes)))
    if arrays["nan_is_largest"].any():
        largest = graph.constant(arrays["nan_is_largest"] != 0)
        lost = graph.add("And", graph.is_missing(x), largest)
        parts[0] = graph.where(lost, graph.constant(np.inf), x)
    x = graph.add("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    total = _sum(graph, _opened(arrays), x, form.n_raw)
    total = graph.add("Mul", total, graph.constant(float(form.facts["scale"])))
    return graph.add("Add", total, graph.constant(arrays["bias"]))


def _as_seen(graph: Graph, matrix: Tensor, zero_is_missing: Any, *, single: bool) -> Tensor:
    """Give a matrix as the training library saw it: rounded to float32, zero as missing."""
    if single and graph.precision == "float64":
        cut = graph.add("Cast", graph.clip(matrix, -SINGLE_MAX, SINGLE_MAX), to=TensorProto.FLOAT)
        matrix = graph.to_real(cut)
    if zero_is_missing.any():
        tiny = graph.add("LessOrEqual", graph.add("Abs", matrix), graph.constant(ZERO))
        lost = graph.add("And", tiny, graph.constant(zero_is_missing))
        matrix = graph.where(lost, graph.constant(float("nan")), matrix)
    return matrix


def _trees_of(form: Forest) -> Trees:
    nodes, arrays = unpack(form.trees[1]), form.arrays
    inner = (nodes["flags"] & INNER) > 0
    categorical = np.flatnonzero((nodes["flags"] & CATEGORICAL) > 0)
    starts, words = arrays["word_start"], arrays["words"].astype("<u4")
    members = {}
    for node in categorical.tolist():
        number = int(nodes["threshold"][node])
        bits = np.unpackbits(words[starts[number] : starts[number + 1]].view(np.uint8), bitorder="little")
        members[node] = np.flatnonzero(bits)
    return Trees(
        threshold=nodes["threshold"],
        feature=nodes["feature"].astype(np.int64),
        child=nodes["left"].astype(np.int64),
        first_when_missing=(nodes["flags"] & DEFAULT_LEFT) > 0,
        inner=inner,
        members=members,
        roots=arrays["tree_start"][:-1],
        leaf=nodes["threshold"],
        output=arrays["tree_output"].astype(np.int64),
        vectors=arrays["leaf_vectors"],
    )


def _opened(arrays: dict[str, npt.NDArray[Any]]) -> Trees:
    """Open symmetric trees: the first split is the lowest bit of a leaf's number, so it is asked last."""
    parts: list[dict[str, Any]] = []
    roots, at = [], 0
    for tree in range(arrays["split_start"].size - 1):
        first, end = arrays["split_start"][tree], arrays["split_start"][tree + 1]
        depth = int(end - first)
        inner = (1 << depth) - 1
        heap = np.arange(inner)  # node i has the children 2i + 1 and 2i + 2
        level = np.floor(np.log2(heap + 1)).astype(np.int64)
        split = int(end) - 1 - level
        size = 2 * inner + 1
        leaf = np.zeros(size)
        leaf[inner:] = arrays["leaf_start"][tree] + np.arange(1 << depth)
        pad = np.zeros(inner + 1)
        parts.append(
            {
                "threshold": np.concatenate((arrays["border"][split].astype(np.float64), pad)),
                "feature": np.concatenate(
                    (arrays["split_feature"][split].astype(np.int64), pad.astype(np.int64))
                ),
                "child": np.concatenate((at + 2 * heap + 1, pad.astype(np.int64))),
                "inner": np.arange(size) < inner,
                "leaf": leaf,
            }
        )
        roots.append(at)
        at += size
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Trees(
        **joined,
        first_when_missing=np.ones(at, np.bool_),
        members={},
        roots=np.array(roots),
        output=np.zeros(len(roots), np.int64),
        vectors=arrays["leaves"],
    )


def _sum(graph: Graph, trees: Trees, x: Tensor, outputs: int) -> Tensor:
    """Write the sum of the leaves that a row reaches, (rows, K).

    Leaves that hold vectors are named instead of added: each tree has a target of its own, which gives the
    row of its vector, and the vectors are summed. So a tree is written once, however many classes there are.
    """
    leaves = int((~trees.inner).sum())
    if graph.size + 60 * trees.inner.size + trees.vectors.nbytes > LARGEST_FILE:
        raise ModelError(
            f"The model cannot be written as ONNX: {leaves:,} leaves are more than one file holds.",
            hint="Serve the bundle itself, or train with a smaller budget or other algorithms.",
        )
    if not trees.vectors.shape[0]:
        return _ensemble(graph, trees, x, trees.output, outputs)
    if graph.precision == "float32" and trees.vectors.shape[0] > 1 << 24:
        raise ModelError(
            f"The model cannot be written in float32: it cannot count its {trees.vectors.shape[0]:,} leaves.",
            hint="Export it with --precision float64.",
        )
    found = _ensemble(graph, trees, x, np.arange(trees.roots.size), trees.roots.size)
    rows = graph.add("Cast", found, to=TensorProto.INT64)
    vectors = graph.add("Gather", graph.constant(trees.vectors), rows, axis=0)  # (rows, T, K)
    return graph.add("ReduceSum", vectors, graph.constant(np.array([1], np.int64)), keepdims=0)


def _ensemble(graph: Graph, trees: Trees, x: Tensor, target: IntArray, targets: int) -> Tensor:
    inner = trees.inner
    alone = ~inner[trees.roots]  # a tree of one leaf needs a node all the same
    number = np.where(inner, np.cumsum(inner) - 1, np.cumsum(~inner) - 1)  # among nodes, or among leaves
    first, second = trees.child[inner], trees.child[inner] + 1
    asked = np.concatenate((np.flatnonzero(inner), trees.roots[alone]))
    plain = int(inner.sum())
    only = number[trees.roots[alone]]
    threshold, modes, members = _questions(graph, trees, asked, plain)
    size = np.diff(np.append(trees.roots, inner.size))
    tree_of = np.repeat(np.arange(trees.roots.size), size)
    roots = number[trees.roots].copy()
    roots[alone] = plain + np.arange(int(alone.sum()))
    attributes: dict[str, Any] = {
        "nodes_splits": graph.tensor(threshold),
        "nodes_modes": graph.tensor(modes),
        "nodes_featureids": np.where(inner[asked], trees.feature[asked], 0).tolist(),
        "nodes_truenodeids": np.concatenate((number[first], only)).tolist(),
        "nodes_falsenodeids": np.concatenate((number[second], only)).tolist(),
        "nodes_trueleafs": np.concatenate((~inner[first], np.ones(only.size))).astype(np.int64).tolist(),
        "nodes_falseleafs": np.concatenate((~inner[second], np.ones(only.size))).astype(np.int64).tolist(),
        "nodes_missing_value_tracks_true": trees.first_when_missing[asked].astype(np.int64).tolist(),
        "tree_roots": roots.tolist(),
        "leaf_targetids": target[tree_of[~inner]].tolist(),
        "leaf_weights": graph.tensor(trees.leaf[~inner]),
        "n_targets": targets,
        "aggregate_function": SUM,
        "post_transform": 0,
    }
    if members.size:
        attributes["membership_values"] = graph.tensor(members)
    return graph.add("TreeEnsemble", x, domain=ML, **attributes)


def _questions(
    graph: Graph, trees: Trees, asked: IntArray, plain: int
) -> tuple[FloatArray, npt.NDArray[np.uint8], FloatArray]:
    """Give thresholds, kinds of question, and the members of sets, each set closed by NaN."""
    threshold = np.where(np.arange(asked.size) < plain, trees.threshold[asked], 0.0)
    modes = np.full(asked.size, AT_MOST, np.uint8)
    members: list[FloatArray] = []
    for place, node in enumerate(asked[:plain].tolist()):
        codes = trees.members.get(node)
        if codes is None:
            continue
        threshold[place] = 0.0 if codes.size else -1e30
        if codes.size:
            modes[place] = MEMBER
            members.append(np.append(codes.astype(np.float64), np.nan))
    if graph.precision == "float32":
        threshold = _rounded_down(threshold)
    return threshold, modes, np.concatenate(members) if members else np.zeros(0)


def _rounded_down(threshold: FloatArray) -> FloatArray:
    """Give the largest float32 that is not above: x <= threshold stays true for every x of float32."""
    cut = np.clip(threshold, -SINGLE_MAX, SINGLE_MAX)
    single = cut.astype(np.float32)
    lower = np.nextafter(single, np.float32(-np.inf))
    return np.where(single.astype(np.float64) > cut, lower, single).astype(np.float64)
