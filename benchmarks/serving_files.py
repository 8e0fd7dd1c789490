"""Print what scoring a large file costs: seconds, rows per second, largest memory of the process.

    python benchmarks/serving_files.py FOLDER [--megabytes 500] [--rows 5000000] [--only csv,parquet]

Writes a CSV of the asked size and a Parquet of the asked rows into FOLDER once, and scores each with all
cores in a process of its own.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import polars as pl

from serving import machine
from serving_models import bundle_of, table

PIECE = 100_000
RUN = """
import resource, sys
from pathlib import Path
from yunque.models.predictor import Predictor
from yunque.models.trusted_load import load_bundle
from yunque.services.score_file import ScoreFileRequest, score_file
bundle, source, output, threads = sys.argv[1:]
predictor = Predictor.from_bundle(load_bundle(Path(bundle)))
scored = score_file(predictor, ScoreFileRequest(source=source, output=Path(output), threads=int(threads)))
used = resource.getrusage(resource.RUSAGE_SELF)
print(scored.rows, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime)
"""


def csv_of(folder: Path, megabytes: int) -> Path:
    """Give a CSV of about that size."""
    path = folder / f"{megabytes}mb.csv"
    if not path.exists():
        piece = table(PIECE, seed=21).drop("late", "grade")
        draft = path.with_suffix(".draft")
        with draft.open("wb") as file:
            while file.tell() < megabytes * 1e6:
                piece.write_csv(file, include_header=file.tell() == 0)
        draft.replace(path)
    return path


def parquet_of(folder: Path, rows: int) -> Path:
    """Give a Parquet file of that many rows."""
    path = folder / f"{rows}.parquet"
    if not path.exists():
        piece = table(PIECE, seed=22).drop("late", "grade").lazy()
        draft = path.with_suffix(".draft")
        pl.concat([piece] * (rows // PIECE)).sink_parquet(draft)
        draft.replace(path)
    return path


def measure(bundle: Path, source: Path, output: Path) -> None:
    """Score one file and print a line."""
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    started = time.monotonic()
    command = [sys.executable, "-c", RUN, str(bundle), str(source), str(output), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.monotonic() - started
    rows, memory, cpu = done.stdout.split()
    size = source.stat().st_size / 1e6
    print(
        f"| {source.suffix[1:]} {size:,.0f} MB, {int(rows):,} rows | {seconds:.1f} | {float(cpu):.1f} | "
        f"{int(rows) / seconds:,.0f} | {float(memory):,.0f} |",
        flush=True,
    )
    output.unlink()


def main() -> None:
    """Read the arguments and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--megabytes", type=int, default=500)
    arguments.add_argument("--rows", type=int, default=5_000_000)
    arguments.add_argument("--model", default="lightgbm")
    arguments.add_argument("--only", default="csv,parquet")
    given = arguments.parse_args()
    bundle = bundle_of(given.model, given.folder)
    print(f"Machine: {machine()}; model: {given.model}\n")
    print("| file | seconds | CPU seconds | rows/s | largest memory, MB |")
    print("|---|---:|---:|---:|---:|")
    if "csv" in given.only:
        measure(bundle, csv_of(given.folder, given.megabytes), given.folder / "out.csv")
    if "parquet" in given.only:
        measure(bundle, parquet_of(given.folder, given.rows), given.folder / "out.parquet")


if __name__ == "__main__":
    main()
