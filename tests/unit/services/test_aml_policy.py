"""A policy's life: learnt from closed periods, run in the shadow, approved, rolled back, frozen; all on record."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from yunque.errors import AccessError, ConflictError, NotFoundError, UsageError
from yunque.runtime.clock import FixedClock
from yunque.runtime.database import open_database
from yunque.services.aml_desk import Desk
from yunque.services.aml_labels import drawn_rows
from yunque.services.aml_layers import base_stack, open_layers
from yunque.services.aml_policy import (
    approve,
    change_settings,
    freeze,
    propose,
    roll_back,
    settings_of,
)
from yunque.services.aml_policy_status import policy_status
from yunque.services.aml_shadow import shadow_facts, shadow_of
from yunque.solutions.aml.policy import PolicySettings, active_policy, read_policy
from yunque.solutions.aml.store.answers import Answer, keep_answer, read_answers
from yunque.solutions.aml.store.audit import entries, verify
from yunque.solutions.aml.store.dispositions import Disposition, dispose
from yunque.solutions.aml.store.policies import read_events

DAY = 86_400
STACK = base_stack()


@pytest.fixture
def desk(empty_sqlite_url, tmp_path):
    database = open_database(empty_sqlite_url, clock=FixedClock(datetime(2026, 1, 5, tzinfo=UTC)))
    yield Desk(
        folder=tmp_path, database=database, clock=database.clock, actor="eva", scorer=open_layers(STACK, None)
    )
    database.engine.dispose()


def live(desk, month, *, suspicious_from, n=2_000, line=STACK.unusual):
    """One month: an analysis whose risk is uniform, every alert and every drawn row decided on."""
    rng = np.random.default_rng(month)
    risk, drawn = rng.random(n), rng.random(n) < 0.01
    ids = [f"m{month}-{k}" for k in range(n)]
    rows = pl.DataFrame(
        {
            "id_operacion": ids,
            "segmento": ["alto"] * n,
            "riesgo": risk,
            "piso": ["limpio"] * n,
            "muestra": drawn & (risk < line),
        }
    )
    facts = {"politica": {"muestra_bajo_umbral": 0.01}}
    keep_answer(desk.database, desk.tenant, Answer(analysis_id=f"a{month}", rows=rows, facts=facts))
    seen = [k for k in range(n) if risk[k] >= line or drawn[k]]
    told = [
        Disposition(
            analysis_id=f"a{month}",
            operation_id=ids[k],
            client_id="c",
            shown_class="inusual",
            verdict="confirmar" if risk[k] >= suspicious_from else "descartar",
            note="visto",
            actor="eva",
        )
        for k in seen[:130]
    ]
    dispose(desk.database, desk.tenant, told)
    desk.clock.advance(31 * DAY)


def test_a_policy_from_proposal_to_rollback(desk):
    for month in (1, 2):
        live(desk, month, suspicious_from=0.95)  # most alerts are nothing: the line is too low
    made = propose(desk, by="sistema")
    policy = read_policy(made.content, version=made.label, approved_by=None)
    step = policy.evidence["pasos"]["alto"]
    assert step["contexto"] == "alto|alto|media"
    assert step["disposiciones"] >= 100
    assert step["despues"] == pytest.approx(STACK.unusual + 0.05)
    assert step["repeticion"]["costo_despues"] < step["repeticion"]["costo_antes"]
    assert active_policy(read_events(desk.database, "local"), STACK.name)[0].thresholds == {}
    with pytest.raises(ConflictError, match="shadow"):
        approve(desk, made.label, by="eva")
    with pytest.raises(NotFoundError):
        approve(desk, "v99", by="eva")
    live(desk, 3, suspicious_from=0.95)
    facts = shadow_facts(shadow_of(desk, made, policy))
    assert facts["terminada"] and facts["revisadas"] >= facts["revisadas_necesarias"] == 30
    assert facts["costo_propuesto"] < facts["costo_en_vigor"]
    with pytest.raises(AccessError, match="cannot approve"):
        approve(desk, made.label, by=" Sistema ")
    waits = policy_status(desk)["propuesta"]
    assert (waits["version"], waits["propuesta_por"], waits["sombra"]) == (made.label, "sistema", facts)
    assert facts["alertas_propuestas"] < facts["alertas_en_vigor"]
    put = approve(desk, made.label, by="eva")
    active, fault = active_policy(read_events(desk.database, "local"), STACK.name)
    assert (active.version, active.approved_by, fault) == (put.label, "eva", "")
    assert active.thresholds["alto"][0] == step["despues"]
    assert active_policy(read_events(desk.database, "local"), "otra")[1] == "politica_de_otro_modelo"
    with pytest.raises(ConflictError, match="newest"):
        approve(desk, made.label, by="eva")
    back = roll_back(desk, by="eva", reason="demasiadas quejas")
    assert active_policy(read_events(desk.database, "local"), STACK.name)[0].thresholds == {}
    log = entries(desk.database, "local", limit=3)
    assert [entry["action"] for entry in log][:2] == ["politica_revertida", "politica_aprobada"]
    assert log[0]["details"]["motivo"] == "demasiadas quejas"
    assert back.number == put.number + 1
    assert verify(desk.database, "local").is_whole


def test_days_alone_do_not_end_a_shadow_and_a_dear_proposal_is_refused(desk):
    for month in (1, 2):
        live(desk, month, suspicious_from=0.95)
    made = propose(desk, by="sistema")
    desk.clock.advance(400 * DAY)  # time passes and nobody decides anything
    facts = policy_status(desk)["propuesta"]["sombra"]
    assert (facts["revisadas"], facts["terminada"]) == (0, False)
    with pytest.raises(ConflictError, match="so far 0"):
        approve(desk, made.label, by="eva")
    live(desk, 3, suspicious_from=0.0)  # every alert is right now: fewer of them cost more
    with pytest.raises(ConflictError, match="cost"):
        approve(desk, made.label, by="eva")
    with pytest.raises(UsageError, match="reason"):
        roll_back(desk, by="eva", reason=" ")
    assert active_policy(read_events(desk.database, "local"), STACK.name)[0].thresholds == {}


def test_little_evidence_moves_nothing_and_a_period_teaches_once(desk):
    change_settings(desk, PolicySettings(least_dispositions=5_000), by="eva")
    assert settings_of(read_events(desk.database, "local")).least_dispositions == 5_000
    live(desk, 1, suspicious_from=0.95)
    made = propose(desk, by="sistema")
    assert made.content["evidence"]["pasos"]["alto"]["paso"] == "+0.00"
    assert made.content["thresholds"]["alto"][0] == STACK.unusual
    with pytest.raises(ConflictError, match="No period"):
        propose(desk, by="sistema")


def test_a_frozen_policy_stays_as_it_is(desk):
    live(desk, 1, suspicious_from=0.95)
    freeze(desk, by="eva", reason="auditoría")
    with pytest.raises(ConflictError, match="frozen"):
        propose(desk, by="sistema")
    freeze(desk, by="eva", reason="terminó", thaw=True)
    assert propose(desk, by="sistema").event == "propuesta"
    with pytest.raises(ConflictError, match="approved"):
        roll_back(desk, by="eva", reason="x")


def test_without_layers_there_is_no_policy(desk):
    bare = Desk(folder=desk.folder, database=desk.database, clock=desk.clock)
    with pytest.raises(ConflictError, match="layers"):
        propose(bare, by="sistema")


def test_rows_drawn_below_the_line_are_known_with_their_share(desk):
    live(desk, 1, suspicious_from=0.9)
    found = drawn_rows(read_answers(desk.database, "local"))
    assert found["parte_sorteada"].unique().to_list() == [0.01]
    assert 1 < found["muestra"].sum() < 40  # about one in a hundred of those below the line
