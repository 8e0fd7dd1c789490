"""What a language model may do for an answer: name a missed intent, and reword; all of it checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from yunque.assistant.fold import fold
from yunque.assistant.llm.call import Call, Caller
from yunque.assistant.llm.intent_reader import Named, read_intent
from yunque.assistant.llm.reword import reword
from yunque.assistant.locked import foreign_numbers, known
from yunque.errors import UsageError
from yunque.solutions.demand.questions.answer import Answer
from yunque.solutions.demand.questions.desk import Desk
from yunque.solutions.demand.questions.understand import Understood, understand_as

ASKED_ABOUT = frozenset({"unclear", "unnamed", "unknown_name"})  # refusals that a model may look at


@dataclass(frozen=True, kw_only=True)
class Wording:
    """A language model for answers.

    Attributes:
        caller: of the model.
        rewords: whether answers are reworded too.
    """

    caller: Caller
    rewords: bool = True

    @property
    def seconds(self) -> float:
        """Time that one answer may take more than its template."""
        return self.caller.provider.seconds

    def understand(
        self, desk: Desk, refused: Understood, today: date
    ) -> "tuple[Understood | None, Call | None]":
        """Let the model name the intent; slots are filled and checked here, from the question itself."""
        if refused.refusal not in ASKED_ABOUT:
            return None, None
        named, call = read_intent(self.caller, refused.question, desk.reader.lexicon, self.seconds)
        if named is None:
            return None, call
        try:
            found = understand_as(desk.reader, refused.question, today, named.intent, names_of(desk, named))
        except UsageError:
            return None, call
        return (found if found.query is not None else None), call


def names_of(desk: Desk, named: Named) -> dict[str, str]:
    """Give the catalogue's keys of what the model calls by name; what is not clear is left out."""
    found = {}
    for kind in ("article", "category", "supplier"):
        words = getattr(named, kind)
        mentions = desk.reader.catalogue.find(fold(words)) if words else []
        keys = [one.keys for one in mentions if one.kind == kind]
        if keys and len(keys[0]) == 1:
            found[kind] = keys[0][0]
    return found


@dataclass(kw_only=True)
class Told:
    """What was tried for one answer: the calls, in order."""

    calls: list[Call] = field(default_factory=list)

    @property
    def notes(self) -> Mapping[str, Any]:
        """Give the record of the calls; {} without any."""
        return {"llamadas": [call.note() for call in self.calls]} if self.calls else {}


def reworded(wording: Wording | None, found: Answer, told: Told) -> str:
    """Give the child's explanation, reworded where the model keeps every number; else the template's."""
    if wording is None or not wording.rewords or found.is_refusal or found.found is None:
        return found.child
    left = wording.seconds - sum(call.seconds for call in told.calls)
    names = texts_of(found.facts)
    text, call = reword(wording.caller, found.child, names, left)
    held = text is not None and not foreign_numbers(text, known(found.facts))
    told.calls.append(call if held or call.outcome != "answered" else replace(call, outcome="refused"))
    return text if held and text is not None else found.child


def texts_of(value: Any) -> list[str]:
    """Give every text of nested facts: names of articles, suppliers, categories."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for one in value.values() for text in texts_of(one)]
    if isinstance(value, (list, tuple)):
        return [text for one in value for text in texts_of(one)]
    return []
