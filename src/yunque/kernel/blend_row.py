"""A whole blend on one row as one compiled call: the same functions in the same order, so the same bits.

Calling compiled code costs more than walking a hundred trees when a tuple of arrays is handed over for every
member. Here the addresses of all arrays stand in one table that is made once; a call hands over four arrays.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import carray, float32, float64, int32, int64, njit, types, uint8, uint32, uint64, void
from numba.core import cgutils
from numba.extending import intrinsic

from yunque.kernel.blend import Blend, Member, add_weighted
from yunque.kernel.calibration import CALIBRATION_CODES, calibrate_rows
from yunque.kernel.forest_masks import strike
from yunque.kernel.forest_walk import walk as walk_forest
from yunque.kernel.form import FloatArray
from yunque.kernel.forms.linear import weigh
from yunque.kernel.link import LINK_CODES, write_predictions
from yunque.kernel.oblivious_strike import strike_oblivious

FOREST, OBLIVIOUS, LINEAR, MASKS_32, MASKS_64 = range(5)
KNOWN = frozenset({"forest", "oblivious", "linear"})
KIND, LINK, OFFSET, WIDTH, RAW, FIRST_ARRAY = range(6)
MOST_ARRAYS = 16

_table = types.Array(int64, 2, "C", readonly=True)
_numbers = types.Array(float64, 1, "C", readonly=True)
_row = types.Array(float64, 1, "C")


@intrinsic
def _pointer(_typing_context, address):  # type: ignore[no-untyped-def]
    """Read a whole number as the address of memory."""

    def generate(_context, builder, _signature, arguments):  # type: ignore[no-untyped-def]
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(address), generate


@njit(cache=True, nogil=True, inline="always")
def _list(table, member, position, dtype):  # type: ignore[no-untyped-def]
    """Give array number `position` of a member as a list of numbers."""
    at = FIRST_ARRAY + 3 * position
    return carray(_pointer(table[member, at]), (table[member, at + 1],), dtype)


@njit(cache=True, nogil=True, inline="always")
def _matrix(table, member, position, dtype):  # type: ignore[no-untyped-def]
    """Give array number `position` of a member as a matrix."""
    at = FIRST_ARRAY + 3 * position
    return carray(_pointer(table[member, at]), (table[member, at + 1], table[member, at + 2]), dtype)


@njit(cache=True, nogil=True)
def _forest(table, m, x, raw) -> None:  # type: ignore[no-untyped-def]
    trees = (
        _matrix(table, m, 0, float64), _matrix(table, m, 1, int64), _list(table, m, 2, int64),
        _list(table, m, 3, uint32), _list(table, m, 4, uint8), _list(table, m, 5, uint8),
    )  # fmt: skip
    walk_forest(trees, _sums(table, m, 6), x, raw)


@njit(cache=True, nogil=True, inline="always")
def _sums(table, m, first):  # type: ignore[no-untyped-def]
    return (
        _list(table, m, first, int32), _matrix(table, m, first + 1, float64),
        _matrix(table, m, first + 2, float64), _list(table, m, first + 3, float64),
    )  # fmt: skip


@njit(cache=True, nogil=True, inline="always")
def _masks(table, m, mask, x, raw) -> None:  # type: ignore[no-untyped-def]
    lists = (
        _matrix(table, m, 0, uint64), _list(table, m, 1, float64), _list(table, m, 2, uint32),
        _list(table, m, 3, mask), _matrix(table, m, 4, uint64), _list(table, m, 5, uint64),
        _matrix(table, m, 6, uint64), _list(table, m, 7, mask), _list(table, m, 8, uint64),
        _list(table, m, 9, float64), _list(table, m, 10, uint8), _list(table, m, 11, uint8),
    )  # fmt: skip
    strike(lists, _sums(table, m, 12), x, raw)


@njit(cache=True, nogil=True)
def _masks_32(table, m, x, raw) -> None:  # type: ignore[no-untyped-def]
    _masks(table, m, uint32, x, raw)


@njit(cache=True, nogil=True)
def _masks_64(table, m, x, raw) -> None:  # type: ignore[no-untyped-def]
    _masks(table, m, uint64, x, raw)


@njit(cache=True, nogil=True)
def _oblivious(table, m, x, raw) -> None:  # type: ignore[no-untyped-def]
    trees = (
        _list(table, m, 0, uint64), _list(table, m, 1, float32), _list(table, m, 2, uint32),
        _list(table, m, 3, uint32), _list(table, m, 4, int64), _list(table, m, 5, float32),
        _list(table, m, 6, uint64), _matrix(table, m, 7, float64), _list(table, m, 8, uint8),
        _list(table, m, 9, float64), _list(table, m, 10, float64),
    )  # fmt: skip
    strike_oblivious(trees, x, raw)


@njit(void(_table, _numbers, int64, _row, _row), cache=True, nogil=True)
def evaluate_row(table, numbers, calibration, x, out) -> None:  # type: ignore[no-untyped-def]
    """Write the calibrated outputs of one row.

    Args:
        table: one line per member, see `RowProgram`.
        numbers: the weights, then the parameters of the calibration.
        calibration: code of the calibration.
        x: the row of every recipe, side by side.
        out: (n_outputs,).
    """
    n_members = table.shape[0]
    total = out.reshape((1, out.size))
    predictions = np.empty((1, out.size))
    total[:] = 0.0
    for m in range(n_members):
        first = table[m, OFFSET]
        row = x[first : first + table[m, WIDTH]].reshape((1, table[m, WIDTH]))
        raw = np.empty((1, table[m, RAW]))
        kind = table[m, KIND]
        if kind == MASKS_32:
            _masks_32(table, m, row, raw)
        elif kind == MASKS_64:
            _masks_64(table, m, row, raw)
        elif kind == FOREST:
            _forest(table, m, row, raw)
        elif kind == OBLIVIOUS:
            _oblivious(table, m, row, raw)
        else:
            weigh(_matrix(table, m, 0, float64), _list(table, m, 1, float64), row, raw)
        write_predictions(table[m, LINK], raw, predictions)
        add_weighted(predictions, numbers[m], total)
    if calibration:
        calibrate_rows(calibration, numbers[n_members:], total)


@dataclass(frozen=True, kw_only=True, eq=False)
class RowProgram:
    """A blend made ready for single rows.

    Attributes:
        table: (members, 5 + 3 x 16) int64: kind, link, where its recipe's columns start, how many it reads,
            how many raw scores it gives, then address and lengths of each of its arrays.
        numbers: weights, then parameters of the calibration.
        calibration: code.
        width: columns of all recipes side by side.
        n_outputs: numbers in an answer.
        kept: the arrays themselves; the addresses hold as long as this object lives.
    """

    table: npt.NDArray[np.int64]
    numbers: FloatArray
    calibration: int
    width: int
    n_outputs: int
    kept: tuple[npt.NDArray[Any], ...]

    def evaluate(self, x: FloatArray) -> FloatArray:
        """Predict one row, (width,) -> (n_outputs,), with the bits of `Blend.evaluate`.

        Raises:
            ValueError: the row has another width, which the compiled code would read out of bounds.
        """
        if x.size != self.width:
            raise ValueError(f"The model reads {self.width} columns, the row has {x.size}.")
        out = np.empty(self.n_outputs)
        evaluate_row(self.table, self.numbers, self.calibration, x, out)
        return out


def compile_blend(blend: Blend, widths: tuple[int, ...]) -> RowProgram | None:
    """Make a blend ready for single rows.

    Args:
        blend: checked members and calibration.
        widths: columns that each recipe gives, in their order.

    Returns:
        The program, or None when a member has a form that is not known here; `Blend.evaluate` serves it.

    Raises:
        ValueError: a member reads another number of columns than its recipe gives, or has no recipe.
    """
    if any(member.form.kind not in KNOWN for member in blend.members):
        return None
    for member in blend.members:
        if member.recipe >= len(widths) or member.form.n_features != widths[member.recipe]:
            raise ValueError(f"The member {member.name} reads other columns than its recipe gives.")
    offsets = np.cumsum([0, *widths])
    table = np.zeros((len(blend.members), FIRST_ARRAY + 3 * MOST_ARRAYS), np.int64)
    kept: list[npt.NDArray[Any]] = []
    for line, member in zip(table, blend.members, strict=True):
        code, arrays = _arrays(member)
        first = (code, LINK_CODES[member.form.link], offsets[member.recipe])
        line[:FIRST_ARRAY] = (*first, member.form.n_features, member.form.n_raw)
        for position, array in enumerate(arrays):
            shape = (*array.shape, 0)[:2]
            line[FIRST_ARRAY + 3 * position :][:3] = (array.ctypes.data, *shape)
        kept += arrays
    calibration = blend.calibration
    weights = [member.weight for member in blend.members]
    return RowProgram(
        table=table,
        numbers=np.array([*weights, *calibration.parameters], np.float64),
        calibration=CALIBRATION_CODES[calibration.kind],
        width=int(offsets[-1]),
        n_outputs=blend.n_outputs,
        kept=tuple(kept),
    )


def _arrays(member: Member) -> tuple[int, list[npt.NDArray[Any]]]:
    """Give the code of the fastest way to evaluate a member, and the arrays it reads."""
    form: Any = member.form
    if form.kind == "linear":
        return LINEAR, [form.weights, form.bias]
    if form.kind == "oblivious":
        return OBLIVIOUS, list(form.borders)
    if form.masks is None:
        return FOREST, [*form.trees, *form.sums]
    is_short = form.masks[3].dtype == np.uint32
    return MASKS_32 if is_short else MASKS_64, [*form.masks, *form.sums]
