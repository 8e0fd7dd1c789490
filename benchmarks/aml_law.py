"""Print how long law and features take on a million operations, and on one client with 300,000 of them."""

import platform
import resource
import sys
import time

import numpy as np
import polars as pl

from yunque.solutions.aml.features.enrich import enrich
from yunque.solutions.aml.law.evaluate import evaluate
from yunque.solutions.aml.law.read_catalogue import catalogue

RULES = np.array(["I", "V", "VI", "VIII", "XIII", "XVI-a", "XV", "II-a", "X-a"])


def operations(n: int, clients: int, one_client_share: float, seed: int = 1) -> pl.DataFrame:
    """Make operations of many clients, a share of them of a single one."""
    rng = np.random.default_rng(seed)
    acts = np.where(rng.random(n) < 0.1, rng.integers(0, n, n).astype(str), "")
    owner = np.where(rng.random(n) < one_client_share, 0, rng.integers(1, clients + 1, n))
    return pl.DataFrame(
        {
            "id_operacion": np.arange(n).astype(str),
            "linea": np.arange(n),
            "cliente_id": owner.astype(str),
            "fecha": pl.Series(rng.integers(19_000, 20_700, n).astype("int32")).cast(pl.Date),
            "monto_c": np.exp(rng.normal(15, 2, n)).astype("int64"),
            "regla": RULES[rng.integers(0, len(RULES), n)],
            "es_efectivo": rng.random(n) < 0.3,
            "id_acto": pl.Series(acts).replace("", None),
        }
    )


def main() -> None:
    """Measure and print a table."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    small = evaluate(operations(1_000, 10, 0.0), catalogue())
    enrich(small.operations, catalogue())  # compiles what the first call compiles
    print(f"{platform.machine()}, {pl.thread_pool_size()} threads, polars {pl.__version__}")
    print("| operations | clients | largest client | law, s | features, s | obligations | peak GiB |")
    print("|---|---|---|---|---|---|---|")
    for rows, clients, share in ((n, 50_000, 0.0), (n, 50_000, 0.3), (3 * n // 10, 1, 1.0)):
        frame = operations(rows, clients, share)
        start = time.perf_counter()
        found = evaluate(frame, catalogue())
        law = time.perf_counter() - start
        start = time.perf_counter()
        enrich(found.operations, catalogue())
        features = time.perf_counter() - start
        largest = frame["cliente_id"].value_counts()["count"].max()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"| {rows:,} | {frame['cliente_id'].n_unique():,} | {largest:,} | {law:.1f} "
            f"| {features:.1f} | {found.obligations.height:,} | {peak:.1f} |"
        )


if __name__ == "__main__":
    main()
