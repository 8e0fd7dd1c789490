"""Why: each rule's sentence with the row's own numbers, for people."""

from collections.abc import Mapping
from datetime import date
from string import Formatter
from typing import Any

from yunque.solutions.aml.law.evaluate import rules
from yunque.solutions.aml.law.rule import Rule
from yunque.solutions.aml.money import plain, spoken

CENTS = "_c"
UNITS = ("uma_c", "acto_uma_c")  # the UMA itself, in centavos


def spell(name: str, value: Any) -> str:
    """Write a number of a result for people: pesos, UMA with four decimals, dates."""
    if value is None:
        return ""
    if name.endswith(CENTS):
        return spoken(value)
    if isinstance(value, float):
        return f"{value:,.4f}"
    if isinstance(value, bool | str):
        return str(value)
    return value.isoformat() if isinstance(value, date) else f"{value:,}"


def exactly(name: str, value: Any) -> Any:
    """Write a number of a result for machines: money as text with two decimals, the rest as it is."""
    if value is None or isinstance(value, str | bool):
        return value
    if name.endswith(CENTS):
        return plain(value)
    if isinstance(value, float):
        return f"{value:.4f}"
    return value.isoformat() if isinstance(value, date) else value


def by_id() -> dict[str, Rule]:
    """Give the rules by what results cite."""
    return {rule.cited: rule for rule in rules()}


def columns_read() -> frozenset[str]:
    """Give every prepared column that some reason or result shows."""
    names = {name for rule in rules() for name in rule.numbers}
    return frozenset(
        names | {field for rule in rules() for _, field, _, _ in Formatter().parse(rule.reason) if field}
    )


def reason(rule: Rule, row: Mapping[str, Any]) -> dict[str, Any]:
    """Give one rule's reason for one row: code, sentence and the numbers compared."""
    fields = [field for _, field, _, _ in Formatter().parse(rule.reason) if field]
    text = (
        rule.reason.format_map({name: spell(name, row[name]) for name in fields}) if fields else rule.reason
    )
    shown = {key_of(name): exactly(name, row[name]) for name in rule.numbers if row[name] is not None}
    return {"origen": "regla", "codigo": rule.cited, "texto": " ".join(text.split()), "valores": shown}


def key_of(name: str) -> str:
    """Name a number in a result: money loses the suffix that says centavos."""
    return name.removesuffix(CENTS) if name.endswith(CENTS) else name
