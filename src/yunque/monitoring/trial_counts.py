"""What a trial has shown so far: answers of both sides counted by each worker, summed through a folder.

Latency is counted into buckets that double from 50 microseconds; quantiles are read from them by straight
lines inside a bucket, so they are right to a factor of less than two.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
import numpy as np

from yunque.monitoring.online import stability

SECONDS: tuple[float, ...] = tuple(0.00005 * 2.0**step for step in range(18))  # 50 us to 6.5 s
MOST_KEYS = 400
OTHER = "(other)"
SUFFIX = ".counts"


class Side(msgspec.Struct):
    """What one side answered; only ever grows.

    Attributes:
        answers: requests answered.
        errors: requests that it failed and the champion answered in its place.
        rows: rows counted into `spread`.
        seconds: requests by latency, the last bucket without an end.
        spread: rows by what was answered.
    """

    answers: int = 0
    errors: int = 0
    rows: int = 0
    seconds: list[int] = msgspec.field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    spread: dict[str, int] = {}

    def count(self, seconds: float) -> None:
        """Count an answered request."""
        self.answers += 1
        self.seconds[bisect_left(SECONDS, seconds)] += 1

    def spread_over(self, counted: Mapping[str, int]) -> None:
        """Add rows by what was answered."""
        for key, count in counted.items():
            known = key if key in self.spread or len(self.spread) < MOST_KEYS else OTHER
            self.spread[known] = self.spread.get(known, 0) + count
            self.rows += count

    def quantile(self, share: float) -> float:
        """Give the seconds within which that share of the requests was answered; 0 without any."""
        wanted, seen = share * sum(self.seconds), 0
        for position, count in enumerate(self.seconds):
            if count and seen + count >= wanted:
                low = SECONDS[position - 1] if position else 0.0
                high = SECONDS[min(position, len(SECONDS) - 1)]
                return low + (high - low) * (wanted - seen) / count
            seen += count
        return 0.0

    def add(self, other: "Side") -> None:
        """Add what another worker counted."""
        self.answers += other.answers
        self.errors += other.errors
        self.rows += other.rows
        self.seconds = [a + b for a, b in zip(self.seconds, other.seconds, strict=True)]
        for key, count in other.spread.items():
            self.spread[key] = self.spread.get(key, 0) + count


class TrialCounts(msgspec.Struct):
    """Both sides of a trial, and how their answers to the same rows differed (a shadow's).

    Attributes:
        champion, tried: the two sides.
        compared: rows that both answered.
        differing: of them, with another answer (another class, or another number).
        distance: sum of the absolute differences of probabilities (the largest of a row) or of numbers.
        largest: of those differences.
        failed: rows that the version tried could not answer.
        failure: the last reason, in words.
    """

    champion: Side = msgspec.field(default_factory=Side)
    tried: Side = msgspec.field(default_factory=Side)
    compared: int = 0
    differing: int = 0
    distance: float = 0.0
    largest: float = 0.0
    failed: int = 0
    failure: str = ""

    def add(self, other: "TrialCounts") -> None:
        """Add what another worker counted."""
        self.champion.add(other.champion)
        self.tried.add(other.tried)
        self.compared += other.compared
        self.differing += other.differing
        self.distance += other.distance
        self.largest = max(self.largest, other.largest)
        self.failed += other.failed
        self.failure = self.failure or other.failure

    @property
    def drift(self) -> float:
        """Population stability index between what the two sides answered."""
        keys = sorted({*self.champion.spread, *self.tried.spread})
        sides = [
            np.array([side.spread.get(key, 0) for key in keys], np.int64)
            for side in (self.champion, self.tried)
        ]
        return stability(*sides) if keys else 0.0


class TrialBook:
    """The counts of trials: this worker's in memory, those of all in a folder, a file a worker and trial."""

    def __init__(self, folder: Path | None, worker: str) -> None:
        """Keep files in `<folder>/<trial>/<worker>.counts`; without a folder there is one worker only."""
        self._folder = folder
        self._name = f"{worker}{SUFFIX}"
        self._own: dict[int, TrialCounts] = {}

    def of(self, trial: int) -> TrialCounts:
        """Give this worker's own counts of a trial, to be added to."""
        return self._own.setdefault(trial, TrialCounts())

    def save(self) -> None:
        """Write this worker's counts.

        Raises:
            OSError: the disk refuses.
        """
        if self._folder is None:
            return
        for trial, counts in list(self._own.items()):
            folder = self._folder / str(trial)
            folder.mkdir(parents=True, exist_ok=True)
            draft = folder / f".{self._name}"
            draft.write_bytes(msgspec.json.encode(counts))
            draft.replace(folder / self._name)

    def forget(self, running: Iterable[int]) -> None:
        """Let go of trials that run no more; what they showed stays in the folder."""
        for trial in set(self._own) - set(running):
            del self._own[trial]

    def total(self, trial: int) -> TrialCounts:
        """Give the counts of all workers.

        Raises:
            OSError: the disk refuses.
            msgspec.DecodeError: a file is damaged.
        """
        total = TrialCounts()
        own = self._own.get(trial)
        if own is not None:
            total.add(own)
        for path in sorted((self._folder / str(trial)).glob(f"[!.]*{SUFFIX}")) if self._folder else ():
            if own is None or path.name != self._name:
                total.add(msgspec.json.decode(path.read_bytes(), type=TrialCounts))
        return total
