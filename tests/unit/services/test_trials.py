"""Trials: who is chosen, when a canary stops and why, and counts that workers add up."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunque.errors import UsageError
from yunque.models.registry_trials import Trial
from yunque.monitoring.trial_counts import SECONDS, Side, TrialBook, TrialCounts
from yunque.services.trials import Terms, is_chosen, judge


def trial(share: float = 0.2, **details: Any) -> Trial:
    return Trial(
        id=1, name="late", version=2, arm="canary", details={"share": share, **details},
        actor="a", reason="", at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


@given(st.binary(max_size=40))
def test_a_larger_share_keeps_the_keys_of_a_smaller_one(key: bytes) -> None:
    chosen = [is_chosen(trial(share), key) for share in (0.01, 0.1, 0.5, 1.0)]
    assert chosen == sorted(chosen) and chosen[-1]
    assert is_chosen(trial(0.1), key) == is_chosen(trial(0.1), key)


def test_the_share_is_what_was_asked_for_and_the_hash_never_changes() -> None:
    keys = [f"client {number}".encode() for number in range(20_000)]
    share = sum(is_chosen(trial(0.2), key) for key in keys) / len(keys)
    assert 0.19 < share < 0.21
    # Written down: a hash that changes from release to release would move every client.
    assert [n for n in range(40) if is_chosen(trial(0.2), keys[n])] == [0, 1, 15, 17, 20, 24, 28, 35]


def counts(*, tried: Side | None = None, champion: Side | None = None, failure: str = "") -> TrialCounts:
    return TrialCounts(champion=champion or Side(), tried=tried or Side(), failure=failure)


def side(answers: int, seconds: float = 0.001, errors: int = 0, spread: dict[str, int] | None = None) -> Side:
    made = Side(errors=errors)
    for _ in range(answers):
        made.count(seconds)
    made.spread_over(spread or {})
    return made


def test_a_canary_stops_on_errors_latency_and_drift_and_says_so() -> None:
    calm = counts(
        tried=side(500, spread={"a": 600, "b": 400}), champion=side(500, spread={"a": 610, "b": 390})
    )
    assert judge(trial(), calm) == ""
    failing = counts(tried=side(190, errors=10), champion=side(500), failure="no such column")
    assert "failed 10 of 200" in judge(trial(), failing) and "no such column" in judge(trial(), failing)
    slow = counts(tried=side(200, 0.05), champion=side(200, 0.001))
    assert "p99" in judge(trial(), slow)
    assert judge(trial(), counts(tried=side(200, 0.0015), champion=side(200, 0.0001))) == ""  # nobody notices
    moved = counts(
        tried=side(500, spread={"a": 100, "b": 900}), champion=side(500, spread={"a": 600, "b": 400})
    )
    assert "drifted" in judge(trial(), moved)


def test_little_is_no_reason_to_stop() -> None:
    assert judge(trial(), counts(tried=side(50, errors=49))) == ""
    assert judge(trial(), counts(tried=side(99, 1.0), champion=side(500))) == ""
    few = counts(tried=side(500, spread={"a": 999}), champion=side(500, spread={"b": 5_000}))
    assert judge(trial(), few) == ""
    assert "drifted" in judge(trial(least_rows=900), few)


def test_quantiles_lie_in_their_bucket() -> None:
    made = Side()
    for _ in range(98):
        made.count(0.0002)
    made.count(0.1)
    made.count(0.1)
    assert 0.0001 <= made.quantile(0.5) <= 0.0002 and 0.05 <= made.quantile(0.99) <= 0.11
    assert Side().quantile(0.99) == 0.0
    slowest = Side()
    slowest.count(1_000.0)
    assert slowest.quantile(0.99) == SECONDS[-1]


def test_workers_add_up_and_a_book_read_from_outside_sees_all(tmp_path: Path) -> None:
    books = [TrialBook(tmp_path, f"w{number}") for number in range(3)]
    for number, book in enumerate(books, start=1):
        book.of(7).tried.count(0.001)
        book.of(7).compared += 10 * number
        book.of(7).largest = 0.1 * number
        book.save()
    for book in (*books, TrialBook(tmp_path, "")):
        total = book.total(7)
        assert (total.tried.answers, total.compared, total.largest) == (3, 60, pytest.approx(0.3))
    books[0].forget([])
    assert books[0].total(7).compared == 60 and books[0].total(8) == TrialCounts()


@pytest.mark.parametrize(
    "wrong",
    [{"share": 0}, {"share": 1.5}, {"share": 0.1, "slower": 0.5}, {"share": 0.1, "most_drift": float("nan")}],
)
def test_terms_that_could_never_hold_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Terms(**wrong)  # type: ignore[arg-type]
