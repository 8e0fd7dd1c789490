"""Finished fits kept outside the process: a run that was lost goes on with what it had already learnt."""

import hashlib
import io
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol
from zipfile import BadZipFile

import numpy as np

from yunque.errors import BundleError
from yunque.kernel.load import form_from_arrays, form_to_arrays
from yunque.learning.algorithm import Fitted
from yunque.learning.fold_fit import FitJob, FoldResult
from yunque.learning.splits import Split

_NUMBERS = ("trained_rows", "fit_seconds", "seconds", "microseconds_per_row")
_ARRAY = "array."


class FoldMemory(Protocol):
    """Where finished pieces are kept, under facts that define them."""

    def load(self, facts: Mapping[str, Any]) -> bytes | None:
        """Give the piece, or None when it is not there."""

    def save(self, facts: Mapping[str, Any], piece: bytes) -> None:
        """Keep a piece."""

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Note that a fit begins."""

    def end(self, facts: Mapping[str, Any]) -> None:
        """Note that it ended, with a model or with an error: whatever is lost now, it was not its fault."""

    def was_lost(self, facts: Mapping[str, Any]) -> bool:
        """Tell whether an earlier run began this fit and never came to its end."""

    def is_worth(self, seconds: float) -> bool:
        """Tell whether a fit that took so long is worth keeping."""


def fold_facts(job: FitJob, split: Split) -> dict[str, Any]:
    """Give what defines a fit within one run: candidate, fold with its very rows, seed, library.

    The caller's memory belongs to one request, so the table and the question are the same by construction.
    """
    candidate, fold = job.candidate, split.folds[job.fold]
    rows = hashlib.sha256(np.ascontiguousarray(fold.train).tobytes())
    rows.update(np.ascontiguousarray(fold.valid).tobytes())
    return {
        "piece": "fold",
        "candidate": candidate.name,
        "algorithm": candidate.algorithm.name,
        "view": candidate.algorithm.view,
        "params": json.dumps(dict(candidate.params), sort_keys=True, default=str),
        "most_rows": candidate.most_rows,
        "fold": job.fold,
        "rows": rows.hexdigest(),
        "seed": job.seed,
        "libraries": {name: _version(name) for name in ("numpy", *candidate.algorithm.requires)},
    }


def write_fold(job: FitJob, result: FoldResult) -> bytes:
    """Give a finished fit as bytes: its form, its predictions, and the library's own model file."""
    kind, facts, arrays = form_to_arrays(result.form)
    reference = job.candidate.algorithm.reference
    suffix, content = reference(result.fitted) if reference is not None else ("", b"")
    document = {
        "kind": kind,
        "facts": facts,
        "rounds": result.rounds,
        "stopped_early": result.fitted.stopped_early,
        "suffix": suffix,
        **{name: getattr(result, name) for name in _NUMBERS},
    }
    stream = io.BytesIO()
    np.savez(
        stream,
        allow_pickle=False,
        document=np.frombuffer(json.dumps(document).encode(), np.uint8),
        predictions=result.predictions,
        reference=np.frombuffer(content, np.uint8),
        **{f"{_ARRAY}{name}": array for name, array in arrays.items()},
    )
    return stream.getvalue()


def read_fold(job: FitJob, piece: bytes) -> FoldResult | None:
    """Give a fit back from its bytes; None when they cannot be used, so that it is made again."""
    try:
        with np.load(io.BytesIO(piece), allow_pickle=False) as found:
            document = json.loads(found["document"].tobytes())
            arrays = {name.removeprefix(_ARRAY): found[name] for name in found if name.startswith(_ARRAY)}
            return FoldResult(
                name=job.name,
                fold=job.fold,
                form=form_from_arrays(document["kind"], document["facts"], arrays),
                fitted=Fitted(
                    native=None, rounds=document["rounds"], stopped_early=document["stopped_early"]
                ),
                predictions=found["predictions"],
                reference=(document["suffix"], found["reference"].tobytes()) if document["suffix"] else None,
                **{name: document[name] for name in _NUMBERS},
            )
    except (BundleError, BadZipFile, ValueError, KeyError, OSError, EOFError):
        return None


@cache
def _version(library: str) -> str:
    try:
        return version({"sklearn": "scikit-learn"}.get(library, library))
    except PackageNotFoundError:
        return ""
