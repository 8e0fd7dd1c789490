"""Models of the size that serving.md measured, packed as bundles once and kept for later runs.

50,000 rows, 20 numbers with gaps, 4 categories with gaps, three classes: LightGBM 300 x 3 trees of 31 leaves,
XGBoost 300 x 3 of depth 6, CatBoost 300 of depth 6, a random forest of 200 trees, and a binary ensemble of 15
members of five libraries.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from yunque.data.contract import Contract
from yunque.data.schema import Column, Kind, Role, Schema
from yunque.features.encode import encode
from yunque.features.fit import fit_recipe
from yunque.kernel.blend import Blend, Calibration, Member
from yunque.learning.algorithm import FitRequest, Matrix
from yunque.learning.leaderboard import Baseline, Champion, Decision, Entry, HeldOut, Leaderboard
from yunque.learning.metrics import evaluate_all
from yunque.learning.registry import algorithm
from yunque.learning.task import Task, TaskKind
from yunque.models.bundle import PackContext, pack

ROWS, NUMBERS = 50_000, 20
CITIES = ("oslo", "cali", "lima", "bern", "riga", "kyiv", "rome", "bath")
TARGETS = {TaskKind.BINARY: "late", TaskKind.MULTICLASS: "grade"}
RECIPES = {"tree": 0, "linear": 1}
SEED = 7


@dataclass(frozen=True, kw_only=True)
class Part:
    """One member: an algorithm with its parameters, of equal weight."""

    algorithm: str
    params: dict[str, Any]


def _light(**params: Any) -> Part:
    return Part(algorithm="lightgbm", params={"num_iterations": 200, "num_leaves": 31, **params})


MODELS: dict[str, tuple[TaskKind, tuple[Part, ...]]] = {
    "lightgbm": (TaskKind.MULTICLASS, (_light(num_iterations=300),)),
    "xgboost": (TaskKind.MULTICLASS, (Part(algorithm="xgboost", params={"num_boost_round": 300}),)),
    "catboost": (TaskKind.MULTICLASS, (Part(algorithm="catboost", params={"iterations": 300, "depth": 6}),)),
    "random_forest": (
        TaskKind.MULTICLASS,
        (Part(algorithm="random_forest", params={"n_estimators": 200, "min_samples_leaf": 5}),),
    ),
    "logistic": (TaskKind.BINARY, (Part(algorithm="logistic_regression", params={}),)),
    "ensemble": (
        TaskKind.BINARY,
        (
            *(_light(learning_rate=0.03 + 0.01 * i, feature_fraction=0.5 + 0.05 * i) for i in range(5)),
            *(_light(num_leaves=15 + 16 * i, extra_trees=True) for i in range(3)),
            Part(algorithm="xgboost", params={"num_boost_round": 200}),
            Part(algorithm="xgboost", params={"num_boost_round": 200, "max_depth": 4}),
            Part(algorithm="catboost", params={"iterations": 300}),
            Part(algorithm="catboost", params={"iterations": 300, "depth": 4}),
            Part(algorithm="random_forest", params={"n_estimators": 100, "min_samples_leaf": 5}),
            Part(algorithm="extra_trees", params={"n_estimators": 100, "min_samples_leaf": 5}),
            Part(algorithm="logistic_regression", params={}),
        ),
    ),
}


def table(rows: int = ROWS, seed: int = 3) -> pl.DataFrame:
    """Give a checked, typed table with gaps; both targets depend on numbers and categories."""
    random = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    signal = np.zeros(rows)
    for i in range(NUMBERS):
        values = random.normal(0, 1 + i, rows).round(4)
        signal += np.where(values > i / 10, 1.0, -0.5) * random.normal(0, 0.4)
        columns[f"x{i:02d}"] = pl.Series(np.where(random.random(rows) < 0.05, np.nan, values)).fill_nan(None)
    for i in range(4):
        codes = random.integers(0, len(CITIES), rows)
        signal += 0.15 * codes * (1 if i % 2 else -1)
        kept = random.random(rows) > 0.05
        columns[f"c{i}"] = [CITIES[code] if keep else None for code, keep in zip(codes, kept, strict=True)]
    signal += random.normal(0, 0.8, rows)
    schema = {f"x{i:02d}": pl.Float64 for i in range(NUMBERS)} | {f"c{i}": pl.String for i in range(4)}
    frame = pl.DataFrame(columns, schema=schema)
    late = np.where(signal > np.median(signal), "yes", "no")
    grade = np.array(["low", "mid", "top"])[np.digitize(signal, np.quantile(signal, [0.4, 0.75]))]
    return frame.with_columns(pl.Series("late", late), pl.Series("grade", grade))


def contract_of(kind: TaskKind) -> Contract:
    """Give the contract of the table for one question."""
    columns = [Column(name=f"x{i:02d}", kind=Kind.NUMBER) for i in range(NUMBERS)]
    columns += [Column(name=f"c{i}", kind=Kind.CATEGORY) for i in range(4)]
    target = Column(name=TARGETS[kind], kind=Kind.CATEGORY, role=Role.TARGET)
    return Contract(name="orders", schema=Schema(columns=(*columns, target)))


def bundle_of(name: str, folder: Path) -> Path:
    """Give the bundle of a model, trained now unless it lies in `folder` already."""
    home = folder / f"{name}.bundle"
    if not home.exists():
        folder.mkdir(parents=True, exist_ok=True)
        kind, parts = MODELS[name]
        frame = table().drop([target for other, target in TARGETS.items() if other is not kind])
        context = PackContext(name=name, frame=frame, created=datetime(2026, 1, 1, tzinfo=UTC))
        pack(_board(kind, parts, frame), contract_of(kind), context, home)
    return home


def fit(
    kind: TaskKind, part: Part, frame: pl.DataFrame, y: np.ndarray, recipe: Any, *, threads: int = 2
) -> tuple[Any, FitRequest]:
    """Fit one member on all rows."""
    task = task_of(kind, frame)
    request = FitRequest(
        task=task,
        train=Matrix(x=encode(recipe, frame), y=y),
        categorical=recipe.categorical,
        params=part.params,
        seed=SEED,
        threads=threads,
    )
    return algorithm(part.algorithm).fit(request), request


def task_of(kind: TaskKind, frame: pl.DataFrame) -> Task:
    """Give the question."""
    classes = tuple(sorted(frame[TARGETS[kind]].unique().to_list()))
    return Task(kind=kind, target=TARGETS[kind], classes=classes, metric="log_loss")


def _board(kind: TaskKind, parts: Sequence[Part], frame: pl.DataFrame) -> Leaderboard:
    task, schema = task_of(kind, frame), contract_of(kind).schema
    y = np.array([task.classes.index(v) for v in frame[task.target].to_list()], np.int64)
    recipes = tuple(fit_recipe(view, schema, frame, seed=SEED) for view in RECIPES)
    members = []
    for number, part in enumerate(parts):
        recipe = RECIPES[algorithm(part.algorithm).view]
        fitted, request = fit(kind, part, frame, y, recipes[recipe])
        form = algorithm(part.algorithm).flatten(fitted, request)
        members.append(
            Member(name=f"m{number}.{part.algorithm}", form=form, recipe=recipe, weight=1 / len(parts))
        )
    calibration = Calibration(kind="temperature", parameters=(1.1,))
    blend = Blend(members=tuple(members), n_outputs=task.n_outputs, calibration=calibration)
    threshold = 0.5 if kind is TaskKind.BINARY else None
    champion = Champion(blend=blend, recipes=recipes, decision=Decision(threshold=threshold))
    return _leaderboard(task, champion, y, blend.evaluate([encode(recipe, frame) for recipe in recipes]))


def _leaderboard(task: Task, champion: Champion, y: np.ndarray, predictions: np.ndarray) -> Leaderboard:
    metrics = evaluate_all(task, y, predictions, champion.decision.threshold)
    first = Entry(name="m", algorithm="m", family="m", params={}, state="done", loss=0.3, loss_error=0.01)
    entries = tuple(
        replace(first, name=member.name, weight=member.weight) for member in champion.blend.members
    )
    constant = Baseline(name="constant", column=None, loss=9.0, loss_error=0.02, metrics={})
    return Leaderboard(
        task=task,
        entries=entries,
        baselines=(constant, replace(constant, name="single_column", column="x00")),
        champion=champion,
        champion_metrics=metrics,
        champion_loss=0.5,
        champion_loss_error=0.02,
        held_out=HeldOut(
            kind="test", rows=np.arange(y.size), y=y, predictions=predictions, uncalibrated=predictions
        ),
        importance={"x00": 0.2},
        alarms=(),
        split={"kind": "random", "folds": 2},
        plan={"seed": SEED},
        timings={},
        seed=SEED,
    )
