"""R5's pipeline on R5's data: every figure that the orders solution promises, and whether it is met.

    python benchmarks/orders_pipeline.py FOLDER [--budget 60s] [--leak] [--etl-only]

FOLDER holds the orders as *.parquet; `yunque orders generate FOLDER` makes some where the real ones are not
at hand. The ETL is timed in a process of its own, so that its memory is its own. With --leak a second run
follows, on the same orders with stars that were filled in after the fact: it must be stopped. Seconds are
those of a machine at rest; other work beside it makes them longer.
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
ETL = """
import resource, sys, time
from datetime import datetime
from pathlib import Path
from yunque.services.orders_etl import run_etl, write_etl
from yunque.solutions.orders.questions import Question
started, cpu = time.perf_counter(), time.process_time()
etl = run_etl(Path(sys.argv[1]), Question(), datetime.now())
write_etl(etl, Path(sys.argv[2]))
print(etl.intake.rows, time.perf_counter() - started, time.process_time() - cpu,
      resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""
PROMISES = (
    ("test_logloss", "<=", 0.99),
    ("test_accuracy", ">=", 0.495),
    ("test_ece", "<=", 0.01),
    ("test_lift_10pct_DIGITAL", ">=", 1.5),
    ("test_share_gap", "<=", 0.01),
    ("inference_success_rate", ">=", 1.0),
)
CEILINGS = (("test_logloss", ">=", 0.975), ("test_accuracy", "<=", 0.512))


def met(value: float, sign: str, limit: float) -> str:
    """Say whether a figure keeps its promise."""
    return "yes" if (value >= limit if sign == ">=" else value <= limit) else "NO"


def run(home: Path, *words: str) -> tuple[int, dict[str, Any], float]:
    """Run `yunque orders run`; give its exit code, its document and the seconds it took."""
    started = time.monotonic()
    env = {**os.environ, "YUNQUE_HOME": str(home)}
    done = subprocess.run(
        [str(YUNQUE), "orders", "run", *words, "--json"], capture_output=True, text=True, check=False, env=env
    )
    if done.returncode not in (0, 2) or not done.stdout.strip():
        raise SystemExit(done.stderr or done.stdout)
    return done.returncode, json.loads(done.stdout), time.monotonic() - started


def tell_etl(folder: Path, scratch: Path) -> None:
    """Print the time and the memory of the ETL alone."""
    words = [sys.executable, "-c", ETL, str(folder), str(scratch / "etl")]
    found = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    rows, seconds, cpu, peak = int(found[0]), *(float(part) for part in found[1:])
    print(
        f"ETL of {rows:,} rows: {seconds:.1f} s ({cpu:.1f} s of CPU), limit 10: {met(seconds, '<=', 10)}",
        end="",
    )
    print(f"; peak memory {peak:.2f} GiB, limit 2: {met(peak, '<=', 2)}")


def tell_run(document: dict[str, Any], seconds: float) -> None:
    """Print every promised figure of a run."""
    metrics = document["metrics"]
    print(f"whole run {seconds:.0f} s, limit 240: {met(seconds, '<=', 240)}")
    print("  " + ", ".join(f"{k[8:]} {v:.1f} s" for k, v in metrics.items() if k.startswith("seconds_")))
    for name, sign, limit in (*PROMISES, *CEILINGS):
        print(f"  {name:26s} {metrics[name]:8.4f}  {sign} {limit:<6}  {met(metrics[name], sign, limit)}")
    folder = Path(document["folder"])
    candidates = json.loads((folder / "candidates.json").read_text())
    print(f"  chosen by F1: {candidates['picks']['f1']}; by log-loss: {candidates['picks']['log_loss']}")
    for row in candidates["candidates"]:
        if row["log_loss"] is not None:
            scored = f"log-loss {row['log_loss']:.4f}  F1 {row['f1_macro']:.4f}"
            print(f"    {row['name']:30s} {scored}  weight {row['weight_in_champion']:.2f}")
    for baseline in candidates["baselines"]:
        which = f"{baseline['name']} {baseline['column'] or ''}".strip()
        print(f"    baseline {which}: log-loss {baseline['metrics']['log_loss']:.4f}")
    told = json.loads((folder / "metrics.json").read_text())
    for name, parts in told["per_class"].items():
        shares = told["shares"]
        print(
            f"  {name:9s} precision {parts['precision']:.3f} recall {parts['recall']:.3f}"
            f" F1 {parts['f1']:.3f}  share true {shares['true'][name]:.3f}"
            f" expected {shares['expected'][name]:.3f} most probable {shares['most_probable'][name]:.3f}"
        )
    print(f"  confusion (truth by answer) {told['confusion_matrix']['truth_by_answer']}")
    print(
        f"  inference: {metrics['inference_samples']:.0f} samples,"
        f" mean {metrics['inference_avg_time_ms']:.1f} ms,"
        f" median {metrics['inference_median_time_ms']:.1f} ms (R5: 15.0 and 14.8)"
    )
    print(f"  in use {document['model']['promoted']}; leak alarm {document['leak_alarm']}")
    for shortfall in document["model"]["shortfalls"]:
        print(f"    {shortfall}")


def plant(folder: Path, place: Path) -> Path:
    """Write the same orders with stars that were filled in after the channel was known."""
    place.mkdir()
    knows = pl.when(pl.col("canal_pedido_cd") == "DIGITAL").then(pl.lit("3")).otherwise(pl.lit("1"))
    for path in sorted(folder.glob("*.parquet")):
        pl.read_parquet(path).with_columns(knows.alias("estrellas_txt")).write_parquet(place / path.name)
    return place


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--budget", default="60s")
    parser.add_argument("--leak", action="store_true")
    parser.add_argument("--etl-only", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        tell_etl(asked.folder, home)
        if asked.etl_only:
            return
        _, document, seconds = run(home, str(asked.folder), "--budget", asked.budget)
        tell_run(document, seconds)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        print(f"peak memory of the largest process {peak:.2f} GiB")
        if asked.leak:
            code, document, seconds = run(
                home, str(plant(asked.folder, home / "leaky")), "--budget", asked.budget
            )
            stopped = document["leak_alarm"] and not document["model"]["promoted"] and code == 2
            accuracy = document["metrics"]["test_accuracy"]
            print(f"planted leak: accuracy {accuracy:.3f}, stopped: {stopped}  {seconds:.0f} s")


if __name__ == "__main__":
    main()
