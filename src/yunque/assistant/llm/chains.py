"""R4's analysis chain on LangChain: data in, a checked `AnalysisResult` out."""

from typing import Any

from pydantic import BaseModel, Field

from yunque.assistant.llm.prompts import ANALYSIS_HUMAN, ANALYSIS_SYSTEM
from yunque.assistant.llm.provider import Provider, load, make_model
from yunque.assistant.locked import foreign_numbers, known
from yunque.assistant.number_words import with_figures
from yunque.assistant.numbers import find_numbers
from yunque.errors import ModelError


class AnalysisResult(BaseModel):
    """Structured output of an analysis (R4)."""

    summary: str = Field(description="Brief summary of the analysis")
    key_points: list[str] = Field(description="Key findings")
    confidence: float = Field(ge=0, le=1, description="Confidence between 0 and 1")
    recommendations: list[str] | None = Field(default=None, description="What to do next")


def create_analysis_chain(
    model_name: str = "gpt-4", temperature: float = 0, *, provider: Provider | None = None
) -> Any:
    """Give a LangChain runnable that takes `domain` and `data` and gives an `AnalysisResult`.

    The key is read from OPENAI_API_KEY by the provider's library where none is given.

    Args:
        model_name: the provider's name of the model.
        temperature: of sampling.
        provider: where the model is; OpenAI when None.

    Raises:
        UsageError: LangChain is not installed.

    The runnable raises:
        ModelError: the result holds numbers that the data lack.
        langchain_core.exceptions.OutputParserException: the model's answer is not of that shape.
    """
    at = provider or Provider(model=model_name, temperature=temperature, seconds=30.0)
    parser = load("langchain_core.output_parsers:PydanticOutputParser")(pydantic_object=AnalysisResult)
    prompt = load("langchain_core.prompts:ChatPromptTemplate").from_messages(  # type: ignore[attr-defined]
        [("system", ANALYSIS_SYSTEM), ("human", ANALYSIS_HUMAN)]
    )
    told = prompt.partial(format_instructions=parser.get_format_instructions())
    passed = load("langchain_core.runnables:RunnablePassthrough")
    check = load("langchain_core.runnables:RunnableLambda")(_checked)
    return passed.assign(result=told | make_model(at) | parser) | check  # type: ignore[attr-defined]


def _checked(state: dict[str, Any]) -> AnalysisResult:
    result: AnalysisResult = state["result"]
    data = state["data"]
    held = known(
        data if not isinstance(data, str) else [one.value for one in find_numbers(with_figures(data.lower()))]
    )
    texts = [result.summary, *result.key_points, *(result.recommendations or ())]
    foreign = [number for text in texts for number in foreign_numbers(text, held)]
    if foreign:
        raise ModelError(
            f"The analysis holds numbers that the data lack: {', '.join(foreign[:5])}.",
            hint="Ask again, or use the template answer.",
        )
    return result
