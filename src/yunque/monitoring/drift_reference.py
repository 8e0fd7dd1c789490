"""What rows are held against: the profile, the sample and the importances of a bundle, read once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from yunque.data.contract import Contract
from yunque.data.profile import profile as profile_of
from yunque.kernel.form import FloatArray
from yunque.learning.answers import answer_positions
from yunque.learning.leaderboard import Decision
from yunque.learning.task import Task
from yunque.models.bundle_reference import Sample, draw_sample, read_sample
from yunque.models.manifest import PROFILE
from yunque.models.prediction import probability_name
from yunque.models.trusted_load import LoadedBundle
from yunque.monitoring.online import SCORE, Reference, references_of

EMPTY = np.empty((0, 0))


@dataclass(frozen=True, kw_only=True, eq=False)
class DriftReference:
    """The table that a model was made from, as far as its bundle remembers it.

    Attributes:
        contract, task, decision: of the model.
        rows: of the table.
        bins: per column, with the counts of the whole table.
        present: per column, cells with a value and cells without.
        sample: rows of the table; None in bundles of older releases.
        importance: share of each column, summing to 1; {} where nothing was measured.
    """

    contract: Contract
    task: Task
    decision: Decision
    rows: int
    bins: Mapping[str, Reference]
    present: Mapping[str, tuple[int, int]]
    sample: Sample | None
    importance: Mapping[str, float]

    @property
    def score_bins(self) -> Reference | None:
        """Bins of the held-out scores, of classifications."""
        return self.bins.get(SCORE)


def read_reference(bundle: LoadedBundle) -> DriftReference:
    """Read what a bundle remembers.

    Raises:
        BundleError: profile or sample changed since they were packed.
    """
    return _of_profile(
        json.loads(bundle.read(PROFILE)),
        contract=bundle.contract,
        task=bundle.task,
        decision=bundle.champion.decision,
        sample=read_sample(bundle),
        importance=importance_shares(bundle.manifest.champion.importance),
    )


def remember_table(contract: Contract, task: Task, decision: Decision, frame: pl.DataFrame) -> DriftReference:
    """Give of a checked table what a bundle would remember of it, without answers."""
    return _of_profile(
        profile_of(contract, frame),
        contract=contract,
        task=task,
        decision=decision,
        sample=draw_sample(contract.schema, frame),
        importance={},
    )


def _of_profile(profile: Mapping[str, Any], **facts: Any) -> DriftReference:
    columns = profile["columns"]
    return DriftReference(
        rows=int(profile["rows"]),
        bins={each.column: each for each in references_of(facts["contract"], profile)},
        present={name: (int(found["n"]), int(found["missing"])) for name, found in columns.items()},
        **facts,
    )


def importance_shares(importance: Mapping[str, float | None]) -> dict[str, float]:
    """Give importances as shares of their sum; what makes answers no worse has none."""
    positive = {name: max(0.0, value or 0.0) for name, value in importance.items()}
    total = sum(positive.values())
    return {name: value / total for name, value in positive.items()} if total else {}


def outputs_of(task: Task, answers: pl.DataFrame) -> FloatArray:
    """Give answers as the model's outputs, (n, n_outputs); rows without an answer are left out."""
    if task.is_classification:
        names = [probability_name(label) for label in task.classes]
    else:
        names = ["score" if "score" in answers.columns else "prediction"]
    if any(name not in answers.columns for name in names):
        return EMPTY
    return answers.select(names).drop_nulls().cast(pl.Float64).to_numpy()


def scores_of(task: Task, decision: Decision, outputs: FloatArray) -> FloatArray:
    """Give one number a row, (n,): probability of the second of two classes, confidence, or the value."""
    if not task.is_classification:
        return outputs[:, 0]
    if len(task.classes) == 2:
        return outputs[:, 1]
    answered = answer_positions(decision, outputs)
    return np.take_along_axis(outputs, answered[:, None], axis=1)[:, 0]
