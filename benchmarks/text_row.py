"""Print what a column of text costs: microseconds of one row, and rows per second of a table.

    python benchmarks/text_row.py [--rows 5000]

Spanish sentences are drawn from a small grammar; the recipe is that of the tree view of one text column:
thirty points and five counts. The best of thirty rounds is printed for a row, because the machine is shared.
"""

import argparse
import json
import time

import numpy as np
import polars as pl

from yunque.data.schema import Column, Kind, Schema
from yunque.features.compile_row import compile_row
from yunque.features.encode import encode
from yunque.features.fit import fit_recipe
from yunque.features.serialise import recipe_to_dict

SCHEMA = Schema(columns=(Column(name="nota", kind=Kind.TEXT),))
THINGS = ("camión", "teléfono", "niño", "corazón", "pingüino", "árbol", "avión", "jardín", "ratón", "sillón")
QUALITIES = ("rápido", "lento", "pequeño", "dañado", "azul", "único", "débil", "fácil", "frágil", "cómodo")
ROUNDS, CALLS = 30, 20


def sentences(rows: int) -> list[str]:
    """Draw sentences of about 50 letters."""
    rng = np.random.default_rng(0)
    things, qualities = rng.choice(THINGS, (rows, 2)), rng.choice(QUALITIES, (rows, 2))
    return [
        f"El {a} {b} llegó con un {c} {d}, pedido {i}"
        for i, ((a, c), (b, d)) in enumerate(zip(things.tolist(), qualities.tolist(), strict=True))
    ]


def main() -> None:
    """Print one line for each length of text, then the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000)
    asked = parser.parse_args()
    texts = sentences(asked.rows)
    frame = pl.DataFrame({"nota": texts})
    fit_recipe("tree", SCHEMA, frame.head(100))  # compiles, once per installation
    began = time.perf_counter()
    recipe = fit_recipe("tree", SCHEMA, frame)
    print(f"fitted on {asked.rows} texts in {time.perf_counter() - began:.2f} s")
    print(f"the recipe's document: {len(json.dumps(recipe_to_dict(recipe))) / 1024:.0f} KiB")
    fill, out = compile_row(recipe, ("nota",)), np.empty(len(recipe.outputs))
    for name, text in (("missing", None), ("empty", ""), ("one", texts[0]), ("twenty", " ".join(texts[:20]))):
        best = float("inf")
        for _ in range(ROUNDS):
            began = time.perf_counter()
            for _ in range(CALLS):
                fill([text], out)
            best = min(best, (time.perf_counter() - began) / CALLS)
        print(f"one row, {name:8s} {len(text or ''):5d} letters {best * 1e6:8.1f} us")
    began = time.perf_counter()
    encode(recipe, frame)
    print(f"a table: {asked.rows / (time.perf_counter() - began):,.0f} rows a second")


if __name__ == "__main__":
    main()
