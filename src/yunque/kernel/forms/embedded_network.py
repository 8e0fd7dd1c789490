"""A network over the tree view: numbers scaled and embedded, levels looked up, dense layers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from yunque.kernel.arrays import (
    LARGEST,
    MAX_FEATURES,
    MAX_OUTPUTS,
    Unchecked,
    require,
    require_columns,
    require_within,
)
from yunque.kernel.embedded_walk import score
from yunque.kernel.form import Arrays, FloatArray, Link
from yunque.kernel.forms.linear import LARGEST_INPUT

MOST_LAYERS = 16
MOST_FREQUENCIES = 1_000
MOST_LEVELS = 10_000_000
MOST_ROOTS = 8
ACTIVATIONS = ("selu", "mish")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class EmbeddedNetwork:
    """Raw scores of a network that reads numbers, flags of missing, and codes of categories.

    A number is rooted, centred, scaled, clipped smoothly to 3, and missing counts as 0. The first numbers are
    embedded as mix_bias + sum of cos(2 pi (frequency z + phase)) mix.

    Attributes:
        arrays: numbers (N,), roots (N,), flags (M,), categories (C,), level_starts (C + 1,), sizes (L + 1,)
            int64; centre, factor (N,); frequency, phase (E, Q); mix (E, Q, D), mix_bias (E, D);
            has_missing (C,) uint8, 0 or 1; level_rows (levels, sizes[1]); weights and biases of the
            dense layers one after another; low, high (K,) float64, between which raw scores are kept.
        activation: "selu" or "mish".
        link: how raw scores become predictions.
        n_features: columns of the matrix it reads.
    """

    kind: ClassVar[str] = "embedded_network"

    arrays: Mapping[str, npt.NDArray[Any]]
    activation: str
    link: Link
    n_features: int

    @property
    def n_raw(self) -> int:
        """Raw scores per row."""
        return int(self.arrays["sizes"][-1])

    @cached_property
    def _parts(self) -> tuple[tuple[npt.NDArray[Any], ...], ...]:
        of = self.arrays
        front = ("numbers", "roots", "centre", "factor", "frequency", "phase", "mix", "mix_bias", "flags")
        return (
            tuple(of[name] for name in front),
            tuple(of[name] for name in ("categories", "level_starts", "has_missing", "level_rows")),
            tuple(of[name] for name in ("sizes", "weights", "biases", "low", "high")),
        )

    def raw(self, x: FloatArray) -> FloatArray:
        """Score rows: (n, F) C-ordered float64 -> (n, K) raw scores."""
        require_columns(x, self.n_features)
        out = np.empty((x.shape[0], self.n_raw))
        score(*self._parts, ACTIVATIONS.index(self.activation), x, out)
        return out

    def to_arrays(self) -> tuple[dict[str, Any], Arrays]:
        """Give the link, the activation, the width, and the arrays."""
        facts = {"link": self.link, "n_features": self.n_features, "activation": self.activation}
        return facts, dict(self.arrays)

    @classmethod
    def from_arrays(cls, facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Check everything, then build.

        Raises:
            BundleError: a fact or array is missing, has a wrong type or shape, points out of bounds, or sums
                could overflow.
        """
        given = Unchecked(facts=facts, arrays=arrays)
        n_features = given.count("n_features", MAX_FEATURES)
        front = _front_of(given, n_features)
        sizes = given.array("sizes", "<i8", (None,))
        require(2 <= sizes.size <= MOST_LAYERS + 1, "there are too few or too many layers")
        require(bool(((sizes > 0) & (sizes <= MAX_FEATURES * 4)).all()), "a layer has a wrong width")
        require(sizes[-1] <= MAX_OUTPUTS, "there are too many outputs")
        embedded, size = front["mix_bias"].shape
        read = front["numbers"].size + embedded * size + front["flags"].size
        require(sizes[0] == max(read, 1), "the first layer has another width than its inputs")
        levels = _levels_of(given, n_features, int(sizes[1]))
        dense = _dense_of(given, sizes, levels)
        return cls(
            arrays={**front, **levels, **dense},
            activation=given.choice("activation", ACTIVATIONS),
            link=given.link(int(sizes[-1])),
            n_features=n_features,
        )


def _front_of(given: Unchecked, n_features: int) -> Arrays:
    """Check what reads numbers."""
    numbers = given.array("numbers", "<i8", (None,))
    roots = given.array("roots", "<i8", (numbers.size,))
    require_within(numbers, n_features, "a number")
    require_within(roots, MOST_ROOTS + 1, "a count of roots")
    frequency = given.numbers("frequency", (None, None))
    embedded, waves = frequency.shape
    require(embedded <= numbers.size, "more numbers are embedded than there are")
    require(waves <= MOST_FREQUENCIES, "there are too many frequencies")
    mix = given.numbers("mix", (embedded, waves, None))
    found: Arrays = {
        "numbers": numbers,
        "roots": roots,
        "centre": given.numbers("centre", (numbers.size,)),
        "factor": given.numbers("factor", (numbers.size,)),
        "frequency": frequency,
        "phase": given.numbers("phase", (embedded, waves)),
        "mix": mix,
        "mix_bias": given.numbers("mix_bias", (embedded, mix.shape[2])),
        "flags": given.array("flags", "<i8", (None,)),
    }
    require_within(found["flags"], n_features, "a flag")
    for name in ("centre", "frequency", "phase", "mix", "mix_bias"):
        require(float(np.abs(found[name]).max(initial=0.0)) <= LARGEST_INPUT, f"{name} is too large")
    return found


def _levels_of(given: Unchecked, n_features: int, width: int) -> Arrays:
    """Check what reads categories."""
    categories = given.array("categories", "<i8", (None,))
    require_within(categories, n_features, "a category")
    rows = given.numbers("level_rows", (None, width))
    require(rows.shape[0] <= MOST_LEVELS, "there are too many levels")
    starts = given.offsets("level_starts", categories.size, rows.shape[0])
    has_missing = given.array("has_missing", "|u1", (categories.size,))
    require_within(has_missing, 2, "whether a level is missing")
    require(bool((np.diff(starts) > has_missing).all()), "a category has no level")
    return {
        "categories": categories,
        "level_starts": starts,
        "has_missing": has_missing,
        "level_rows": rows,
    }


def _dense_of(given: Unchecked, sizes: npt.NDArray[np.int64], levels: Arrays) -> Arrays:
    """Check the layers: no sum may overflow."""
    weights = given.numbers("weights", (int((sizes[:-1].astype(object) * sizes[1:]).sum()),))
    biases = given.numbers("biases", (int(sizes[1:].sum()),))
    low, high = (given.numbers(name, (int(sizes[-1]),)) for name in ("low", "high"))
    require(bool((low <= high).all()), "the lowest score is above the highest")
    highest = float(np.abs(weights).max(initial=0.0)) * float(sizes.max()) * LARGEST_INPUT
    told = float(np.abs(levels["level_rows"]).max(initial=0.0)) * max(levels["categories"].size, 1)
    require(highest + told < LARGEST, "the weights are too large to be summed")
    require(float(np.abs(biases).max()) + highest + told < LARGEST, "a bias is too large")
    return {"sizes": sizes, "weights": weights, "biases": biases, "low": low, "high": high}


FORM = EmbeddedNetwork
