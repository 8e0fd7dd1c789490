"""Learning from the officer's decisions: what is joined, what is refused, and what passes the gates."""

from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256

import polars as pl
import pytest

from yunque.errors import DataError
from yunque.models.registry import Registry
from yunque.runtime.clock import FixedClock, RealClock
from yunque.runtime.database import open_database
from yunque.services.aml_base import BaseRequest, make_base
from yunque.services.aml_desk import Desk
from yunque.services.aml_enrich import enrich_file
from yunque.services.aml_labels import labelled
from yunque.services.aml_layers import Layers, base_stack, open_layers, scorer_of
from yunque.services.aml_learn import LearnRequest, base_name, learn_stack
from yunque.services.aml_measure import measure, thresholds_at
from yunque.services.aml_train import class_weight, refuse_few
from yunque.solutions.aml.generator import generate
from yunque.solutions.aml.law.read_catalogue import catalogue
from yunque.solutions.aml.store.dispositions import Disposition, dispose, sign


class Ticking(RealClock):
    """The real clock, on a day of its own."""

    def now(self):
        return datetime(2026, 11, 20, 18, tzinfo=UTC)


@pytest.fixture
def desk(empty_sqlite_url, tmp_path):
    database = open_database(empty_sqlite_url, clock=FixedClock(datetime(2026, 11, 20, 18, tzinfo=UTC)))
    yield Desk(folder=tmp_path / "aml", database=database, clock=Ticking(), actor="eva")
    database.engine.dispose()


def taken_in(desk, tmp_path, rows):
    """A generated portfolio, taken in; its truth."""
    table = generate(rows, 3, prevalence=0.02)
    table.drop("sospechosa", "tipologia", "clasificacion_lfpiorpi").write_csv(tmp_path / "in.csv")
    enrich_file(desk, tmp_path / "in.csv", analysis_id="a")
    return dict(table.select("id_operacion", "sospechosa").iter_rows())


def decided(name, is_suspicious, **changes):
    facts = {
        "analysis_id": "a",
        "operation_id": name,
        "client_id": "c",
        "shown_class": "inusual",
        "verdict": "confirmar" if is_suspicious else "descartar",
        "note": "visto",
        "actor": "eva",
    }
    return Disposition(**{**facts, **changes})


def test_verdicts_meet_their_operations_and_unsigned_ones_wait(desk, tmp_path):
    truth = taken_in(desk, tmp_path, 400)
    names = sorted(truth)[:6]
    told = [decided(name, n % 2 == 0) for n, name in enumerate(names[:5])]
    told.append(decided(names[5], False, shown_class="preocupante"))
    dispose(desk.database, desk.tenant, told)
    found = labelled(desk)
    assert dict(found.table.select("id_operacion", "sospecha").iter_rows()) == {
        name: n % 2 == 0 for n, name in enumerate(names[:5])
    }
    assert set(found.table["peso"]) == {1.0}
    assert found.all_rows.height == len(truth)
    sign(desk.database, desk.tenant, 6, actor="luz", note="de acuerdo")
    assert labelled(desk).table.height == 6


def test_too_few_decisions_teach_nothing(desk, tmp_path):
    with pytest.raises(DataError, match="too few"):
        learn_stack(desk, Registry(tmp_path / "m", desk.database), tmp_path / "w", LearnRequest(by="eva"))
    with pytest.raises(DataError, match="19 suspicious"):
        refuse_few(pl.DataFrame({"sospecha": [True] * 19 + [False] * 500}))
    assert class_weight(pl.DataFrame({"sospecha": [True] * 20 + [False] * 180})) == pytest.approx(9**0.25)


def test_what_is_measured_is_what_was_found():
    held = pl.DataFrame(
        {
            "cliente_id": ["a", "a", "b", "c"] * 25,
            "fecha": pl.Series([date(2026, 1, 1 + k // 4 % 28) for k in range(100)]),
            "sospecha": [k in (0, 1, 40, 41) for k in range(100)],
            "tipologia": ["x" if k in (0, 1) else "y" if k in (40, 41) else None for k in range(100)],
            "p_sospecha": [1.0 - k / 100 for k in range(100)],
            "anomalia": [0.0] * 100,
            "riesgo": [1.0 - k / 100 for k in range(100)],
        }
    )
    found = measure(held, 0.02)
    assert (found.suspicious, found.recall, found.precision) == (4, 0.5, 1.0)
    assert found.by_typology == {"x": 1.0, "y": 0.0}
    assert (found.found, found.days_to_detect) == (1.0, 0.0)
    assert found.facts()["recall_por_tipologia"] == {"x": 1.0, "y": 0.0}
    low, high = thresholds_at(held, 0.1, 0.01)
    assert 0.88 < low < high <= 1.0


def test_names_of_tenants_become_names_of_models():
    assert base_name("local") == "aml.local"
    assert base_name("Ñandú S.A. de C.V.") == "aml.and--s-a--de-c-v"
    assert base_name("…") == "aml.inquilino"


@pytest.mark.slow
def test_the_base_model_comes_out_to_the_same_bytes(tmp_path):
    made = []
    for name in ("one", "two"):
        make_base(tmp_path / name, catalogue(), BaseRequest(by="yunque", budget="20s", rows=4_000))
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        made.append(
            {path.relative_to(tmp_path / name): sha256(path.read_bytes()).hexdigest() for path in files}
        )
    assert made[0] == made[1]
    assert len(made[0]) > 20


@pytest.mark.slow
def test_decisions_become_layers_through_the_gates(desk, tmp_path):
    truth = taken_in(desk, tmp_path, 8_000)
    dispose(desk.database, desk.tenant, [decided(name, told) for name, told in truth.items()])
    registry = Registry(tmp_path / "models", desk.database)
    scored = replace(desk, scorer=open_layers(base_stack(), None))
    (tmp_path / "work").mkdir()
    found = learn_stack(scored, registry, tmp_path / "work", LearnRequest(by="eva", budget="60s"))
    assert found.stack.origin == "cliente"
    assert set(found.stack.models.values()) <= {f"aml.local.{w}@1" for w in ("sospecha", "bosque", "grupos")}
    assert found.incumbent > 0
    assert found.adopted == (not found.shortfalls)
    now = scorer_of(desk.database, registry, desk.tenant)
    assert isinstance(now, Layers)
    assert now.stack.label == (found.stack.name if found.adopted else base_stack().label)
    assert not now.faults
