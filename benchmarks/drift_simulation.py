"""How often drift is reported where nothing moved, and how often a true move is found, by number of rows.

    python benchmarks/drift_simulation.py                     # a few minutes
    python benchmarks/drift_simulation.py --runs 1000 --sizes 50,200,1000,10000,100000,1000000

Every run draws a table of training (20,000 rows) and rows of today from the same law, and counts as a false
alarm when any of some 110 questions, about 36 columns and the scores, is answered by an alarm. The promise is
at most 1 of 100 runs at any size.
"""

import argparse
import time

import numpy as np
import polars as pl

from yunque.data.contract import Contract
from yunque.data.schema import Column, Kind, Role, Schema
from yunque.learning.leaderboard import Decision
from yunque.learning.task import Task, TaskKind
from yunque.models.bundle_reference import Sample
from yunque.monitoring.drift import DriftWish, measure_drift
from yunque.monitoring.drift_reference import DriftReference, remember_table

REFERENCE_ROWS = 20_000
SMALL = 10_000  # rows up to which all columns together and true moves are tried
PER_REFERENCE = 10  # days that are held against one table of training
TASK = Task(kind=TaskKind.BINARY, target="y", classes=("no", "yes"), metric="log_loss")
DECISION = Decision(threshold=0.5)


def population(rows: int, random: np.random.Generator) -> pl.DataFrame:
    """Draw rows of 36 columns of every awkward kind, some of which hang together."""
    base = random.normal(size=rows)
    columns: dict[str, object] = {}
    for number in range(8):
        columns[f"normal_{number}"] = 0.6 * base + random.normal(size=rows)
    columns["lognormal"] = random.lognormal(3, 1, rows)
    columns["cauchy"] = random.standard_cauchy(rows)
    columns["mostly_zero"] = np.where(random.random(rows) < 0.97, 0.0, random.exponential(size=rows))
    columns["two_values"] = (random.random(rows) < 0.01).astype(float)
    for mean in (0.05, 1, 40):
        columns[f"counts_{mean}"] = random.poisson(mean, rows).astype(float)
    columns["rounded"] = np.round(random.normal(size=rows), 1)
    for number, size in enumerate((2, 3, 5, 12, 49, 51, 200)):
        columns[f"even_{number}"] = np.char.add("l", random.integers(0, size, rows).astype(str))
    for number, skew in enumerate((1.3, 1.7, 2.5)):
        columns[f"skewed_{number}"] = np.char.add("z", random.zipf(skew, rows).clip(max=10**6).astype(str))
    columns["rare"] = np.where(random.random(rows) < 0.001, "rare", "usual")
    columns["nearly_ids"] = np.char.add("k", random.integers(0, 30_000, rows).astype(str))
    frame = pl.DataFrame(columns)
    for number, share in enumerate((0.0005, 0.01, 0.3, 0.95)):
        gone = random.random(rows) < share
        values = pl.Series(f"gappy_{number}", random.normal(size=rows))
        levels = pl.Series(f"gappy_level_{number}", np.where(base > 0, "a", "b"))
        frame = frame.with_columns(values.set(pl.Series(gone), None), levels.set(pl.Series(gone), None))
    return frame


def schema_of(frame: pl.DataFrame) -> Schema:
    """Give the contract's columns of the population."""
    kinds = {
        name: Kind.CATEGORY if dtype == pl.String else Kind.NUMBER for name, dtype in frame.schema.items()
    }
    features = [Column(name=name, kind=kind, nullable=True) for name, kind in kinds.items()]
    target = Column(name="y", kind=Kind.CATEGORY, role=Role.TARGET, levels=("no", "yes"))
    return Schema(columns=(*features, target))


def answers(rows: int, random: np.random.Generator) -> pl.DataFrame:
    """Draw probabilities, as a model gives them."""
    p = random.beta(0.7, 3.0, rows)
    return pl.DataFrame({"probability_no": 1 - p, "probability_yes": p})


