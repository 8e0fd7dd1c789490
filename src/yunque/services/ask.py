"""Answer a question about a company's purchases, sales and stock, by R2's keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import msgspec

from yunque.assistant.query import Query, make_query
from yunque.errors import NotFoundError, UsageError
from yunque.services.ask_record import record_answer
from yunque.services.ask_words import Told, Wording, reworded
from yunque.services.demand_store import Kept, companies, open_kept, stamp_of
from yunque.services.demand_train import DemandHouse
from yunque.solutions.demand.plan import make_plan
from yunque.solutions.demand.plan_values import PurchasePlan
from yunque.solutions.demand.questions.answer import Answer, answer, answer_understood
from yunque.solutions.demand.questions.desk import Desk
from yunque.solutions.demand.questions.understand import lexicon
from yunque.solutions.demand.result import MONTH, recommendation
from yunque.solutions.demand.wish import PlanWish

CURRENCY = {"CO": "COP", "MX": "MXN"}
MOST_DESKS = 16
MONTHS = 1.0


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked.

    Attributes:
        question: as typed.
        tenant: who asks; only this tenant's companies are in reach.
        company: `empresa_servidor_id`, NIT or `empresa_<nit>`; "" for the only one there is.
        before: the context that the answer before gave: {"intent": ..., slots}; None for a new conversation.
        today: the day that "next month" counts from; the plan's when None.
    """

    question: object
    tenant: str = "local"
    company: str = ""
    before: Mapping[str, Any] | None = None
    today: date | None = None


@dataclass(kw_only=True)
class AskDesks:
    """The desks of companies, opened once each and again when a company was trained anew.

    Attributes:
        house: where companies are kept.
        wording: what an LLM may do; None for templates alone.
    """

    house: DemandHouse
    wording: Wording | None = None
    _open: dict[tuple[str, str], tuple[str, Kept, Desk]] = field(default_factory=dict)

    def desk(self, tenant: str, company: str) -> tuple[Kept, Desk]:
        """Give a company's desk.

        Raises:
            NotFoundError: this tenant has no such company, or several and none was named.
        """
        model = self._model(tenant, company)
        stamp = stamp_of(self.house.place, tenant, model)
        found = self._open.get((tenant, model))
        if found is None or found[0] != stamp:
            kept = open_kept(self.house.place, tenant, model)
            found = self._open[tenant, model] = (stamp, kept, make_desk(kept))
            while len(self._open) > MOST_DESKS:
                del self._open[next(iter(self._open))]
        return found[1], found[2]

    def _model(self, tenant: str, company: str) -> str:
        there = companies(self.house.place, tenant)
        if not there:
            raise NotFoundError(
                "No company was trained yet.", hint="POST /assistant/api/ml/entrenar_modelos/"
            )
        if not company:
            if len(there) == 1:
                return next(iter(there))
            raise NotFoundError("Several companies were trained.", hint="Name one by empresa_servidor_id.")
        for name in (company, f"empresa_{company}"):
            if name in there:
                return name
        for name, (number, _) in there.items():
            if number == company:
                return name
        raise NotFoundError.among("trained company", company[:64], list(there))


def make_desk(kept: Kept) -> Desk:
    """Make the desk of a company from what was kept of its training."""
    country = str(kept.facts.get("country") or "CO")
    wish = PlanWish(currency=CURRENCY.get(country, "COP"))

    def replan(changes: Mapping[str, Any]) -> PurchasePlan:
        return make_plan(kept.basis, replace(wish, **changes))

    plan = make_plan(kept.basis, wish, run_id=str(kept.facts.get("run_id", "")))
    return Desk(
        plan=plan,
        movements=kept.basis.book.movements,
        replan=replan,
        country=country,
        errors=errors_of(kept),
    )


def errors_of(kept: Kept) -> dict[str, dict[str, float]]:
    """Give the backtest's error and bias of every article that was judged by itself, by code."""
    found = {}
    for code, row in kept.basis.standing.models.items():
        told = {name: row.get(f"backtest_{name}") for name in ("wape", "bias")}
        if told["wape"] is not None:
            found[code] = {name: value for name, value in told.items() if value is not None}
    return found


def ask(asked: Asked, desks: AskDesks) -> dict[str, Any]:
    """Answer a question with R2's envelope.

    Raises:
        UsageError: the question or its context cannot be read, or asks for what no plan can do.
        NotFoundError: this tenant has no such company.
    """
    kept, desk = desks.desk(asked.tenant, asked.company)
    before = read_context(asked.before)
    found = answer(desk, asked.question, before, today=asked.today)
    told = Told()
    if found.is_refusal and desks.wording is not None:
        meant, call = desks.wording.understand(desk, found.understood, asked.today or desk.today)
        told.calls += [call] if call is not None else []
        found = answer_understood(desk, meant) if meant is not None else found
    child = reworded(desks.wording, found, told)
    return envelope(desk, kept, found, desks.house, child=child, notes=told.notes)


def read_context(document: Mapping[str, Any] | None) -> Query | None:
    """Read the context of a conversation.

    Raises:
        UsageError: it is not one that an answer gave.
    """
    if not document:
        return None
    try:
        query = make_query(dict(document))
    except (TypeError, ValueError) as error:
        raise UsageError(
            "The context (contexto) cannot be read.", hint="Send it as the answer gave it."
        ) from error
    if lexicon().intent(query.intent) is None:
        raise UsageError(
            "The context (contexto) is of no known question.", hint="Send it as the answer gave it."
        )
    return query


def envelope(
    desk: Desk, kept: Kept, found: Answer, house: DemandHouse, *, child: str, notes: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the answer by R2's keys, with its English aliases; MLflow's keys are absent without MLflow."""
    understood = found.understood
    technical: dict[str, Any] = {
        "intencion": understood.intent,
        "ranuras": understood.query.slots if understood.query else {},
        "idioma": understood.language,
        "recomendaciones": _recommendations(kept, desk, found),
        **plain(found.facts or {}),
    }
    if found.found is not None:
        technical.update(plain(found.found.more))
        technical.update(record_answer(kept, house, found))
    if understood.refusal:
        technical["motivo_rechazo"] = understood.refusal
    if notes:
        technical["llm"] = dict(notes)
    answered = {
        "consulta_original": understood.question,
        "explicacion_nino_inteligente": child,
        "explicacion_contador": found.accountant,
        "datos_tecnicos_completos": technical,
        "respondida": not found.is_refusal,
        "preguntas_sugeridas": list(found.offered),
        "original_question": understood.question,
        "child_explanation": child,
        "accountant_explanation": found.accountant,
    }
    if understood.query is not None and understood.query.intent != "help":
        answered["contexto"] = {"intent": understood.query.intent, **understood.query.slots}
    return answered


def _recommendations(kept: Kept, desk: Desk, found: Answer) -> list[dict[str, Any]]:
    if found.found is None or not found.found.lines:
        return []
    sold, plan = kept.basis.standing.sold, found.found.plan or desk.plan
    months = MONTHS if plan.covers is None else ((plan.covers[1] - plan.covers[0]).days + 1) / MONTH
    return [recommendation(line, months, sold.get(line.article.code, {})) for line in found.found.lines]


def plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """Give values as JSON takes them."""
    document: dict[str, Any] = msgspec.to_builtins(dict(value))
    return document
