"""A question to a trained company: R2's envelope, true recommendations, one tenant's data only."""

import json
from pathlib import Path

import pytest
from demand_case import small_basis

from yunque.assistant.query import make_query
from yunque.errors import NotFoundError, UsageError
from yunque.runtime.clock import REAL_CLOCK
from yunque.services.ask import AskDesks, Asked, ask
from yunque.services.ask_request import ask_document
from yunque.services.demand_store import keep
from yunque.services.demand_train import DemandHouse
from yunque.services.job_fields import FieldsError
from yunque.services.tracking import Tracking
from yunque.solutions.demand.questions.scope import cover_wish
from yunque.solutions.demand.result import FIELDS

QUESTION = "¿Qué artículos debo comprar el próximo mes?"


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> AskDesks:
    """Two tenants; the first has two companies."""
    place: Path = tmp_path_factory.mktemp("home")
    house = DemandHouse(place=place / "demand", tracking=Tracking(place=place / "runs"), clock=REAL_CLOCK)
    for tenant, nit in (("one", "900123456"), ("one", "800999111"), ("two", "700555222")):
        keep(house.place, tenant, small_basis(nit), {"run_id": "r", "country": "CO", "metrics": {}})
    return AskDesks(house=house)


def test_the_envelope_has_r2s_keys_with_true_values(desks: AskDesks) -> None:
    document = ask_document(desks, "two", {"consulta": QUESTION, "empresa_servidor_id": 1})
    assert document["consulta_original"] == QUESTION
    assert document["explicacion_nino_inteligente"]
    technical = document["datos_tecnicos_completos"]
    assert technical["intencion"] == "buy_list"
    desk = desks.desk("two", "")[1]
    plan = desk.plan_with(**cover_wish(make_query(document["contexto"]), desk.today))
    assert len(technical["recomendaciones"]) == min(len(plan.bought), 10)
    for one in technical["recomendaciones"]:
        assert set(FIELDS) <= set(one)
        line = plan.line(one["articulo_codigo"])
        assert line is not None and one["cantidad_recomendada"] == line.quantity
    assert not {"mlflow_run_id", "mlflow_ui_url"} & set(technical)
    json.dumps(document)


def test_a_conversation_goes_on_by_its_context(desks: AskDesks) -> None:
    name = desks.desk("two", "")[1].plan.lines[0].article.code
    first = ask(Asked(question=f"¿Cuánto voy a vender de {name} el próximo mes?", tenant="two"), desks)
    second = ask(Asked(question="¿y para la próxima semana?", tenant="two", before=first["contexto"]), desks)
    assert second["datos_tecnicos_completos"]["ranuras"]["article"] == name
    assert second["contexto"]["start"] != first["contexto"]["start"]
    with pytest.raises(UsageError, match="contexto"):
        ask(Asked(question="¿y en julio?", tenant="two", before={"intent": "drop_tables"}), desks)


@pytest.mark.parametrize("company", ["700555222", "empresa_700555222", "../two/empresa_700555222"])
def test_a_tenant_never_reaches_another_ones_company(desks: AskDesks, company: str) -> None:
    with pytest.raises(NotFoundError) as raised:
        ask(Asked(question=QUESTION, tenant="one", company=company), desks)
    assert "700555222" not in raised.value.hint


def test_several_companies_need_a_name(desks: AskDesks) -> None:
    with pytest.raises(NotFoundError, match="Several"):
        ask(Asked(question=QUESTION, tenant="one"), desks)
    found = ask(Asked(question=QUESTION, tenant="one", company="800999111"), desks)
    assert found["respondida"]
    with pytest.raises(NotFoundError, match="trained"):
        ask(Asked(question=QUESTION, tenant="nobody"), desks)


def test_a_question_that_is_no_text_is_a_named_error(desks: AskDesks) -> None:
    with pytest.raises(FieldsError):
        ask_document(desks, "two", {"consulta": 7})
    with pytest.raises(UsageError, match="10,000"):
        ask_document(desks, "two", {"consulta": "x" * 10_000})
    refused = ask_document(desks, "two", {"consulta": "Cuéntame un chiste"})
    assert not refused["respondida"] and len(refused["preguntas_sugeridas"]) == 3


def test_what_is_asked_for_is_planned_anew(desks: AskDesks) -> None:
    budget = ask(Asked(question="Tengo 300 mil pesos, ¿qué compro primero?", tenant="two"), desks)
    spent = sum(one["inversion_estimada"] for one in budget["datos_tecnicos_completos"]["recomendaciones"])
    assert spent <= 300_000
    more = ask(Asked(question="¿Qué pasa si la demanda sube 50 %?", tenant="two"), desks)
    facts = more["datos_tecnicos_completos"]["hechos"]
    assert facts["cost_after"] > facts["cost_before"]


def test_a_purchase_for_a_period_stands_beside_what_the_plan_itself_spends(desks: AskDesks) -> None:
    plan = desks.desk("two", "")[1].plan
    longer = ask(Asked(question="¿Qué compro para los próximos dos meses?", tenant="two"), desks)
    facts = longer["datos_tecnicos_completos"]["hechos"]
    assert facts["usual"] == sum(line.cost for line in plan.lines) < facts["cost"]
    assert "según el plan" in longer["explicacion_nino_inteligente"]
    today = ask(Asked(question="¿Qué compro hoy?", tenant="two"), desks)
    assert "según el plan" not in today["explicacion_nino_inteligente"]
