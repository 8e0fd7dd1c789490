"""The report of a plan: one HTML page in English or Spanish for whoever spends the money tomorrow."""

import polars as pl

from yunque.models.page import render_page
from yunque.solutions.demand.drafts import NOBODY
from yunque.solutions.demand.plan_values import PlanLine, PurchasePlan
from yunque.solutions.demand.report_charts import (
    buy_chart,
    curve_chart,
    forecast_chart,
    label,
    short,
    supplier_chart,
)
from yunque.solutions.demand.report_text import Language, Text

MOST_ROWS = 40
LIKELY = 0.5


def render_demand(
    plan: PurchasePlan, history: pl.DataFrame, language: Language, curve: pl.DataFrame | None = None
) -> str:
    """Give the page; no script in it, every picture inside it.

    Args:
        plan: what to buy.
        history: past demand by period: unique_id, period, quantity.
        language: of the page.
        curve: the trade-off curve (tradeoff.CURVE), None where nothing was simulated.
    """
    t = Text(language, plan.currency)
    content = {
        "t": t,
        "language": language,
        "head": t("made", day=t.day(plan.as_of), company=_company(plan, t)),
        "lead": t(
            "lead",
            bought=len(plan.bought),
            articles=len(plan.lines),
            cost=t.number(plan.cost),
            currency=plan.currency,
            service=t.share(plan.service),
            measure=t(plan.measure),
        )
        + _budget(plan, t),
        "numbers": _numbers(plan, t),
        "buy": buy_chart(plan, t),
        "suppliers": supplier_chart(plan, t, NOBODY[language]),
        "curve": curve_chart(curve, t),
        "forecasts": forecast_chart(plan, history, t),
        "notes": [one.text[language] for one in plan.warnings],
        "proof": _proof(plan, t),
        "rows": [_row(line, t) for line in plan.bought[:MOST_ROWS]],
        "more": max(len(plan.bought) - MOST_ROWS, 0),
    }
    return render_page("yunque.solutions.demand", "report.html", content)


def _company(plan: PurchasePlan, t: Text) -> str:
    if plan.nit:
        return t("tax", n=plan.nit)
    return t("number", n=plan.company) if plan.company else t("anyone")


def _budget(plan: PurchasePlan, t: Text) -> str:
    """Say what became of the money, where a budget was given."""
    told = plan.budget
    if told.cap is None:
        return ""
    cap, used, left = (t.number(value) for value in (told.cap, told.used, told.left_out_cost))
    return t("budget", cap=cap, used=used, left=left) if told.left_out_cost > 0 else t("budget_fits", cap=cap)


def _numbers(plan: PurchasePlan, t: Text) -> list[tuple[str, str]]:
    saved = sum(line.risk.lost_margin - line.risk.lost_margin_after for line in plan.lines)
    likely = sum(line.risk.stockout_probability >= LIKELY for line in plan.lines)
    excess = sum(line.risk.excess_money for line in plan.lines)
    return [
        (t.number(plan.cost), t("n_cost")),
        (t.number(saved), t("n_saved")),
        (t.number(likely), t("n_risk")),
        (t.number(excess), t("n_excess")),
    ]


def _proof(plan: PurchasePlan, t: Text) -> list[tuple[str, str]]:
    found = [(t(name), t.share(plan.accuracy[name], 1)) for name in ("wape", "bias") if name in plan.accuracy]
    covered = sorted(plan.coverage.items())
    return found + [(t("coverage", level=t.share(level)), t.share(share, 1)) for level, share in covered]


def _row(line: PlanLine, t: Text) -> list[str]:
    position, risk = line.position, line.risk
    return [
        label(line),
        short(line.article.supplier),
        t.units(line.quantity),
        t.number(line.packs),
        t.number(line.cost),
        " ".join(
            (t.units(position.on_hand), "+", t.units(position.on_order), "-", t.units(position.reserved))
        ),
        t.units(line.levels.order_up_to),
        t.share(risk.stockout_probability),
        str(risk.latest_order_date or ""),
    ]
