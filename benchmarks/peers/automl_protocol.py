"""How a system of automated learning is run and measured by benchmarks/automl.py, the same for all.

Runs in the system's own environment, with pandas and numpy alone: `run(fit)` reads the job named on the
command line, calls `fit(job)`, and writes predictions of the test rows, seconds and sizes beside the job.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ONE_ROW_CALLS = 60


@dataclass(frozen=True)
class Job:
    """One training.

    Attributes:
        kind: binary, multiclass or regression.
        metric: log_loss or rmse.
        labels: of a classification, as text, in the order of the columns of probabilities.
        seconds: the budget.
        scratch: an empty folder for the system's files.
    """

    train: pd.DataFrame
    target: str
    kind: str
    metric: str
    labels: list[str]
    seconds: float
    scratch: Path


@dataclass(frozen=True)
class Model:
    """What was trained.

    Attributes:
        answer: table without target -> (n, classes) probabilities in the order of the labels, or (n,) values.
        artifact: the file or folder that would be shipped.
        answer_one: one row as a dict -> anything; None asks `answer` with a table of one row.
    """

    answer: Callable[[pd.DataFrame], np.ndarray]
    artifact: Path
    answer_one: Callable[[dict[str, Any]], Any] | None = None
    note: str = ""


def run(fit: Callable[[Job], Model]) -> None:
    """Do the job whose folder is named on the command line."""
    folder = Path(sys.argv[1])
    asked = json.loads((folder / "job.json").read_text())
    train, test = pd.read_parquet(folder / "train.parquet"), pd.read_parquet(folder / "test.parquet")
    if asked["kind"] != "regression":
        train[asked["target"]] = train[asked["target"]].astype(str)
    scratch = folder / "scratch"
    scratch.mkdir()
    job = Job(
        train=train,
        target=asked["target"],
        kind=asked["kind"],
        metric=asked["metric"],
        labels=asked["labels"],
        seconds=asked["seconds"],
        scratch=scratch,
    )
    began = time.monotonic()
    model = fit(job)
    fitted = time.monotonic() - began
    x = test.drop(columns=[job.target])
    model.answer(x.head(5))
    began = time.monotonic()
    answers = np.asarray(model.answer(x), dtype=np.float64)
    answered = time.monotonic() - began
    np.save(folder / "answers.npy", answers)
    facts = {
        "fit_seconds": fitted,
        "rows_per_second": len(x) / answered,
        "one_row_ms": _one_row(model, x) * 1e3,
        "artifact_mb": _size(model.artifact) / 1e6,
        "note": model.note,
    }
    (folder / "facts.json").write_text(json.dumps(facts))


def _one_row(model: Model, x: pd.DataFrame) -> float:
    spent = []
    for number in range(ONE_ROW_CALLS):
        place = number % len(x)
        if model.answer_one is None:
            row = x.iloc[place : place + 1]
            began = time.perf_counter()
            model.answer(row)
        else:
            record = {
                name: None if pd.isna(value) else getattr(value, "item", lambda value=value: value)()
                for name, value in x.iloc[place].items()
            }
            began = time.perf_counter()
            model.answer_one(record)
        spent.append(time.perf_counter() - began)
    return float(np.median(spent))


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
