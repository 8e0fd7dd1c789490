"""What a run over orders leaves: R5's files and metrics by their names, in one folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from yunque.models.bundle_json import plain
from yunque.models.report_facts import Language
from yunque.services.orders_call import CALL, FILE
from yunque.services.orders_candidates import candidate_rows, chosen_by
from yunque.services.orders_etl import DATA_FINAL, PROCESSED, REJECTED, Etl
from yunque.services.orders_inference import InferenceTest
from yunque.services.orders_request import OrdersRequest
from yunque.services.orders_train import TrainedOrders
from yunque.services.publish import Published
from yunque.services.tracking import Tracked
from yunque.solutions.orders.ceiling import beyond
from yunque.solutions.orders.columns import TARGET
from yunque.solutions.orders.report import OrdersFacts, render_orders
from yunque.solutions.orders.result import DISTRIBUTIONS, RESULTS

EXPERIMENT, RUN = "digital_orders_new", "async_inference_run"  # R5's
REPORT: Mapping[Language, str] = {"en": "report.html", "es": "informe.html"}
RECORD = "run.json"
RECORD_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class OrdersRun:
    """One finished run.

    Attributes:
        request: what was asked; etl: the files; made: the model; published: where it stands.
        tested: over the network; ranked: clients, best first, empty where there is nothing to rank.
        stages: seconds by stage.
        created: moment of the end; folder: where its files are.
        tracked: where the run is recorded; None where nobody asked for it.
    """

    request: OrdersRequest
    etl: Etl
    made: TrainedOrders
    published: Published
    tested: InferenceTest
    ranked: pl.DataFrame
    stages: Mapping[str, float]
    created: datetime
    folder: Path
    tracked: Tracked | None = None

    @property
    def alarmed(self) -> bool:
        """Whether the score is beyond what an honest model reaches."""
        return bool(self.made.trained.leaderboard.alarms) or bool(beyond(self.published.shortfalls))

    def params(self) -> dict[str, Any]:
        """Give what was set, as a tracker takes it."""
        request = self.request
        return {
            "question": request.question.asked,
            "rows": request.question.rows,
            "split": request.split,
            "choice": request.choice,
            "budget": str(request.budget),
            "candidates": ",".join(request.algorithms),
            "seed": request.seed,
            "samples": request.samples,
            "max_concurrent": request.max_concurrent,
            "model": self.published.version.label,
        }

    def metrics(self) -> dict[str, float]:
        """Give every number under R5's names, as a tracker takes them."""
        found = self.made.scores.metrics
        metrics = {
            "test_logloss": found["log_loss"],
            "test_accuracy": found["accuracy"],
            "test_f1": found["f1_macro"],
            "test_ece": found["ece"],
            "test_share_gap": self.made.scores.share_gap,
            **({} if self.made.scores.lift is None else {"test_lift_10pct_DIGITAL": self.made.scores.lift}),
        }
        best = chosen_by(candidate_rows(self.made.trained.leaderboard), self.request.choice)
        for name, known in (
            ("val_logloss", "log_loss"),
            ("val_accuracy", "accuracy"),
            ("val_f1", "f1_macro"),
        ):
            if best is not None and best.get(known) is not None:
                metrics[name] = best[known]
        for name, parts in self.made.scores.per_class().items():
            metrics |= {f"test_{part}_{name}": value for part, value in parts.items() if part != "rows"}
        return metrics | self.tested.metrics() | {f"seconds_{k}": v for k, v in self.stages.items()}

    def record(self, files: list[str]) -> dict[str, Any]:
        """Give the whole run as one document: what a tracker mirrors."""
        version = self.published.version
        return {
            "format": RECORD_FORMAT,
            "experiment": EXPERIMENT,
            "run": RUN,
            "created": self.created.isoformat(),
            "model": {
                "name": version.name,
                "version": version.version,
                "label": version.label,
                "promoted": self.published.promoted,
                "shortfalls": [each.message for each in self.published.shortfalls],
            },
            "leak_alarm": self.alarmed,
            "alarms": [alarm.message for alarm in self.made.trained.leaderboard.alarms],
            "dataset": plain(self.made.trained.bundle.manifest.dataset),
            "params": self.params(),
            "metrics": self.metrics(),
            "artifacts": files,
            **(self.tracked.keys if self.tracked else {}),
        }


