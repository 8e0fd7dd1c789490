"""What changed between two versions of a table, in words, in English and Spanish."""

from collections.abc import Mapping
from typing import Literal

from yunque.data.compare import ColumnChange, TableChange

Language = Literal["en", "es"]
MOST_LINES = 40
WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "same": "The two versions hold the same rows and columns.",
        "rows": "{before:,} rows before, {after:,} after.",
        "kept": "{kept:,} rows are in both, {added:,} are new, {removed:,} are gone.",
        "uncounted": "Rows cannot be matched: {names} changed type.",
        "added": "New columns: {names}.",
        "removed": "Columns that are gone: {names}.",
        "kind": "{name}: it was {before} and is {after} now.",
        "missing": "{name}: {before:.1%} was missing, {after:.1%} is missing now.",
        "moved": "{name}: its values are spread otherwise (stability index {stability:.3f}); {middle}.",
        "median": "the median was {before} and is {after}",
        "level": "the most frequent was {before} and is {after}",
        "new": "{name}: new values: {names}.",
        "lost": "{name}: values that are gone: {names}.",
        "still": "No column's values are spread otherwise beyond chance.",
    },
    "es": {
        "same": "Las dos versiones tienen las mismas filas y columnas.",
        "rows": "{before:,} filas antes, {after:,} después.",
        "kept": "{kept:,} filas están en ambas, {added:,} son nuevas, {removed:,} ya no están.",
        "uncounted": "Las filas no se pueden emparejar: {names} cambió de tipo.",
        "added": "Columnas nuevas: {names}.",
        "removed": "Columnas que ya no están: {names}.",
        "kind": "{name}: era {before} y ahora es {after}.",
        "missing": "{name}: faltaba el {before:.1%}, ahora falta el {after:.1%}.",
        "moved": "{name}: sus valores se reparten de otra manera (índice de estabilidad {stability:.3f}); "
        "{middle}.",
        "median": "la mediana era {before} y es {after}",
        "level": "el más frecuente era {before} y es {after}",
        "new": "{name}: valores nuevos: {names}.",
        "lost": "{name}: valores que ya no están: {names}.",
        "still": "Ninguna columna reparte sus valores de otra manera más allá del azar.",
    },
}
NOTICEABLE = 0.01  # change of the share of missing cells


def lines(change: TableChange, language: Language) -> list[str]:
    """Say what changed, what matters most first; at most 40 lines."""
    words = WORDS[language]
    if change.is_same:
        return [words["same"]]
    told = [words["rows"].format(before=change.rows_before, after=change.rows_after)]
    if change.rows_kept is not None:
        told.append(
            words["kept"].format(kept=change.rows_kept, added=change.rows_added, removed=change.rows_removed)
        )
    for key, names in (
        ("added", change.columns_added),
        ("removed", change.columns_removed),
        ("uncounted", change.kinds_changed),
    ):
        if names:
            told.append(words[key].format(names=_names(names)))
    for column in change.columns:
        told += _column_lines(column, words)
    if not any(column.moved for column in change.columns):
        told.append(words["still"])
    return told[:MOST_LINES]


def _column_lines(column: ColumnChange, words: Mapping[str, str]) -> list[str]:
    told = []
    if column.kind_before != column.kind_after:
        told.append(
            words["kind"].format(name=column.name, before=column.kind_before, after=column.kind_after)
        )
    if column.moved:
        key = "median" if column.distance is not None else "level"
        middle = words[key].format(before=column.middle_before, after=column.middle_after)
        told.append(words["moved"].format(name=column.name, stability=column.stability, middle=middle))
    if abs(column.missing_after - column.missing_before) > NOTICEABLE:
        told.append(
            words["missing"].format(
                name=column.name, before=column.missing_before, after=column.missing_after
            )
        )
    for key, names in (("new", column.new_levels), ("lost", column.lost_levels)):
        if names:
            told.append(words[key].format(name=column.name, names=_names(names)))
    return told


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(name[:60] for name in names[:10])
