"""Print what each part of the search is worth: the same run without it, judged on untouched rows.

    python benchmarks/ablation.py [FOLDER] [--seconds 60] [--tables adult,car] [--seed 7] [--store STORE]

25 % of the rows, at most 20,000, are kept away. Printed per table is the loss of the run as it ships, over
that of the constant, and the change of it by each variant (above 0: the variant is worse, the part is worth
that much): without racing, without made features, CatBoost first in the race, never models of all rows in
the place of the bag, bins made anew for every fit, a network added to the portfolio. From the very same
search as the first: weights without regard of cost, members trained again on all rows in any case, and the
best candidate alone; with the microseconds of one row. Two threads, and a clock of processor seconds, halved:
what else the machine does changes little. Finished runs are kept in STORE.
"""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

import yunque.learning.blending as blending
import yunque.learning.ensemble as ensemble
import yunque.learning.learn as learning
import yunque.learning.lightgbm_bins as bins
import yunque.learning.portfolio as portfolio
import yunque.learning.search as search
from tables import BenchTable, folder_tables, package_tables
from yunque.data.infer import Wishes
from yunque.learning.budget import Budget
from yunque.learning.infer_task import infer_task
from yunque.learning.judge import Judged
from yunque.learning.leaderboard import Champion
from yunque.learning.learn import LearnRequest, learn
from yunque.learning.portfolio_entries import ENTRIES, Entry
from yunque.learning.prepare import answers
from yunque.learning.splits import SplitWish
from yunque.models.predictor_values import RowEvaluator
from yunque.services.check import CheckRequest, check

MOST_KEPT_AWAY, MOST_ROWS = 20_000, 100_000
TARGET = 1_000.0  # microseconds, the default
ROWS_ALONE = 200
NETWORK = Entry(
    name="realmlp-small",
    algorithm="realmlp",
    params={"hidden_layer_sizes": [64, 64], "dropout": 0.0, "learning_rate": 0.02},
)
Patch = tuple[ModuleType, str, Any]


def _first(name: str) -> tuple[Entry, ...]:
    return tuple(sorted(ENTRIES, key=lambda entry: not entry.name.startswith(name)))


PARTS: dict[str, tuple[Patch, ...]] = {
    "as shipped": (),
    "no racing": ((search, "drop_hopeless", lambda _: None), (search, "shed", lambda *_: None)),
    "no made features": (),
    "catboost first": ((portfolio, "ENTRIES", _first("catboost")),),
    "bag alone": ((learning, "with_time_for_all_rows", lambda arena, _: arena),),
    "own bins": ((bins, "_shelf_of", lambda _: bins._Shelf()),),
    "with network": ((portfolio, "ENTRIES", (*ENTRIES, NETWORK)),),
}
AFTER = ("plain weights", "refit", "best alone")


@contextmanager
def patched(patches: tuple[Patch, ...]) -> Iterator[None]:
    """Replace names in modules for a while."""
    before = [(module, name, getattr(module, name)) for module, name, _ in patches]
    for module, name, value in patches:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


@dataclass(kw_only=True)
class Question:
    """A table cut in two, ready to be learnt from."""

    request: LearnRequest
    away: Any
    judged: Judged
    names: tuple[str, ...]
    scale: float
    kept: dict[str, Any] = field(default_factory=dict)

    def judge(self, champion: Champion) -> dict[str, float]:
        """Give the normalised loss on the rows kept away, and the middle microseconds of one row."""
        evaluator = RowEvaluator(champion, self.names)
        encoded = evaluator.encode(self.away)
        loss = self.judged.loss(champion.blend.evaluate(encoded)) / self.scale
        joint = np.hstack(encoded)
        spent = []
        for row in joint[np.arange(ROWS_ALONE) % len(joint)]:
            began = time.perf_counter()
            evaluator.evaluate_row(row)
            spent.append(time.perf_counter() - began)
        return {"loss": loss, "microseconds": float(np.median(spent[10:])) * 1e6}


def question(table: BenchTable, seconds: float, seed: int) -> Question:
    """Check a table as a run would, and keep rows away."""
    frame = table.load()
    frame = frame.sample(min(frame.height, MOST_ROWS), seed=seed)
    found = check(CheckRequest(source=frame, wishes=Wishes(target=table.target), name="ablation"))
    task = infer_task(found.contract, found.checked.frame, "auto", "auto")
    y, known = answers(found.checked.frame, task)
    rows = np.flatnonzero(known)
    kept, away = train_test_split(rows, test_size=min(0.25, MOST_KEPT_AWAY / len(rows)), random_state=seed)
    kept, away = np.sort(kept), np.sort(away)
    judged = Judged(task=task, y=y[away])
    shares = np.bincount(y[kept], minlength=task.n_outputs) / len(kept) if task.is_classification else None
    constant = np.atleast_1d(y[kept].mean() if shares is None else shares)
    request = LearnRequest(
        frame=found.checked.frame[kept],
        schema=found.contract.schema,
        task=task,
        budget=Budget(seconds=seconds, clock=lambda: time.process_time() / 2.0),
        split=SplitWish(kind="random"),
        seed=seed,
        with_curve=False,
    )
    names = tuple(name for name in found.contract.schema.names if name != task.target)
    scale = judged.loss(np.tile(constant, (len(away), 1)))
    return Question(request=request, away=found.checked.frame[away], judged=judged, names=names, scale=scale)


