"""The prediction log: every answered row, from a bounded ring in memory to Parquet segments on disk.

The server only appends to a list; whoever flushes makes tables and writes them. What finds the ring full is
dropped and counted, so that a slow disk costs rows of the log and never an answer. What waits in memory when
a process is killed is lost: a minute at most.
"""

import shutil
from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path

import polars as pl

from yunque.monitoring.answered_rows import AnsweredRows, Watched, frame_of
from yunque.runtime.clock import Clock

FORMAT = "1"
FORMAT_KEY = "yunque.prediction_log"
RING_ROWS = 50_000
SEGMENT_ROWS = 20_000
SEGMENT_SECONDS = 60.0
PIECE = 256  # requests made into a table at a time: a longer piece would hold the interpreter's lock
PRUNE_SECONDS = 3_600.0

Listener = Callable[[Watched, pl.DataFrame], None]


class PredictionLog:
    """One worker's log; `add` belongs to the event loop, everything else to one thread at a time."""

    def __init__(
        self,
        folder: Path | None,
        worker: str,
        clock: Clock,
        *,
        keep_days: int = 30,
        leave_out: Collection[str] = (),
    ) -> None:
        """Write below `folder`, or only hand over to listeners when it is None.

        Args:
            folder: `<folder>/<name>/<version>/<day>/<time>-<worker>-<number>.parquet`.
            worker: tells apart the processes that write.
            clock: time.
            keep_days: days after which segments are removed.
            leave_out: names of features that are not written; listeners see them.
        """
        self._folder = folder
        self._worker = worker
        self._clock = clock
        self._keep_days = keep_days
        self._leave_out = frozenset(leave_out)
        self._ring: deque[AnsweredRows] = deque()
        self._ring_rows = 0
        self._open: dict[Watched, list[pl.DataFrame]] = {}
        self._opened_at = clock.monotonic()
        self._pruned_at = -PRUNE_SECONDS
        self._numbers = count(1)
        self.dropped = 0
        self.written = 0
        self.failed = ""

    def add(self, answered: AnsweredRows) -> None:
        """Append the rows of a request, or drop them when the ring is full; never blocks."""
        rows = len(answered.rows)
        if self._ring_rows + rows > RING_ROWS:
            self.dropped += rows
            return
        self._ring.append(answered)
        self._ring_rows += rows

    def flush(self, listener: Listener | None = None, *, is_last: bool = False) -> None:
        """Empty the ring into open segments, and write those that are long or old enough.

        Args:
            listener: told the rows of each source since the last time.
            is_last: write whatever there is.
        """
        for source, frame in self._emptied().items():
            if listener is not None:
                listener(source, frame)
            self.keep(source, frame)
        is_old = self._clock.monotonic() - self._opened_at >= SEGMENT_SECONDS
        for source, frames in list(self._open.items()):
            if is_last or is_old or sum(frame.height for frame in frames) >= SEGMENT_ROWS:
                del self._open[source]
                self._write(source, frames)
        if is_old:
            self._opened_at = self._clock.monotonic()
        self._prune()

    @property
    def folder(self) -> Path | None:
        """Where segments are written; None where nothing is."""
        return self._folder

    @property
    def waiting(self) -> int:
        """Rows in the ring."""
        return self._ring_rows

    def keep(self, source: Watched, frame: pl.DataFrame) -> None:
        """Write a table of `frame_of` with the next segment of its source."""
        if self._folder is not None:
            self._open.setdefault(source, []).append(self._without(frame))

    def _emptied(self) -> dict[Watched, pl.DataFrame]:
        """Empty the ring into one table for each source."""
        parts: dict[Watched, list[pl.DataFrame]] = {}
        while self._ring:
            piece = [self._ring.popleft() for _ in range(min(PIECE, len(self._ring)))]
            self._ring_rows -= sum(len(answered.rows) for answered in piece)
            for source in dict.fromkeys(answered.source for answered in piece):
                frame = frame_of([answered for answered in piece if answered.source is source])
                parts.setdefault(source, []).append(frame)
        return {source: pl.concat(frames, how="vertical") for source, frames in parts.items()}

    def _without(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Leave out the features that nobody may keep."""
        names = frame["features"].struct.fields
        kept = [name for name in names if name not in self._leave_out]
        if len(kept) == len(names):
            return frame
        if not kept:
            return frame.drop("features")
        parts = [pl.col("features").struct.field(name) for name in kept]
        return frame.with_columns(pl.struct(parts).alias("features"))

    def _write(self, source: Watched, frames: Sequence[pl.DataFrame]) -> None:
        frame = pl.concat(frames, how="vertical")
        now = self._clock.now()
        assert self._folder is not None  # noqa: S101 - nothing is open without a folder
        folder = self._folder / source.name / str(source.version) / now.strftime("%Y-%m-%d")
        path = folder / f"{now.strftime('%H%M%S')}-{self._worker}-{next(self._numbers):06d}.parquet"
        draft = path.with_name(f".{path.name}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            frame.write_parquet(draft, metadata={FORMAT_KEY: FORMAT})
            draft.replace(path)
        except (OSError, pl.exceptions.PolarsError) as error:
            self.dropped += frame.height
            self.failed = str(error).partition("\n")[0]
            return
        self.written += frame.height

    def _prune(self) -> None:
        """Remove the days that are too old."""
        now = self._clock.monotonic()
        if self._folder is None or now - self._pruned_at < PRUNE_SECONDS:
            return
        self._pruned_at = now
        oldest = (self._clock.now() - timedelta(days=self._keep_days)).strftime("%Y-%m-%d")
        for day in self._folder.glob("*/*/????-??-??"):
            if day.name < oldest:
                shutil.rmtree(day, ignore_errors=True)


def read_log(folder: Path, name: str, version: int | None = None) -> pl.LazyFrame:
    """Read the log of a model, or of one version: the columns of `answered_rows.frame_of`.

    Segments of other versions may hold other features; they are read one version at a time then.
    """
    versions = str(version) if version is not None else "*"
    paths = sorted(folder.glob(f"{name}/{versions}/????-??-??/[0-9]*.parquet"))
    if not paths:
        return pl.LazyFrame(
            schema={"at": pl.Datetime("us", "UTC"), "request_id": pl.String, "arm": pl.String}
        )
    return pl.scan_parquet(paths, glob=False)
