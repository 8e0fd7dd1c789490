"""Small real models for the tests of the ways in, and a client on this machine."""

import numpy as np
import polars as pl
from starlette.testclient import TestClient

from yunque.data.infer import Wishes
from yunque.services.publish import publish
from yunque.services.train import TrainRequest, train
from yunque.surfaces.bootstrap import Platform
from yunque.surfaces.http.app import create_app
from yunque.surfaces.http.limits import Limits
from yunque.surfaces.http.serving import Serving

LIMITS = Limits(body_bytes=200_000, body_seconds=5.0, rows=500)


def clients(rows: int = 600) -> pl.DataFrame:
    """Clients with names of columns that break careless code: a keyword, a blank, a currency sign, an emoji."""
    random = np.random.default_rng(3)
    age = random.integers(18, 90, rows)
    city = random.choice(["Bogotá", "Cali", "Medellín"], rows, p=[0.5, 0.3, 0.2])
    income = random.lognormal(10, 0.5, rows).round(2)
    chance = 1 / (1 + np.exp(-(0.06 * (age - 50) + 1.5 * (city == "Cali"))))
    days = pl.date_range(pl.date(2015, 1, 1), pl.date(2024, 12, 31), "1d", eager=True)
    return pl.DataFrame(
        {
            "client id": [f"c{i}" for i in range(rows)],
            "class": pl.Series(age).replace({40: None}),
            "income €": income,
            "city 🏙": city,
            "since": days.sample(rows, seed=1, with_replacement=True),
            "member": random.random(rows) < 0.3,
            "buys": np.where(random.random(rows) < chance, "sí", "no"),
            "spend": (10 + 0.3 * age + 5 * (city == "Cali") + random.normal(0, 1, rows)).round(3),
        }
    )


def train_and_publish(platform: Platform, frame: pl.DataFrame, target: str) -> None:
    request = TrainRequest(
        source=frame,
        source_name="clients",
        name=target,
        wishes=Wishes(target=target),
        budget=2.0,
        algorithms=("linear", "lightgbm") if target == "spend" else ("logistic", "lightgbm"),
        by="a test",
    )
    with platform.scratch() as folder:
        train(request, folder, platform.clock)
        publish(platform.registry, folder, name=target, by="a test", override="a fixture, not a model")


def client_of(serving: Serving) -> TestClient:
    """A client on this machine, as the guard wants it."""
    return TestClient(
        create_app(serving),
        base_url="http://127.0.0.1",
        client=("127.0.0.1", 50000),
        raise_server_exceptions=False,
    )
