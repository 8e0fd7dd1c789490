"""Let a language model name the intent of a question that patterns did not read; its word is checked."""

import json
from typing import Annotated

import msgspec

from yunque.assistant.lexicon import Lexicon
from yunque.assistant.llm.call import Call, Caller
from yunque.assistant.llm.prompts import INTENT_SYSTEM

Words = Annotated[str, msgspec.Meta(max_length=200)]


class Named(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What the model names: an intent, and words of the question that are names."""

    intent: Words
    article: Words | None = None
    category: Words | None = None
    supplier: Words | None = None


def read_intent(caller: Caller, question: str, lexicon: Lexicon, seconds: float) -> tuple[Named | None, Call]:
    """Give the intent that the model names, or None when it is late, wrong JSON, or no intent of ours."""
    intents = "\n".join(
        f"{one.name}: {one.examples.get('es', '')} / {one.examples.get('en', '')}" for one in lexicon.intents
    )
    call = caller.call("intent", INTENT_SYSTEM + intents, json.dumps({"question": question}), seconds)
    if call.outcome != "answered":
        return None, call
    start, end = call.text.find("{"), call.text.rfind("}")
    try:
        named = msgspec.json.decode(call.text[start : end + 1].encode() or b"null", type=Named)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeEncodeError):
        return None, call
    return (named if lexicon.intent(named.intent) else None), call
