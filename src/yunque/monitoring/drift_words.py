"""The words of a drift report in one language, and how a measurement is told with them."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from yunque.models.report_facts import Language
from yunque.models.report_numbers import bounded, percent
from yunque.models.report_words import Words
from yunque.monitoring.drift_values import Moved, Verdict
from yunque.monitoring.online import ANSWER, SCORE

OF_MODEL = {SCORE: "score", ANSWER: "answer", "(together)": "finding.together"}


@cache
def words(language: Language) -> Words:
    """Read the catalogue of a language."""
    source = files("yunque.monitoring").joinpath("templates", f"words.{language}.yaml")
    texts: dict[str, str] = {}
    for key, node in yaml.safe_load(source.read_text(encoding="utf-8")).items():
        texts |= (
            {f"{key}.{name}": text for name, text in node.items()} if isinstance(node, dict) else {key: node}
        )
    return Words(language, texts)


def name_of(name: str, t: Words) -> str:
    """Name a column, or an answer of the model."""
    return t(OF_MODEL[name]) if name in OF_MODEL else name


def finding(moved: Moved, verdict: Verdict, t: Words) -> str:
    """Say what one verdict found."""
    return t(f"finding.{verdict.question}", **_facts(moved, verdict))


def _facts(moved: Moved, verdict: Verdict) -> dict[str, Any]:
    is_share = verdict.question in ("missing", "unseen")
    show = percent if is_share else bounded
    return {
        "effect": show(verdict.effect),
        "floor": show(verdict.floor),
        "before": percent(moved.facts.get("missing_before")),
        "now": percent(moved.facts.get("missing_now")),
        "levels": ", ".join(map(str, moved.facts.get("unseen", ()))),
    }


def findings(moved: Moved, t: Words) -> list[str]:
    """Say every alarm of a column."""
    return [finding(moved, verdict, t) for verdict in moved.verdicts if verdict.is_alarm]


def p_text(verdicts: tuple[Verdict, ...]) -> str:
    """Give the smallest corrected p-value of the alarms."""
    least = min((verdict.corrected for verdict in verdicts if verdict.is_alarm), default=1.0)
    return "< 0.0001" if least < 1e-4 else f"= {least:.4f}"
