"""Print, for every algorithm and several sizes, the memory a fit should need and what it really took.

python benchmarks/fit_memory.py [ALGORITHM ...]

Each fit runs in a fresh process: the peak of resident memory during the fit, less what stood before it. The
library is imported and has made a tiny fit by then. Linux only: the peak is reset by /proc/self/clear_refs.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from yunque.learning.algorithm import FitRequest, Matrix
from yunque.learning.fit_memory import fit_bytes
from yunque.learning.fit_size import FitSize
from yunque.learning.registry import algorithm, default_algorithms, installed_algorithms
from yunque.learning.task import Task, TaskKind

SIZES = (
    (20_000, 20, 2),
    (200_000, 20, 2),
    (50_000, 100, 2),
    (20_000, 20, 30),
    (5_000, 20, 300),
    (100_000, 30, 1),
)
SECONDS = 8.0  # a boosted fit is cut then: its memory does not grow with its rounds but by its small trees
MIB = 2**20


def status(field: str) -> int:
    """Give a field of /proc/self/status in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise SystemExit(f"/proc/self/status has no {field}")


def matrix(rows: int, columns: int, outputs: int, seed: int) -> Matrix:
    """Draw rows whose answers follow the first columns."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns))
    signal = x[:, 0] + 0.5 * x[:, 1] + 0.3 * rng.normal(size=rows)
    if outputs == 1:
        return Matrix(x=x, y=signal)
    cuts = np.quantile(signal, np.linspace(0, 1, outputs + 1)[1:-1])
    return Matrix(x=x, y=np.digitize(signal, cuts).astype(np.int64))


def request(rows: int, columns: int, outputs: int, seconds: float) -> FitRequest:
    """Give a fit of that size, judged on a fifth more rows."""
    kind = TaskKind.REGRESSION if outputs == 1 else TaskKind.BINARY if outputs == 2 else TaskKind.MULTICLASS
    classes = () if outputs == 1 else tuple(range(outputs))
    until = time.monotonic() + seconds
    return FitRequest(
        task=Task(kind=kind, target="y", classes=classes, metric="rmse" if outputs == 1 else "log_loss"),
        train=matrix(rows, columns, outputs, 0),
        valid=matrix(max(50, rows // 5), columns, outputs, 1),
        seed=7,
        should_stop=lambda: time.monotonic() > until,
    )


def fit(name: str, asked: FitRequest) -> None:
    """Fit, flatten, and predict the rows that judge."""
    found = algorithm(name)
    fitted = found.fit(asked)
    form = found.flatten(fitted, asked)
    assert asked.valid is not None
    form.raw(asked.valid.x)


def measure(name: str, rows: int, columns: int, outputs: int) -> None:
    """Measure one fit in this process and print it as JSON."""
    fit(name, request(200, columns, outputs if outputs < 40 else 3, 1.0))
    asked = request(rows, columns, outputs, SECONDS)
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    began = time.monotonic()
    fit(name, asked)
    print(json.dumps({"peak": status("VmHWM") - before, "seconds": time.monotonic() - began}))


def main() -> None:
    """Measure the named algorithms, or all of the default portfolio."""
    if len(sys.argv) == 6 and sys.argv[1] == "--one":
        return measure(sys.argv[2], *(int(word) for word in sys.argv[3:]))
    names = sys.argv[1:] or [found.name for found in default_algorithms()]
    names = [found.name for found in installed_algorithms()] if names == ["all"] else names
    print(
        f"{'algorithm':22}{'rows':>9}{'columns':>9}{'outputs':>9}"
        f"{'estimate MiB':>14}{'peak MiB':>10}{'share':>8}"
    )
    for name in names:
        kinds = {kind.value for kind in algorithm(name).tasks}
        for rows, columns, outputs in SIZES:
            kind = "regression" if outputs == 1 else "binary" if outputs == 2 else "multiclass"
            if kind not in kinds:
                continue
            scores = outputs if outputs > 2 else 1
            expected = fit_bytes(name, FitSize(rows=rows, columns=columns, scores=scores))
            words = [sys.executable, __file__, "--one", name, *map(str, (rows, columns, outputs))]
            found = subprocess.run(
                words, capture_output=True, text=True, check=False, env={**os.environ}, timeout=1800
            )
            if found.returncode:
                print(f"{name:22}{rows:9}{columns:9}{outputs:9}  failed: {found.stderr[-120:]!r}")
                continue
            peak = json.loads(found.stdout.splitlines()[-1])["peak"]
            print(
                f"{name:22}{rows:9}{columns:9}{outputs:9}{expected / MIB:14.0f}{peak / MIB:10.0f}"
                f"{peak / expected:8.0%}",
                flush=True,
            )
    return None


if __name__ == "__main__":
    main()