def run(asked: Question, variant: str) -> dict[str, dict[str, float]]:
    """Learn as the variant says; the first also gives what its search would have been worth otherwise."""
    request = replace(asked.request, features=()) if variant == "no made features" else asked.request
    caught: dict[str, Any] = {}
    original = learning.blend

    def blend(arena: Any, standings: Any, *rest: Any) -> Any:
        caught.update(arena=arena, standings=standings)
        return original(arena, standings, *rest)

    with patched((*PARTS[variant], (learning, "blend", blend))):
        board = learn(request)
    found = {variant: asked.judge(board.champion)}
    if variant == "as shipped":
        ledger = caught["arena"].ledger
        frozen = replace(ledger, clock=lambda: ledger.search_end)  # what follows is given all its time
        arena = replace(caught["arena"], ledger=frozen)
        for name, patches in _after().items():
            with patched(patches):
                blended = blending.blend(arena, caught["standings"], TARGET)
                found[name] = asked.judge(blending.ship(arena, caught["standings"], blended)[0])
    return found


def _after() -> dict[str, tuple[Patch, ...]]:
    """Give what is changed in the weighing of one and the same search."""
    within = blending.mixture_within

    def plain(*given: Any) -> Any:
        return within(*given[:-1], float("inf"))

    def again(arena: Any, oof: Any, results: Any, costs: Any, target: float) -> Any:
        del results
        judged = Judged(task=arena.task, y=oof.y, weight=oof.weight)
        chosen = ensemble.choose(
            judged, {each: oof.predictions[each] for each in costs}, costs, target, seed=arena.seed
        )
        return *chosen, True

    class Alone(ensemble._Pool):
        """A pool that gives no mixture beyond the best single candidate."""

        def grow(self, price: float, penalty: float) -> ensemble.Mixture:
            """Give the best candidate alone."""
            del price, penalty
            return min((self.single(name) for name in self.predictions), key=lambda each: each.loss)

    return {
        "plain weights": ((ensemble, "PENALTIES", (0.0,)), (blending, "mixture_within", plain)),
        "refit": ((blending, "mixture_within", again),),
        "best alone": ((ensemble, "_Pool", Alone),),
    }


def main() -> None:
    """Print a line a table, the means, and how many tables each variant made worse."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--tables", default="")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", default=",".join(PARTS), help="these parts beside the run as it ships")
    parser.add_argument("--store", type=Path, default=Path("ablation-runs"))
    asked = parser.parse_args()
    asked.store.mkdir(parents=True, exist_ok=True)
    wanted = list(filter(None, asked.tables.split(",")))
    known = {each.name: each for each in [*(folder_tables(asked.folder) if asked.folder else ()),
                                          *package_tables()]}  # fmt: skip
    parts = [
        "as shipped",
        *(name for name in asked.only.split(",") if name in PARTS and name != "as shipped"),
    ]
    columns = (*AFTER, *parts[1:])
    every: dict[str, list[float]] = {name: [] for name in columns}
    print(f"{'table':20s} {'shipped':>8s} {'one row':>8s} " + " ".join(f"{name:>16s}" for name in columns))
    for name in wanted or list(known):
        path = asked.store / f"{asked.seconds:g}-{asked.seed}-{name}.json"
        made: dict[str, dict[str, float]] = json.loads(path.read_text()) if path.exists() else {}
        with threadpool_limits(limits=1, user_api="blas"):
            for variant in parts:
                if variant not in made:
                    made |= run(question(known[name], asked.seconds, asked.seed), variant)
                    path.write_text(json.dumps(made, indent=1))
        whole = made["as shipped"]
        changes = {each: made[each]["loss"] / whole["loss"] - 1.0 for each in columns}
        for each, change in changes.items():
            every[each].append(change)
        cells = " ".join(f"{changes[c]:+8.2%} {made[c]['microseconds']:5.0f}us" for c in columns)
        print(f"{name:20s} {whole['loss']:8.4f} {whole['microseconds']:6.0f}us {cells}", flush=True)
    print(f"{'mean':20s} {'':17s} " + " ".join(f"{np.mean(each):+8.2%} {'':7s}" for each in every.values()))
    worse = " ".join(f"{sum(c > 0 for c in each):4d}/{len(each):<4d}{'':7s}" for each in every.values())
    print(f"{'worse on':20s} {'':17s} {worse}")


if __name__ == "__main__":
    main()
