"""One fitted form explained: a base and what each group of columns adds to it, in the form's raw scores."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from numba import float64, njit, types, uint8, void

from yunque.kernel.contributions import (
    IntArray,
    TreeTable,
    expectations,
    explain_trees,
    shapley_weights,
    shares,
)
from yunque.kernel.forest_walk import DEFAULT_LEFT, FLAG_BITS, INNER
from yunque.kernel.forest_walk import load_row as load_forest_row
from yunque.kernel.form import FloatArray, Form
from yunque.kernel.forms.forest import Forest
from yunque.kernel.forms.linear import LARGEST_INPUT, Linear
from yunque.kernel.forms.oblivious import Oblivious
from yunque.kernel.forms.oblivious import load_row as load_oblivious_row
from yunque.kernel.forms.oblivious import tree_arrays as oblivious_arrays

Method = Literal["tree", "linear", "sampled"]
WALKS = 32  # pairs of an order and its reverse, each from one background row
SAMPLE_SEED = 20


def _read(kind: types.Type, dimensions: int = 1) -> types.Array:
    return types.Array(kind, dimensions, "C", readonly=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class Contributions:
    """What groups of columns add to the base: base + sum over groups = raw score.

    Attributes:
        base: (K,) what is expected when nothing of the row is known.
        values: (n, G, K).
        method: "tree" and "linear" are exact; "sampled" sums exactly but shares by sampled orders.
        evaluations: rows evaluated per explained row; 0 where none was needed.
    """

    base: FloatArray
    values: FloatArray
    method: Method
    evaluations: int = 0

    @property
    def scores(self) -> FloatArray:
        """The raw scores that are explained, (n, K)."""
        return np.asarray(self.base + self.values.sum(axis=1))


@dataclass(frozen=True, kw_only=True, eq=False)
class Groups:
    """Which columns of a matrix are counted together.

    Attributes:
        of: (F,) group of each column.
        count: number of groups.
    """

    of: IntArray
    count: int


def explain_form(form: Form, x: FloatArray, groups: Groups, background: FloatArray) -> Contributions:
    """Explain rows: (n, F) as `Form.raw` takes them.

    Trees by path-dependent TreeSHAP, where the weight of training rows in their leaves is known; linear forms
    by weight times distance from the training mean; all others by walks from background rows to the row, in
    sampled orders of the groups (permutation sampling: Strumbelj and Kononenko, JMLR 2010).
    """
    if isinstance(form, Linear):
        return _linear(form, x, groups)
    table = tree_table(form)
    return _sampled(form, x, groups, background) if table is None else _trees(form, table, x, groups)


def tree_table(form: Form) -> TreeTable | None:
    """Give the trees of a form for explaining; None when it has none, or their covers are not known."""
    if isinstance(form, Forest) and form.arrays["leaf_cover"].size:
        nodes, packed, starts, sets = form.trees[:4]
        share, depth = shares(packed, form.arrays["leaf_cover"])
        return TreeTable(
            nodes=nodes, starts=starts, sets=sets, share=share, depth=int(depth),
            output=form.sums[0], vectors=form.sums[1],
        )  # fmt: skip
    if isinstance(form, Oblivious) and form.arrays["leaf_cover"].size:
        return _oblivious_table(form)
    return None


def _oblivious_table(form: Oblivious) -> TreeTable:
    """Spell symmetric trees out as nodes; the last split is the root, as CatBoost itself explains them."""
    splits, borders, starts, first_leaf = (form.trees[i] for i in (0, 1, 4, 5))
    depths = np.diff(starts)
    sizes = (np.int64(2) << depths) - 1
    at = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
    nodes = np.zeros((int(at[-1]), 2))
    packed = nodes.view(np.int64)
    for tree, depth in enumerate(depths.tolist()):
        for level in range(depth):
            split = starts[tree + 1] - 1 - level
            place = at[tree] + (1 << level) - 1 + np.arange(1 << level)
            left = at[tree] + (2 << level) - 1 + 2 * np.arange(1 << level)
            nodes[place, 0] = borders[split]
            packed[place, 1] = left << 32 | int(splits[split]) << FLAG_BITS | INNER | DEFAULT_LEFT
        leaves = at[tree] + (1 << depth) - 1 + np.arange(1 << depth)
        nodes[leaves, 0] = first_leaf[tree] + np.arange(1 << depth)
        packed[leaves, 1] = leaves << 32
    share, deepest = shares(packed, form.arrays["leaf_cover"])
    return TreeTable(
        nodes=nodes, starts=at, sets=np.zeros(1, np.uint32), share=share, depth=int(deepest),
        output=np.zeros(depths.size, np.int32), vectors=np.asarray(form.trees[6]),
    )  # fmt: skip


def _trees(form: Form, table: TreeTable, x: FloatArray, groups: Groups) -> Contributions:
    values = np.zeros((x.shape[0], groups.count, form.n_raw))
    weights, arrays = shapley_weights(max(table.depth, 1)), table.arrays()
    expected = expectations(arrays, form.n_raw)
    if isinstance(form, Oblivious):
        rows = np.empty((x.shape[0], form.n_features + form.trees[2].size))
        _load_oblivious(form.trees, x, rows)
        group = np.concatenate((groups.of, groups.of[form.trees[2]]))
        base, bias, divisor, scale = np.zeros(form.n_raw), form.trees[9], 1.0, float(form.trees[8][0])
    else:
        assert isinstance(form, Forest)  # noqa: S101 - `tree_table` knows no other
        rows = np.empty(x.shape)
        _load_forest(form.trees[4], form.trees[5], x, rows)
        group, (base, bias), (divisor, scale) = groups.of, form.sums[2], form.sums[3]
    explain_trees(arrays, weights, table.depth, group.astype(np.int64), rows, values)
    return Contributions(
        base=(base + expected) / divisor * scale + bias, values=values / divisor * scale, method="tree"
    )


@njit(
    void(_read(uint8), _read(uint8), _read(float64, 2), types.Array(float64, 2, "C")), cache=True, nogil=True
)
def _load_forest(zero_is_missing, switches, x, rows) -> None:  # type: ignore[no-untyped-def]
    for r in range(x.shape[0]):
        load_forest_row(x, r, zero_is_missing, switches[1], rows[r])


@njit(void(oblivious_arrays, _read(float64, 2), types.Array(float64, 2, "C")), cache=True, nogil=True)
def _load_oblivious(trees, x, rows) -> None:  # type: ignore[no-untyped-def]
    row = np.empty(rows.shape[1], np.float32)
    for r in range(x.shape[0]):
        load_oblivious_row(trees, x, r, row)
        for j in range(row.size):
            rows[r, j] = row[j]


def _linear(form: Linear, x: FloatArray, groups: Groups) -> Contributions:
    centre = form.centre if form.centre.size else np.zeros(form.n_features)
    read = np.clip(np.where(np.isnan(x), 0.0, x), -LARGEST_INPUT, LARGEST_INPUT) - centre
    values = np.zeros((x.shape[0], groups.count, form.n_raw))
    for column in range(form.n_features):
        values[:, groups.of[column]] += read[:, column, None] * form.weights[column]
    return Contributions(base=centre @ form.weights + form.bias, values=values, method="linear")


def _sampled(form: Form, x: FloatArray, groups: Groups, background: FloatArray) -> Contributions:
    """Replace groups one after another in sampled orders: the changes of the score telescope to the whole.

    Orders and background rows are the same for every row, so a row's explanation does not depend on others.
    """
    order = np.random.default_rng(SAMPLE_SEED)
    walks: list[tuple[FloatArray, npt.NDArray[np.int64]]] = []
    for walk in range(WALKS):
        start = background[walk % background.shape[0]]
        chosen = order.permutation(groups.count)
        walks += [(start, chosen), (start, chosen[::-1])]
    values = np.zeros((x.shape[0], groups.count, form.n_raw))
    bases = form.raw(np.ascontiguousarray([start for start, _ in walks]))
    steps = np.empty((len(walks), groups.count + 1, x.shape[1]))
    for r in range(x.shape[0]):
        for w, (start, chosen) in enumerate(walks):
            taken = np.empty(groups.count, np.int64)
            taken[chosen] = np.arange(groups.count)
            steps[w] = np.where(taken[groups.of] < np.arange(groups.count + 1)[:, None], x[r], start)
        raw = form.raw(steps.reshape(-1, x.shape[1])).reshape(len(walks), groups.count + 1, -1)
        for w, (_, chosen) in enumerate(walks):
            values[r, chosen] += np.diff(raw[w], axis=0) / len(walks)
    evaluations = len(walks) * (groups.count + 1)
    return Contributions(base=bases.mean(axis=0), values=values, method="sampled", evaluations=evaluations)
