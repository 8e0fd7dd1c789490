"""The leak alarm: it fires on planted leaks of every kind, and stays silent on honest strong signals."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from yunque.data.bins import bin_codes, bin_column
from yunque.data.schema import Column, Kind, Role, Schema
from yunque.learning.baselines import baselines
from yunque.learning.leaderboard import Alarm
from yunque.learning.leak_alarm import alarms
from yunque.learning.metrics import evaluate_all, loss_of, metric
from yunque.learning.task import Task, TaskKind

KINDS = {
    pl.Float64: Kind.NUMBER,
    pl.Int64: Kind.INTEGER,
    pl.String: Kind.CATEGORY,
    pl.Datetime: Kind.TIMESTAMP,
}
ROLES = {"key": Role.ID, "time": Role.TIME}
START = datetime.fromisoformat("2024-01-01")


@dataclass(frozen=True, kw_only=True)
class Made:
    """A table with its target; floats make a regression, text or whole numbers a classification."""

    columns: dict[str, Any]
    y: np.ndarray


def rung(made: Made, seed: int = 7) -> dict[str, Alarm]:
    """Train a quick champion on a random split, as a careless user would, and ask for alarms."""
    frame = pl.DataFrame(made.columns, nan_to_null=True)
    schema = Schema(
        columns=tuple(
            Column(name=name, kind=KINDS[frame.schema[name].base_type()], role=ROLES.get(name, Role.FEATURE))
            for name in frame.columns
        )
    )
    regression = made.y.dtype == np.float64
    labels, y = (None, made.y) if regression else np.unique(made.y, return_inverse=True)
    kind = (
        TaskKind.REGRESSION if regression else (TaskKind.BINARY if len(labels) == 2 else TaskKind.MULTICLASS)
    )
    task = Task(
        kind=kind,
        target="y",
        classes=() if regression else tuple(labels.tolist()),
        metric="rmse" if regression else "log_loss",
    )
    order = np.random.default_rng(seed).permutation(len(y))
    train, held = order[: len(y) * 2 // 3], order[len(y) * 2 // 3 :]
    features = [column.name for column in schema.features]
    x = np.column_stack(
        [np.minimum(bin_codes(bin_column(frame[name]), frame[name]), 250) for name in features]
    ).astype(float)
    model_type = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    model = model_type(max_iter=60, max_leaf_nodes=31, random_state=0, early_stopping=False)
    model.fit(x[train], y[train])
    by = metric(task.metric)

    def predictions(rows: np.ndarray) -> np.ndarray:
        return model.predict(rows)[:, None] if regression else model.predict_proba(rows)

    loss = loss_of(by, task, y[held], predictions(x[held]))
    some = held[:1_500]
    base, importance = loss_of(by, task, y[some], predictions(x[some])), {}
    for place, name in enumerate(features):
        shuffled = x[some].copy()
        shuffled[:, place] = np.random.default_rng(seed).permutation(shuffled[:, place])
        importance[name] = loss_of(by, task, y[some], predictions(shuffled)) - base
    found = alarms(
        task,
        schema,
        frame,
        y,
        loss,
        evaluate_all(task, y[held], predictions(x[held])),
        baselines(task, schema, frame[train], y[train], frame[held], y[held], seed=seed),
        importance,
        seed,
    )
    return {alarm.id: alarm for alarm in found}


@dataclass(frozen=True, kw_only=True)
class Clients:
    """Clients with a nature of their own, and their orders in the order of time."""

    key: np.ndarray
    place: np.ndarray
    size: np.ndarray
    nature: np.ndarray
    y: np.ndarray
    random: np.random.Generator

    def columns(self, **more: np.ndarray) -> dict[str, Any]:
        days = np.cumsum(self.random.integers(1, 30, len(self.y)))
        return {
            "key": [f"C{each:05d}" for each in self.key],
            "time": pl.Series([START + timedelta(hours=int(day)) for day in days], dtype=pl.Datetime("us")),
            "amount": self.random.gamma(2.0, 50.0, len(self.y)),
            "maturity": np.array(["low", "mid", "high"])[np.digitize(self.nature[self.key], [0.4, 0.6])],
            **more,
        }

    @property
    def sums(self) -> np.ndarray:
        return np.bincount(self.key, weights=self.y)

    @property
    def before(self) -> np.ndarray:
        """Sum of the outcomes of earlier rows of the same client."""
        total = np.cumsum(self.y) - self.y
        return total - total[np.flatnonzero(self.place == 0)][self.key]


def clients(seed: int, *, values: bool = False, count: int = 1_500) -> Clients:
    random = np.random.default_rng(seed)
    size = 1 + random.poisson(6.0, count)
    key = np.repeat(np.arange(count), size)
    nature = random.beta(2.0, 2.0, count)
    place = np.concatenate([np.arange(each) for each in size])
    if values:
        y = 10.0 * nature[key] + random.normal(0.0, 3.0, len(key))
    else:
        y = (random.random(len(key)) < nature[key]).astype(np.int64)
    return Clients(key=key, place=place, size=size, nature=nature, y=y, random=random)


def divided(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


# planted leaks


def whole_share(seed: int) -> Made:
    c = clients(seed)
    return Made(columns=c.columns(leak=(c.sums / c.size)[c.key]), y=c.y)


def whole_share_without_the_key(seed: int) -> Made:
    made = whole_share(seed)
    return Made(columns={name: each for name, each in made.columns.items() if name != "key"}, y=made.y)


def whole_share_of_one_class_of_three(seed: int) -> Made:
    c = clients(seed)
    labels = np.where(c.y == 1, "digital", np.where(c.random.random(len(c.y)) < 0.4, "phone", "visit"))
    return Made(columns=c.columns(leak=(c.sums / c.size)[c.key]), y=labels)


def whole_count(seed: int) -> Made:
    c = clients(seed)
    return Made(columns=c.columns(leak=c.sums[c.key]), y=c.y)


def smoothed_target_encoding(seed: int) -> Made:
    c = clients(seed)
    return Made(columns=c.columns(leak=((c.sums + 2.0) / (c.size + 4.0))[c.key]), y=c.y)


def whole_share_with_noise(seed: int) -> Made:
    c = clients(seed)
    share = (c.sums / c.size)[c.key] + 0.05 * c.random.normal(size=len(c.y))
    return Made(columns=c.columns(leak=share), y=c.y)


def share_of_all_others(seed: int) -> Made:
    c = clients(seed)
    return Made(columns=c.columns(leak=divided(c.sums[c.key] - c.y, c.size[c.key] - 1.0)), y=c.y)


def half_of_the_table(seed: int) -> Made:
    made = whole_share(seed)
    kept = np.random.default_rng(seed).random(len(made.y)) < 0.5
    columns = pl.DataFrame(made.columns).filter(pl.Series(kept)).to_dict()
    return Made(columns=columns, y=made.y[kept])


def running_share_with_its_own_row(seed: int) -> Made:
    c = clients(seed)
    return Made(columns=c.columns(leak=(c.before + c.y) / (c.place + 1.0)), y=c.y)


def share_of_the_rows_to_come(seed: int) -> Made:
    c = clients(seed)
    later = c.sums[c.key] - c.before - c.y
    columns = c.columns(leak=divided(later, c.size[c.key] - c.place - 1.0))
    del columns["maturity"]
    return Made(columns=columns, y=c.y)


def last_outcome_of_the_client(seed: int) -> Made:
    c = clients(seed)
    last = c.y[np.flatnonzero(c.place == c.size[c.key] - 1)]
    return Made(columns=c.columns(leak=np.array(["no", "yes"])[last][c.key]), y=c.y)


def whole_mean_of_values(seed: int) -> Made:
    c = clients(seed, values=True)
    return Made(columns=c.columns(leak=(c.sums / c.size)[c.key]), y=c.y)


def running_sum_of_values(seed: int) -> Made:
    c = clients(seed, values=True)
    return Made(columns=c.columns(leak=c.before + c.y), y=c.y)


def target_and_noise(seed: int) -> Made:
    c = clients(seed, values=True)
    return Made(columns=c.columns(leak=c.y + 0.3 * c.random.normal(size=len(c.y))), y=c.y)


def written_after_the_outcome(seed: int) -> Made:
    c = clients(seed)
    words = np.where(c.y == 0, "open", np.where(c.random.random(len(c.y)) < 0.5, "paid", "sent"))
    return Made(columns=c.columns(leak=words), y=c.y)


def rows_on_both_sides_of_the_split(seed: int) -> Made:
    random = np.random.default_rng(seed)
    once = random.normal(size=(250, 12))
    y = random.integers(0, 2, 250)
    copies = np.repeat(np.arange(250), 12)
    return Made(columns={f"x{i}": once[copies, i] for i in range(12)}, y=y[copies])


PLANTED: dict[Callable[[int], Made], set[str]] = {
    whole_share: {"own_outcome:leak"},
    whole_share_without_the_key: {"own_outcome:leak"},
    whole_share_of_one_class_of_three: {"own_outcome:leak"},
    whole_count: {"own_outcome:leak"},
    smoothed_target_encoding: {"own_outcome:leak"},
    whole_share_with_noise: {"own_outcome:leak"},
    share_of_all_others: {"own_outcome:leak"},
    half_of_the_table: {"own_outcome:leak"},
    running_share_with_its_own_row: {"own_outcome:leak"},
    share_of_the_rows_to_come: {"own_outcome:leak"},
    last_outcome_of_the_client: {"own_outcome:leak"},
    whole_mean_of_values: {"own_outcome:leak"},
    running_sum_of_values: {"own_outcome:leak"},
    target_and_noise: {"importance", "single_column"},
    written_after_the_outcome: {"importance", "single_column"},
    rows_on_both_sides_of_the_split: {"implausible_score"},
}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("leak", PLANTED, ids=lambda each: each.__name__)
def test_it_fires_on_planted_leaks(leak, seed):
    found = rung(leak(seed))
    assert found.keys() & PLANTED[leak], found.keys()
    assert all(alarm.message and alarm.evidence for alarm in found.values())


# honest strong signals


def product_of_two(seed: int) -> Made:
    random = np.random.default_rng(seed)
    x = random.normal(size=(6_000, 6))
    return Made(
        columns={f"x{i}": x[:, i] for i in range(6)}, y=x[:, 0] * x[:, 1] + 0.1 * random.normal(size=6_000)
    )


def exclusive_or(seed: int) -> Made:
    random = np.random.default_rng(seed)
    x = random.normal(size=(6_000, 6))
    wrong = random.random(6_000) < 0.03
    return Made(
        columns={f"x{i}": x[:, i] for i in range(6)}, y=((x[:, 0] * x[:, 1] > 0) ^ wrong).astype(np.int64)
    )


def many_weak_columns(seed: int) -> Made:
    random = np.random.default_rng(seed)
    x = random.normal(size=(6_000, 40))
    return Made(columns={f"x{i}": x[:, i] for i in range(40)}, y=x.sum(axis=1) + random.normal(size=6_000))


def complete_factorial_by_rule(seed: int) -> Made:
    grid = np.array(np.meshgrid(*[np.arange(4)] * 5, np.arange(3))).reshape(6, -1).T
    random = np.random.default_rng(seed)
    merit = grid @ random.integers(1, 4, 6)
    label = np.where((grid[:, 0] == 0) | (grid[:, 5] == 0), 0, np.digitize(merit, [12, 18]))
    return Made(
        columns={f"x{i}": grid[:, i].astype(str) for i in range(6)},
        y=np.array(["bad", "fair", "good"])[label],
    )


def smooth_map(seed: int) -> Made:
    random = np.random.default_rng(seed)
    north, east = random.uniform(0, 10, (2, 8_000)).round(2)
    income = random.gamma(3.0, 1.0, 8_000)
    price = income + 2.0 * np.sin(north) * np.cos(east) + 0.5 * random.normal(size=8_000)
    return Made(columns={"north": north, "east": east, "income": income}, y=price)


def easy_blobs(seed: int) -> Made:
    random = np.random.default_rng(seed)
    y = random.integers(0, 3, 5_000)
    x = random.normal(size=(3, 8))[y] * 1.5 + random.normal(size=(5_000, 8))
    return Made(columns={f"x{i}": x[:, i] for i in range(8)}, y=y)


def nature_of_the_client(seed: int) -> Made:
    c = clients(seed)
    return Made(columns=c.columns(nature=c.nature[c.key]), y=c.y)


def past_of_the_client(seed: int) -> Made:
    c = clients(seed)
    last = np.where(c.place > 0, np.roll(c.y, 1), -1)
    before = c.columns(
        share=divided(c.before, c.place.astype(float)), count=c.before, last=last.astype(np.int64)
    )
    return Made(columns=before, y=c.y)


def past_of_the_client_in_values(seed: int) -> Made:
    c = clients(seed, values=True)
    return Made(columns=c.columns(mean=divided(c.before, c.place.astype(float)), orders=c.place), y=c.y)


def stores_and_seasons(seed: int) -> Made:
    random = np.random.default_rng(seed)
    store, month = np.divmod(np.arange(300 * 24), 24)
    area = random.gamma(4.0, 100.0, 300).round(1)
    sales = area[store] * 0.1 + 8.0 * np.sin(month / 12 * 2 * np.pi) + random.normal(size=len(store))
    columns = {"key": [f"S{each}" for each in store], "area": area[store], "month": month % 12}
    return Made(columns=columns, y=sales)


def one_choice_per_visit(seed: int) -> Made:
    random = np.random.default_rng(seed)
    price = random.normal(size=(1_500, 5))
    liking = random.gumbel(size=(1_500, 5)) - 2.0 * price
    chosen = liking == liking.max(axis=1, keepdims=True)
    visit = np.repeat(np.arange(1_500), 5)
    columns = {
        "key": [f"V{each}" for each in visit],
        "price": price.ravel(),
        "mean_price": price.mean(axis=1)[visit],
    }
    return Made(columns=columns, y=chosen.ravel().astype(np.int64))


def until_the_event(seed: int) -> Made:
    random = np.random.default_rng(seed)
    frailty = random.normal(size=3_000)
    end = random.geometric(1.0 / (1.0 + np.exp(2.0 - frailty)))
    size = np.minimum(end, 10)
    key = np.repeat(np.arange(3_000), size)
    place = np.concatenate([np.arange(each) for each in size])
    event = (place + 1 == end[key]).astype(np.int64)
    days = [START + timedelta(days=int(each)) for each in place * 30]
    columns = {
        "key": [f"P{each}" for each in key],
        "time": pl.Series(days, dtype=pl.Datetime("us")),
        "frailty": frailty[key],
        "months": place,
    }
    return Made(columns=columns, y=event)


HONEST = (
    product_of_two,
    exclusive_or,
    many_weak_columns,
    complete_factorial_by_rule,
    smooth_map,
    easy_blobs,
    nature_of_the_client,
    past_of_the_client,
    past_of_the_client_in_values,
    stores_and_seasons,
    one_choice_per_visit,
    until_the_event,
)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("honest", HONEST, ids=lambda each: each.__name__)
def test_it_is_silent_on_honest_strong_signals(honest, seed):
    assert rung(honest(seed)) == {}


def test_an_unused_leak_is_not_reported():
    c = clients(0)
    columns = c.columns(leak=(c.sums / c.size)[c.key])
    found = rung(Made(columns=columns, y=np.random.default_rng(1).permutation(c.y)))
    assert "own_outcome:leak" not in found


def test_rows_without_an_outcome_are_left_out_and_the_seed_repeats():
    made = whole_mean_of_values(0)
    frame = pl.DataFrame(made.columns, nan_to_null=True)
    columns = [
        Column(name=name, kind=KINDS[frame.schema[name].base_type()], role=ROLES.get(name, Role.FEATURE))
        for name in frame.columns
    ]
    y = np.where(np.arange(len(made.y)) % 10 == 0, np.nan, made.y)
    task = Task(kind=TaskKind.REGRESSION, target="y", metric="rmse")
    schema = Schema(columns=tuple(columns))
    known = np.isfinite(y)
    base = baselines(task, schema, frame.filter(known), y[known], frame.filter(known), y[known], seed=1)
    first, second = (alarms(task, schema, frame, y, 1.0, {"r2": 0.5}, base, {}, 3) for _ in range(2))
    assert [alarm.id for alarm in first] == ["own_outcome:leak"]
    assert first == second