def remembered(random: np.random.Generator) -> DriftReference:
    """Draw a table of training, and give what a bundle would remember of it."""
    frame = population(REFERENCE_ROWS, random)
    found = remember_table(Contract(name="t", schema=schema_of(frame)), TASK, DECISION, frame)
    outputs = answers(5_000, random).to_numpy()
    sample = found.sample or Sample(frame=pl.DataFrame())
    kept = Sample(frame=sample.frame, levels=sample.levels, held_out="test", outputs=outputs)
    return DriftReference(**{**found.__dict__, "sample": kept})


SHIFTS = {
    "one number by half a deviation": lambda f: f.with_columns(pl.col("normal_0") + 0.5 * 1.17),
    "one number twice as wide": lambda f: f.with_columns(pl.col("normal_1") * 2),
    "a tenth of a column missing": lambda f: f.with_columns(
        pl.when(pl.int_range(pl.len()) % 10 == 0).then(None).otherwise(pl.col("rounded")).alias("rounded")
    ),
    "a new level in 5 % of rows": lambda f: f.with_columns(
        pl.when(pl.int_range(pl.len()) % 20 == 0)
        .then(pl.lit("new"))
        .otherwise(pl.col("even_2"))
        .alias("even_2")
    ),
    "two columns no longer hang together": lambda f: f.with_columns(
        [pl.col(f"normal_{n}").shuffle(seed=n) for n in range(8)]
    ),
}


def count_alarms(runs: int, rows: int, *, shift: str = "", together: bool = False, seed: int = 0) -> int:
    """Count the runs that alarm."""
    found, reference = 0, remembered(np.random.default_rng(seed))
    for run in range(runs):
        random = np.random.default_rng([seed, run, rows])
        if run % PER_REFERENCE == 0:
            reference = remembered(random)
        frame = population(rows, random)
        if shift:
            frame = SHIFTS[shift](frame)
        drift = measure_drift(
            reference, frame, answers(rows, random), DriftWish(is_together=together, seed=run)
        )
        found += bool(drift.alarms)
        if drift.alarms and not shift:
            verdicts = [
                (each.name, v.question, round(v.effect, 4), v.corrected)
                for each in (*drift.columns, *drift.answers)
                for v in each.verdicts
                if v.is_alarm
            ]
            print(f"    run {run} of {rows:,} rows: {verdicts or 'together'}")
    return found


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=200, help="runs of at most 10,000 rows; fewer above")
    parser.add_argument("--sizes", default="50,200,1000,10000,100000")
    parser.add_argument("--power-runs", type=int, default=10)
    parser.add_argument("--together-runs", type=int, default=20)
    asked = parser.parse_args()
    sizes = [int(text) for text in asked.sizes.split(",")]
    small = [rows for rows in sizes if rows <= SMALL]
    print("False alarms where nothing moved, columns and scores (at most 1 % promised)")
    for rows in sizes:
        runs = max(3, asked.runs * 10_000 // max(rows, 10_000))
        began = time.perf_counter()
        alarms = count_alarms(runs, rows)
        took = time.perf_counter() - began
        print(f"  {rows:>9,} rows: {alarms} of {runs} runs ({alarms / runs:.2%}), {took:.0f} s")
    if asked.together_runs:
        print("False alarms with all columns together as well")
        for rows in small:
            alarms = count_alarms(asked.together_runs, rows, together=True, seed=1)
            print(f"  {rows:>9,} rows: {alarms} of {asked.together_runs} runs")
    if asked.power_runs:
        print("True moves that are found")
        for shift in SHIFTS:
            needs = shift.startswith("two columns")
            shown = [
                f"{rows:,}: {count_alarms(asked.power_runs, rows, shift=shift, together=needs)}"
                for rows in small
            ]
            print(f"  {shift}, of {asked.power_runs} runs: {', '.join(shown)}")


if __name__ == "__main__":
    main()
