"""Print what the base model's stack is worth on a portfolio it never saw: against each layer, and the rules.

The generator makes the portfolio with another seed than the base model learnt from: other clients, other
episodes. Everything is synthetic. Intervals are paired bootstraps over whole clients.
`python benchmarks/aml_stack.py [ROWS] [SEED]...`
"""

import platform
import sys
from itertools import pairwise

import polars as pl

from yunque.services.aml_base import generated
from yunque.services.aml_layers import Layers, base_stack, open_layers
from yunque.services.aml_measure import area, clients_of, measure, paired_interval, truth_of
from yunque.solutions.aml.law.evaluate import ORDER
from yunque.solutions.aml.law.read_catalogue import catalogue
from yunque.solutions.aml.layers import ask
from yunque.solutions.aml.stack import Stack

DRAWS = 300
BANDS = (0.0, 0.01, 0.05, 0.2, 0.5, 0.8, 1.01)


def scored(layers: Layers, rows: pl.DataFrame) -> pl.DataFrame:
    """Score rows with the layers, and rank the rules' floor beside them."""
    answer = ask(layers, rows)
    if answer.scores is None:
        raise SystemExit("The layers did not answer.")
    table = answer.scores.table.select("id_operacion", "p_sospecha", "anomalia", "riesgo")
    ranks = {name: float(rank) for rank, name in enumerate(ORDER)}
    joined = rows.join(table, on="id_operacion", how="left", maintain_order="left")
    return joined.with_columns(reglas=pl.col("piso").replace_strict(ranks, return_dtype=pl.Float64))


def tell(title: str, held: pl.DataFrame, stack: Stack) -> None:
    """Print the table of one portfolio."""
    y, client = truth_of(held), clients_of(held)
    names = {
        "stack": "riesgo",
        "supervised alone": "p_sospecha",
        "unsupervised alone": "anomalia",
        "rules alone": "reglas",
    }
    risk = held["riesgo"].to_numpy()
    print(f"\n{title}: {held.height:,} operations, {int(y.sum())} suspicious ({y.mean():.2%}), synthetic\n")
    print("| ranking | PR-AUC | stack minus it, 95 % interval |\n|---|---|---|")
    for name, column in names.items():
        score = held[column].to_numpy()
        low, high = paired_interval(y, (risk, score), client, draws=DRAWS)
        told = "" if name == "stack" else f"{low:+.4f} to {high:+.4f}"
        print(f"| {name} | {area(y, score):.4f} | {told} |")
    found = measure(held, 0.01)
    print(f"\nat 1 % alerts: recall {found.recall:.3f}, precision {found.precision:.3f}; ", end="")
    print(f"clients found {found.found:.2f}, median days to detect {found.days_to_detect:g}")
    typologies = ", ".join(f"{name} {value:.2f}" for name, value in found.by_typology.items())
    print(f"recall by typology: {typologies}")
    print(
        f"calibration error: p_sospecha {found.calibration_error:.4f}, riesgo {found.risk_error:.4f}; ",
        end="",
    )
    shares = [float((risk >= line).mean()) for line in (stack.unusual, stack.worrying)]
    print(
        f"alerts at the stack's own thresholds: {shares[0]:.2%} inusual or above, {shares[1]:.2%} preocupante"
    )
    print("| p_sospecha | operations | mean of p | share suspicious |\n|---|---|---|---|")
    p = held["p_sospecha"].to_numpy()
    for low, high in pairwise(BANDS):
        mine = (p >= low) & (p < high)
        if mine.any():
            band = f"{low:g} to {min(high, 1):g}"
            print(f"| {band} | {mine.sum():,} | {p[mine].mean():.3f} | {y[mine].mean():.3f} |")


def main() -> None:
    """Measure and print a table for each seed."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 120_000
    seeds = [int(seed) for seed in sys.argv[2:]] or [11, 12]
    stack = base_stack()
    if stack is None:
        raise SystemExit("There is no base model.")
    print(f"{platform.machine()}, {stack.label}; joined by {stack.combination}")
    print(f"later period of the training portfolio: {stack.metrics.get('ultimo_periodo')}")
    for seed in seeds:
        held = scored(open_layers(stack, None), generated(rows, seed, catalogue()))
        tell(f"seed {seed}, a portfolio that nothing was learnt from", held, stack)


if __name__ == "__main__":
    main()
