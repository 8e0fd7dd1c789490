"""Compare what a calibration learnt on single folds' models does to the bag of them, on untouched rows.

    python benchmarks/bag_calibration.py [FOLDER] [--seconds 20] [--tables adult,car] [--seed 7]

The map is learnt on out-of-fold rows, each predicted by one fold's models, and serves the mean of all folds'.
A mean is less sharp than its parts, so the map could be too much. Printed per table: log-loss and expected
calibration error on untouched rows without a map, halfway to it (geometric mean), and with it. Two threads
and a clock of processor seconds, halved: what else the machine does changes little.
"""

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from tables import BenchTable, drawn, folder_tables, package_tables
from yunque.data.infer import Wishes
from yunque.kernel.calibration import Calibration
from yunque.kernel.form import FloatArray
from yunque.learning.budget import Budget
from yunque.learning.infer_task import infer_task
from yunque.learning.judge import Judged
from yunque.learning.learn import LearnRequest, learn
from yunque.learning.metrics import loss_of, metric
from yunque.learning.prepare import answers
from yunque.learning.splits import SplitWish
from yunque.models.predictor_values import RowEvaluator
from yunque.services.check import CheckRequest, check

MOST_ROWS = 8_000
WAYS = ("none", "half", "whole")


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Losses and calibration errors by way, and what the run chose."""

    losses: dict[str, float]
    errors: dict[str, float]
    kind: str
    mode: str


def judge(table: BenchTable, seconds: float, seed: int) -> Judgement:
    """Learn from three quarters of the rows and judge the three ways on the rest."""
    frame = drawn(table, MOST_ROWS, seed)
    found = check(CheckRequest(source=frame, wishes=Wishes(target=table.target), name="bags"))
    task = infer_task(found.contract, found.checked.frame, "auto", "auto")
    y, known = answers(found.checked.frame, task)
    kept, away = train_test_split(np.flatnonzero(known), test_size=0.25, random_state=seed, stratify=y[known])
    kept, away = np.sort(kept), np.sort(away)
    board = learn(
        LearnRequest(
            frame=found.checked.frame[kept],
            schema=found.contract.schema,
            task=task,
            budget=Budget(seconds=seconds, clock=lambda: time.process_time() / 2.0),
            split=SplitWish(kind="random"),
            seed=seed,
            with_curve=False,
        )
    )
    names = tuple(name for name in found.contract.schema.names if name != task.target)
    encoded = RowEvaluator(board.champion, names).encode(found.checked.frame[away])
    whole = board.champion.blend.evaluate(encoded)
    none = replace(board.champion.blend, calibration=Calibration()).evaluate(encoded)
    half = np.sqrt(np.clip(whole, 1e-15, 1.0) * np.clip(none, 1e-15, 1.0))
    answered = dict(zip(WAYS, (none, half / half.sum(axis=1, keepdims=True), whole), strict=True))
    judged = Judged(task=task, y=y[away])
    return Judgement(
        losses={way: judged.loss(p) for way, p in answered.items()},
        errors={way: _calibration_error(judged, p) for way, p in answered.items()},
        kind=board.champion.blend.calibration.kind,
        mode=str(board.plan["mode"]),
    )


def _calibration_error(judged: Judged, predictions: FloatArray) -> float:
    return loss_of(metric("ece", judged.task.kind), judged.task, judged.y, predictions)


def main() -> None:
    """Print a line per table, and means over the tables where a map was accepted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--tables", default="")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    wanted = set(filter(None, asked.tables.split(",")))
    print(f"{'table':20s} {'map':12s} {'mode':6s}" + "".join(f" {f'loss {w}':>11s}" for w in WAYS), end="")
    print("".join(f" {f'ECE {w}':>10s}" for w in WAYS), flush=True)
    mapped: list[Judgement] = []
    for table in [*(folder_tables(asked.folder) if asked.folder else ()), *package_tables()]:
        if table.task == "regression" or (wanted and table.name not in wanted):
            continue
        with threadpool_limits(limits=1, user_api="blas"):
            made = judge(table, asked.seconds, asked.seed)
        losses = "".join(f" {made.losses[way]:11.5f}" for way in WAYS)
        errors = "".join(f" {made.errors[way]:10.4f}" for way in WAYS)
        print(f"{table.name:20s} {made.kind:12s} {made.mode:6s}{losses}{errors}", flush=True)
        mapped += [made] if made.kind != "identity" else []
    for way in WAYS if mapped else ():
        relative = np.mean([each.losses[way] / each.losses["none"] for each in mapped])
        error = np.mean([each.errors[way] for each in mapped])
        print(f"{way:6s} loss against none {relative:.5f}, calibration error {error:.4f}")


if __name__ == "__main__":
    main()
