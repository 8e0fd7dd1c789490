"""R4's embedding function on LangChain."""

from typing import Any

from yunque.assistant.llm.provider import load

DEFAULT = "langchain_openai:OpenAIEmbeddings"


def create_embedding_function(
    model_name: str = "text-embedding-ada-002",
    *,
    base_url: str = "",
    api_key: str = "",
    factory: str = DEFAULT,
    timeout_seconds: float = 30.0,
) -> Any:
    """Give an object with `embed_documents` and `embed_query`; the key is OPENAI_API_KEY where none is given.

    Args:
        model_name: the provider's name of the model.
        base_url: of an OpenAI-compatible endpoint; it is sent texts, not tokens, which only OpenAI takes.
        api_key: "" to read it from the environment.
        factory: `module:Class` of a LangChain embeddings class.
        timeout_seconds: longest wait for an answer.

    Raises:
        UsageError: the class is not installed.
    """
    options: dict[str, Any] = {"model": model_name, "timeout": timeout_seconds, "max_retries": 0}
    if base_url:
        options |= {"base_url": base_url, "check_embedding_ctx_length": False}
    if api_key or base_url:
        options["api_key"] = api_key or "none"
    return load(factory)(**options)
