"""What is tried near the winner: seeded, within its ranges, and none when too little is known."""

from dataclasses import replace
from typing import Any

import pytest
from test_race import standing

from yunque.learning.near_winner import FEWEST_SEEN, near, proposal
from yunque.learning.race import Standing
from yunque.learning.refine import KNOBS

ROWS = 5_000


def standings(count: int) -> dict[str, Standing]:
    """Make LightGBMs of which smaller trees are better."""
    found = {}
    for leaves in range(8, 8 + 8 * count, 8):
        made = standing(f"light {leaves}", [leaves / 100, leaves / 90])
        params = {"num_leaves": leaves, "learning_rate": 0.07, "num_iterations": 60}
        made.candidate = replace(made.candidate, params=params)
        found[made.name] = made
    return found


def test_a_proposal_is_seeded_and_stays_within_the_ranges() -> None:
    known = standings(8)
    made = proposal(known, ROWS, seed=3)
    assert made is not None and made.name == "lightgbm~1"
    assert proposal(known, ROWS, seed=3) == made
    other = proposal(known, ROWS, seed=4)
    assert other is not None and other.params != made.params
    assert made.params["learning_rate"] == 0.07 and "num_iterations" not in made.params
    for name, knob in KNOBS["lightgbm"].items():
        assert knob.low <= made.params[name] <= knob.high


def test_proposals_gather_where_the_losses_are_low() -> None:
    known = standings(16)
    leaves = [proposal(known, ROWS, seed).params["num_leaves"] for seed in range(12)]  # type: ignore[union-attr]
    assert sorted(leaves)[len(leaves) // 2] <= 64  # half of the range that was seen


def test_too_little_is_known_or_enough_was_tried() -> None:
    assert proposal(standings(FEWEST_SEEN - 1), ROWS, seed=1) is None
    assert proposal({}, ROWS, seed=1) is None
    assert proposal(standings(FEWEST_SEEN + 4), 100, seed=1) is None


@pytest.mark.parametrize("way", ["variations", "tpe"])
def test_both_ways_give_a_candidate_and_nothing_gives_none(way: Any) -> None:
    few = standings(2)
    assert near("nothing", few, ROWS, 7) is None
    made = near(way, few, ROWS, 7)
    assert made is not None
    done = replace(few["light 8"], candidate=made)
    following = near(way, {**few, made.name: done}, ROWS, 7)
    assert following is not None and following.name == "lightgbm~2"
