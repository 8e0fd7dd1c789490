"""Pictures of the demand report: what to buy, the trade-off curve, forecasts of the articles that matter."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import altair as alt
import polars as pl

from yunque.models.report_chart import ACCENT, ACCENT_SOFT, INK, MUTED, SERIES, WIDTH, Picture, picture, table
from yunque.solutions.demand.plan_values import PlanLine, PurchasePlan
from yunque.solutions.demand.report_text import Text

TOP, DRAWN, PAST = 15, 6, 40  # bars, small forecasts, past periods of each
LONGEST = 34  # letters of a name


def short(text: str) -> str:
    """Cut a name to what an axis holds."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def label(line: PlanLine) -> str:
    """Name an article by its name and code."""
    code = short(line.article.code)
    return f"{short(line.article.name)} · {code}" if line.article.name else code


def axis(t: Text) -> Any:
    """Give an axis of money, its thousands marked as the page marks them."""
    marked = "format(datum.value, ',.0f')"
    return alt.Axis(labelExpr=f"replace({marked}, /,/g, '.')" if t.has_points else marked)


def buy_chart(plan: PurchasePlan, t: Text) -> Picture | None:
    """Draw what is spent on the articles that lose most without buying, and how likely each runs out."""
    rows = [
        {
            "place": place,
            "name": label(line),
            "cost": line.cost,
            "risk": t.share(line.risk.stockout_probability),
        }
        for place, line in enumerate(plan.bought[:TOP])
    ]
    if not rows:
        return None
    base = alt.Chart(table(rows)).encode(
        y=alt.Y("name:N", sort=alt.SortField("place"), title=None),
        x=alt.X("cost:Q", title=t("x_cost"), axis=axis(t)),
    )
    bars = base.mark_bar(color=ACCENT, height=13)
    texts = base.mark_text(align="left", dx=5, color=MUTED, fontSize=11).encode(text="risk:N")
    chart = (bars + texts).properties(width=WIDTH - 330, height=20 * len(rows))
    return picture(chart, alt_text=t("buy_lead"), caption=t("buy_lead"))


def supplier_chart(plan: PurchasePlan, t: Text, nobody: str) -> Picture | None:
    """Draw the money of each supplier's order."""
    rows = [{"name": short(one.key or nobody), "cost": one.cost} for one in plan.by_supplier[:TOP]]
    if not rows:
        return None
    chart = (
        alt.Chart(table(rows))
        .mark_bar(color=ACCENT_SOFT, height=13)
        .encode(y=alt.Y("name:N", sort="-x", title=None), x=alt.X("cost:Q", title=t("h_cost"), axis=axis(t)))
        .properties(width=WIDTH - 330, height=20 * len(rows))
    )
    return picture(chart, alt_text=t("orders"), caption=t("orders"))


def curve_chart(curve: pl.DataFrame | None, t: Text) -> Picture | None:
    """Draw fill rate against stock value, a line or point per rule."""
    if curve is None or not curve.height:
        return None
    most = 2.5 * (curve.filter(pl.col("rule") == "yunque")["stock_value"].median() or 1.0)  # type: ignore[operator]
    rows = [
        {"rule": t(one["rule"]), "stock": one["stock_value"], "fill": one["fill"]}
        for one in curve.filter(pl.col("stock_value") <= most).iter_rows(named=True)
    ]
    names = list(dict.fromkeys(row["rule"] for row in rows))
    encoded = alt.Chart(table(rows)).encode(
        x=alt.X("stock:Q", title=t("x_stock"), axis=axis(t)),
        y=alt.Y("fill:Q", title=t("y_fill"), scale=alt.Scale(zero=False), axis=alt.Axis(format="%")),
        color=alt.Color(
            "rule:N", title=None, scale=alt.Scale(domain=names, range=list(SERIES[: len(names)]))
        ),
    )
    chart = (encoded.mark_line() + encoded.mark_point(filled=True, size=45)).properties(
        width=WIDTH - 90, height=300
    )
    return picture(chart, alt_text=t("curve_lead"), caption=t("curve_lead"))


def forecast_chart(plan: PurchasePlan, history: pl.DataFrame, t: Text) -> Picture | None:
    """Draw the past and the forecast of the articles that turn over the most money, each on its own scale.

    Args:
        plan: its forecasts.
        history: unique_id, period, quantity.
        t: words.
    """
    chosen = sorted(plan.lines, key=lambda line: -line.past_daily * max(line.terms.cost, line.terms.price))
    small = [_small(line, history) for line in chosen[:DRAWN] if line.periods]
    if not small:
        return None
    rows = [alt.hconcat(*small[place : place + 2], spacing=24) for place in range(0, len(small), 2)]
    return picture(alt.vconcat(*rows), alt_text=t("forecasts_lead"), caption=t("forecasts_lead"))


def _small(line: PlanLine, history: pl.DataFrame) -> Any:
    past = history.filter(pl.col("unique_id") == line.article.code).sort("period").tail(PAST)
    sold = [_point(day, units) for day, units in past.select("period", "quantity").iter_rows()]
    ahead = [
        {"day": one.start.isoformat(), "mean": one.mean, "low": one.p10, "high": one.p90}
        for one in line.periods
    ]
    x = alt.X("day:T", title=None, axis=alt.Axis(format="%Y-%m", labelOverlap=True, tickCount=5))
    band = (
        alt.Chart(table(ahead)).mark_area(color=ACCENT_SOFT, opacity=0.5).encode(x=x, y="low:Q", y2="high:Q")
    )
    mean = alt.Chart(table(ahead)).mark_line(color=ACCENT).encode(x=x, y=alt.Y("mean:Q", title=None))
    before = (
        alt.Chart(table(sold))
        .mark_line(color=INK, strokeWidth=1.3)
        .encode(x=x, y=alt.Y("units:Q", title=None))
    )
    return (band + before + mean).properties(width=WIDTH // 2 - 70, height=120, title=label(line))


def _point(day: date, units: float) -> Mapping[str, Any]:
    return {"day": day.isoformat(), "units": units}
