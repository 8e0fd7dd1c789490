"""Print the measurements that docs/decisions/0009-racing-within-a-budget.md rests on.

    python benchmarks/learning_evidence.py FOLDER [--tables bike_sharing,california_housing,ames_housing]

FOLDER holds the public tables and their `index.json`. First: one LightGBM configuration with squared,
logarithmic, Poisson and Tweedie targets, RMSE out of fold alone and in the mean with squares. Then: how much
the score of one and the same scikit-learn model depends on the draw of the test rows of `car`.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from yunque.data.infer import Wishes
from yunque.learning.candidate import Candidate
from yunque.learning.fold_data import FoldData
from yunque.learning.fold_fit import FitJob, run_fit
from yunque.learning.infer_task import infer_task
from yunque.learning.make_split import Means
from yunque.learning.prepare import prepare
from yunque.learning.registry import algorithm
from yunque.learning.splits import SplitWish
from yunque.runtime.clock import REAL_CLOCK
from yunque.services.check import CheckRequest, check

SHARED = {"num_leaves": 50, "min_data_in_leaf": 40, "bagging_fraction": 0.75, "feature_fraction": 0.8}
TARGETS: dict[str, dict[str, Any]] = {
    "squares": {},
    "logarithm": {"log_target": True},
    "poisson": {"objective": "poisson"},
    "tweedie": {"objective": "tweedie"},
}
DRAWS = (0, 1, 2, 3, 4, 5, 6, 7, 42)


def out_of_fold(folder: Path, entry: dict[str, Any]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Fit each kind of target on five folds of 75 % of a table; give the answers and the predictions."""
    frame = pl.read_parquet(folder / entry["file"]).drop(entry["leak_columns"] + entry["id_columns"])
    kept, _ = train_test_split(np.arange(frame.height), test_size=0.25, random_state=0)
    asked = CheckRequest(source=frame[np.sort(kept)], wishes=Wishes(target=entry["target"]), name="evidence")
    checked = check(asked)
    task = infer_task(checked.contract, checked.checked.frame, "auto", "auto")
    means = Means(seconds=20.0, threads=2, seed=7)
    table, split, _ = prepare(
        checked.checked.frame, checked.contract.schema, task, SplitWish(kind="random", folds=5), means
    )
    data = FoldData(table, split, 7)
    found = {}
    for name, params in TARGETS.items():
        candidate = Candidate(
            name="x", algorithm=algorithm("lightgbm"), params={**SHARED, "learning_rate": 0.1, **params}
        )
        found[name] = np.full(len(table.y), np.nan)
        for fold, rows in enumerate(split.folds):
            job = FitJob(candidate=candidate, fold=fold, task=task, seed=7)
            result = run_fit(job, data.get("tree", fold), REAL_CLOCK.monotonic)
            found[name][rows.valid] = result.predictions[:, 0]
    return table.y, found


def rmse(y: np.ndarray, predictions: np.ndarray) -> float:
    """Give the root of the mean square where there is a prediction."""
    there = np.isfinite(predictions)
    return float(np.sqrt(np.mean((y[there] - predictions[there]) ** 2)))


def main() -> None:
    """Print both measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", default="bike_sharing,california_housing,ames_housing")
    asked = parser.parse_args()
    index = {entry["name"]: entry for entry in json.loads((asked.folder / "index.json").read_text())}
    print("RMSE out of fold, against squares alone (below 0 is better)")
    for name in asked.tables.split(","):
        y, found = out_of_fold(asked.folder, index[name])
        base = rmse(y, found["squares"])
        for target in list(TARGETS)[1:]:
            alone, together = rmse(y, found[target]), rmse(y, (found[target] + found["squares"]) / 2)
            gains = f"alone {alone / base - 1:+.1%}   mean of both {together / base - 1:+.1%}"
            print(f"{name:20s} {target:10s} {gains}")
    frame = pl.read_parquet(asked.folder / index["car"]["file"])
    target = index["car"]["target"]
    x = frame.drop(target).select(pl.all().rank("dense")).to_numpy().astype(float)
    y = frame[target].to_numpy()
    print("car: log-loss of scikit-learn's HistGradientBoosting by the seed of a stratified 75/25 draw")
    for seed in DRAWS:
        a, b, ya, yb = train_test_split(x, y, test_size=0.25, random_state=seed, stratify=y)
        model = HistGradientBoostingClassifier(categorical_features=list(range(x.shape[1])), random_state=0)
        print(f"  seed {seed:2d}: {log_loss(yb, model.fit(a, ya).predict_proba(b)):.4f}")


if __name__ == "__main__":
    main()
