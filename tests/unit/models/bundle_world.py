"""Leaderboards built by hand from real fits, so that bundles can be tested without a training run."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from yunque.data.contract import Contract
from yunque.data.schema import Column, Kind, Role, Schema
from yunque.features.encode import encode
from yunque.features.fit import fit_recipe
from yunque.kernel.blend import Blend, Calibration, Member
from yunque.learning.algorithm import FitRequest, Matrix
from yunque.learning.algorithms.lightgbm import ALGORITHM as LIGHTGBM
from yunque.learning.algorithms.linear import ALGORITHM as LINEAR
from yunque.learning.algorithms.logistic_regression import ALGORITHM as LOGISTIC
from yunque.learning.leaderboard import (
    Baseline,
    Champion,
    Decision,
    Entry,
    HeldOut,
    Leaderboard,
)
from yunque.learning.metrics import evaluate_all
from yunque.learning.task import Task, TaskKind
from yunque.models.bundle import Bundle, PackContext, pack
from yunque.models.predictor import Predictor
from yunque.models.trusted_load import load_bundle

ENVIRONMENT = ("numpy==2.1.0", "yunque==0.1.0")
CITIES = ("Oslo", "Bogotá", "São Paulo", "łódź", "東京")


def table(rows: int = 240, seed: int = 3) -> pl.DataFrame:
    """A checked, typed table with every kind of column, gaps included."""
    random = np.random.default_rng(seed)
    amount = np.round(random.normal(50, 20, rows), 3)
    city = random.integers(0, len(CITIES), rows)
    member = random.random(rows) < 0.4
    signal = amount / 20 + city * 0.5 + member * 1.5 + random.normal(0, 0.7, rows)
    start = datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    frame = pl.DataFrame(
        {
            "order id": [f"o{i}" for i in range(rows)],
            "amount €": amount,
            "class": random.integers(-5, 2**40, rows),
            "city": [CITIES[i] for i in city],
            "member?": member,
            "day": [date(2023, 1, 1) + timedelta(days=int(i)) for i in random.integers(0, 900, rows)],
            "at": [start + timedelta(seconds=int(i)) for i in random.integers(0, 10**7, rows)],
            "note": [" ".join(random.choice(["red", "blue", "rot"], 3)) for _ in range(rows)],
            "when": [start + timedelta(hours=i) for i in range(rows)],
            "value": signal,
            "late": np.where(signal > np.median(signal), "yes", "no"),
            "grade": np.digitize(signal, np.quantile(signal, [0.3, 0.7])),
        }
    )
    gaps = {"amount €": 0.1, "city": 0.15, "day": 0.1, "member?": 0.05, "note": 0.1}
    return frame.with_columns(
        pl.when(pl.Series(random.random(rows) < share)).then(None).otherwise(pl.col(name)).alias(name)
        for name, share in gaps.items()
    )


KINDS = {
    "order id": (Kind.TEXT, Role.ID),
    "amount €": (Kind.NUMBER, Role.FEATURE),
    "class": (Kind.INTEGER, Role.FEATURE),
    "city": (Kind.CATEGORY, Role.FEATURE),
    "member?": (Kind.BOOLEAN, Role.FEATURE),
    "day": (Kind.DATE, Role.FEATURE),
    "at": (Kind.TIMESTAMP, Role.FEATURE),
    "note": (Kind.TEXT, Role.FEATURE),
    "when": (Kind.TIMESTAMP, Role.TIME),
}
TARGETS = {
    TaskKind.BINARY: ("late", Kind.CATEGORY, ("no", "yes")),
    TaskKind.MULTICLASS: ("grade", Kind.INTEGER, (0, 1, 2)),
    TaskKind.REGRESSION: ("value", Kind.NUMBER, ()),
}


def contract_for(kind: TaskKind) -> Contract:
    columns = [Column(name=name, kind=k, role=role) for name, (k, role) in KINDS.items()]
    columns = [replace(c, required=c.name != "note", nullable=c.name != "class") for c in columns]
    target, target_kind, _ = TARGETS[kind]
    columns.append(Column(name=target, kind=target_kind, role=Role.TARGET))
    return Contract(name="orders", schema=Schema(columns=tuple(columns)))


def leaderboard_for(kind: TaskKind, frame: pl.DataFrame) -> Leaderboard:
    """Fit LightGBM and a linear model, blend them 0.7 to 0.3, calibrate, and score them."""
    target, _, classes = TARGETS[kind]
    schema = contract_for(kind).schema
    metric = "rmse" if kind is TaskKind.REGRESSION else "log_loss"
    task = Task(kind=kind, target=target, classes=classes, metric=metric)
    raw = frame[target].to_numpy() if not classes else None
    y = raw if raw is not None else np.array([classes.index(v) for v in frame[target].to_list()], np.int64)
    recipes = tuple(fit_recipe(view, schema, frame) for view in ("tree", "linear"))
    linear = LINEAR if kind is TaskKind.REGRESSION else LOGISTIC
    members = []
    for position, (algorithm, weight) in enumerate([(LIGHTGBM, 0.7), (linear, 0.3)]):
        request = FitRequest(
            task=task,
            train=Matrix(x=encode(recipes[position], frame), y=y),
            categorical=recipes[position].categorical,
            params={"num_iterations": 12} if algorithm is LIGHTGBM else {},
            seed=7,
        )
        fitted = algorithm.fit(request)
        form = algorithm.flatten(fitted, request)
        members.append(Member(name=algorithm.name, form=form, recipe=position, weight=weight))
    calibration = Calibration() if not classes else Calibration(kind="temperature", parameters=(1.1,))
    blend = Blend(members=tuple(members), n_outputs=task.n_outputs, calibration=calibration)
    predictions = blend.evaluate([encode(recipe, frame) for recipe in recipes])
    threshold = 0.4 if kind is TaskKind.BINARY else None
    decision = Decision(threshold=threshold)
    if not classes:
        decision = Decision(interval_level=0.9, interval_low=-1.25, interval_high=1.5, interval_coverage=0.91)
    return assemble(task, frame, Champion(blend=blend, recipes=recipes, decision=decision), y, predictions)


def assemble(
    task: Task, frame: pl.DataFrame, champion: Champion, y: np.ndarray, predictions: np.ndarray
) -> Leaderboard:
    metrics = evaluate_all(task, y, predictions, champion.decision.threshold)
    entries = tuple(
        Entry(
            name=member.name,
            algorithm=member.name,
            family=member.name,
            params={"seed": 7},
            state="done",
            loss=0.3,
            loss_error=0.01,
            metrics=metrics,
            fold_losses=(0.29, 0.31),
            weight=member.weight,
            fit_seconds=0.5,
            microseconds_per_row=3.0,
        )
        for member in champion.blend.members
    )
    failed = Entry(
        name="bad", algorithm="bad", family="bad", params={}, state="failed", reason="It gave NaN."
    )
    baselines = (
        Baseline(name="constant", column=None, loss=0.9, loss_error=0.02, metrics={}),
        Baseline(name="single_column", column="amount €", loss=0.8, loss_error=0.02, metrics={}),
    )
    return Leaderboard(
        task=task,
        entries=(*entries, failed),
        baselines=baselines,
        champion=replace(champion, references={"lightgbm.txt": b"tree\n"}),
        champion_metrics=metrics,
        champion_loss=0.5,
        champion_loss_error=0.02,
        held_out=HeldOut(
            kind="test",
            rows=np.arange(frame.height),
            y=y,
            predictions=predictions,
            uncalibrated=predictions,
        ),
        importance={"amount €": 0.2, "city": 0.1},
        alarms=(),
        split={"kind": "random", "folds": 2},
        plan={"seed": 7, "candidates": ["lightgbm"]},
        timings={"fit": 1.25},
        seed=7,
    )


def context_for(frame: pl.DataFrame, **changes: object) -> PackContext:
    given = PackContext(
        name="orders",
        frame=frame,
        created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        source="made by a test",
        requirements=(),
        budget_seconds=60.0,
        budget_used_seconds=1.5,
        environment=ENVIRONMENT,
    )
    return replace(given, **changes)  # type: ignore[arg-type]


def training_frame(kind: TaskKind) -> pl.DataFrame:
    others = [name for other, (name, _, _) in TARGETS.items() if other is not kind]
    return table().drop(others)


class World:
    """One packed bundle with everything it was made of."""

    def __init__(self, kind: TaskKind, folder: Path) -> None:
        self.kind = kind
        self.frame = training_frame(kind)
        self.contract = contract_for(kind)
        self.leaderboard = leaderboard_for(kind, self.frame)
        self.bundle: Bundle = pack(self.leaderboard, self.contract, context_for(self.frame), folder)
        self.predictor = Predictor.from_bundle(load_bundle(folder))