def write_artifacts(run: OrdersRun, folder: Path) -> None:
    """Write every file of a run beside those of the ETL."""
    board = run.made.trained.leaderboard
    documents: dict[str, Any] = {
        RESULTS: run.tested.results(),
        DISTRIBUTIONS: run.tested.distributions(),
        "etl.json": run.etl.facts(),
        "split.json": split_document(run),
        "feature_selection.json": {
            "features": [column.name for column in run.made.question.contract.schema.features],
            "doubted": [{**d.to_dict(), "en": d.text("en"), "es": d.text("es")} for d in run.made.doubts],
        },
        "candidates.json": candidates_document(run),
        "metrics.json": run.made.scores.to_dict() | {"decision": decision_document(run)},
    }
    for name, document in documents.items():
        _write(folder / name, document)
    (folder / "class_names.txt").write_text("\n".join(map(str, board.task.classes)) + "\n", encoding="utf-8")
    categories = [c.name for c in run.made.question.contract.schema.features if c.kind == "category"]
    (folder / "categorical_features.txt").write_text("\n".join(categories) + "\n", encoding="utf-8")
    if run.ranked.height:
        run.ranked.write_csv(folder / FILE)
    files = [str(PROCESSED / DATA_FINAL), REJECTED, *documents, "class_names.txt", "categorical_features.txt"]
    files += [FILE] if run.ranked.height else []
    for language, name in REPORT.items():
        (folder / name).write_text(render_orders(report_facts(run), language), encoding="utf-8")
        files.append(name)
    _write(folder / RECORD, run.record([*files, RECORD]))


def split_document(run: OrdersRun) -> dict[str, Any]:
    """Say how the rows were split, with the shares of the channels among those that were judged."""
    shares = run.made.held[TARGET].cast(pl.String).value_counts(normalize=True, sort=True)
    facts = plain(dict(run.made.trained.leaderboard.split))
    return {"asked": run.request.split, **facts, "test_shares": dict(shares.iter_rows())}


def candidates_document(run: OrdersRun) -> dict[str, Any]:
    """Give the candidates, what each way of choosing takes, and the baselines."""
    board = run.made.trained.leaderboard
    rows = candidate_rows(board)
    picks = {
        name: (found or {}).get("name") for name in ("f1", "log_loss") for found in [chosen_by(rows, name)]
    }
    return {
        "chosen_by": run.request.choice,
        "picks": picks,
        "champion": {entry.name: entry.weight for entry in board.entries if entry.weight},
        "candidates": rows,
        "baselines": plain(list(board.baselines)),
    }


def decision_document(run: OrdersRun) -> dict[str, Any]:
    """Say what errors cost, and from which probability on each class is the answer whatever the others."""
    costs = run.made.costs
    return {**costs.to_dict(), "thresholds": costs.thresholds(), "served": bool(run.request.costs)}


def report_facts(run: OrdersRun) -> OrdersFacts:
    """Give what the report shows."""
    board = run.made.trained.leaderboard
    return OrdersFacts(
        model=run.published.version.label,
        promoted=run.published.promoted,
        alarmed=run.alarmed,
        shortfalls=run.published.shortfalls,
        asked=run.request.question.asked,
        split=run.request.split,
        date=run.created.date().isoformat(),
        etl=run.etl.facts(),
        notices=run.etl.intake.notices,
        doubts=run.made.doubts,
        scores=run.made.scores,
        costs=run.made.costs,
        candidates=candidate_rows(board),
        choice=run.request.choice,
        constant=dict(board.baselines[0].metrics),
        column=board.baselines[-1].column or "",
        single=board.baselines[-1].metrics["log_loss"],
        inference={**run.tested.metrics(), "concurrent": float(run.tested.concurrent)},
        called=run.ranked.head(20),
        clients=run.ranked.height,
        worth=int(run.ranked[CALL].sum()) if run.ranked.height else 0,
        call_file=FILE,
    )


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")
