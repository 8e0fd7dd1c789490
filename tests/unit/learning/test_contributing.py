"""The algorithm shown in CONTRIBUTING.md is run as it stands there: found by file, trained, flattened, right."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import NearestCentroid

from yunque.kernel.link import apply_link
from yunque.learning import algorithms as folder
from yunque.learning import registry
from yunque.learning.algorithm import FitRequest, Matrix
from yunque.learning.task import Task, TaskKind

GUIDE = Path(__file__).parents[3] / "CONTRIBUTING.md"


@pytest.fixture
def added_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Put the guide's file where algorithms are found, in a folder beside the package's own."""
    code = re.search(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    (tmp_path / "nearest_centroid.py").write_text(code.group(1), encoding="utf-8")
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    forget()
    yield "nearest_centroid"
    sys.modules.pop("yunque.learning.algorithms.nearest_centroid", None)
    forget()


def forget() -> None:
    """Let the registry look at the folder again."""
    registry.algorithms.cache_clear()
    registry._by_answer.cache_clear()


def test_the_file_of_the_guide_is_an_algorithm(added_file: str) -> None:
    rng = np.random.default_rng(3)
    y = rng.integers(0, 3, 400)
    x = rng.normal(size=(400, 4)) + np.array([[0, 0, 0, 0], [2, 0, 1, 0], [0, 2, 0, 1]])[y]
    task = Task(kind=TaskKind.MULTICLASS, target="t", classes=("a", "b", "c"), metric="log_loss")
    request = FitRequest(task=task, train=Matrix(x=x, y=y), seed=1)
    found = registry.algorithm(added_file)
    form = found.flatten(found.fit(request), request)
    answers = apply_link(form.link, form.raw(x)).argmax(axis=1)
    assert (answers == NearestCentroid().fit(x, y).predict(x)).mean() > 0.995
