"""Learn which configurations to try, and in which order, from many tables: fit, then learn.

    python benchmarks/portfolio.py fit STORE [--folder FOLDER] [--only NAME,NAME] [--tables NAME,NAME]
    python benchmarks/portfolio.py learn STORE [--most 20]

`fit` makes every configuration of portfolio_entries.py on three folds of every table of tables.py (at most
4,000 rows of each), one thread a fit, and stores the predictions out of fold with the processor seconds they
took; what is stored already is not made again. Processor seconds do not depend on what else the machine does.
`learn` picks an order greedily (portfolio_order.py).
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from portfolio_entries import entries
from portfolio_order import print_orders
from tables import BenchTable, drawn, folder_tables, package_tables
from yunque.data.infer import Wishes
from yunque.errors import YunqueError
from yunque.learning.candidate import Candidate
from yunque.learning.fold_data import FoldData
from yunque.learning.fold_fit import FitJob, run_fit
from yunque.learning.infer_task import infer_task
from yunque.learning.make_split import Means
from yunque.learning.portfolio_entries import Entry
from yunque.learning.prepare import prepare
from yunque.learning.registry import algorithm
from yunque.learning.splits import SplitWish
from yunque.learning.task import Task, TaskKind
from yunque.services.check import CheckRequest, check

MOST_ROWS = 4_000
FOLDS = 3
SEED = 7
MOST_SECONDS = 4.0  # of the processor, for one fit
LEFT_OUT = {"online_retail"}  # its question is not one of columns


class Fitter:
    """One table, split and encoded, on which configurations are fitted."""

    def __init__(self, source: BenchTable) -> None:
        asked = CheckRequest(
            source=drawn(source, MOST_ROWS, SEED), wishes=Wishes(target=source.target), name=source.name
        )
        checked = check(asked)
        self.task: Task = infer_task(checked.contract, checked.checked.frame, source.task, "auto")
        wish, means = SplitWish(kind="random", folds=FOLDS), Means(seconds=60.0, threads=1, seed=SEED)
        self.table, self.split, _ = prepare(
            checked.checked.frame, checked.contract.schema, self.task, wish, means
        )
        self.data = FoldData(self.table, self.split, SEED)
        self.rows = np.sort(np.concatenate([fold.valid for fold in self.split.folds]))

    @property
    def truth(self) -> np.ndarray:
        """Answers of the rows that the folds judge."""
        return self.table.y[self.rows]

    def usable(self, entry: Entry) -> bool:
        """Tell whether a configuration can answer this table's question."""
        found = algorithm(entry.algorithm)
        amounts = self.task.kind is TaskKind.REGRESSION and self.truth.min() >= 0.0
        return self.task.kind in found.tasks and (amounts or not entry.of_amounts)

    def fit(self, entry: Entry) -> tuple[np.ndarray, float, float]:
        """Give predictions out of fold, processor seconds of all folds, and microseconds of one row."""
        own = entry.classification if self.task.is_classification else entry.regression
        rate = {"learning_rate": entry.rate} if entry.rate else {}
        candidate = Candidate(
            name=entry.name, algorithm=algorithm(entry.algorithm), params={**entry.params, **own, **rate}
        )
        found = np.empty((len(self.rows), self.task.n_outputs))
        seconds, row_costs = 0.0, []
        for number, fold in enumerate(self.split.folds):
            encoded = self.data.get(candidate.algorithm.view, number)
            began = time.process_time()
            until = began + MOST_SECONDS
            job = FitJob(
                candidate=candidate,
                fold=number,
                task=self.task,
                seed=SEED,
                should_stop=lambda until=until: time.process_time() > until,
            )
            result = run_fit(job, encoded, time.process_time)
            seconds += time.process_time() - began
            row_costs.append(result.microseconds_per_row)
            found[np.searchsorted(self.rows, fold.valid)] = result.predictions
        return found, seconds, float(np.median(row_costs))


def fit_table(source: BenchTable, store: Path, chosen: tuple[Entry, ...]) -> None:
    """Fit what is missing of one table."""
    folder = store / source.name
    missing = [each for each in chosen if not (folder / f"{each.name}.npz").exists()]
    if not missing:
        return
    folder.mkdir(parents=True, exist_ok=True)
    fitter = Fitter(source)
    np.savez(folder / "truth", y=fitter.truth, kind=fitter.task.kind.value, metric=fitter.task.metric)
    spent = 0.0
    for entry in missing:
        if not fitter.usable(entry):
            continue
        try:
            found, seconds, row_cost = fitter.fit(entry)
        except (ValueError, YunqueError) as error:
            print(f"{source.name} {entry.name}: {error}"[:200], file=sys.stderr)
            continue
        spent += seconds
        np.savez(folder / entry.name, found=found.astype(np.float32), seconds=seconds, row_cost=row_cost)
    print(f"{source.name:20s} {len(missing):3d} configurations {spent:7.1f} s", flush=True)


def main() -> None:
    """Fit or learn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["fit", "learn"])
    parser.add_argument("store", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--tables", default="")
    parser.add_argument("--most", type=int, default=20)
    asked = parser.parse_args()
    if asked.what == "learn":
        print_orders(asked.store, asked.most)
        return
    wanted = set(filter(None, asked.only.split(",")))
    chosen = tuple(each for each in entries() if not wanted or each.name in wanted)
    named = set(filter(None, asked.tables.split(",")))
    found = [*(folder_tables(asked.folder) if asked.folder else ()), *package_tables()]
    for source in found:
        if source.name not in LEFT_OUT and (not named or source.name in named):
            fit_table(source, asked.store, chosen)


if __name__ == "__main__":
    main()
