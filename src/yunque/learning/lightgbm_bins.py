"""LightGBM's binned tables, made once for all candidates that learn from the same rows.

Finding bins and filling them takes as long as dozens of rounds, and it is the same for every configuration.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from weakref import ref

from yunque.kernel.form import FloatArray
from yunque.learning.algorithm import FitRequest, Matrix
from yunque.learning.target import Target

# What a binned table depends on; `data_random_seed` is fixed so that it does not depend on the candidate.
BINNING = ("max_bin", "min_data_in_bin", "feature_pre_filter", "data_random_seed", "max_bin_by_feature",
           "bin_construct_sample_cnt", "use_missing", "zero_as_missing", "enable_bundle")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Made:
    """A dataset with the rows it was made of, whose identity stands in its key while they are held here."""

    dataset: Any
    rows: tuple[Any, ...]


@dataclass(kw_only=True)
class _Shelf:
    """The datasets of one training matrix, and of the validation rows beside it."""

    lock: Lock = field(default_factory=Lock)
    trains: dict[tuple[Hashable, ...], _Made] = field(default_factory=dict)
    valids: dict[Hashable, _Made] = field(default_factory=dict)


_shelves: dict[int, tuple[Any, _Shelf]] = {}
_shelves_lock = Lock()


def binned(request: FitRequest, target: Target, params: Mapping[str, Any]) -> tuple[Any, Any | None]:
    """Give LightGBM's datasets of the training and the validation rows; they must not be changed.

    Two threads that ask for the same rows wait for one binning. A matrix that nobody holds any more takes its
    datasets with it.

    Args:
        request: the fit.
        target: how a regression's answers are changed.
        params: LightGBM's parameters; those in BINNING decide the bins.
    """
    train, valid = request.train, request.valid
    bins = tuple((name, str(params[name])) for name in BINNING if name in params)
    alike = (bins, request.categorical)
    key = (*alike, target, id(train.y), id(train.weight))
    shelf = _shelf_of(train.x)
    with shelf.lock:
        if key not in shelf.trains:
            first = next((made for known, made in shelf.trains.items() if known[:2] == alike), None)
            reference = None if first is None else first.dataset
            made = _dataset(train, request, target, params, reference)
            shelf.trains[key] = _Made(dataset=made, rows=(train.y, train.weight))
        learnt = shelf.trains[key].dataset
        if valid is None:
            return learnt, None
        judged = (key, id(valid.x), id(valid.y), id(valid.weight))
        if judged not in shelf.valids:
            made = _dataset(valid, request, target, params, learnt)
            shelf.valids[judged] = _Made(dataset=made, rows=(valid.x, valid.y, valid.weight))
        return learnt, shelf.valids[judged].dataset


def _shelf_of(x: FloatArray) -> _Shelf:
    """Give the shelf of a matrix; it goes when the matrix goes."""
    place = id(x)
    with _shelves_lock:
        known = _shelves.get(place)
        if known is not None and known[0]() is x:
            return known[1]
        shelf = _Shelf()
        _shelves[place] = (ref(x, _Forget(_shelves, place)), shelf)
        return shelf


@dataclass(frozen=True)
class _Forget:
    """Drops the shelf of a matrix that is gone; it names no global, since the interpreter may be ending."""

    shelves: dict[int, tuple[Any, _Shelf]]
    place: int

    def __call__(self, gone: Any) -> None:
        known = self.shelves.get(self.place)
        if known is not None and known[0] is gone:
            del self.shelves[self.place]


def _dataset(
    matrix: Matrix, request: FitRequest, target: Target, params: Mapping[str, Any], reference: Any
) -> Any:
    import lightgbm

    y = matrix.y if request.task.is_classification else target.learnt(matrix.y)
    own = {name: params[name] for name in BINNING if name in params}
    return lightgbm.Dataset(
        matrix.x,
        label=y,
        weight=matrix.weight,
        reference=reference,
        categorical_feature=list(request.categorical),
        params={"verbosity": -1, "num_threads": request.threads, **own},
    ).construct()
