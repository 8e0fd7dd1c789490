"""A run that has to start again takes up the fits it had finished, and comes to the same scores."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from yunque.data.infer import Wishes, infer_contract
from yunque.data.validate import check_table
from yunque.learning.budget import Budget
from yunque.learning.infer_task import infer_task
from yunque.learning.leaderboard import Leaderboard
from yunque.learning.learn import LearnRequest, learn
from yunque.runtime.clock import REAL_CLOCK
from yunque.runtime.jobs.digest import digest_of


class Pieces:
    """A memory in memory that counts."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.found = 0
        self.under_way: set[str] = set()

    def load(self, facts: Mapping[str, Any]) -> bytes | None:
        piece = self.kept.get(digest_of(facts))
        self.found += piece is not None
        return piece

    def save(self, facts: Mapping[str, Any], piece: bytes) -> None:
        self.kept.setdefault(digest_of(facts), piece)

    def begin(self, facts: Mapping[str, Any]) -> None:
        self.under_way.add(digest_of(facts))

    def end(self, facts: Mapping[str, Any]) -> None:
        self.under_way.remove(digest_of(facts))

    def was_lost(self, facts: Mapping[str, Any]) -> bool:
        return False

    def is_worth(self, seconds: float) -> bool:
        return True


def table() -> pl.DataFrame:
    random = np.random.default_rng(5)
    x = random.normal(size=(400, 3))
    noise = random.normal(size=400)
    return pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": 3 * x[:, 0] - x[:, 1] + noise})


def run(memory: Pieces | None, algorithms: tuple[str, ...]) -> Leaderboard:
    frame = table()
    contract, _ = infer_contract(frame, Wishes(target="y"))
    checked = check_table(contract, frame, need_target=True).frame
    return learn(
        LearnRequest(
            frame=checked,
            schema=contract.schema,
            task=infer_task(contract, checked),
            budget=Budget(seconds=60.0, clock=REAL_CLOCK.monotonic),
            algorithms=algorithms,
            threads=1,
            varies=False,
            memory=memory,
        )
    )


def test_finished_fits_are_taken_up_with_the_same_predictions_and_files() -> None:
    memory = Pieces()
    first = run(memory, ("linear", "extra_trees"))
    assert memory.found == 0 and len(memory.kept) >= 4
    made = set(memory.kept)
    again = run(memory, ("linear", "extra_trees"))
    assert memory.found == len(made) == len(memory.kept)
    losses = {entry.name: entry.fold_losses for entry in first.entries}
    for entry in again.entries:
        shared = min(len(entry.fold_losses), len(losses[entry.name]))
        assert entry.fold_losses[:shared] == losses[entry.name][:shared]
    assert again.champion_loss == first.champion_loss


def test_a_damaged_piece_is_made_again() -> None:
    memory = Pieces()
    run(memory, ("linear",))
    memory.kept = dict.fromkeys(memory.kept, b"PK\x03\x04 damaged")
    assert run(memory, ("linear",)).champion_loss < 10.0
