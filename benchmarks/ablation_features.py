"""Print what each kind of feature is worth: the same run with it and without it, table by table.

    python benchmarks/ablation_features.py FOLDER [--budget 30s] [--tables adult,car] [--one-model]

FOLDER holds Parquet files and an `index.json` (see `public_tables.py`). 25 % of the rows, at most 20,000,
are kept away; the loss of the champion on them is divided by that of the constant (0: perfect, 1: the
constant). Printed is that normalised loss with none of the kinds, and its change by each kind alone, by both
forced together, by what the run decides by itself, and by text where a table has some; below 0 is better.
`--one-model` fits one LightGBM configuration on two folds instead of whole runs: less true, less noise.
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from yunque.data.infer import Wishes
from yunque.data.schema import Kind
from yunque.kernel.form import FloatArray
from yunque.learning.budget import Budget, parse_budget
from yunque.learning.candidate import Candidate
from yunque.learning.fold_data import FoldData
from yunque.learning.fold_fit import FitJob, run_fit
from yunque.learning.infer_task import infer_task
from yunque.learning.judge import Judged
from yunque.learning.learn import LearnRequest, learn
from yunque.learning.make_split import Means
from yunque.learning.prepare import answers, prepare
from yunque.learning.registry import algorithm
from yunque.learning.splits import SplitWish
from yunque.learning.task import Task
from yunque.models.predictor_values import RowEvaluator
from yunque.runtime.clock import REAL_CLOCK
from yunque.services.check import CheckRequest, check

MOST_KEPT_AWAY = 20_000
ONE_MODEL = {"num_leaves": 50, "min_data_in_leaf": 40, "bagging_fraction": 0.75, "feature_fraction": 0.8}
WIDE = {"target": "tree+target", "generated": "tree+generated", "both": "tree+target+generated"}


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A table checked as a run would check it."""

    frame: pl.DataFrame
    contract: Any
    task: Task
    has_text: bool


def prepared(folder: Path, entry: dict[str, Any], most_rows: int, seed: int) -> Prepared:
    """Read and check a table; leak and id columns are left out for every variant."""
    frame = pl.read_parquet(folder / entry["file"]).drop(entry["leak_columns"] + entry["id_columns"])
    frame = frame.filter(pl.col(entry["target"]).is_not_null())
    if most_rows and frame.height > most_rows:
        frame = frame.sample(most_rows, seed=seed)
    found = check(CheckRequest(source=frame, wishes=Wishes(target=entry["target"]), name="ablation"))
    task = infer_task(found.contract, found.checked.frame, "auto", "auto")
    has_text = any(column.kind is Kind.TEXT for column in found.contract.schema.features)
    return Prepared(frame=found.checked.frame, contract=found.contract, task=task, has_text=has_text)


def constant_loss(judged: Judged, y: Any) -> float:
    """Give the loss of class shares, or of the mean."""
    shares = (
        np.bincount(y, minlength=judged.task.n_outputs) / len(y)
        if judged.task.is_classification
        else y.mean()
    )
    return judged.loss(np.tile(np.atleast_1d(shares), (len(judged.y), 1)))


def whole_run(table: Prepared, seconds: float, seed: int) -> dict[str, float]:
    """Give the normalised loss of the champion of each variant."""
    y, known = answers(table.frame, table.task)
    rows = np.flatnonzero(known)
    kept, away = train_test_split(rows, test_size=min(0.25, MOST_KEPT_AWAY / len(rows)), random_state=seed)
    kept, away = np.sort(kept), np.sort(away)
    judged = Judged(task=table.task, y=y[away])
    scale = constant_loss(judged, y[kept])
    request = LearnRequest(
        frame=table.frame[kept],
        schema=table.contract.schema,
        task=table.task,
        budget=Budget(seconds=seconds, clock=REAL_CLOCK.monotonic),
        split=SplitWish(kind="random"),
        features=(),
        seed=seed,
    )
    variants = {
        "none": request,
        "target": replace(request, features=("target",)),
        "generated": replace(request, features=("generated",)),
        "both": replace(request, features=("target", "generated")),
        "decided": replace(request, features=None),
    }
    if table.has_text:
        variants["without text"] = replace(request, text=False)
    found = {}
    names = table.contract.schema.names
    for name, each in variants.items():
        champion = learn(each).champion
        evaluator = RowEvaluator(champion, tuple(n for n in names if n != table.task.target))
        predictions = champion.blend.evaluate(evaluator.encode(table.frame[away]))
        found[name] = judged.loss(predictions) / scale
    return found


