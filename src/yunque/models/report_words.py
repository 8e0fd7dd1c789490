"""The words of a report in one language, from its catalogue in `templates`."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from yunque.learning.leaderboard import Baseline
from yunque.learning.task import TaskKind
from yunque.models.report_facts import Language


class Words:
    """A catalogue: dotted keys to text with named places."""

    def __init__(self, language: Language, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, key: str, **values: Any) -> str:
        """Give a text with its places filled; a key that is not there is a mistake of ours."""
        return self._texts[key].format(**values)

    def __contains__(self, key: str) -> bool:
        """Tell whether there is such a text."""
        return key in self._texts

    def metric(self, name: str, kind: TaskKind | None = None) -> str:
        """Name a metric as people do; one class's stands in brackets, and of many classes it is a mean."""
        base, bracket, label = name.partition("[")
        if kind is TaskKind.MULTICLASS and f"metric.{base}_macro" in self and not bracket:
            base = f"{base}_macro"
        return self._texts.get(f"metric.{base}", base.replace("_", " ")) + (bracket and f" {bracket}{label}")

    def baseline(self, baseline: Baseline) -> str:
        """Name a baseline, with its column."""
        if baseline.column is None:
            return self(f"baseline.{baseline.name}")
        return self("baseline.single_column_of", column=shortened(baseline.column))

    def state(self, name: str) -> str:
        """Name the state of a candidate."""
        return self(f"state.{name}")


def shortened(text: str, most: int = 40) -> str:
    """Cut a long name, saying that it goes on."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


@cache
def words(language: Language) -> Words:
    """Read the catalogue of a language."""
    source = files("yunque.models").joinpath("templates", f"words.{language}.yaml")
    return Words(language, dict(_flat("", yaml.safe_load(source.read_text(encoding="utf-8")))))


def _flat(prefix: str, node: Any) -> list[tuple[str, str]]:
    if not isinstance(node, dict):
        return [(prefix, str(node))]
    return [
        pair for key, value in node.items() for pair in _flat(f"{prefix}.{key}" if prefix else key, value)
    ]
