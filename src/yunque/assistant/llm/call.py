"""Call a language model within a time, count what it cost, and take no for an answer."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, Queue
from typing import Any, Literal

from yunque.assistant.llm.provider import Provider, make_model

LOG = logging.getLogger("yunque.llm")
MOST_AT_ONCE = 8
Outcome = Literal["answered", "late", "failed", "busy", "refused"]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call: what for, how it ended, its tokens and money, and the text, "" without one."""

    purpose: str
    outcome: Outcome
    text: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    seconds: float = 0.0

    def note(self) -> dict[str, Any]:
        """Give the record of the call, without its text."""
        return {
            "para": self.purpose,
            "resultado": self.outcome,
            "tokens_entrada": self.tokens_in,
            "tokens_salida": self.tokens_out,
            "costo": self.cost,
        }


@dataclass(kw_only=True)
class Caller:
    """Calls one model; no call outlives its time in the eyes of who asked.

    Attributes:
        provider: which model.
        model: the LangChain chat model; built of the provider when None.
    """

    provider: Provider
    model: Any = None
    _free: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(MOST_AT_ONCE)
    )

    def __post_init__(self) -> None:
        """Build the model, so that no answer waits for its library."""
        if self.model is None:
            self.model = make_model(self.provider)

    def call(self, purpose: str, system: str, human: str, seconds: float) -> Call:
        """Ask the model once.

        A call that is late goes on in the background until its connection ends; its answer is thrown away.
        """
        began = time.monotonic()
        if seconds <= 0.05 or not self._free.acquire(blocking=False):
            return self._told(Call(purpose=purpose, outcome="busy"))
        answers: Queue[Any] = Queue(maxsize=1)
        work = lambda: self._invoke([("system", system), ("human", human)])  # noqa: E731
        threading.Thread(target=_answer_into, args=(answers, work, self._free), daemon=True).start()
        try:
            message = answers.get(timeout=seconds)
        except Empty:
            return self._told(Call(purpose=purpose, outcome="late", seconds=time.monotonic() - began))
        taken = time.monotonic() - began
        if message is None:
            return self._told(Call(purpose=purpose, outcome="failed", seconds=taken))
        return self._told(self._counted(purpose, message, taken))

    def _invoke(self, messages: list[tuple[str, str]]) -> Any:
        return self.model.invoke(messages)

    def _counted(self, purpose: str, message: Any, seconds: float) -> Call:
        usage = getattr(message, "usage_metadata", None) or {}
        tokens_in, tokens_out = int(usage.get("input_tokens", 0)), int(usage.get("output_tokens", 0))
        content = getattr(message, "content", "")
        return Call(
            purpose=purpose,
            outcome="answered",
            text=content if isinstance(content, str) else "",
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost=self.provider.cost(tokens_in, tokens_out),
            seconds=seconds,
        )

    def _told(self, call: Call) -> Call:
        LOG.info(
            "language model %s: %s %s, %d tokens in, %d out, cost %.6f, %.2f s",
            self.provider.model,
            call.purpose,
            call.outcome,
            call.tokens_in,
            call.tokens_out,
            call.cost,
            call.seconds,
        )
        return call


def _answer_into(answers: "Queue[Any]", work: Callable[[], Any], free: threading.BoundedSemaphore) -> None:
    """Do the work and hand over what comes out, None when it failed: a provider may raise anything at all."""
    try:
        answers.put(work())
    except Exception as error:  # noqa: BLE001 - the border of a foreign library, in its own thread
        LOG.warning("the language model failed: %s", type(error).__name__)
        answers.put(None)
    finally:
        free.release()
