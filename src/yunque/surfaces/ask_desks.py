"""Build what questions need from the platform: companies' desks, and a language model where one is named."""

from yunque.assistant.llm.call import Caller
from yunque.assistant.llm.provider import DEFAULT, Provider
from yunque.services.ask import AskDesks
from yunque.services.ask_words import Wording
from yunque.settings import Settings
from yunque.surfaces.bootstrap import Platform
from yunque.surfaces.demand_house import demand_house


def ask_desks(platform: Platform) -> AskDesks:
    """Give what questions are answered from.

    Raises:
        UsageError: a language model is named whose library is not installed.
    """
    return AskDesks(house=demand_house(platform), wording=wording(platform.settings))


def wording(settings: Settings) -> Wording | None:
    """Give what a language model may do; None where none is named."""
    if not settings.llm_model:
        return None
    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else ""
    provider = Provider(
        model=settings.llm_model,
        base_url=settings.llm_base_url,
        api_key=key,
        factory=settings.llm_factory or DEFAULT,
        seconds=settings.llm_seconds,
        price_in=settings.llm_price_in,
        price_out=settings.llm_price_out,
    )
    return Wording(caller=Caller(provider=provider), rewords=settings.llm_rewords)