def one_model(table: Prepared, seed: int) -> dict[str, float]:
    """Give the normalised loss of one LightGBM configuration on two folds, per view."""
    means = Means(seconds=60.0, threads=2, seed=seed)
    wish = SplitWish(kind="random", folds=2)
    rows, split, _ = prepare(table.frame, table.contract.schema, table.task, wish, means)
    found: dict[str, list[float]] = {}
    plain, textless = FoldData(rows, split, seed), FoldData(rows, split, seed, text=False)
    for fold, part in enumerate(split.folds):
        judged = Judged(task=table.task, y=rows.y[part.valid])
        scale = constant_loss(judged, rows.y[part.train])
        views = {"none": (plain, "tree"), **{name: (plain, view) for name, view in WIDE.items()}}
        if table.has_text:
            views["without text"] = (textless, "tree")
        for name, (data, view) in views.items():
            learner = replace(algorithm("lightgbm"), view=view)
            candidate = Candidate(name="x", algorithm=learner, params={**ONE_MODEL, "learning_rate": 0.1})
            job = FitJob(candidate=candidate, fold=fold, task=table.task, seed=seed)
            predictions: FloatArray = run_fit(job, data.get(view, fold), REAL_CLOCK.monotonic).predictions
            found.setdefault(name, []).append(judged.loss(predictions) / scale)
        plain.forget(fold)
        textless.forget(fold)
    return {name: float(np.mean(losses)) for name, losses in found.items()}


COLUMNS = ("target", "generated", "both", "decided", "text")


def changes(losses: dict[str, float]) -> dict[str, float]:
    """Give the relative change of the normalised loss by each kind; by text against the run without it."""
    none = losses["none"]
    found = {name: losses[name] / none - 1.0 for name in COLUMNS if name in losses}
    if "without text" in losses:
        found["text"] = none / losses["without text"] - 1.0
    return found


def main() -> None:
    """Print a line a table, then the mean and how many tables got better."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--budget", default="30s")
    parser.add_argument("--tables", default="")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--one-model", action="store_true")
    parser.add_argument("--rows", type=int, default=0, help="draw so many rows of each table first; 0: all")
    asked = parser.parse_args()
    how = "one LightGBM, two folds" if asked.one_model else f"whole runs of {asked.budget}"
    print(f"{how}; normalised loss without, and its change by each kind (below 0 is better)")
    print(f"{'table':20s} {'without':>8s} " + " ".join(f"{name:>9s}" for name in COLUMNS), flush=True)
    every: dict[str, list[float]] = {name: [] for name in COLUMNS}
    for entry in json.loads((asked.folder / "index.json").read_text()):
        if asked.tables and entry["name"] not in asked.tables.split(","):
            continue
        table = prepared(asked.folder, entry, asked.rows, asked.seed)
        with threadpool_limits(limits=1, user_api="blas"):
            if asked.one_model:
                losses = one_model(table, asked.seed)
            else:
                losses = whole_run(table, parse_budget(asked.budget), asked.seed)
        found = changes(losses)
        for name, change in found.items():
            every[name].append(change)
        cells = " ".join(f"{found[name]:+9.2%}" if name in found else f"{'':9s}" for name in COLUMNS)
        print(f"{entry['name']:20s} {losses['none']:8.4f} {cells}", flush=True)
    means = (f"{np.mean(each):+9.2%}" if each else f"{'':9s}" for each in every.values())
    better = (
        f"{sum(c < 0 for c in each):4d}/{len(each):<4d}" if each else f"{'':9s}" for each in every.values()
    )
    print(f"{'mean':20s} {'':8s} {' '.join(means)}")
    print(f"{'better':20s} {'':8s} {' '.join(better)}")


if __name__ == "__main__":
    main()
