"""Print what benchmarks/automl.py measured: per table and budget, then the ranks."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

WIDE = "{:20s} {:22s} {:>10s} {:>7s} {:>5s} {:>8s} {:>8s} {:>9s} {:>11s} {:>10s}"
HEADS = ("table", "system", "loss", "normal", "rank", "over s", "peak MB", "size MB", "rows/s", "one row ms")


def print_tables(store: Path) -> None:
    """Print every budget: lines per table, then means per system."""
    runs = [json.loads(path.read_text()) for path in sorted(store.glob("*.json"))]
    by_budget: dict[float, list[dict[str, Any]]] = defaultdict(list)
    for row in runs:
        by_budget[row["budget"]].append(row)
    for budget in sorted(by_budget):
        print(f"\nBudget {budget:g} s")
        _one_budget(by_budget[budget])


def _one_budget(runs: list[dict[str, Any]]) -> None:
    by_table: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in runs:
        by_table[row["table"]].append(row)
    print(WIDE.format(*HEADS))
    for name in sorted(by_table):
        rank(by_table[name])
        for row in sorted(by_table[name], key=lambda each: each["rank"]):
            print(_line(row))
    systems = {row["system"] for row in runs}
    whole = [name for name, rows in by_table.items() if {row["system"] for row in rows} == systems]
    print(f"\n{len(whole)} tables that all systems ran:")
    print(WIDE.format(*HEADS).replace("table ", "mean  ", 1))
    rows_of = {s: [r for n in whole for r in by_table[n] if r["system"] == s] for s in systems}
    for system in sorted(systems, key=lambda each: _mean(rows_of[each], "rank")):
        print(_summary(system, rows_of[system]))
    for system in sorted(systems - {"yunque"}):
        if "yunque" in systems and whole:
            print(f"yunque better than {system}: {_wins(rows_of['yunque'], rows_of[system]):.0%} of tables")


def rank(rows: list[dict[str, Any]]) -> None:
    """Give each run of one table its rank (ties share the mean) and its normalised loss.

    0 is the best of the systems and 1 the constant; who failed counts as the constant, and comes last.
    """
    constant = rows[0]["constant"]["loss"]
    losses = np.array([row.get("loss", np.inf) for row in rows])
    best = losses.min()
    for row, loss in zip(rows, losses, strict=True):
        row["rank"] = 1.0 + float((losses < loss).sum()) + ((losses == loss).sum() - 1) / 2.0
        gap = constant - best
        row["normal"] = float(min(1.0, (loss - best) / gap)) if gap > 0 else float(loss > best)


def _line(row: dict[str, Any]) -> str:
    if "error" in row:
        return f"{row['table']:20s} {row['system']:22s} failed: {row['error'][:80]}"
    over = row["fit_seconds"] - row["budget"]
    return WIDE.format(
        row["table"],
        row["system"],
        f"{row['loss']:.5g}",
        f"{row['normal']:.4f}",
        f"{row['rank']:g}",
        f"{over:+.1f}",
        f"{row['peak_mb']:.0f}",
        f"{row['artifact_mb']:.1f}",
        f"{row['rows_per_second']:,.0f}",
        f"{row['one_row_ms']:.3f}",
    )


def _mean(rows: list[dict[str, Any]], key: str) -> float:
    found = [row[key] for row in rows if key in row]
    return float(np.mean(found)) if found else float("nan")


def _summary(system: str, rows: list[dict[str, Any]]) -> str:
    overs = [row["fit_seconds"] - row["budget"] for row in rows if "fit_seconds" in row]
    failed = sum("error" in row for row in rows)
    return WIDE.format(
        f"{failed} failed" if failed else "",
        system,
        "",
        f"{_mean(rows, 'normal'):.4f}",
        f"{_mean(rows, 'rank'):.2f}",
        f"{max(overs, default=float('nan')):+.1f}",
        f"{max((row['peak_mb'] for row in rows), default=0):.0f}",
        f"{_mean(rows, 'artifact_mb'):.1f}",
        f"{np.median([row['rows_per_second'] for row in rows if 'fit_seconds' in row] or [0]):,.0f}",
        f"{np.median([row['one_row_ms'] for row in rows if 'fit_seconds' in row] or [0]):.3f}",
    )


def _wins(mine: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> float:
    other = {row["table"]: row.get("loss", np.inf) for row in theirs}
    won = [
        (row.get("loss", np.inf) < other[row["table"]])
        + 0.5 * (row.get("loss", np.inf) == other[row["table"]])
        for row in mine
    ]
    return float(np.mean(won))
