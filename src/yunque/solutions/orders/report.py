"""The report of a run over orders: one HTML file in English or Spanish for the people who will use it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from yunque.models.gates import Shortfall
from yunque.models.page import render_page
from yunque.models.report_numbers import count, number, percent
from yunque.models.report_words import Words
from yunque.solutions.orders.costs import Costs
from yunque.solutions.orders.generator import bayes_ceiling
from yunque.solutions.orders.notice import Language, Notice, words
from yunque.solutions.orders.scores import Scores
from yunque.solutions.orders.select import Doubt

CALIBRATED = 0.02  # calibration error up to which probabilities may be multiplied by money
REASONS: Mapping[Language, str] = {"es": "motivos", "en": "reasons"}
"""Column of the ranking with the reasons, in each language."""

NEAR = 0.01  # nats above the ceiling that count as reached


@dataclass(frozen=True, kw_only=True)
class OrdersFacts:
    """One run, told once; the report shows nothing that is not here.

    Attributes:
        model: label of the version; promoted: it is in use; alarmed: its score is too good to be honest.
        shortfalls: what it falls short of, in words.
        asked: "next" or "given"; split: how the judged orders were chosen; date: of the run.
        etl: facts of the files; notices: what was noticed in them.
        doubts: columns that the rules doubted.
        scores: of the champion on held-out orders; costs: of errors and calls.
        candidates: rows as `services.orders_candidates` gives them; choice: what chose.
        constant: metrics of always giving the shares of the channels; column: the best single column, and
            single: its log-loss alone.
        inference: metrics of the inference test.
        called: the first clients of the ranking; clients, worth: how many there are, and are worth a call.
        call_file: where the ranking is.
    """

    model: str
    promoted: bool
    alarmed: bool
    shortfalls: tuple[Shortfall, ...]
    asked: str
    split: str
    date: str
    etl: Mapping[str, Any]
    notices: tuple[Notice, ...]
    doubts: tuple[Doubt, ...]
    scores: Scores
    costs: Costs
    candidates: Sequence[Mapping[str, Any]]
    choice: str
    constant: Mapping[str, float]
    column: str
    single: float
    inference: Mapping[str, float]
    called: pl.DataFrame
    clients: int
    worth: int
    call_file: str


def render_orders(facts: OrdersFacts, language: Language) -> str:
    """Give the report as one HTML document: no script, nothing fetched, every text escaped.

    Equal facts give equal text.
    """
    t = words(language)
    content = {
        "t": lambda key, **values: t(f"report.{key}", **values),
        "language": language,
        "facts": facts,
        "head": _head(facts, t),
        "gaps": [gap_text(gap, language) for gap in facts.shortfalls],
        "numbers": _numbers(facts, t),
        "short": _short(facts, t),
        "shares": _shares(facts.scores),
        "classes": _classes(facts.scores),
        "confusion": _confusion(facts.scores),
        "candidates": _candidates(facts, t),
        "doubts": [(doubt.column, doubt.kept, doubt.text(language)) for doubt in facts.doubts],
        "notices": [notice.text(language) for notice in facts.notices],
        "thresholds": [(name, percent(p)) for name, p in facts.costs.thresholds().items()],
        "called": _called(facts, language),
    }
    return render_page("yunque.solutions.orders", "report.html", content)


def _head(facts: OrdersFacts, t: Words) -> dict[str, str]:
    etl = facts.etl
    return {
        "title": t("report.title" if facts.asked == "next" else "report.title_given"),
        "kicker": t("report.kicker", model=facts.model),
        "state": t("report.promoted" if facts.promoted else "report.open"),
        "question": t(
            "report.question",
            rows=etl["rows_to_learn_from"],
            clients=etl["clients"],
            first=etl["first"][:10],
            last=etl["last"][:10],
            held=facts.scores.rows,
            split=t(f"report.split_{facts.split}"),
        ),
        "files": t(
            "report.files_lead",
            files=len(etl["files"]),
            rows=etl["rows_read"],
            rejected=etl["rows_rejected"],
            repeated=etl["rows_repeated"],
            kept=etl["rows_to_learn_from"],
        ),
        "inference": t(
            "report.inference_lead",
            samples=int(facts.inference["inference_samples"]),
            concurrent=int(facts.inference["concurrent"]),
            success=facts.inference["inference_success_rate"],
            avg=facts.inference["inference_avg_time_ms"],
            median=facts.inference["inference_median_time_ms"],
        ),
        "call": t(
            "report.call_lead",
            cost=facts.costs.call_cost,
            value=facts.costs.call_value,
            worth=facts.worth,
            clients=facts.clients,
            file=facts.call_file,
        ),
        "costs": t(
            "report.costs_lead",
            cheap=facts.scores.cost["least_cost"],
            plain=facts.scores.cost["most_probable"],
        ),
    }


def _numbers(facts: OrdersFacts, t: Words) -> list[tuple[str, str, str]]:
    metrics, constant = facts.scores.metrics, facts.constant
    found = [
        (number(metrics["log_loss"]), t("report.loss"), number(constant["log_loss"])),
        (percent(metrics["accuracy"]), t("report.accuracy"), percent(constant["accuracy"])),
        (number(metrics["ece"]), t("report.ece"), number(constant["ece"])),
    ]
    if facts.scores.lift is not None:
        found.append((f"{facts.scores.lift:.2f}", t("report.lift"), "1.00"))
    return [(value, name, t("report.against", value=plain)) for value, name, plain in found]


def _short(facts: OrdersFacts, t: Words) -> list[str]:
    metrics = facts.scores.metrics
    majority = max(facts.scores.true_shares, key=lambda name: facts.scores.true_shares[name])
    said = [t("report.alarm")] if facts.alarmed else []
    said += [
        t(
            "report.short_1" if metrics["ece"] <= CALIBRATED else "report.short_1_bad",
            share=0.6,
            ece=metrics["ece"],
        ),
        t(
            "report.short_2",
            accuracy=metrics["accuracy"],
            majority=majority,
            constant=facts.scores.true_shares[majority],
        ),
    ]
    if facts.scores.lift is not None:
        hit = facts.scores.lift * facts.scores.true_shares["DIGITAL"]
        said.append(t("report.short_3", hit=hit, lift=facts.scores.lift))
    if not facts.alarmed and facts.column:
        loss, ceiling = metrics["log_loss"], bayes_ceiling().log_loss
        key = "report.short_4" if loss <= ceiling + NEAR else "report.short_5"
        said.append(t(key, column=facts.column, ceiling=ceiling, loss=loss, single=facts.single))
    return said


def gap_text(gap: Shortfall, language: Language) -> str:
    """Say what a model falls short of in the reader's language; other gates speak for themselves."""
    t = words(language)
    if gap.found is None or gap.needed is None or gap.gate not in ("baseline", "requirement"):
        return gap.message
    target = gap.message.partition(" is not met")[0]
    return t(f"report.gap_{gap.gate}", target=target, found=gap.found, needed=gap.needed)


