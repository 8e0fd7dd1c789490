"""What one worker sees of its answers, off their path: the log, drift, shadows, both sides of canaries."""

import json
import logging
import os
import threading
import time
from collections.abc import Mapping

import polars as pl

from yunque.errors import YunqueError
from yunque.models.manifest import PROFILE
from yunque.models.predictor import Predictor
from yunque.monitoring.answered_rows import AnsweredRows, Arm, Watched
from yunque.monitoring.online import OnlineHistograms, Reference, references_of
from yunque.monitoring.prediction_log import PredictionLog
from yunque.monitoring.side_by_side import compare, spread_of
from yunque.monitoring.trial_counts import TrialBook
from yunque.runtime.clock import REAL_CLOCK
from yunque.services.score import OpenModel, OpenTrial, View
from yunque.surfaces.http.answering import Answered
from yunque.surfaces.http.arms import Given
from yunque.surfaces.http.metrics import Counts, Labels

logger = logging.getLogger("yunque.http")

MOST_WATCHED = 64
CONFIDENCE_BINS = 20


class Watch:
    """`note` belongs to the event loop; `flush` to one thread at a time."""

    def __init__(self, log: PredictionLog | None = None, book: TrialBook | None = None) -> None:
        worker = str(os.getpid())
        self.log = log or PredictionLog(None, worker, REAL_CLOCK)
        self.book = book or TrialBook(None, worker)
        self._watched: dict[tuple[int, Arm], Watched] = {}
        self._histograms: dict[Watched, OnlineHistograms] = {}
        self._confidence: dict[Labels, list[int]] = {}
        self._references: dict[int, tuple[Predictor, tuple[Reference, ...]]] = {}
        self._view = View()
        self._lock = threading.Lock()

    def note(self, model: OpenModel, arm: Arm, answered: Answered, request_id: str) -> None:
        """Append the rows of a request to the ring; never blocks."""
        self.log.add(
            AnsweredRows(
                self._source(model, arm), time.time(), request_id, answered.rows, answered.predictions
            )
        )

    def note_canary(self, trial: OpenTrial, given: Given) -> None:
        """Count who answered a request where a canary runs."""
        counts = self.book.of(trial.trial.id)
        (counts.tried if given.is_tried else counts.champion).count(given.seconds)
        if given.failure:
            counts.tried.errors += 1
            counts.failure = given.failure

    def flush(self, view: View, *, is_last: bool = False) -> None:
        """Make tables of what waits, count them, let shadows answer them, and write the log."""
        with self._lock:
            self._view = view
            self.log.flush(self._seen, is_last=is_last)
            self.book.forget(found.trial.id for found in view.trials)
            try:
                self.book.save()
            except OSError as error:
                logger.warning("The counts of trials cannot be written: %s", error.strerror)
            if self.log.failed:
                logger.warning("The prediction log cannot be written: %s", self.log.failed)
                self.log.failed = ""

    def fill(self, counts: Counts) -> None:
        """Put what was seen into the counts of this worker."""
        with self._lock:
            windows: dict[Labels, dict[str, list[int]]] = {}
            for source, histograms in self._histograms.items():
                window = windows.setdefault(labels_of(source.name, source.version), {})
                for column, seen in histograms.counts().items():
                    known = window.get(column)
                    window[column] = (
                        seen if known is None else [a + b for a, b in zip(known, seen, strict=True)]
                    )
            counts.windows = windows
            counts.confidence = {labels: list(seen) for labels, seen in self._confidence.items()}
            counts.log_written, counts.log_dropped = self.log.written, self.log.dropped
            counts.log_waiting = self.log.waiting

    def references(self, model: OpenModel) -> tuple[Reference, ...]:
        """Give the bins of a model's profile, read once; () when the profile cannot be read."""
        predictor = model.predictor
        known = self._references.get(id(predictor))
        if known is None or known[0] is not predictor:
            known = self._references[id(predictor)] = (predictor, _read_references(predictor))
            _trim(self._references)
        return known[1]

    def _source(self, model: OpenModel, arm: Arm) -> Watched:
        key = (id(model), arm)
        found = self._watched.get(key)
        if found is None or found.predictor is not model.predictor:
            found = Watched(name=model.name, version=model.version, predictor=model.predictor, arm=arm)
            self._watched[key] = found
            _trim(self._watched)
        return found

    def _seen(self, source: Watched, frame: pl.DataFrame) -> None:
        self._count(source, frame)
        for found in self._view.trials:
            if found.trial.name != source.name or found.model is None:
                continue
            champion = self._view.champions.get(source.name)
            if champion is None or source.arm not in ("champion", "canary"):
                continue
            if found.trial.arm == "canary":
                counts = self.book.of(found.trial.id)
                side = counts.tried if source.arm == "canary" else counts.champion
                side.spread_over(spread_of(frame, self.references(champion)))
            elif champion.predictor is source.predictor:
                self._shadow(found, found.model, frame)

    def _count(self, source: Watched, frame: pl.DataFrame) -> None:
        histograms = self._histograms.get(source)
        if histograms is None:
            model = OpenModel(name=source.name, version=source.version, predictor=source.predictor)
            histograms = self._histograms[source] = OnlineHistograms(self.references(model))
            _trim(self._histograms)
        histograms.add(frame)
        answers = frame["answer"].struct
        if "confidence" in answers.fields:
            bins = (answers.field("confidence") * CONFIDENCE_BINS).cast(pl.Int64).clip(0, CONFIDENCE_BINS - 1)
            labels = labels_of(source.name, source.version)
            counted = self._confidence.setdefault(labels, [0] * CONFIDENCE_BINS)
            for position, count in bins.drop_nulls().alias("bin").value_counts().iter_rows():
                counted[position] += count

    def _shadow(self, found: OpenTrial, model: OpenModel, frame: pl.DataFrame) -> None:
        """Let a shadow answer what the champion was asked, and keep its answers beside the champion's."""
        try:
            answers = compare(model.predictor, frame, self.book.of(found.trial.id))
        except YunqueError as error:
            counts = self.book.of(found.trial.id)
            counts.failed += frame.height
            counts.failure = error.message
            return
        self.log.keep(self._source(model, "shadow"), answers)


def labels_of(name: str, version: int) -> Labels:
    """Give the labels of a version's metrics."""
    return (("model", name), ("version", str(version)))


def _read_references(predictor: Predictor) -> tuple[Reference, ...]:
    try:
        facts: Mapping[str, object] = json.loads(predictor.bundle.read(PROFILE))
        return references_of(predictor.contract, facts)
    except (YunqueError, LookupError, ValueError, TypeError, pl.exceptions.PolarsError) as error:
        logger.warning("The profile of %s cannot be used for drift: %s", predictor.version_label, error)
        return ()


def _trim(known: dict[object, object] | dict) -> None:  # type: ignore[type-arg]
    """Forget the eldest."""
    while len(known) > MOST_WATCHED:
        del known[next(iter(known))]
