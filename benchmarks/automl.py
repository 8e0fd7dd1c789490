"""Yunque beside its peers on the same rows, two cores, one after another.

    python benchmarks/automl.py [--folder FOLDER] [--budgets 30,60] [--systems yunque,autogluon-best_v150,…]
                                [--tables adult,car] [--peers ENVIRONMENTS] [--store STORE]

Peers live in environments of their own under ENVIRONMENTS (default ~/.cache/yunque/peers), installed
from PyPI when they are missing. 25 % of the rows of each table are kept away from everybody. Every run is a
process of its own; its peak memory is that of the process with all its children. Finished runs are kept in
STORE and not made again; the tables are printed by automl_table.py.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

from automl_table import print_tables
from tables import BenchTable, folder_tables, package_tables

HERE = Path(__file__).parent / "peers"
ENVIRONMENTS = {
    "autogluon": ["autogluon.tabular[lightgbm,catboost,xgboost]==1.6.3"],
    "flaml": ["flaml[automl]==2.7.0", "pyarrow"],
    "mljar": ["mljar-supervised==1.3.2", "pyarrow"],
}
SYSTEMS = {
    "yunque": ("", "automl_yunque.py", ()),
    "autogluon-best_v150": ("autogluon", "automl_autogluon.py", ("best_v150",)),
    "autogluon-high": ("autogluon", "automl_autogluon.py", ("high_quality",)),
    "autogluon-medium": ("autogluon", "automl_autogluon.py", ("medium_quality",)),
    "flaml": ("flaml", "automl_flaml.py", ()),
    "mljar": ("mljar", "automl_mljar.py", ()),
    "lightgbm-tuned": ("", "automl_tuned.py", ("lightgbm",)),
    "catboost-tuned": ("", "automl_tuned.py", ("catboost",)),
}
TEST_SHARE = 0.25
MOST_ROWS = 100_000
LOST_SECONDS = 900.0  # beyond the budget, after which a run is ended and counts as lost
POLL_SECONDS = 0.1


def python_of(environment: str, folder: Path) -> str:
    """Give the interpreter of a peer, its environment installed first when it is missing."""
    if not environment:
        return sys.executable
    home = folder / environment
    python = home / "bin" / "python"
    if not (home / "installed").exists():
        print(f"installing {environment} …", file=sys.stderr, flush=True)
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *ENVIRONMENTS[environment]], check=True)
        (home / "installed").touch()
    return str(python)


def split(table: BenchTable, folder: Path) -> tuple[pl.Series, list[str], dict[str, float]]:
    """Write the rows for training and for the test; give the test's answers, the labels, and the constant."""
    frame = table.load().filter(pl.col(table.target).is_not_null())
    if frame.height > MOST_ROWS:
        frame = frame.sample(MOST_ROWS, seed=0, shuffle=True)
    strata = frame[table.target].cast(pl.String).to_numpy() if table.task != "regression" else None
    kept, away = train_test_split(
        np.arange(frame.height), test_size=TEST_SHARE, random_state=0, stratify=strata
    )
    train, test = frame[np.sort(kept)], frame[np.sort(away)]
    train.write_parquet(folder / "train.parquet")
    test.write_parquet(folder / "test.parquet")
    labels = (
        sorted({str(label) for label in train[table.target].unique()}) if table.task != "regression" else []
    )
    return test[table.target], labels, _constant(table, train[table.target], test[table.target], labels)


def _constant(table: BenchTable, train: pl.Series, test: pl.Series, labels: list[str]) -> dict[str, float]:
    if table.task == "regression":
        return judge(table, test, np.full(len(test), float(train.mean() or 0.0)), labels)  # type: ignore[arg-type]
    text = train.cast(pl.String)
    shares = np.array([(text == label).mean() for label in labels], dtype=float)
    return judge(table, test, np.tile(shares, (len(test), 1)), labels)


