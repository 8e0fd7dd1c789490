"""What `yunque train` tells at its end: scores against baselines, candidates, gates, and what to do next."""

from typing import Any

from yunque.learning.leaderboard import Baseline, Entry, Leaderboard
from yunque.models.bundle_json import plain
from yunque.models.manifest import CARD, REPORT
from yunque.models.targets import targets_of
from yunque.services.publish import Published
from yunque.services.tracking import Tracked
from yunque.services.train import Trained
from yunque.surfaces.cli.check import show_findings
from yunque.surfaces.cli.console import say, write_table
from yunque.surfaces.cli.model_page import headline

PLAIN = {"permuted_columns": "shuffled columns", "chance": "by chance"}
SHOWN_CANDIDATES = 15
SHOWN_COLUMNS = 8


def document(trained: Trained, published: Published) -> dict[str, Any]:
    """Give the outcome as plain JSON values."""
    board = trained.leaderboard
    document: dict[str, Any] = plain(
        {
            "name": published.version.name,
            "version": published.version.version,
            "model": published.version.label,
            "promoted": published.promoted,
            "shortfalls": list(published.shortfalls),
            "task": {
                "kind": str(trained.task.kind),
                "target": trained.task.target,
                "metric": trained.task.metric,
            },
            "champion": {
                "loss": board.champion_loss,
                "loss_error": board.champion_loss_error,
                "metrics": dict(board.champion_metrics),
                "held_out": board.held_out.kind,
                "held_out_rows": len(board.held_out.rows),
            },
            "baselines": list(board.baselines),
            "candidates": list(board.entries),
            "targets": list(targets_of(trained.bundle.manifest)),
            "alarms": list(board.alarms),
            "importance": dict(board.importance),
            "findings": [finding.to_dict() for finding in trained.outcome.findings],
            "folder": str(published.folder),
            "report": str(published.folder / REPORT),
            "card": str(published.folder / CARD),
        }
    )
    return document


def show_page(trained: Trained, published: Published) -> None:
    """Write the outcome as text."""
    board = trained.leaderboard
    if trained.outcome.findings:
        show_findings(trained.outcome.findings)
    _show_candidates(board)
    _show_scores(board)
    _show_columns(board)
    for target in targets_of(trained.bundle.manifest):
        found = "not measured" if target.found is None else f"{target.found:.4g}"
        say(f"Target {target.declared}: {'met' if target.met else 'NOT met'} ({found})")
    for alarm in board.alarms:
        say(f"LEAK ALARM {alarm.id}: {alarm.message}")
    _show_end(published)


def show_record(tracked: Tracked) -> None:
    """Say where the run is recorded beside this machine, or why it is not."""
    if tracked.mlflow_run_id:
        say(f"MLflow run {tracked.mlflow_run_id}  {tracked.mlflow_ui_url}".rstrip())
    elif tracked.warning:
        say(f"Warning: {tracked.warning}")


def _show_candidates(board: Leaderboard) -> None:
    rows = [_candidate(entry) for entry in board.entries[:SHOWN_CANDIDATES]]
    write_table(
        f"Candidates, best first ({board.task.metric} as a loss on {_judged_on(board)}, lower is better)",
        ["candidate", "loss", "± error", "in champion", "fit s", "µs/row", "state"],
        rows,
        right="loss,± error,in champion,fit s,µs/row",
    )
    if len(board.entries) > SHOWN_CANDIDATES:
        say(f"… and {len(board.entries) - SHOWN_CANDIDATES} more, in leaderboard.csv and the report.")
    say()


def _judged_on(board: Leaderboard) -> str:
    return "rows of the folds" if board.task.has_target else "rows kept apart to judge"


def _candidate(entry: Entry) -> list[str]:
    return [
        entry.name,
        _number(entry.loss),
        _number(entry.loss_error),
        f"{entry.weight:.2f}" if entry.weight else "",
        f"{entry.fit_seconds:.1f}",
        "" if entry.microseconds_per_row is None else f"{entry.microseconds_per_row:.0f}",
        entry.state if not entry.reason else f"{entry.state}: {entry.reason}",
    ]


def _show_scores(board: Leaderboard) -> None:
    kind = "untouched test rows" if board.held_out.kind == "test" else "rows of the folds"
    kind = kind if board.task.has_target else _judged_on(board)
    titles = [_title(baseline) for baseline in board.baselines]
    names = headline(board.champion_metrics)
    loss = [
        f"{board.task.metric} (loss)",
        _number(board.champion_loss),
        *(_number(baseline.loss) for baseline in board.baselines),
    ]
    error = [
        "± error",
        _number(board.champion_loss_error),
        *(_number(baseline.loss_error) for baseline in board.baselines),
    ]
    rest = [
        [
            name,
            _number(board.champion_metrics[name]),
            *(_number(b.metrics.get(name)) for b in board.baselines),
        ]
        for name in names
        if name != board.task.metric
    ]
    write_table(
        f"The champion against the baselines on {len(board.held_out.rows):,} {kind}",
        ["metric", "champion", *titles],
        [loss, error, *rest],
        right=",".join(["champion", *titles]),
    )
    say()


def _title(baseline: Baseline) -> str:
    if baseline.name in PLAIN:
        return PLAIN[baseline.name]
    return "constant" if baseline.column is None else f"best column: {baseline.column}".replace(",", " ")


def _show_columns(board: Leaderboard) -> None:
    ranked = sorted(board.importance.items(), key=lambda item: -item[1])[:SHOWN_COLUMNS]
    if ranked:
        shown = ", ".join(f"{name} ({share:+.4f})" for name, share in ranked)
        what = "loss added" if board.task.has_target else "change of the answers"
        say(f"What matters most ({what} when the column is shuffled): {shown}")
        say()


def _show_end(published: Published) -> None:
    label, folder = published.version.label, published.folder
    if published.promoted:
        say(f"{label} passed its gates and is the champion.")
    else:
        say(f"{label} is published but not promoted. It falls short of:")
        for shortfall in published.shortfalls:
            say(f"  - {shortfall.message}")
    say()
    say(f"Report: {folder / REPORT}")
    say(f"Card:   {folder / CARD}")
    say(f"Bundle: {folder}")
    say()
    say("Next:")
    if not published.promoted:
        say(f'  yunque models promote {label} --override "REASON"     on your word, kept on record')
    reference = published.version.name if published.promoted else label
    say(f"  yunque predict {reference} TABLE -o predictions.csv")
    say("  yunque serve                                then open http://127.0.0.1:8000/docs")
    say(f"  yunque models show {label}")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.5f}"
