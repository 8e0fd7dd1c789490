"""When a model may tie with the declared column, and when a score is too good to be honest."""

from types import SimpleNamespace

import pytest

from yunque.learning.leaderboard import Baseline
from yunque.models.gates import Shortfall
from yunque.solutions.orders.ceiling import beyond, tie_reason
from yunque.solutions.orders.report import gap_text

ALONE = Shortfall(gate="baseline", message="not beaten", found=0.9853, needed=0.982)


def board(loss: float = 0.9853, column: str = "madurez_digital_cd", alarms: tuple[object, ...] = ()):
    """The part of a leaderboard that the decision looks at."""
    constant = Baseline(name="constant", column=None, loss=1.031, loss_error=0.001, metrics={})
    single = Baseline(name="single_column", column=column, loss=0.9850, loss_error=0.001, metrics={})
    return SimpleNamespace(
        baselines=(constant, single), champion_loss=loss, champion_loss_error=0.001, alarms=alarms
    )


def test_a_tie_with_the_declared_column_alone_is_a_reason_and_says_why() -> None:
    reason = tie_reason(board(), (ALONE,))
    assert "madurez_digital_cd" in reason and "0.9853" in reason and "1.0310" in reason


@pytest.mark.parametrize(
    ("given", "shortfalls"),
    [
        (board(loss=0.9950), (ALONE,)),  # worse than the column
        (board(loss=1.0300), (ALONE,)),  # no better than the constant
        (board(column="pais_cd"), (ALONE,)),  # another column has become the best
        (board(alarms=("leak",)), (ALONE,)),
        (board(), (ALONE, Shortfall(gate="requirement", message="ece<=0.01 is not met"))),
        (board(), (Shortfall(gate="golden", message="rows do not reproduce"),)),
    ],
)
def test_nothing_else_is(given: object, shortfalls: tuple[Shortfall, ...]) -> None:
    assert tie_reason(given, shortfalls) == ""


def test_a_score_beyond_the_ceiling_is_told_from_one_that_is_short_of_a_target() -> None:
    short = Shortfall(gate="requirement", message="accuracy>=0.495 is not met: accuracy is 0.48.", found=0.48)
    high = Shortfall(gate="requirement", message="accuracy<=0.512 is not met: accuracy is 0.71.", found=0.71)
    low = Shortfall(gate="requirement", message="log_loss>=0.975 is not met: log_loss is 0.6.", found=0.6)
    alarm = Shortfall(gate="leak_alarm", message="The leak alarm fired.")
    assert beyond((short, high, low, alarm, ALONE)) == (high, low, alarm)


def test_what_a_model_falls_short_of_is_said_in_the_readers_language() -> None:
    gap = Shortfall(gate="requirement", message="ece<=0.01 is not met: ece is 0.02.", found=0.02, needed=0.01)
    assert gap_text(gap, "es") == "No se cumple el objetivo ece<=0.01: es 0.0200."
    assert gap_text(ALONE, "en").startswith("A baseline is not beaten")