def judge(table: BenchTable, truth: pl.Series, answers: np.ndarray, labels: list[str]) -> dict[str, float]:
    """Give the loss that decides, and the area under the curve of a binary question."""
    if table.task == "regression":
        return {"loss": float(np.sqrt(np.mean((truth.cast(pl.Float64).to_numpy() - answers.ravel()) ** 2)))}
    text = truth.cast(pl.String).to_numpy()
    floored = np.clip(answers, 1e-7, None)
    found = {"loss": float(log_loss(text, floored / floored.sum(axis=1, keepdims=True), labels=labels))}
    if len(labels) == 2:
        found["auc"] = float(roc_auc_score(text == labels[1], answers[:, 1]))
    return found


def run(system: str, table: BenchTable, seconds: float, environments: Path) -> dict[str, Any]:
    """Train one system on one table and judge it."""
    environment, script, words = SYSTEMS[system]
    python = python_of(environment, environments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        truth, labels, constant = split(table, folder)
        job = {
            "target": table.target,
            "kind": table.task,
            "metric": "rmse" if table.task == "regression" else "log_loss",
            "labels": labels,
            "seconds": seconds,
        }
        (folder / "job.json").write_text(json.dumps(job))
        with (folder / "output").open("wb") as output:
            began = time.monotonic()
            process = subprocess.Popen(
                [python, str(HERE / script), str(folder), *words],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, "OMP_NUM_THREADS": "2", "YUNQUE_HOME": str(folder / "home")},
            )
            peak = watch(process, seconds + LOST_SECONDS)
        row: dict[str, Any] = {"system": system, "table": table.name, "budget": seconds, "task": table.task}
        row |= {"process_seconds": time.monotonic() - began, "peak_mb": peak / 1e6, "constant": constant}
        if process.returncode or not (folder / "facts.json").exists():
            words_left = (folder / "output").read_text(errors="replace").strip().splitlines()
            return row | {"error": words_left[-1][:300] if words_left else "no word"}
        answers = np.load(folder / "answers.npy")
        return row | json.loads((folder / "facts.json").read_text()) | judge(table, truth, answers, labels)


def watch(process: subprocess.Popen[bytes], most_seconds: float) -> int:
    """Wait for a process; give the most bytes that it and its children held together."""
    peak, until = 0, time.monotonic() + most_seconds
    while process.poll() is None:
        held = 0
        for each in _family(process.pid):
            try:
                held += each.memory_info().rss
            except psutil.Error:
                continue
        peak = max(peak, held)
        if time.monotonic() > until:
            for each in _family(process.pid):
                each.kill()
        time.sleep(POLL_SECONDS)
    return peak


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return []


def wanted(asked: argparse.Namespace) -> Iterator[tuple[float, BenchTable, str]]:
    """Give the runs in order: all systems of a table side by side in time."""
    names = set(filter(None, asked.tables.split(",")))
    for budget in asked.budgets.split(","):
        for table in [*(folder_tables(asked.folder) if asked.folder else ()), *package_tables()]:
            if table.name != "online_retail" and (not names or table.name in names):
                for system in asked.systems.split(","):
                    yield float(budget), table, system


def main() -> None:
    """Run what is missing, then print everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--budgets", default="30,60")
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--tables", default="")
    parser.add_argument("--peers", type=Path, default=Path.home() / ".cache" / "yunque" / "peers")
    parser.add_argument("--store", type=Path, default=Path("automl-runs"))
    asked = parser.parse_args()
    asked.store.mkdir(parents=True, exist_ok=True)
    for budget, table, system in wanted(asked):
        path = asked.store / f"{budget:g}-{table.name}-{system}.json"
        if path.exists():
            continue
        row = run(system, table, budget, asked.peers)
        path.write_text(json.dumps(row, indent=1))
        said = (
            row.get("error")
            or f"loss {row['loss']:.5g}  {row['fit_seconds']:.1f} s  {row['one_row_ms']:.2f} ms"
        )
        print(f"{budget:4g} s {table.name:20s} {system:22s} {said}", file=sys.stderr, flush=True)
    print_tables(asked.store)


if __name__ == "__main__":
    main()
