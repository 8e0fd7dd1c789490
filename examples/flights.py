"""The main job: will a flight from New York arrive 15 or more minutes late, asked before it departs?

Runs the commands that a user would type, on 327,346 real flights of 2013 (CC0), and shows each of them:
check the table, see what leaks, train on January to October, prove the model on November and December,
publish it, and score the test months to a file. Everything is written under `.demo`.
"""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
from flights_table import CALENDAR, NOT_KNOWN_BEFORE, flights_table

from yunque import infer_contract
from yunque.data.infer import Wishes
from yunque.data.schema import Role

HOME = Path(".demo")
TEST_FROM = date(2013, 11, 1)
BUDGET = os.environ.get("BUDGET", "60s")
BLOCKED = 2


def say(text: str) -> None:
    """Print a heading of the story."""
    sys.stdout.write(f"\n\x1b[1m{text}\x1b[0m\n" if sys.stdout.isatty() else f"\n{text}\n")
    sys.stdout.flush()


def yunque(*words: str, expected: int = 0) -> None:
    """Show a command, run it, and stop the story when it ends otherwise than expected."""
    sys.stdout.write("$ yunque " + " ".join(f"'{w}'" if " " in w else w for w in words) + "\n")
    sys.stdout.flush()
    program = Path(sys.executable).parent / "yunque"
    code = subprocess.run(
        [str(program), *words], check=False, env={**os.environ, "YUNQUE_HOME": str(HOME)}
    ).returncode
    if code != expected:
        raise SystemExit(f"The command ended with exit code {code} instead of {expected}.")


def write_tables() -> tuple[Path, Path]:
    """Write the whole table and the test months."""
    HOME.mkdir(exist_ok=True)
    table = flights_table()
    whole, test = HOME / "flights.parquet", HOME / "flights-test.parquet"
    table.write_parquet(whole)
    table.filter(pl.col("time_hour") >= pl.lit(TEST_FROM)).write_parquet(test)
    return whole, test


def write_contract(table: Path) -> Path:
    """Infer the contract, and name what is not known before departure with its reason."""
    contract, _ = infer_contract(
        pl.read_parquet(table), Wishes(target="late", time_column="time_hour"), name="flights"
    )
    schema = contract.schema
    for name, reason in (NOT_KNOWN_BEFORE | CALENDAR).items():
        schema = schema.with_role(name, Role.IGNORE, reason)
    path = HOME / "flights.contract.yaml"
    path.write_text(replace(contract, schema=schema).to_yaml(), encoding="utf-8")
    return path


def main() -> None:
    """Tell the story."""
    say("1. Join flights, weather at the origin and planes, and look at the table")
    whole, test = write_tables()
    yunque("check", str(whole), "--target", "late", "--time-column", "time_hour", expected=BLOCKED)
    say("2. The check found what statistics can find; the contract names the rest, with reasons")
    contract = write_contract(whole)
    for name, reason in (NOT_KNOWN_BEFORE | CALENDAR).items():
        sys.stdout.write(f"  ignored: {name:10s} {reason}\n")
    say(f"3. Train for {BUDGET} on January to October; November and December stay untouched")
    yunque(
        "train",
        str(whole),
        "--target",
        "late",
        "--contract",
        str(contract),
        "--test-from",
        TEST_FROM.isoformat(),
        "--budget",
        BUDGET,
        "--name",
        "flights",
        "--description",
        "Will this flight arrive 15 or more minutes late? Asked before departure.",
    )
    say("4. Score the test months to a file")
    yunque("predict", "flights@champion", str(test), "-o", str(HOME / "flights-predictions.parquet"))
    bundle = max((HOME / "models" / "flights").glob("*/bundle"), key=lambda path: int(path.parent.name))
    say("Where everything is")
    for what, path in {
        "table": whole,
        "contract": contract,
        "report": bundle / "report.html",
        "model card": bundle / "MODEL_CARD.md",
        "bundle": bundle,
        "predictions": HOME / "flights-predictions.parquet",
    }.items():
        sys.stdout.write(f"  {what:12s} {path}\n")
    say("Next")
    sys.stdout.write(
        f"  YUNQUE_HOME={HOME} .venv/bin/yunque serve                  then open http://127.0.0.1:8000/docs\n"
        f"  YUNQUE_HOME={HOME} .venv/bin/yunque models show flights\n"
        "  .venv/bin/yunque train YOUR_TABLE.csv --target YOUR_COLUMN\n"
    )


if __name__ == "__main__":
    main()
