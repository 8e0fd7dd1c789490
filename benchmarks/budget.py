"""Print what a budget is worth on large tables: wall seconds and peak memory of the whole command.

python benchmarks/budget.py [ROWS COLUMNS SECONDS [MEMORY]]     without words: 500,000 x 100 in 30 s

The command is `yunque train` on a Parquet file, from its start to its end: imports, reading, training,
packing, publishing. "over" is what it took beyond its budget; "of it reading" is what reading the file takes.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

COMMAND = (sys.executable, "-c", "from yunque.surfaces.cli.app import main; main()")


def write(path: Path, rows: int, columns: int) -> None:
    """Draw a binary table: one category in ten columns, the rest numbers; eight of them say something."""
    rng = np.random.default_rng(0)
    data: dict[str, object] = {}
    signal = np.zeros(rows)
    for place in range(columns):
        values = rng.normal(size=rows)
        if place < 8:
            signal += values * (1 - place / 10)
        if place % 10 == 9:
            levels = np.array([f"level {number}" for number in range(12)])
            data[f"word {place}"] = levels[rng.integers(0, 12, rows)]
        else:
            data[f"number {place}"] = np.round(values, 4)
    data["answer"] = np.where(signal + 1.5 * rng.normal(size=rows) > 0, "yes", "no")
    pl.DataFrame(data).write_parquet(path)


def main() -> None:
    """Make the table, run the command, print one line."""
    words = sys.argv[1:]
    rows, columns, seconds = (int(word) for word in words[:3]) if words else (500_000, 100, 30)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = folder / "table.parquet"
        write(table, rows, columns)
        began = time.monotonic()
        pl.read_parquet(table)
        reading = time.monotonic() - began
        more = ["--memory", words[3]] if len(words) > 3 else []
        began = time.monotonic()
        ended = subprocess.run(
            [*COMMAND, "train", str(table), "--target", "answer", "--budget", f"{seconds}s", "--json", *more],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "YUNQUE_HOME": str(folder / "home")},
        )
        wall = time.monotonic() - began
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        if ended.returncode not in (0, 2):
            raise SystemExit(ended.stderr)
        found = json.loads(ended.stdout)
    lines = ", ".join(f"{entry['name']} {entry['state']}" for entry in found["candidates"][:6])
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{rows:,} x {columns}, budget {seconds} s, load {load}")
    print(
        f"wall {wall:.1f} s, over {wall - seconds:+.1f} s, of it reading {reading:.1f} s, peak {peak:.2f} GiB"
    )
    print(f"loss {found['champion']['loss']:.4f}; {lines}")


if __name__ == "__main__":
    main()
