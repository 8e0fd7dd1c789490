"""Charts of a drift report: how strongly each column moved, how a column moved, what gives the rows away."""

import altair as alt

from yunque.models.report_chart import (
    ACCENT,
    ACCENT_SOFT,
    FAINT,
    INK,
    KEY_LABEL,
    WARM,
    WIDTH,
    Picture,
    keyed,
    picture,
    table,
)
from yunque.models.report_words import Words
from yunque.monitoring.drift_values import Drift, Moved, Together
from yunque.monitoring.drift_words import name_of

MOST = 20
LARGEST = 10.0


def strength_chart(drift: Drift, t: Words) -> Picture | None:
    """Draw the largest effect of each column in multiples of its floor; None without columns."""
    shown = sorted(drift.columns, key=lambda each: (not each.is_alarm, -_multiple(each)))[:MOST]
    rows = [
        {"name": name_of(each.name, t), "times": _multiple(each),
         "state": t("chart.alarm" if each.is_alarm else "chart.quiet")}
        for each in (*drift.answers, *shown)
    ]  # fmt: skip
    if not rows:
        return None
    y = alt.Y("key:N", sort=None, title=None, axis=alt.Axis(labelExpr=KEY_LABEL, ticks=False))
    colour = alt.Color(
        "state:N",
        title=None,
        scale=alt.Scale(domain=[t("chart.alarm"), t("chart.quiet")], range=[WARM, ACCENT_SOFT]),
    )
    bars = (
        alt.Chart(table(keyed(rows)))
        .mark_bar(height=12, cornerRadiusEnd=2)
        .encode(
            x=alt.X("times:Q", title=t("chart.effect"), axis=alt.Axis(tickCount=6, format="~g")),
            y=y,
            color=colour,
        )
    )
    rule = alt.Chart(table([{"x": 1.0}])).mark_rule(color=INK, strokeDash=[4, 3]).encode(x="x:Q")
    chart = (bars + rule).properties(width=WIDTH - 190, height=20 * len(rows))
    return picture(chart, alt_text=t("chart.strength"), caption=t("chart.strength"))


def _multiple(moved: Moved) -> float:
    return min(LARGEST, max((v.effect / v.floor for v in moved.verdicts if v.floor > 0), default=0.0))


def distribution_chart(moved: Moved, t: Words) -> Picture | None:
    """Draw a column's distribution in training and today; None where it has no bins."""
    if not moved.bars:
        return None
    rows = _pairs(moved, t)
    colour = alt.Color(
        "when:N",
        title=None,
        scale=alt.Scale(domain=[t("chart.before"), t("chart.now")], range=[FAINT, ACCENT]),
    )
    chart = (
        alt.Chart(table(rows))
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=alt.X("key:N", sort=None, title=None,
                    axis=alt.Axis(labelExpr=KEY_LABEL, labelAngle=-30, ticks=False, labelLimit=120)),
            xOffset=alt.XOffset("when:N", sort=[t("chart.before"), t("chart.now")]),
            y=alt.Y("share:Q", title=t("chart.share"), axis=alt.Axis(format=".0%", tickCount=4)),
            color=colour,
        )
        .properties(width=WIDTH - 70, height=170)
    )  # fmt: skip
    caption = t("chart.distribution", name=name_of(moved.name, t))
    return picture(chart, alt_text=caption, caption=caption)


def _pairs(moved: Moved, t: Words) -> list[dict[str, object]]:
    return [
        {"key": f"{place:03d}{bar.label}", "when": t(f"chart.{when}"), "share": share}
        for place, bar in enumerate(moved.bars)
        for when, share in (("before", bar.before), ("now", bar.now))
    ]


def together_chart(together: Together, t: Words) -> Picture:
    """Draw which columns tell today's rows from those of training."""
    rows = [{"name": name, "share": share} for name, share in list(together.shares.items())[:10]]
    chart = (
        alt.Chart(table(keyed(rows)))
        .mark_bar(height=12, cornerRadiusEnd=2, color=ACCENT)
        .encode(
            x=alt.X("share:Q", title=None, axis=alt.Axis(format=".0%", tickCount=5)),
            y=alt.Y("key:N", sort=None, title=None, axis=alt.Axis(labelExpr=KEY_LABEL, ticks=False)),
        )
        .properties(width=WIDTH - 190, height=20 * len(rows))
    )
    return picture(chart, alt_text=t("chart.together"), caption=t("chart.together"))
