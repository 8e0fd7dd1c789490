"""What a person must know of the files: one thing noticed, in English or Spanish."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from yunque.models.report_words import Words

Language = Literal["en", "es"]


@cache
def words(language: Language) -> Words:
    """Read the texts of a language: those of notices, of reasons and of the report."""
    source = files("yunque.solutions.orders").joinpath("templates", f"words.{language}.yaml")
    document = yaml.safe_load(source.read_text(encoding="utf-8"))
    return Words(
        language, {f"{part}.{key}": text for part, texts in document.items() for key, text in texts.items()}
    )


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One thing noticed: a code, and the facts that its text names.

    Attributes:
        code: names the text in `templates/words.*.yaml`.
        facts: file, column, count and whatever else the text says.
    """

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def text(self, language: Language) -> str:
        """Say it."""
        return words(language)(f"notice.{self.code}", **self.facts)

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON values, with both texts."""
        return {"code": self.code, "facts": dict(self.facts), "en": self.text("en"), "es": self.text("es")}


def some(values: list[str], most: int = 5) -> str:
    """List a few values, and how many more there are."""
    shown = ", ".join(values[:most])
    return shown if len(values) <= most else f"{shown} … (+{len(values) - most})"
