"""The candidates as R5 compares them: with and without class weights, by F1 and by log-loss."""

from collections.abc import Sequence
from typing import Any

from yunque.learning.leaderboard import Entry, Leaderboard

BALANCED = "_balanced"
SHOWN = ("log_loss", "f1_macro", "accuracy", "ece")


def candidate_rows(board: Leaderboard) -> list[dict[str, Any]]:
    """Give every candidate with its metrics on rows of the folds, uncalibrated as it was fitted."""
    return [_row(entry) for entry in board.entries]


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "algorithm": entry.algorithm,
        "class_weights": "balanced" if entry.algorithm.endswith(BALANCED) else "none",
        "state": entry.state,
        "reason": entry.reason,
        **{name: entry.metrics.get(name) for name in SHOWN},
        "weight_in_champion": entry.weight,
        "fit_seconds": round(entry.fit_seconds, 3),
    }


def chosen_by(rows: Sequence[dict[str, Any]], choice: str) -> dict[str, Any] | None:
    """Give the finished candidate of the highest F1, or of the lowest log-loss; None when none finished."""
    name, sign = ("f1_macro", -1.0) if choice == "f1" else ("log_loss", 1.0)
    done = [row for row in rows if row["state"] == "done" and row.get(name) is not None]
    return min(done, key=lambda row: sign * row[name], default=None)
