"""What no honest model of these orders reaches, and whether a model that ties with one column may serve."""

import math
from collections.abc import Sequence

from yunque.learning.leaderboard import Leaderboard
from yunque.models.gates import NOISE_ERRORS, Shortfall, loss_needed, parse_requirement
from yunque.solutions.orders.solution import CEILING, SOLUTION

ROW_SPREAD = 0.5  # of one row's log-loss and of one row's rightness, at most
FAR = 4.0  # standard errors above the ceiling that chance does not reach


def ceilings(rows: int) -> tuple[str, ...]:
    """Give the ceilings as requirements; on few held-out rows chance alone goes further, so they are wider.

    Args:
        rows: held out.
    """
    chance = FAR * ROW_SPREAD / math.sqrt(max(1, rows))
    widest = {"accuracy": CEILING.accuracy + chance, "log_loss": CEILING.log_loss - chance}
    found = []
    for text in SOLUTION.policy.ceilings:
        limit = parse_requirement(text)
        wide = widest[limit.metric]
        value = max(limit.value, wide) if limit.sign.startswith("<") else min(limit.value, wide)
        found.append(f"{limit.metric}{limit.sign}{value:.4f}")
    return tuple(found)


def beyond(shortfalls: Sequence[Shortfall]) -> tuple[Shortfall, ...]:
    """Give the shortfalls that mean a score too good to be honest."""
    upper = tuple(
        f"{limit.metric}{limit.sign}" for limit in (parse_requirement(t) for t in SOLUTION.policy.ceilings)
    )
    return tuple(
        each
        for each in shortfalls
        if each.gate == "leak_alarm" or (each.gate == "requirement" and each.message.startswith(upper))
    )


def tie_reason(board: Leaderboard, shortfalls: Sequence[Shortfall]) -> str:
    """Give the reason to promote a model that only falls short by a tie with the one column to learn.

    Returns:
        "" where it may not be: another shortfall, another column, a constant that is not beaten, or a column
        that is better than the model by more than noise.
    """
    constant, single = board.baselines[0], board.baselines[-1]
    needed = loss_needed(constant.loss, constant.loss_error, board.champion_loss_error)
    noise = NOISE_ERRORS * math.hypot(board.champion_loss_error, single.loss_error)
    is_tie = (
        len(shortfalls) == 1
        and shortfalls[0].gate == "baseline"
        and single.column == SOLUTION.policy.ceiling_column
        and board.champion_loss < needed
        and board.champion_loss <= single.loss + noise
        and not board.alarms
    )
    if not is_tie:
        return ""
    return (
        f"by the policy of the orders solution: {single.column} is all that can be learnt; the model ties "
        f"with it (loss {board.champion_loss:.4f}, the column {single.loss:.4f}) and beats the constant "
        f"({constant.loss:.4f})"
    )
