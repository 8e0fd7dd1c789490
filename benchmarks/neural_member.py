"""What a neural member brings to the blend of trees and linear models, per table and at which cost.

    python benchmarks/portfolio.py fit STORE [--folder FOLDER]     (or parts of it, by --only and --tables)
    python benchmarks/neural_member.py fit STORE [--folder FOLDER] [--tables NAME,NAME]
    python benchmarks/neural_member.py judge STORE

`fit` stores predictions out of fold of the networks, `judge` reads all that are stored. A blend is chosen
greedily on one half of the rows and judged on the other, both ways, for several draws of the halves (the same
for all). Two pools are tried: the product's own entries, and all stored tree and linear configurations. To
each pool one more member is added: a network, or, as a yardstick, a boosted or bagged configuration that the
pool lacks. The rule: a network becomes an entry of the portfolio when, added to the product's own entries, it
lowers the loss by more than two standard errors over tables, and by more than the best yardstick does where
those are stored, and when blends that hold it are served in one compiled call.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from portfolio import LEFT_OUT, fit_table
from portfolio_order import Stored, load
from tables import folder_tables, package_tables
from yunque.learning.portfolio_entries import ENTRIES, Entry

ENTERED = (
    Entry(name="realmlp", algorithm="realmlp"),
    Entry(
        name="realmlp-small",
        algorithm="realmlp",
        params={"hidden_layer_sizes": [64, 64], "dropout": 0.0, "learning_rate": 0.02},
    ),
)
NETWORKS = (*(each.name for each in ENTERED), "mlp", "mlp-wide")
OTHERS = ("k_nearest", "naive_bayes")  # neither networks nor tree or linear members
DRAWS = 5
YARDSTICKS = 6


def gains(table: Stored, pool: tuple[str, ...], added: list[str]) -> dict[str, float]:
    """Give per added member how much of the loss it saves, in per cent."""
    halves = [np.random.default_rng(draw).random(len(table.y)) < 0.5 for draw in range(DRAWS)]
    drawn = [replace(table, half=half, known={}) for half in halves]
    base = np.mean([each.blended(pool) for each in drawn])
    found = {}
    for name in added:
        if name in table.columns and name not in pool:
            loss = np.mean([each.blended((*pool, name)) for each in drawn])
            found[name] = float(100.0 * (base - loss) / base)
    return found


def yardsticks(tables: list[Stored], pool: set[str]) -> list[str]:
    """Give the drawn configurations that were stored for most tables, and are not in the pool."""
    names = sorted({name for table in tables for name in table.columns if "drawn" in name} - pool)
    return [name for name in names if sum(name in table.columns for table in tables) > 0.9 * len(tables)]


def print_pool(title: str, tables: list[Stored], pools: list[tuple[str, ...]], added: list[str]) -> None:
    """Print one line per added member."""
    found = [gains(table, pool, added) for table, pool in zip(tables, pools, strict=True)]
    print(f"\n{title}: {np.mean([len(pool) for pool in pools]):.1f} members a table")
    print(f"{'added':22s} tables  loss saved %     +-   worst    best  better  median  seconds  x LightGBM")
    lines = []
    for name in added:
        own = [(each[name], table) for each, table in zip(found, tables, strict=True) if name in each]
        if not own:
            continue
        saved = np.array([gain for gain, _ in own])
        error = saved.std(ddof=1) / np.sqrt(len(saved)) if len(saved) > 1 else np.nan
        seconds = np.mean([table.seconds[name] for _, table in own])
        cost = np.mean([table.cost(name) for _, table in own])
        lines.append(
            (
                saved.mean(),
                f"{name:22s} {len(own):6d} {saved.mean():13.3f} {error:6.3f} {saved.min():7.2f}"
                f" {saved.max():7.2f} {int((saved > 0.0).sum()):7d}"
                f" {np.median(saved):7.2f} {seconds:8.1f} {cost:11.2f}",
            )
        )
    networks = [line for line in lines if line[1].split()[0] in NETWORKS]
    others = sorted((line for line in lines if line not in networks), reverse=True)[:YARDSTICKS]
    for _, text in [*networks, *others]:
        print(text)


def print_tables(tables: list[Stored], pools: list[tuple[str, ...]], names: list[str]) -> None:
    """Print each table's losses alone and what the networks save in the product's blend."""
    print(f"\n{'table':20s} {'constant':>10s} {'best alone':>10s} {'LightGBM':>10s}", end="")
    print("".join(f"{name:>15s} saved %" for name in names))
    for table, pool in zip(tables, pools, strict=True):
        alone = {name: float(table._loss(table.columns[name], table.y)[0]) for name in table.columns}
        trees = min(alone[name] for name in pool)
        found = gains(table, pool, names)
        print(
            f"{table.name:20s} {table.constant:10.4g} {trees:10.4g} {alone['lightgbm-mixed']:10.4g}", end=""
        )
        for name in names:
            text = f"{alone[name]:15.4g} {found[name]:7.2f}" if name in found else f"{'-':>23s}"
            print(text, end="")
        print()


def judge(store: Path) -> None:
    """Print what every network saves."""
    tables = [table for table in load(store) if set(NETWORKS[:2]) <= set(table.columns)]
    product = {each.name for each in ENTRIES} - set(NETWORKS)
    own = [tuple(name for name in table.columns if name in product) for table in tables]
    left = set(NETWORKS) | set(OTHERS)
    every = [tuple(name for name in table.columns if name not in left) for table in tables]
    networks = [name for name in NETWORKS if any(name in table.columns for table in tables)]
    print(f"{len(tables)} tables, {DRAWS} draws of the halves")
    print_tables(tables, own, [name for name in networks if name.startswith("realmlp") or name == "mlp"])
    print_pool("the product's entries", tables, own, networks)
    print_pool("all tree and linear configurations", tables, every, networks)
    full = [at for at, table in enumerate(tables) if any("drawn" in name for name in table.columns)]
    if full:
        drawn, pools = [tables[at] for at in full], [own[at] for at in full]
        title = "the product's entries, where yardsticks are stored"
        print_pool(title, drawn, pools, [*networks, *yardsticks(drawn, product)])


def main() -> None:
    """Fit or judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["fit", "judge"])
    parser.add_argument("store", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--tables", default="")
    asked = parser.parse_args()
    if asked.what == "judge":
        judge(asked.store)
        return
    named = set(filter(None, asked.tables.split(",")))
    for source in [*(folder_tables(asked.folder) if asked.folder else ()), *package_tables()]:
        if source.name not in LEFT_OUT and (not named or source.name in named):
            fit_table(source, asked.store, ENTERED)


if __name__ == "__main__":
    main()
