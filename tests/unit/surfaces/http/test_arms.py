"""Where a canary runs, its clients always get an answer, and errors are counted against the one at fault."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from yunque.errors import ModelError
from yunque.surfaces.http.answering import Answered, Answerer
from yunque.surfaces.http.arms import Canary
from yunque.surfaces.http.problem import Problem, ProblemError
from yunque.surfaces.http.watch import Watch


def setting(share: float = 1.0) -> Canary:
    trial = SimpleNamespace(id=5, name="m", label="m@2", details={"share": share})
    sides = [SimpleNamespace(model=SimpleNamespace(name="m", version=n)) for n in (1, 2)]
    return Canary(cast(Any, SimpleNamespace(trial=trial)), cast(Answerer, sides[0]), cast(Answerer, sides[1]))


def ask_failing(failing: set[int], error: Exception) -> Any:
    def ask(answerer: Answerer, _: bytes) -> Answered:
        if answerer.model.version in failing:
            raise error
        return Answered(str(answerer.model.version).encode(), (), ())

    return ask


REFUSAL = ProblemError(Problem(status=422, code="contract", detail="a field is missing"))


@pytest.mark.parametrize("error", [REFUSAL, ModelError("broken"), ZeroDivisionError("?")])
def test_what_the_canary_fails_the_champion_answers(error: Exception) -> None:
    canary, watch = setting(), Watch()
    given = canary.answer(ask_failing({2}, error), b"x", {})
    assert (given.answered.content, given.is_tried, bool(given.failure)) == (b"1", False, True)
    watch.note_canary(canary.trial, given)
    counts = watch.book.of(5)
    assert (counts.tried.errors, counts.tried.answers, counts.champion.answers) == (1, 0, 1)


def test_what_both_refuse_is_the_clients_error() -> None:
    with pytest.raises(ProblemError):
        setting().answer(ask_failing({1, 2}, REFUSAL), b"x", {})


def test_the_key_decides_and_the_body_where_there_is_none() -> None:
    canary, ask = setting(0.5), ask_failing(set(), REFUSAL)
    for number in range(50):
        headers = {b"x-sticky-key": b"%d" % number}
        assert len({canary.answer(ask, b"%d" % body, headers).is_tried for body in range(5)}) == 1
    by_body = {canary.answer(ask, b"%d" % body, {}).is_tried for body in range(50)}
    assert by_body == {True, False}
