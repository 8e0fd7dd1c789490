"""Compare ways to try more near the winner: none, seeded variations, Optuna's TPE; judged on untouched rows.

python benchmarks/near_winner.py FOLDER [SECONDS] [TABLE ...]     FOLDER holds index.json and Parquet files

Each table is cut to 3,000 rows, of which a third is untouched; the three ways get the same seed, split and
budget. One thread and a clock of processor seconds: what else the machine does changes nothing.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

from yunque.data.infer import Wishes, infer_contract
from yunque.data.validate import check_table
from yunque.learning.budget import Budget
from yunque.learning.infer_task import infer_task
from yunque.learning.learn import LearnRequest, learn
from yunque.learning.near_winner import NearWinner
from yunque.learning.splits import SplitWish

ROWS = 3_000
WAYS: tuple[NearWinner, ...] = ("nothing", "variations", "tpe")


def loss(
    path: Path, target: str, ignore: tuple[str, ...], way: NearWinner, seconds: float
) -> tuple[float, int]:
    """Give the loss on untouched rows, and how many candidates were tried near the winner."""
    frame = pl.read_parquet(path)
    frame = frame.sample(min(ROWS, frame.height), seed=1)
    contract, _ = infer_contract(frame, Wishes(target=target, ignore=ignore))
    checked = check_table(contract, frame, need_target=True).frame
    board = learn(
        LearnRequest(
            frame=checked,
            schema=contract.schema,
            task=infer_task(contract, checked),
            budget=Budget(seconds=seconds, clock=time.process_time),
            split=SplitWish(kind="random", holdout=1 / 3),
            threads=1,
            near_winner=way,
        )
    )
    return board.champion_loss, sum("~" in entry.name for entry in board.entries)


def main() -> None:
    """Print a line per table and the mean of the normalised losses."""
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
    entries = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    wanted, found = set(sys.argv[3:]), []
    print(f"{'table':24}" + "".join(f"{way:>14}{'tried':>7}" for way in WAYS))
    for entry in entries:
        name = entry["name"]
        if wanted and name not in wanted:
            continue
        leaks = (*entry["leak_columns"], *entry["id_columns"])
        made = [loss(folder / f"{name}.parquet", entry["target"], leaks, way, seconds) for way in WAYS]
        found.append([each[0] for each in made])
        print(f"{name:24}" + "".join(f"{each[0]:14.5g}{each[1]:7}" for each in made), flush=True)
    relative = np.array(found) / np.array(found)[:, :1]
    print(f"{'mean, nothing = 1':24}" + "".join(f"{value:14.5f}{'':7}" for value in relative.mean(axis=0)))


if __name__ == "__main__":
    main()
