"""Budgets as people write them, and the timetable made of one."""

import pytest

from yunque.errors import UsageError
from yunque.learning.budget import Budget, parse_budget
from yunque.learning.ledger import open_ledger


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60s", 60),
        ("5m", 300),
        ("1.5h", 5400),
        ("90", 90),
        (20, 20),
        (0.5, 0.5),
        ("small", 60),
        ("Medium", 300),
        (" large ", 1800),
        ("2 min", 120),
    ],
)
def test_a_budget_is_read(text: str | float, seconds: float) -> None:
    assert parse_budget(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "soon", "-5", "0", "5 days", 0, -1.0, float("inf"), float("nan"), "1e400s"]
)
def test_nonsense_is_refused_with_a_hint(text: str | float) -> None:
    with pytest.raises(UsageError) as caught:
        parse_budget(text)
    assert caught.value.hint


def test_a_budget_must_be_positive() -> None:
    with pytest.raises(UsageError):
        Budget(seconds=0.0, clock=lambda: 0.0)


def test_the_timetable_keeps_more_for_refits_and_never_spends_it_on_search() -> None:
    budget = Budget(seconds=100.0, clock=lambda: 7.0)
    bag, refit = (open_ledger(budget, started=5.0, refits=refits) for refits in (False, True))
    assert bag.end == refit.end == 105.0
    assert refit.search_end < bag.search_end < bag.end
    assert bag.search_end + bag.reserve == bag.end
    assert refit.search_end < refit.refit_end() < refit.end
    assert bag.elapsed() == 2.0 and bag.left() == 98.0


def test_timings_are_the_seconds_of_each_stage() -> None:
    moments = iter([10.0, 13.0, 20.0])
    ledger = open_ledger(Budget(seconds=50.0, clock=lambda: next(moments)), started=8.0, refits=False)
    ledger.mark("first")
    ledger.mark("second")
    assert ledger.timings() == {"first": 2.0, "second": 3.0, "total": 5.0}
