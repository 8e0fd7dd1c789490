"""Print what the base model's stack is worth on a portfolio it never saw: against each layer, and the rules.

The generator makes the portfolio with another seed than the base model learnt from: other clients, other
episodes. Everything is synthetic. `python benchmarks/aml_stack.py [ROWS] [SEED]`
"""

import platform
import sys

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.services.aml_base import generated
from yunque.services.aml_layers import Layers, base_stack, open_layers
from yunque.services.aml_measure import area, measure
from yunque.solutions.aml.law.evaluate import ORDER
from yunque.solutions.aml.law.read_catalogue import catalogue
from yunque.solutions.aml.layers import ask, risk

Numbers = npt.NDArray[np.float64]
DRAWS = 300


def scored(layers: Layers, rows: pl.DataFrame) -> pl.DataFrame:
    """Score rows with the layers, and rank the rules' floor beside them."""
    answer = ask(layers, rows)
    if answer.scores is None:
        raise SystemExit("The layers did not answer.")
    table = answer.scores.table.select("id_operacion", "p_sospecha", "anomalia")
    ranks = {name: float(rank) for rank, name in enumerate(ORDER)}
    joined = rows.join(table, on="id_operacion", how="left", maintain_order="left")
    return joined.with_columns(
        riesgo=risk(), reglas=pl.col("piso").replace_strict(ranks, return_dtype=pl.Float64)
    )


def interval(y: Numbers, one: Numbers, other: Numbers, client: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Give the middle 95 % of the difference of two PR-AUC over draws of whole clients."""
    rng = np.random.default_rng(1)
    order = np.argsort(client, kind="stable")
    ends = np.searchsorted(client[order], np.arange(client.max() + 2))
    found = []
    for _ in range(DRAWS):
        drawn = rng.integers(0, client.max() + 1, client.max() + 1)
        rows = np.concatenate([order[ends[c] : ends[c + 1]] for c in drawn])
        if y[rows].any():
            found.append(area(y[rows], one[rows]) - area(y[rows], other[rows]))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def tell(title: str, held: pl.DataFrame) -> None:
    """Print the table of one question."""
    y = held["sospecha"].cast(pl.Int64).to_numpy()
    client = held["cliente_id"].rank("dense").cast(pl.Int64).to_numpy() - 1
    names = {
        "stack": "riesgo",
        "supervised alone": "p_sospecha",
        "unsupervised alone": "anomalia",
        "rules alone": "reglas",
    }
    stack = held["riesgo"].to_numpy()
    print(f"{title}: {held.height:,} operations, {int(y.sum())} suspicious ({y.mean():.2%}), synthetic")
    print("| ranking | PR-AUC | stack minus it, 95 % interval |\n|---|---|---|")
    for name, column in names.items():
        score = held[column].to_numpy()
        told = "" if name == "stack" else "{:+.3f} to {:+.3f}".format(*interval(y, stack, score, client))
        print(f"| {name} | {area(y, score):.3f} | {told} |")
    found = measure(held, 0.01)
    print(f"\nat 1 % alerts: recall {found.recall:.3f}, precision {found.precision:.3f}; ", end="")
    print(f"clients found {found.found:.2f}, median days to detect {found.days_to_detect:g}")
    print(
        "recall by typology: " + ", ".join(f"{name} {value:.2f}" for name, value in found.by_typology.items())
    )


def main() -> None:
    """Measure and print a table."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 11
    stack = base_stack()
    if stack is None:
        raise SystemExit("There is no base model.")
    held = scored(open_layers(stack, None), generated(rows, seed, catalogue()))
    print(f"{platform.machine()}, {stack.label}, seed {seed}")
    tell("a portfolio that nothing was learnt from", held)


if __name__ == "__main__":
    main()
