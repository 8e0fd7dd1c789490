"""Clocks: one that runs, one that waits to be told."""

from datetime import UTC, datetime, timedelta

import pytest

from yunque.runtime.clock import REAL_CLOCK, FixedClock


def test_the_real_clock_goes_forward_and_knows_its_zone() -> None:
    before = REAL_CLOCK.monotonic()
    assert REAL_CLOCK.monotonic() >= before
    assert REAL_CLOCK.now().tzinfo is UTC
    assert abs(REAL_CLOCK.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_fixed_clock_moves_only_when_told() -> None:
    clock = FixedClock(datetime(2026, 2, 1, tzinfo=UTC))
    clock.advance(90)
    assert clock.now() == datetime(2026, 2, 1, 0, 1, 30, tzinfo=UTC)
    assert clock.monotonic() == 90


def test_a_fixed_clock_refuses_to_go_back_or_to_have_no_zone() -> None:
    with pytest.raises(ValueError, match="back"):
        FixedClock().advance(-1)
    with pytest.raises(ValueError, match="time zone"):
        FixedClock(datetime(2026, 1, 1))  # noqa: DTZ001
