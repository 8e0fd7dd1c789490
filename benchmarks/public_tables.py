"""Run `yunque check`, `train` and `predict` on a folder of public tables and print one line a table.

    python benchmarks/public_tables.py FOLDER [--budget 20s] [--tables adult,car] [--with-leaks]

FOLDER holds Parquet files and an `index.json` that names each table's target, task, leak and id columns and
a rough baseline (scikit-learn's HistGradientBoosting with its defaults, on at most 20,000 rows). 25 % of the
rows, drawn as that baseline drew them, are kept away from training; the score is computed by scikit-learn
from the file that `yunque predict` wrote. Beside it stands the same scikit-learn model, trained in this run
on the very same rows: of a small table the score depends on the draw as much as on the model.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss, r2_score, roc_auc_score
from sklearn.model_selection import train_test_split

YUNQUE = Path(sys.executable).parent / "yunque"
TEST_SHARE = 0.25
MOST_CATEGORIES = 255  # that scikit-learn's model takes; columns with more stay codes
HIGHER_IS_BETTER = {"roc_auc": True, "r2": True, "log_loss": False}


def run(home: Path, *words: str) -> tuple[int, str, str, float]:
    """Run one command; give its exit code, its outputs and the seconds it took."""
    started = time.monotonic()
    done = subprocess.run(
        [str(YUNQUE), *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "YUNQUE_HOME": str(home)},
    )
    return done.returncode, done.stdout, done.stderr, time.monotonic() - started


def split(frame: pl.DataFrame, entry: dict[str, Any], folder: Path) -> tuple[Path, Path, pl.DataFrame]:
    """Write 75 % of the rows for training and 25 % for the test, drawn as the rough baseline drew them."""
    answers = frame[entry["target"]].cast(pl.String).to_numpy() if entry["task"] != "regression" else None
    rows = np.arange(frame.height)
    kept, away = train_test_split(rows, test_size=TEST_SHARE, random_state=0, stratify=answers)
    test, train = frame[np.sort(away)], frame[np.sort(kept)]
    train_path, test_path = folder / "train.parquet", folder / "test.parquet"
    train.write_parquet(train_path)
    test.write_parquet(test_path)
    return train_path, test_path, test


def peer(entry: dict[str, Any], train: pl.DataFrame, test: pl.DataFrame, hidden: list[str]) -> float:
    """Score scikit-learn's HistGradientBoosting with its defaults on the same rows, texts as categories."""
    target, metric = entry["target"], entry["rough_baseline"]["metric"]
    names = [name for name in train.columns if name not in {target, *hidden, *entry["id_columns"]}]
    both = pl.concat([train, test], how="vertical_relaxed")
    texts = [name for name in names if both[name].dtype in (pl.String, pl.Categorical, pl.Boolean)]
    coded = both.select(
        (pl.col(name).cast(pl.String).rank("dense") if name in texts else pl.col(name).to_physical())
        .cast(pl.Float64)
        .fill_null(float("nan"))
        .alias(name)
        for name in names
    ).to_numpy()
    few = [i for i, name in enumerate(names) if name in texts and both[name].n_unique() <= MOST_CATEGORIES]
    x, z = coded[: train.height], coded[train.height :]
    if metric == "r2":
        model = HistGradientBoostingRegressor(categorical_features=few, random_state=0)
        return float(r2_score(test[target].to_numpy(), model.fit(x, train[target].to_numpy()).predict(z)))
    model = HistGradientBoostingClassifier(categorical_features=few, random_state=0)
    model.fit(x, train[target].cast(pl.String).to_numpy())
    truth, probabilities = test[target].cast(pl.String).to_numpy(), model.predict_proba(z)
    if metric == "roc_auc":
        return float(roc_auc_score(truth == model.classes_[1], probabilities[:, 1]))
    return float(log_loss(truth, probabilities, labels=model.classes_))


