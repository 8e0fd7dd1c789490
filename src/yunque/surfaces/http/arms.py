"""Who answers where a canary runs: a key always the same version; what that fails, the champion answers."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from yunque.errors import YunqueError
from yunque.services.score import OpenModel, OpenTrial
from yunque.services.trials import is_chosen
from yunque.surfaces.http.answering import Answered, Answerer
from yunque.surfaces.http.problem import ProblemError

logger = logging.getLogger("yunque.http")

STICKY_KEY = b"x-sticky-key"

Ask = Callable[[Answerer, bytes], Answered]


class Given(NamedTuple):
    """An answer where a canary runs.

    Attributes:
        model: what gave it.
        answered: the answer.
        is_tried: the canary gave it.
        seconds: that it took.
        failure: why the canary could not answer, though it was its turn; "" when it was not, or did.
    """

    model: OpenModel
    answered: Answered
    is_tried: bool
    seconds: float
    failure: str = ""


class Canary(NamedTuple):
    """A canary and the champion beside it, both ready to answer."""

    trial: OpenTrial
    champion: Answerer
    tried: Answerer

    def answer(self, ask: Ask, body: bytes, headers: Mapping[bytes, bytes]) -> Given:
        """Answer a request: its key is the header `X-Sticky-Key`, or the body when there is none.

        Raises:
            ProblemError: the champion refuses the request as well: it is at fault, not the canary.
        """
        failure = ""
        started = time.perf_counter()
        if is_chosen(self.trial.trial, headers.get(STICKY_KEY) or body):
            try:
                answered = ask(self.tried, body)
            except ProblemError as error:
                failure = error.problem.detail
            except YunqueError as error:
                failure = error.message
            except Exception as error:  # the surface: whatever a canary trips over, its client gets an answer
                logger.exception("The canary %s failed.", self.trial.trial.label)
                failure = type(error).__name__
            else:
                return Given(self.tried.model, answered, True, time.perf_counter() - started)
        started = time.perf_counter()
        answered = ask(self.champion, body)
        return Given(self.champion.model, answered, False, time.perf_counter() - started, failure)
