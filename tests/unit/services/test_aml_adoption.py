"""Adoption only through the gates: what learnt noise stays out, what ranks better comes in."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from yunque.models.registry import Registry
from yunque.runtime.clock import FixedClock, RealClock
from yunque.runtime.database import open_database
from yunque.services.aml_desk import Desk
from yunque.services.aml_enrich import enrich_file
from yunque.services.aml_layers import base_stack, open_layers, scorer_of
from yunque.services.aml_learn import LearnRequest, above_chance, learn_stack, shortfall_of
from yunque.solutions.aml.generator import generate
from yunque.solutions.aml.store.dispositions import Disposition, dispose
from yunque.solutions.aml.store.policies import STACK, newest, read_events

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
ROWS = 8_000


class Ticking(RealClock):
    """The real clock, on a day of its own."""

    def now(self):
        return NOW


@pytest.fixture
def desk(empty_sqlite_url, tmp_path):
    database = open_database(empty_sqlite_url, clock=FixedClock(NOW))
    yield Desk(folder=tmp_path / "aml", database=database, clock=Ticking(), actor="eva")
    database.engine.dispose()


def decide(desk, verdicts):
    """The officer decides on every operation."""
    told = [
        Disposition(
            analysis_id="a",
            operation_id=name,
            client_id="c",
            shown_class="inusual",
            verdict="confirmar" if is_suspicious else "descartar",
            note="visto",
            actor="eva",
        )
        for name, is_suspicious in verdicts.items()
    ]
    dispose(desk.database, desk.tenant, told)


@pytest.mark.parametrize(
    ("challenger", "incumbent", "is_short"),
    [(0.40, 0.50, True), (0.497, 0.50, False), (0.60, 0.50, False), (0.60, float("nan"), False)],
)
def test_new_layers_must_rank_at_least_as_well_as_those_in_use(challenger, incumbent, is_short):
    told = shortfall_of(challenger, incumbent)
    assert bool(told) is is_short
    assert all("0.5000" in text and "0.4000" in text for text in told)


def test_a_ranking_by_chance_is_told_from_one_that_knows():
    rng = np.random.default_rng(2)
    n = 3_000
    y = rng.random(n) < 0.02
    held = pl.DataFrame({"cliente_id": [f"c{k}" for k in rng.integers(0, 400, n)], "sospecha": y})
    knows = pl.Series("riesgo", np.clip(rng.random(n) * 0.5 + 0.4 * y, 0, 1))
    assert above_chance(held.with_columns(knows)) == ()
    told = [above_chance(held.with_columns(riesgo=pl.Series(rng.random(n)))) for _ in range(5)]
    assert all("azar" in texts[0] for texts in told)


def test_one_suspicious_row_that_stands_first_by_luck_is_not_knowledge():
    rng = np.random.default_rng(4)
    n = 700
    adopted = 0
    for _ in range(60):
        y = np.zeros(n, dtype=bool)
        y[rng.choice(n, 14, replace=False)] = True
        clients = [f"c{k}" for k in rng.integers(0, 200, n)]
        held = pl.DataFrame({"cliente_id": clients, "sospecha": y, "riesgo": rng.random(n)})
        adopted += above_chance(held) == ()
    assert adopted <= 1
    same = pl.DataFrame({"cliente_id": ["a", "b"], "sospecha": [False, False], "riesgo": [0.1, 0.2]})
    assert above_chance(same)


@pytest.mark.slow
def test_a_worse_model_is_not_adopted_and_a_better_one_is(desk, tmp_path):
    table = generate(ROWS, 3, prevalence=0.02)
    table.drop("sospechosa", "tipologia", "clasificacion_lfpiorpi").write_csv(tmp_path / "in.csv")
    enrich_file(desk, tmp_path / "in.csv", analysis_id="a")
    truth = dict(table.select("id_operacion", "sospechosa").iter_rows())
    registry = Registry(tmp_path / "models", desk.database)
    base = open_layers(base_stack(), None)
    request = LearnRequest(by="eva", budget="60s")

    rng = np.random.default_rng(5)
    decide(desk, {name: bool(rng.random() < 0.02) for name in truth})  # verdicts that nothing explains
    (tmp_path / "one").mkdir()
    worse = learn_stack(replace(desk, scorer=base), registry, tmp_path / "one", request)
    assert not worse.adopted and worse.version == ""
    assert any("azar" in text for text in worse.shortfalls)
    assert newest(read_events(desk.database, desk.tenant), STACK) is None
    assert scorer_of(desk.database, registry, desk.tenant).stack.label == base.stack.label

    decide(desk, truth)  # the newest verdict counts
    weak = {role: one for role, one in base.opened.items() if role != "supervisada"}
    incumbent = replace(base, opened=weak, faults={"supervisada": "fallo: BundleError"})
    (tmp_path / "two").mkdir()
    better = learn_stack(replace(desk, scorer=incumbent), registry, tmp_path / "two", request)
    assert better.stack.metrics["pr_auc"] > better.incumbent > 0
    assert better.adopted and better.shortfalls == ()
    now = scorer_of(desk.database, registry, desk.tenant)
    assert now.stack.label == better.stack.name
    assert now.stack.origin == "cliente"
    assert now.stack.combination is not None
    told = better.stack.metrics
    assert 0 <= told["error_de_calibracion"] < 0.05
    assert set(told) >= {"dias_hasta_detectar", "clientes_detectados", "recall_por_tipologia", "pr_auc_sobre"}
