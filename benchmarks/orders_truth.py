"""The channel of an order: reach what can be reached, and say so when something reaches more.

    python benchmarks/orders_truth.py FOLDER [--budget 60s]

FOLDER holds the 1,250,000 orders as `orders-*.parquet`. The channel depends on one column; the ceiling of
any honest model is a log-loss of about 0.985 (constant 1.031) and an accuracy of about 0.504. Three runs,
each as a user would: the honest one, the one with a planted leak (each client's share of digital orders
over all orders, the predicted one included), and the scoring of the whole table. Peak memory is that of
the largest process.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

YUNQUE = Path(sys.executable).parent / "yunque"
TARGET = "canal_pedido_cd"
TIME = "fecha_pedido_dt"
CLIENT = "cliente_id"
FLOOR, CEILING = 0.975, 0.995
ACCURACY = (0.495, 0.512)


def run(home: Path, *words: str) -> tuple[int, str, float]:
    """Run one command; give its exit code, its standard output and the seconds it took."""
    started = time.monotonic()
    env = {**os.environ, "YUNQUE_HOME": str(home)}
    done = subprocess.run([str(YUNQUE), *words], capture_output=True, text=True, check=False, env=env)
    if done.returncode not in (0, 2):
        raise SystemExit(done.stderr)
    return done.returncode, done.stdout, time.monotonic() - started


def orders(folder: Path) -> pl.DataFrame:
    """Read the orders and add the parts of the date that can come back."""
    frame = pl.read_parquet(str(folder / "orders-*.parquet"))
    return frame.with_columns(dia_semana=pl.col(TIME).dt.weekday(), mes=pl.col(TIME).dt.month())


def train(home: Path, table: Path, name: str, budget: str) -> tuple[dict[str, Any], float]:
    """Train on a split by time; the last fifth of the days is kept untouched."""
    words = (
        "train",
        str(table),
        "--target",
        TARGET,
        "--time-column",
        TIME,
        "--id",
        CLIENT,
        "--holdout",
        "0.2",
    )
    _, out, seconds = run(home, *words, "--name", name, "--budget", budget, "--json")
    return json.loads(out), seconds


def tell(title: str, answer: dict[str, Any], seconds: float) -> dict[str, float]:
    """Print one run."""
    metrics = answer["champion"]["metrics"]
    alarms = [alarm["id"] for alarm in answer["alarms"]]
    print(
        f"{title:28s} log-loss {metrics['log_loss']:.4f}  accuracy {metrics['accuracy']:.4f}"
        f"  ECE {metrics['ece']:.4f}  promoted {answer['promoted']}  alarms {alarms}  {seconds:.0f} s"
    )
    return dict(metrics)


def main() -> None:
    """Print the three runs and whether each is as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--budget", default="60s")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        frame = orders(asked.folder)
        honest, leaky = home / "orders.parquet", home / "leaky.parquet"
        frame.write_parquet(honest)
        share = (pl.col(TARGET) == "DIGITAL").mean().over(CLIENT)
        frame.with_columns(share_digital=share).write_parquet(leaky)
        answer, seconds = train(home, honest, "orders", asked.budget)
        metrics = tell("honest, 1.25 M orders", answer, seconds)
        inside = FLOOR <= metrics["log_loss"] <= CEILING and ACCURACY[0] <= metrics["accuracy"] <= ACCURACY[1]
        print(f"  within [{FLOOR}, {CEILING}] and {ACCURACY}: {inside}; no alarm: {not answer['alarms']}")
        answer, seconds = train(home, leaky, "leaky", asked.budget)
        tell("planted leak", answer, seconds)
        print(f"  alarm fires: {bool(answer['alarms'])}; not promoted: {not answer['promoted']}")
        _, _, seconds = run(home, "predict", "orders@1", str(honest), "-o", str(home / "out.parquet"))
        rows = pl.scan_parquet(home / "out.parquet").select(pl.len()).collect().item()
        print(f"scored {rows:,} rows in {seconds:.1f} s")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        print(f"peak memory of the largest process {peak:.2f} GiB (limit 4): {peak < 4}")


if __name__ == "__main__":
    main()
