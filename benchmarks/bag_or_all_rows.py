"""Compare a bag of the folds' models with models of all rows, and both together, on untouched rows.

    python benchmarks/bag_or_all_rows.py [FOLDER] [--tables adult,car] [--seed 3]

Per table (at most 10,000 rows, a quarter kept away) one LightGBM and one extra-trees configuration are fitted
on five folds and, for the rounds that the folds came to, on all rows with three seeds. Printed is the loss of
the bag, and the change of it by one model of all rows, by one beside the bag (half the weight), by three, by
three beside the bag; below 0 is better than the bag. `half` is what learning from half of the rows costs a
quick LightGBM on two folds, from which `worth_of_rows` tells whether members are trained again.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from tables import BenchTable, drawn, folder_tables, package_tables
from yunque.data.infer import Wishes
from yunque.features.encode import encode
from yunque.kernel.form import FloatArray
from yunque.learning.candidate import Candidate
from yunque.learning.fold_data import ALL_ROWS, Encoded, FoldData
from yunque.learning.fold_fit import FitJob, FoldResult, predict, run_fit
from yunque.learning.infer_task import infer_task
from yunque.learning.judge import Judged
from yunque.learning.make_split import Means
from yunque.learning.prepare import answers, prepare
from yunque.learning.registry import algorithm
from yunque.learning.replay import still
from yunque.learning.ship import refit_rounds
from yunque.learning.splits import SplitWish
from yunque.learning.task import Task
from yunque.services.check import CheckRequest, check

MOST_ROWS, FOLDS, SEEDS = 10_000, 5, 3
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "lightgbm": ("lightgbm", {"num_leaves": 31, "learning_rate": 0.06, "feature_fraction": 0.7,
                              "bagging_fraction": 0.85, "min_data_in_leaf": 15}),
    "extra_trees": ("extra_trees", {"n_estimators": 100}),
}  # fmt: skip
QUICK = {"num_leaves": 31, "learning_rate": 0.1, "feature_fraction": 0.8, "num_iterations": 60}
WAYS = ("one", "bag + one", "three", "bag + three")


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A table cut in two, its kept rows split into folds."""

    task: Task
    rows: Any
    split: Any
    data: FoldData
    away: Any
    judged: Judged

    def fit(self, name: str, params: dict[str, Any], fold: int, **more: Any) -> FoldResult:
        """Fit a configuration on a fold, or on all rows."""
        candidate = Candidate(name="x", algorithm=algorithm(name), params=params)
        job = FitJob(candidate=candidate, fold=fold, task=self.task, **{"seed": 0, **more})
        return run_fit(job, self.data.get(candidate.algorithm.view, fold), still)

    def answer(self, name: str, result: FoldResult) -> FloatArray:
        """Give what a fitted model answers for the rows kept away."""
        return predict(result.form, encode(self.data.recipe(algorithm(name).view, result.fold), self.away))

    def half_cost(self, fold: int) -> float:
        """Give the share by which the loss of a quick model rises on half of a fold's rows."""
        encoded = self.data.get("tree", fold)
        judged = Judged(task=self.task, y=self.rows.y[self.split.folds[fold].valid])
        order = np.random.default_rng(0).permutation(len(encoded.train.y))
        part = encoded.train.take(order[: len(order) // 2])
        candidate = Candidate(name="quick", algorithm=algorithm("lightgbm"), params=QUICK)
        job = FitJob(candidate=candidate, fold=fold, task=self.task, seed=0)
        losses: list[float] = []
        for one in (encoded, replace(encoded, train=part)):
            made: Encoded = one
            losses.append(judged.loss(run_fit(job, made, still).predictions))
        return losses[1] / losses[0] - 1.0


def prepared(table: BenchTable, seed: int) -> Prepared:
    """Check a table as a run would, keep rows away, and split the others."""
    frame = drawn(table, MOST_ROWS, seed)
    found = check(CheckRequest(source=frame, wishes=Wishes(target=table.target), name="rows"))
    task, checked = infer_task(found.contract, found.checked.frame, "auto", "auto"), found.checked.frame
    y, known = answers(checked, task)
    kept, away = (
        np.sort(part) for part in train_test_split(np.flatnonzero(known), test_size=0.25, random_state=seed)
    )
    means = Means(seconds=60.0, threads=2, seed=0)
    wish = SplitWish(kind="random", folds=FOLDS)
    rows, split, _ = prepare(checked[kept], found.contract.schema, task, wish, means)
    return Prepared(
        task=task,
        rows=rows,
        split=split,
        data=FoldData(rows, split, 0),
        away=checked[away],
        judged=Judged(task=task, y=y[away]),
    )


def compared(table: Prepared, name: str, params: dict[str, Any]) -> tuple[float, dict[str, float]]:
    """Give the loss of the bag, and the share by which each way changes it."""
    folds = range(len(table.split.folds))
    results = {fold: table.fit(name, params, fold) for fold in folds}
    bag = np.mean([table.answer(name, result) for result in results.values()], axis=0)
    rounds = refit_rounds(table.split, results)
    whole = [
        table.answer(name, table.fit(name, params, ALL_ROWS, seed=seed, rounds=rounds))
        for seed in range(SEEDS)
    ]
    three = np.mean(whole, axis=0)
    made = (whole[0], (bag + whole[0]) / 2.0, three, (bag + three) / 2.0)
    loss = table.judged.loss(bag)
    changes = {way: table.judged.loss(p) / loss - 1.0 for way, p in zip(WAYS, made, strict=True)}
    return loss, changes


def main() -> None:
    """Print a line per table and model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--tables", default="")
    parser.add_argument("--seed", type=int, default=3)
    asked = parser.parse_args()
    wanted = set(filter(None, asked.tables.split(",")))
    print(f"{'table':20s} {'model':12s} {'folds':>5s} {'half':>15s} {'bag':>10s}", end="")
    print("".join(f" {way:>12s}" for way in WAYS), flush=True)
    for table in [*(folder_tables(asked.folder) if asked.folder else ()), *package_tables()]:
        if wanted and table.name not in wanted:
            continue
        with threadpool_limits(limits=1, user_api="blas"):
            one = prepared(table, asked.seed)
            half = " ".join(f"{one.half_cost(fold):+7.2%}" for fold in (0, 1))
            for model, (name, params) in MODELS.items():
                loss, changes = compared(one, name, params)
                cells = "".join(f" {changes[way]:+12.2%}" for way in WAYS)
                folds = len(one.split.folds)
                print(f"{table.name:20s} {model:12s} {folds:5d} {half:>15s} {loss:10.5g}{cells}", flush=True)


if __name__ == "__main__":
    main()
