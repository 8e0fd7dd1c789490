"""Why: each rule's sentence with the row's own numbers, for people."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from string import Formatter
from typing import Any

from yunque.solutions.aml.law.evaluate import rules
from yunque.solutions.aml.law.rule import Rule
from yunque.solutions.aml.money import plain, spoken

CENTS = "_c"
# what a state means where it is the whole reason
STATES: dict[str | None, str] = {
    "sin_mapeo": "El sector o la fracción no corresponde a ningún supuesto cargado del Art. 17.",
    "regimen_no_cargado": "Es una entidad financiera (Art. 14 y 15): su régimen propio no está cargado.",
    "informacion_insuficiente": "Falta el inciso del Art. 17: sin él no se sabe qué umbral aplica.",
    "uma_no_disponible": "No hay valor de la UMA cargado para esa fecha; no se extrapola.",
    "sin_regla_para_la_fecha": "El supuesto no existía, o no está cargado, en esa fecha.",
    "revision_profesional": "No hay umbral publicado para este supuesto: decide una persona profesional.",
}
NO_STATE = "El límite de efectivo del Art. 32 no está cargado para esa fecha."


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


@cache
def fields(text: str) -> tuple[str, ...]:
    """Give the columns that a sentence names."""
    return tuple(name for _, name, _, _ in Formatter().parse(text) if name)


def columns_read() -> frozenset[str]:
    """Give every prepared column that some reason or result shows."""
    shown = {name for rule in rules() for name in rule.numbers}
    return frozenset(shown.union(*(fields(rule.reason) for rule in rules())))


def reason(rule: Rule, row: Mapping[str, Any]) -> dict[str, Any]:
    """Give one rule's reason for one row: code, sentence and the numbers compared."""
    names = fields(rule.reason)
    if rule.reason_without and any(row[name] is None for name in names):
        text = (
            STATES.get(row["estado"], NO_STATE) if rule.reason_without == "{estado}" else rule.reason_without
        )
    else:
        text = (
            rule.reason.format_map({name: spell(name, row[name]) for name in names}) if names else rule.reason
        )
    shown = {key_of(name): exactly(name, row[name]) for name in rule.numbers if row[name] is not None}
    return {"origen": "regla", "codigo": rule.cited, "texto": text, "valores": shown}


def key_of(name: str) -> str:
    """Name a number in a result: money loses the suffix that says centavos."""
    return name.removesuffix(CENTS) if name.endswith(CENTS) else name
