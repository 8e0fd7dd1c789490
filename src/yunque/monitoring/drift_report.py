"""The drift report: one HTML file that stands alone, in the style of the model's own."""

from typing import Any

from yunque.models.page import render_page
from yunque.models.report_facts import Language
from yunque.models.report_numbers import bounded, count, percent
from yunque.models.report_words import Words
from yunque.models.report_words import words as model_words
from yunque.monitoring.drift_charts import distribution_chart, strength_chart, together_chart
from yunque.monitoring.drift_facts import DriftFacts
from yunque.monitoring.drift_values import Drift, Moved
from yunque.monitoring.drift_words import OF_MODEL, findings, name_of, p_text, words
from yunque.monitoring.estimated import Estimate

MOST_DRAWN = 12
NAMED = 5


def render_drift(facts: DriftFacts, language: Language) -> str:
    """Give the report as one HTML document: no script, nothing fetched, every text escaped.

    Equal facts give equal text.
    """
    t, drift = words(language), facts.drift
    moved = [each for each in drift.columns if each.is_alarm]
    content = {
        "t": t,
        "facts": facts,
        "language": language,
        "made": t(
            "made",
            rows=count(drift.rows),
            source=facts.source,
            reference=count(drift.reference_rows),
            date=facts.date,
        ),
        "question": question(drift, t),
        "numbers": _numbers(facts, t),
        "strength": strength_chart(drift, t),
        "columns": [_row(each, t) for each in moved[:MOST_DRAWN]],
        "answers": [_row(each, t) for each in drift.answers],
        "together": _together(drift, t),
        "estimates": [_estimate(each, t) for each in facts.estimates],
        "how": _how(drift, t),
        "notes": notes(facts.drift, facts.rejected, t),
    }
    return render_page("yunque.monitoring", "drift.html", content)


def question(drift: Drift, t: Words) -> str:
    """Say in a sentence whether anything moved, and what."""
    if not drift.alarms:
        return t("question.quiet")
    names = [name_of(name, t) for name in drift.alarms]
    more = f" … (+{len(names) - NAMED})" if len(names) > NAMED else ""
    return t("question.moved", names=", ".join(names[:NAMED]) + more)


def notes(drift: Drift, rejected: int, t: Words) -> list[str]:
    """Say what could not be compared."""
    said = [t(f"note.{key}", **facts) for key, facts in drift.notes]
    return [*said, t("note.rejected", count=rejected)] if rejected else said


def _numbers(facts: DriftFacts, t: Words) -> list[tuple[str, str, str]]:
    drift = facts.drift
    moved = sum(each.is_alarm for each in drift.columns)
    found = [
        (count(moved), t("number.columns", count=len(drift.columns)), ""),
        (count(drift.rows), t("number.rows"), ""),
    ]
    score = next((each.effect("stability") for each in drift.answers), None)
    if score is not None:
        found.append((bounded(score), t("number.score"), ""))
    if drift.together is not None:
        found.append((f"{drift.together.verdict.effect:.3f}", t("number.together"), ""))
    for each in facts.estimates[:1]:
        name, _, before, _ = _estimate(each, t)
        found.append(
            (f"{each.value:.4f}", t("number.estimate", metric=name), t("number.before", value=before))
        )
    return found


def _row(moved: Moved, t: Words) -> dict[str, Any]:
    facts = moved.facts
    median = ""
    if "median_before" in facts and moved.kind in ("number", "integer"):
        before, now = (f"{facts[name]:.4g}" for name in ("median_before", "median_now"))
        median = t("median", before=before, now=now) if before != now else ""
    return {
        "name": name_of(moved.name, t),
        "importance": "" if moved.name in OF_MODEL else percent(moved.importance),
        "what": findings(moved, t),
        "median": median,
        "sure": t("sure", p=p_text(moved.verdicts)) if moved.is_alarm else "",
        "is_alarm": moved.is_alarm,
        "chart": distribution_chart(moved, t),
    }


def _together(drift: Drift, t: Words) -> dict[str, Any] | None:
    if drift.together is None:
        return None
    verdict = drift.together.verdict
    lead = t("lead.together", auc=f"{verdict.effect:.3f}", floor=f"{verdict.floor:.2f}")
    return {"lead": lead, "chart": together_chart(drift.together, t), "is_alarm": verdict.is_alarm}


def _estimate(each: Estimate, t: Words) -> tuple[str, str, str, str]:
    before = bounded(each.before) if each.before is not None else "–"
    fallen = t("fallen") if each.has_fallen else ""
    name = model_words(t.language).metric(each.metric)
    return name, f"{each.value:.4f} ± {2 * each.error:.4f}", before, fallen


def _how(drift: Drift, t: Words) -> list[str]:
    asked = sum(len(each.verdicts) for each in (*drift.columns, *drift.answers))
    values = {
        "questions": asked + (drift.together is not None),
        "columns": len(drift.columns),
        "alpha": percent(drift.alpha, 0),
        "reference": count(drift.reference_rows),
        "sample": count(drift.sample_rows),
    }
    return [t(f"how.{key}", **values) for key in ("asked", "floors", "reference")]
