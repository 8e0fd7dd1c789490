"""A fit outside this process: handed over and given back as data, so that its death costs only itself."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy.typing as npt

from yunque.features.recipe import Operation, Output, Recipe
from yunque.kernel.form import FloatArray
from yunque.learning.algorithm import Matrix
from yunque.learning.candidate import Candidate
from yunque.learning.fold_data import Encoded
from yunque.learning.fold_fit import FitJob, FoldResult, run_fit
from yunque.learning.fold_memory import read_fold, write_fold
from yunque.learning.plan import task_record
from yunque.learning.registry import algorithm
from yunque.learning.task import Task, TaskKind

ENTRY = "yunque.learning.outside:fit_here"
ALLOWED = 1.5  # of what a fit is expected to need; an estimate is not that wrong
LEAST_ALLOWED = 512 * 2**20  # libraries reserve address space that they never use

Arrays = Mapping[str, npt.NDArray[Any]]


class Outside(Protocol):
    """Where a fit may run that this process must survive."""

    def run(
        self,
        entry: str,
        document: Mapping[str, Any],
        arrays: Arrays,
        allowance_bytes: int,
        should_stop: Callable[[bool], bool],
    ) -> bytes:
        """Give what the function `entry` gives; raises what says why it did not."""


def fit_there(
    outside: Outside, job: FitJob, encoded: Encoded, should_stop: Callable[[bool], bool]
) -> FoldResult:
    """Make one fit outside, within what it may need of memory.

    Args:
        outside: where.
        job: the fit.
        encoded: its rows.
        should_stop: asked often, with whether the fit itself has begun.

    Raises:
        MemoryError: it needed more.
        ValueError: what came back cannot be read.
        OperationError: it raised, crashed, or was killed.
    """
    document = {
        "name": job.name,
        "algorithm": job.candidate.algorithm.name,
        "params": dict(job.candidate.params),
        "most_rows": job.candidate.most_rows,
        "fold": job.fold,
        "task": task_record(job.task),
        "seed": job.seed,
        "rounds": job.rounds,
        "threads": job.threads,
        "columns": len(encoded.recipe.outputs),
        "categorical": list(encoded.recipe.categorical),
        "view": encoded.recipe.view,
    }
    allowance = max(LEAST_ALLOWED, round(ALLOWED * job.needs))
    piece = outside.run(ENTRY, document, _arrays(job, encoded), allowance, should_stop)
    result = read_fold(job, piece)
    if result is None:
        raise ValueError("what its process left cannot be read")
    return result


def fit_here(
    document: Mapping[str, Any],
    arrays: Arrays,
    should_stop: Callable[[], bool],
    clock: Callable[[], float],
) -> bytes:
    """Make the fit that a document describes; the other side of `fit_there`."""
    record = document["task"]
    job = FitJob(
        candidate=Candidate(
            name=document["name"],
            algorithm=algorithm(document["algorithm"]),
            params=document["params"],
            most_rows=document["most_rows"],
        ),
        fold=document["fold"],
        task=Task(
            kind=TaskKind(record["kind"]),
            target=record["target"],
            metric=record["metric"],
            classes=tuple(record["classes"]),
        ),
        seed=document["seed"],
        rounds=document["rounds"],
        threads=document["threads"],
        should_stop=should_stop,
    )
    parts = {name.rpartition(".")[0].rpartition(".")[2] for name in arrays}
    found = {part: _matrix(arrays, part) for part in parts}
    encoded = Encoded(
        recipe=_like(document),
        train_rows=found["train"].y,
        train=found["train"],
        valid=found.get("valid"),
    )
    return write_fold(job, run_fit(job, encoded, clock))


def _arrays(job: FitJob, encoded: Encoded) -> dict[str, npt.NDArray[Any]]:
    """Name the arrays after what they are, so that the next fit of this fold finds them there."""
    prefix = f"{encoded.recipe.view}.{job.fold}"
    arrays: dict[str, npt.NDArray[Any]] = {}
    for part, matrix in (("train", encoded.train), ("valid", encoded.valid)):
        if matrix is None:
            continue
        arrays |= {f"{prefix}.{part}.x": matrix.x, f"{prefix}.{part}.y": matrix.y}
        if matrix.weight is not None:
            arrays[f"{prefix}.{part}.weight"] = matrix.weight
    return arrays


def _matrix(arrays: Arrays, part: str) -> Matrix:
    found: dict[str, npt.NDArray[Any]] = {
        name.rpartition(".")[2]: array for name, array in arrays.items() if f".{part}." in name
    }
    weight: FloatArray | None = found.get("weight")
    return Matrix(x=found["x"], y=found["y"], weight=weight)


def _like(document: Mapping[str, Any]) -> Recipe:
    """Give a recipe that says of its columns what a fit asks: which hold codes of categories."""
    coded = set(document["categorical"])
    outputs = tuple(
        Output(name=str(place), sources=(), levels=int(place in coded))
        for place in range(document["columns"])
    )
    return Recipe(
        view=document["view"], operations=(Operation(step="", columns=(), learnt={}, outputs=outputs),)
    )
