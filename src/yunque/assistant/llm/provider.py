"""Build the language model that is named: OpenAI, what speaks its protocol, or another class."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from yunque.errors import UsageError

DEFAULT = "langchain_openai:ChatOpenAI"


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Which model, where, and what it costs.

    Attributes:
        model: its name, as the provider has it.
        base_url: of an OpenAI-compatible endpoint; "" for the provider's own.
        api_key: "" where none is needed.
        factory: `module:Class` of a LangChain chat model.
        temperature: of sampling.
        seconds: that all calls for one answer may take together.
        price_in, price_out: money for a million tokens, read and written; 0 where unknown.
    """

    model: str
    base_url: str = ""
    api_key: str = ""
    factory: str = DEFAULT
    temperature: float = 0.0
    seconds: float = 1.8
    price_in: float = 0.0
    price_out: float = 0.0

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """Give what a call cost."""
        return (tokens_in * self.price_in + tokens_out * self.price_out) / 1e6


def make_model(provider: Provider) -> Any:
    """Build the chat model; it makes no call and tries nothing twice.

    Raises:
        UsageError: its library is not installed, or the factory is no `module:Class`.
    """
    options: dict[str, Any] = {
        "model": provider.model,
        "temperature": provider.temperature,
        "timeout": provider.seconds,
        "max_retries": 0,
    }
    if provider.base_url:
        options["base_url"] = provider.base_url
    if provider.api_key or provider.base_url:
        options["api_key"] = provider.api_key or "none"
    return load(provider.factory)(**options)


def load(factory: str) -> Callable[..., Any]:
    """Give a class by `module:Class`.

    Raises:
        UsageError: there is none; names the extra that brings it.
    """
    module, _, name = factory.partition(":")
    try:
        found: Callable[..., Any] = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"The language model's class {factory[:80]!r} is not there.",
            hint='Install yunque with the extra "llm", or correct YUNQUE_LLM_FACTORY.',
        ) from error
    return found
