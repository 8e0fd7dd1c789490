"""An algorithm that does what its parameter says, here and in processes of their own."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from yunque.kernel.forms.linear import Linear
from yunque.learning import outside
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted
from yunque.learning.registry import algorithm
from yunque.learning.task import TaskKind
from yunque.runtime.cell import Cell


def _fit(request: FitRequest) -> Fitted:
    wish = request.params["does"]
    if wish == "raise":
        raise RuntimeError("it cannot be done")
    if wish == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if wish == "hang":
        time.sleep(60.0)
    if wish == "eat":
        eaten = [np.ones(2**23) for _number in range(1_000)]  # 64 MiB each
        return Fitted(native=float(len(eaten)))
    if wish == "slow":
        while not request.should_stop():
            time.sleep(0.01)
        return Fitted(native=0.2, stopped_early=True)
    return Fitted(native=float("nan") if wish == "nan" else 0.1)


def _flatten(fitted: Fitted, request: FitRequest) -> Linear:
    columns = request.train.x.shape[1]
    return Linear(weights=np.zeros((columns, 1)), bias=np.array([fitted.native]), link="sigmoid")


DYING = Algorithm(
    name="dying",
    family="dying",
    tasks=frozenset({TaskKind.BINARY}),
    view="tree",
    fit=_fit,
    flatten=_flatten,
)


def fit_here(
    document: Mapping[str, Any],
    arrays: Mapping[str, Any],
    should_stop: Callable[[], bool],
    clock: Callable[[], float],
) -> bytes:
    """Make the fit as the shipped entry does, with one algorithm more in the registry."""
    outside.algorithm = lambda name: DYING if name == DYING.name else algorithm(name)  # type: ignore[attr-defined]
    return outside.fit_here(document, arrays, should_stop, clock)


class DyingCell:
    """A real cell whose children know the dying algorithm."""

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self.runs: list[str] = []

    def run(
        self,
        entry: str,
        document: Mapping[str, Any],
        arrays: Mapping[str, Any],
        allowance_bytes: int,
        should_stop: Callable[[bool], bool],
    ) -> bytes:
        assert entry == outside.ENTRY
        self.runs.append(document["name"])
        return self._cell.run("dying_fits:fit_here", document, arrays, allowance_bytes, should_stop)
