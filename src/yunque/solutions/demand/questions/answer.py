"""Answer a question: understand it, find it, tell it to a child and to an accountant, with locked numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from yunque.assistant.amounts import Style
from yunque.assistant.lexicon import Intent
from yunque.assistant.patterns import read_yaml
from yunque.assistant.query import Query
from yunque.assistant.story import Story, Templates, render, tell
from yunque.solutions.demand.questions import answers_history as history
from yunque.solutions.demand.questions import answers_plan as plan
from yunque.solutions.demand.questions import answers_stock as stock
from yunque.solutions.demand.questions.answers_compare import compare_periods
from yunque.solutions.demand.questions.answers_what_if import what_if
from yunque.solutions.demand.questions.desk import Desk
from yunque.solutions.demand.questions.found import Found
from yunque.solutions.demand.questions.understand import UNKNOWN, Understood, understand

Answerer = Callable[[Desk, Query], Found]
ANSWERS: Mapping[str, Answerer] = {
    "buy_list": plan.buy_list, "buy_article": plan.one_article, "how_much": plan.one_article,
    "why": plan.why, "budget_plan": plan.budget_plan, "supplier_order": plan.supplier_order,
    "investment_total": plan.investment_total, "order_dates": plan.order_dates, "what_if": what_if,
    "forecast_article": history.forecast, "forecast_category": history.forecast,
    "forecast_total": history.forecast, "stockout_risk": stock.stockout_risk, "overstock": stock.overstock,
    "cover": stock.cover, "stock_level": stock.stock_level, "abc": stock.abc,
    "new_articles": stock.new_articles, "dearest": stock.dearest, "article_count": stock.article_count,
    "accuracy": stock.accuracy, "data_quality": stock.data_quality, "rotation": stock.rotation,
    "growth": stock.trend(up=True), "decline": stock.trend(up=False),
    "sales_in_period": history.sales_in_period, "sales_by_month": history.by_month("sales"),
    "purchases_by_month": history.by_month("purchases"), "sales_by_year": history.sales_by_year,
    "sales_by_city": history.by_group("city"), "sales_by_warehouse": history.by_group("warehouse"),
    "sales_by_category": history.by_group("category"), "top_sold": history.sold(best=True),
    "least_sold": history.sold(best=False), "largest_sale": history.extreme_sale(largest=True),
    "smallest_sale": history.extreme_sale(largest=False), "average_sale": history.average_sale,
    "sale_count": history.sale_count, "compare_periods": compare_periods,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is answered.

    Attributes:
        understood: how the question was read.
        child, accountant: the two explanations.
        found: what they stand on; None for a refusal or for help.
        offered: questions that can be asked instead, in the reader's language.
        facts: every value that the texts were made of.
    """

    understood: Understood
    child: str
    accountant: str
    found: Found | None = None
    offered: tuple[str, ...] = ()
    facts: Mapping[str, Any] | None = None

    @property
    def is_refusal(self) -> bool:
        """Whether the question is not answered."""
        return self.understood.query is None


@cache
def templates() -> Templates:
    """Give the texts of answers; read once."""
    text = files("yunque.solutions.demand.questions").joinpath("templates.yaml").read_text("utf-8")
    return Templates(texts=read_yaml(text))


def answer(desk: Desk, question: object, before: Query | None = None, *, today: date | None = None) -> Answer:
    """Answer a question.

    Args:
        desk: of the company that asks.
        question: as typed.
        before: the query before it, of the same conversation.
        today: the day that "next month" counts from; the plan's when None.

    Raises:
        UsageError: the question is empty or too long, or asks for what no plan can meet.
    """
    return answer_understood(desk, understand(desk.reader, question, today or desk.today, before))


def answer_understood(desk: Desk, understood: Understood) -> Answer:
    """Answer what was understood."""
    style = style_of(desk, understood)
    if understood.query is None:
        return refuse(desk, understood, style)
    if understood.query.intent == "help":
        return _help(desk, understood, style)
    found = ANSWERS[understood.query.intent](desk, understood.query)
    child, accountant = (tell(found.story, templates(), style, level) for level in ("child", "accountant"))
    facts = {"hechos": found.story.facts, "filas": found.story.rows, "quedan": found.story.left}
    return Answer(understood=understood, child=child, accountant=accountant, found=found, facts=facts)


def style_of(desk: Desk, understood: Understood) -> Style:
    """Give how numbers are written for the reader."""
    language = "en" if understood.language == "en" else "es"
    return Style(country=desk.place, currency=desk.plan.currency, language=language)  # type: ignore[arg-type]


def example(desk: Desk, intent: Intent, language: str) -> str:
    """Give a question that can be asked, with names of this company."""
    lines = desk.plan.lines
    first = lines[0].article if lines else None
    words = {
        "article": (first.name or first.code) if first else "LIB-100",
        "category": next((one.article.category for one in lines if one.article.category), "A"),
        "supplier": next((one.article.supplier for one in lines if one.article.supplier), "A"),
    }
    text = intent.examples.get(language, "")
    for name, value in words.items():
        text = text.replace(f"{{{name}}}", value[:60])
    return text


def refuse(desk: Desk, understood: Understood, style: Style) -> Answer:
    """Say that there is no answer, why, and the three nearest questions."""
    offered = tuple(example(desk, intent, style.language) for intent in understood.nearest)
    names = (
        tuple(desk.name(code) for code in understood.options)
        if understood.refusal == "which"
        else understood.options
    )
    facts = {"names": ", ".join(name[:60] for name in names[:5]) or None}
    head = render(
        templates().part(f"refused_{understood.refusal}", style.language, "head", "child"), facts, style
    )
    asked = render(templates().part("offer", style.language, "head", "child"), {}, style)
    text = "\n".join([head.strip(), asked.strip(), *(f"• {one}" for one in offered)])
    return Answer(understood=understood, child=text, accountant=text, offered=offered, facts={"names": names})


def _help(desk: Desk, understood: Understood, style: Style) -> Answer:
    intents = [one for one in desk.reader.lexicon.intents if one.name != "help"]
    offered = tuple(example(desk, intent, style.language) for intent in intents)
    head = templates().part("help", style.language, "head", "child").strip()
    text = "\n".join([head, *(f"• {one}" for one in offered)])
    return Answer(understood=understood, child=text, accountant=text, offered=offered, facts={})


__all__ = ["ANSWERS", "UNKNOWN", "Answer", "Story", "answer", "answer_understood"]
