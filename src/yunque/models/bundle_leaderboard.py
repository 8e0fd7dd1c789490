"""The leaderboard as a table that opens anywhere: `leaderboard.csv`."""

import csv
import io

from yunque.learning.leaderboard import Entry, Leaderboard
from yunque.models.bundle_json import one_line

FIELDS = ("rank", "name", "algorithm", "family", "state", "loss", "loss_error", "weight", "rounds",
          "fit_seconds", "microseconds_per_row", "reason", "params")  # fmt: skip


def leaderboard_csv(leaderboard: Leaderboard) -> bytes:
    """Give champion, candidates and baselines as CSV, one line each, and a column per metric.

    The champion and the baselines are scored on held-out rows, the candidates on out-of-fold rows; the column
    `scored_on` says so.
    """
    names = sorted(
        {name for entry in leaderboard.entries for name in entry.metrics} | set(leaderboard.champion_metrics)
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, [*FIELDS, "scored_on", *names], lineterminator="\n", restval="")
    writer.writeheader()
    held_out = leaderboard.held_out.kind
    writer.writerow(
        {
            "name": "champion",
            "state": "done",
            "loss": leaderboard.champion_loss,
            "loss_error": leaderboard.champion_loss_error,
            "scored_on": held_out,
            **leaderboard.champion_metrics,
        }
    )
    for rank, entry in enumerate(leaderboard.entries, start=1):
        writer.writerow({"rank": rank, **_entry(entry), "scored_on": "out_of_fold"})
    for baseline in leaderboard.baselines:
        writer.writerow(
            {
                "name": f"baseline: {baseline.name.replace('_', ' ')} {baseline.column or ''}".rstrip(),
                "state": "done",
                "loss": baseline.loss,
                "loss_error": baseline.loss_error,
                "scored_on": held_out,
                **{name: value for name, value in baseline.metrics.items() if name in names},
            }
        )
    return text.getvalue().encode()


def _entry(entry: Entry) -> dict[str, object]:
    return {
        **{name: getattr(entry, name) for name in FIELDS if name not in ("rank", "params")},
        "params": one_line(entry.params).decode(),
        **entry.metrics,
    }
