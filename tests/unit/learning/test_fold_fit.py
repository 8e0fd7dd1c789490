"""One fit: what it keeps, and how its cost per row is measured."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from yunque.features.recipe import Recipe
from yunque.kernel.form import FloatArray
from yunque.learning.algorithm import Matrix
from yunque.learning.candidate import Candidate
from yunque.learning.fold_data import Encoded
from yunque.learning.fold_fit import FitJob, row_microseconds, run_fit
from yunque.learning.registry import algorithm
from yunque.learning.task import Task, TaskKind

TASK = Task(kind=TaskKind.BINARY, target="t", classes=(0, 1), metric="log_loss")


@dataclass
class Asked:
    """A form that remembers which rows it was asked for."""

    link: str = "identity"
    rows: list[float] = field(default_factory=list)

    def raw(self, x: FloatArray) -> FloatArray:
        self.rows.append(float(x[0, 0]))
        return np.zeros((len(x), 1))


def test_the_cost_of_a_row_is_measured_on_other_rows_each_time() -> None:
    form: Any = Asked()
    ticks = itertools.count(0.0, 2e-6)
    cost = row_microseconds(form, np.arange(50.0).reshape(-1, 1), lambda: next(ticks))
    assert cost == pytest.approx(2.0)
    assert form.rows[1:] == list(range(20))


@pytest.mark.parametrize(("name", "keeps"), [("extra_trees", False), ("lightgbm", True)])
def test_a_library_s_object_is_kept_only_where_its_model_file_will_be_written(name: str, keeps: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 3))
    rows = Matrix(x=x, y=(x[:, 0] > 0).astype(np.int64))
    candidate = Candidate(name="a", algorithm=algorithm(name), params={})
    encoded = Encoded(
        recipe=Recipe(view="tree", operations=()), train_rows=np.arange(80), train=rows, valid=rows
    )
    result = run_fit(FitJob(candidate=candidate, fold=0, task=TASK, seed=1), encoded, lambda: 0.0)
    assert (result.fitted.native is not None) is keeps
    assert result.predictions.shape == (80, 2)
