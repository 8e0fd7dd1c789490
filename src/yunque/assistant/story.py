"""Texts from templates: placeholders with kinds, optional parts, and the check that every number is locked.

A template is a text with `{name:kind}`; kinds are those of `amounts.Style` (units, money, share, day,
month), `count`, `days` and `text`, and `n:singular:plural` for a counted noun. `[...]` is left out when
something in it is None or missing.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from yunque.assistant.amounts import Language, Style
from yunque.assistant.locked import foreign_numbers, known

LOG = logging.getLogger("yunque.assistant")
_PLACE = re.compile(r"\{(\w+)(?::([^{}]*))?\}")
_OPTION = re.compile(r"\[([^\[\]]*)\]")
Facts = Mapping[str, Any]
Level = str  # "child" or "accountant"


@dataclass(frozen=True, kw_only=True)
class Story:
    """What is to be told.

    Attributes:
        key: of the templates.
        facts: values of head and tail.
        rows: values of one line each.
        left: how many further rows are not told.
    """

    key: str
    facts: Facts
    rows: Sequence[Facts] = field(default=())
    left: int = 0


@dataclass(frozen=True, kw_only=True)
class Templates:
    """Templates by key, language and part: head, row, tail, and the same for an accountant (`head_a`)."""

    texts: Mapping[str, Mapping[str, Mapping[str, str]]]

    def part(self, key: str, language: Language, part: str, level: Level) -> str:
        """Give a part of a template; an accountant's part where there is one."""
        texts = self.texts[key][language]
        plain = texts.get(part, "")
        return texts.get(f"{part}_a", plain) if level == "accountant" else plain


def render(template: str, facts: Facts, style: Style) -> str:
    """Fill a template.

    Raises:
        KeyError: a fact outside an option is missing; the template is ours, so a test finds it.
    """
    text = template
    while True:
        opened = _OPTION.sub(lambda match: match[1] if _is_full(match[1], facts) else "", text)
        if opened == text:
            break
        text = opened
    return re.sub(
        r"  +", " ", _PLACE.sub(lambda match: _written(facts[match[1]], match[2] or "text", style), text)
    )


def _is_full(part: str, facts: Facts) -> bool:
    return all(facts.get(name) is not None for name, _ in _PLACE.findall(part))


def _written(value: Any, kind: str, style: Style) -> str:
    if kind.startswith("n:"):
        _, one, many = kind.split(":")
        return f"{style.number(value)} {one if value == 1 else many}"
    if kind in {"count", "days"}:
        return style.number(value)
    return str(value) if kind == "text" else str(getattr(style, kind)(value))


def tell(story: Story, templates: Templates, style: Style, level: Level) -> str:
    """Tell a story; a text with a number that its data lack is never given out.

    What cannot be told with locked numbers is logged and told without numbers.
    """
    parts = [render(templates.part(story.key, style.language, "head", level), story.facts, style)]
    row = templates.part(story.key, style.language, "row", level)
    parts += [render(row, facts, style) for facts in story.rows if row]
    tail = templates.part(story.key, style.language, "tail", level)
    facts = {**story.facts, "left": story.left or None}
    more = templates.part("more", style.language, "head", level)
    parts += [render(more, facts, style) if story.left and row else "", render(tail, facts, style)]
    text = "\n".join(part.strip() for part in parts if part.strip())
    text = text[:1].upper() + text[1:]
    foreign = foreign_numbers(text, known(story.facts, story.rows, story.left))
    if not foreign:
        return text
    LOG.error("the text of %s holds numbers that its data lack: %s", story.key, ", ".join(foreign[:5]))
    return render(templates.part("withheld", style.language, "head", level), {}, style)