def _shares(scores: Scores) -> list[tuple[str, list[tuple[str, str, float]]]]:
    kinds = (
        ("truth", scores.true_shares),
        ("expected", scores.expected_shares),
        ("answered", scores.answered_shares),
        ("cheap", scores.answered_by_cost),
    )
    return [
        (name, [(kind, percent(shares[name]), 100 * shares[name]) for kind, shares in kinds])
        for name in scores.classes
    ]


def _classes(scores: Scores) -> list[tuple[str, list[str]]]:
    return [
        (name, [percent(parts["precision"]), percent(parts["recall"]), percent(parts["f1"]),
                count(int(parts["rows"]))])
        for name, parts in scores.per_class().items()
    ]  # fmt: skip


def _confusion(scores: Scores) -> list[tuple[str, list[tuple[str, str]]]]:
    lines = []
    for name, row in zip(scores.classes, scores.confusion.tolist(), strict=True):
        whole = max(1, sum(row))
        lines.append((name, [(count(cell), f"{cell / whole:.3f}") for cell in row]))
    return lines


def _candidates(facts: OrdersFacts, t: Words) -> list[dict[str, str]]:
    done = [row for row in facts.candidates if row["state"] == "done" and row["log_loss"] is not None]
    best_f1 = max(done, key=lambda row: row["f1_macro"], default=None)
    best_loss = min(done, key=lambda row: row["log_loss"], default=None)
    lines = []
    for row in facts.candidates:
        marks = [t("report.by_f1")] if row is best_f1 else []
        marks += [t("report.by_log_loss")] if row is best_loss else []
        marks += (
            [f"{t('report.chosen')} {row['weight_in_champion']:.2f}"] if row["weight_in_champion"] else []
        )
        lines.append(
            {
                "name": row["name"],
                "weights": t("report.balanced" if row["class_weights"] == "balanced" else "report.plain"),
                "log_loss": number(row["log_loss"]),
                "f1": number(row["f1_macro"]),
                "accuracy": number(row["accuracy"]),
                "ece": number(row["ece"]),
                "marks": " · ".join(marks) or row["reason"],
            }
        )
    return lines


def _called(facts: OrdersFacts, language: Language) -> list[tuple[str, str, str, str]]:
    if not facts.called.height:
        return []
    rows = facts.called.select(
        "cliente_id", "probabilidad_DIGITAL", "ganancia_esperada", REASONS[language]
    ).rows()
    return [(client, percent(p), f"{gain:.3f}", why) for client, p, gain, why in rows if p is not None]
