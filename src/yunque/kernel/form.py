"""What a fitted model is once its library is gone: a form of flat arrays that gives raw scores."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Arrays = dict[str, npt.NDArray[Any]]

# How raw scores become predictions: (n, K) raw -> (n, C) probabilities, or (n, 1) values in regression.
#   identity  as they are (regression; forests that already hold probabilities)
#   sigmoid   K = 1 -> C = 2: [1 - p, p] with p = 1 / (1 + exp(-raw))
#   softmax   K = C
#   exp       regression with a log link (Poisson, Tweedie)
#   expm1     regression trained on log1p of the target
#   complement  K = 1 -> C = 2: [1 - p, p], raw is already p
Link = Literal["identity", "sigmoid", "softmax", "exp", "expm1", "complement"]


class Form(Protocol):
    """A fitted model as flat arrays; found by file in `kernel/forms`, each file ends with FORM = its class.

    Rules: evaluating one row or many gives the same bits; nothing is read out of bounds whatever the arrays
    hold, because `from_arrays` checked them.
    """

    kind: ClassVar[str]

    @property
    def n_features(self) -> int:
        """Columns of the matrix it reads."""

    @property
    def n_raw(self) -> int:
        """Raw scores per row, K."""

    @property
    def link(self) -> Link:
        """How its raw scores become predictions."""

    def raw(self, x: FloatArray) -> FloatArray:
        """Score rows: (n, n_features) C-ordered float64, NaN is missing -> (n, K) raw scores."""

    def to_arrays(self) -> tuple[dict[str, Any], Arrays]:
        """Give JSON-able facts and named arrays that `from_arrays` takes back."""

    @classmethod
    def from_arrays(cls, facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Check everything, then build.

        Raises:
            BundleError: an array is missing, has a wrong type or shape, points out of bounds, or has a cycle.
        """