def score(entry: dict[str, Any], truth: pl.Series, answers: pl.DataFrame) -> float:
    """Compute the metric of the rough baseline from the written answers."""
    metric = entry["rough_baseline"]["metric"]
    if metric == "r2":
        return float(r2_score(truth.to_numpy(), answers["prediction"].to_numpy()))
    labels = [
        name.removeprefix("probability_") for name in answers.columns if name.startswith("probability_")
    ]
    probabilities = answers.select(f"probability_{label}" for label in labels).to_numpy()
    text = truth.cast(pl.String).to_numpy()
    if metric == "roc_auc":
        return float(roc_auc_score(text == labels[1], probabilities[:, 1]))
    return float(log_loss(text, probabilities, labels=labels))


def one_table(entry: dict[str, Any], folder: Path, budget: str, with_leaks: bool) -> dict[str, Any]:
    """Check, train and predict one table as a user would."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        frame = pl.read_parquet(folder / entry["file"]).filter(pl.col(entry["target"]).is_not_null())
        train_path, test_path, test = split(frame, entry, home)
        target = ["--target", entry["target"]]
        hidden = [] if with_leaks else entry["leak_columns"]
        columns = [w for c in hidden for w in ("--ignore", c)] + [
            w for c in entry["id_columns"] for w in ("--id", c)
        ]
        check_code, _, _, check_seconds = run(home / "home", "check", str(train_path), *target)
        accept = [w for f in blocking(home, train_path, target, columns) for w in ("--accept", f)]
        words = ["train", str(train_path), *target, *columns, *accept, "--name", "bench", "--budget", budget]
        code, out, err, seconds = run(home / "home", *words, "--json")
        row = {"table": entry["name"], "check_s": check_seconds, "check_rc": check_code, "train_s": seconds}
        row |= {"train_rc": code, "accepted": len(accept) // 2}
        if code not in (0, 2):
            return row | {"error": last_line(err or out)}
        answers = home / "answers.parquet"
        code, out, err, seconds = run(home / "home", "predict", "bench@1", str(test_path), "-o", str(answers))
        if code != 0:
            return row | {"error": last_line(err or out)}
        value = score(entry, test[entry["target"]], pl.read_parquet(answers))
        rough = entry["rough_baseline"]
        better = value >= rough["value"] if HIGHER_IS_BETTER[rough["metric"]] else value <= rough["value"]
        return row | {
            "metric": rough["metric"],
            "yunque": value,
            "rough": rough["value"],
            "peer": peer(entry, pl.read_parquet(train_path), test, hidden),
            "at_or_above": better,
            "predict_s": seconds,
        }


def last_line(text: str) -> str:
    """Give the last line of an output, bounded."""
    return (text.strip().splitlines() or ["?"])[-1][:100]


def blocking(home: Path, path: Path, target: list[str], columns: list[str]) -> list[str]:
    """Name the findings that would stop the training."""
    _, out, _, _ = run(home / "home", "check", str(path), *target, *columns, "--json")
    if not out.strip():
        return []
    return [finding["id"] for finding in json.loads(out)["findings"] if finding["severity"] == "blocking"]


def line(row: dict[str, Any]) -> str:
    """Give one table's line."""
    if "error" in row:
        return f"{row['table']:20s} FAILED rc={row['train_rc']} {row['error']}"
    mark = "yes" if row["at_or_above"] else "NO"
    return (
        f"{row['table']:20s} {row['metric']:9s} {row['yunque']:8.4f} {row['rough']:8.4f}  {mark:3s}"
        f" {row['peer']:8.4f}"
        f"  {row['check_s']:6.1f} {row['train_s']:6.1f} {row['predict_s']:6.1f}"
        f"  {row['train_rc']}  {row['accepted']}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--budget", default="20s")
    parser.add_argument("--tables", default="")
    parser.add_argument("--with-leaks", action="store_true")
    asked = parser.parse_args()
    print(f"budget {asked.budget}, leak columns {'kept' if asked.with_leaks else 'ignored'}")
    print(
        f"{'table':20s} {'metric':9s} {'yunque':>8s} {'rough':>8s}  >=   {'sklearn':>8s}"
        "  check_s train_s pred_s  rc accepted"
    )
    for entry in json.loads((asked.folder / "index.json").read_text()):
        if not asked.tables or entry["name"] in asked.tables.split(","):
            print(line(one_table(entry, asked.folder, asked.budget, asked.with_leaks)), flush=True)


if __name__ == "__main__":
    main()
