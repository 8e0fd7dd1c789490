"""The report of a plan: one HTML page in English or Spanish for whoever spends the money tomorrow."""

from typing import Any

import polars as pl

from yunque.models.page import render_page
from yunque.solutions.demand.drafts import NOBODY
from yunque.solutions.demand.plan_values import PurchasePlan
from yunque.solutions.demand.report_charts import buy_chart, curve_chart, forecast_chart, supplier_chart
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
    t = Text(language)
    content = {
        "t": t,
        "language": language,
        "head": t("made", day=plan.as_of.isoformat(), company=plan.nit or plan.company or "-"),
        "lead": t(
            "lead",
            bought=len(plan.bought),
            articles=len(plan.lines),
            cost=money(plan.cost),
            currency=plan.currency,
            service=f"{plan.service:.0%}",
            measure=t(plan.measure),
        ),
        "numbers": _numbers(plan, t),
        "buy": buy_chart(plan, t),
        "suppliers": supplier_chart(plan, t, NOBODY[language]),
        "curve": curve_chart(curve, t),
        "forecasts": forecast_chart(plan, history, t),
        "notes": [one.text[language] for one in plan.warnings],
        "proof": _proof(plan, t),
        "rows": [_row(line) for line in plan.bought[:MOST_ROWS]],
        "more": max(len(plan.bought) - MOST_ROWS, 0),
    }
    return render_page("yunque.solutions.demand", "report.html", content)


def money(value: float) -> str:
    """Give money in whole units with its thousands marked."""
    return f"{value:,.0f}"


def _numbers(plan: PurchasePlan, t: Text) -> list[tuple[str, str]]:
    saved = sum(line.risk.lost_margin - line.risk.lost_margin_after for line in plan.lines)
    likely = sum(line.risk.stockout_probability >= LIKELY for line in plan.lines)
    excess = sum(line.risk.excess_money for line in plan.lines)
    return [
        (money(plan.cost), t("n_cost")),
        (money(saved), t("n_saved")),
        (str(likely), t("n_risk")),
        (money(excess), t("n_excess")),
    ]


def _proof(plan: PurchasePlan, t: Text) -> list[tuple[str, str]]:
    found = [(t(name), f"{plan.accuracy[name]:.1%}") for name in ("wape", "bias") if name in plan.accuracy]
    covered = sorted(plan.coverage.items())
    return found + [(t("coverage", level=f"{level:.0%}"), f"{share:.1%}") for level, share in covered]


def _row(line: Any) -> list[str]:
    position, risk = line.position, line.risk
    return [
        f"{line.article.name or line.article.code} · {line.article.code}",
        f"{line.quantity:g}",
        str(line.packs),
        money(line.cost),
        f"{position.on_hand:g} + {position.on_order:g} - {position.reserved:g}",
        f"{line.levels.order_up_to:g}",
        f"{risk.stockout_probability:.0%}",
        str(risk.latest_order_date or ""),
    ]
