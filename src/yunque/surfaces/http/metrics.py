"""Counts of what the server did, in the text format that Prometheus reads."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

import msgspec

BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
MOST_CLASSES = 100
OTHER = "(other)"

Labels = tuple[tuple[str, str], ...]


class Histogram(msgspec.Struct):
    """Seconds counted into fixed buckets, the last one without an end."""

    counts: list[int]
    total: float = 0.0


class Counts(msgspec.Struct):
    """What one worker counted, which only ever grows; and what it sees now.

    Attributes:
        requests, seconds, rows, answers: by labels.
        confidence: rows by confidence, in 20 equal bins.
        log_written, log_dropped: rows of the prediction log.
        log_waiting, in_flight: rows that wait for the log, requests being answered: now.
        windows: the last rows by column and bin: now.
    """

    requests: dict[Labels, int] = {}
    seconds: dict[Labels, Histogram] = {}
    rows: dict[Labels, int] = {}
    answers: dict[Labels, dict[str, int]] = {}
    confidence: dict[Labels, list[int]] = {}
    log_written: int = 0
    log_dropped: int = 0
    log_waiting: int = 0
    in_flight: int = 0
    windows: dict[Labels, dict[str, list[int]]] = {}

    def without_now(self) -> "Counts":
        """Give what only grows: all that is left of a worker that ended."""
        return msgspec.structs.replace(self, log_waiting=0, in_flight=0, windows={})

    def add(self, other: "Counts") -> None:
        """Add what another worker counted."""
        for labels, count in other.requests.items():
            self.requests[labels] = self.requests.get(labels, 0) + count
        for labels, count in other.rows.items():
            self.rows[labels] = self.rows.get(labels, 0) + count
        for labels, histogram in other.seconds.items():
            mine = self.seconds.setdefault(labels, _empty())
            mine.counts = [a + b for a, b in zip(mine.counts, histogram.counts, strict=True)]
            mine.total += histogram.total
        for labels, counts in other.answers.items():
            classes = self.answers.setdefault(labels, {})
            for label, count in counts.items():
                classes[label] = classes.get(label, 0) + count
        self.log_written += other.log_written
        self.log_dropped += other.log_dropped
        self.log_waiting += other.log_waiting
        self.in_flight += other.in_flight
        for labels, bins in other.confidence.items():
            self.confidence[labels] = _sums(self.confidence.get(labels), bins)
        for labels, window in other.windows.items():
            mine_now = self.windows.setdefault(labels, {})
            for column, bins in window.items():
                mine_now[column] = _sums(mine_now.get(column), bins)


class Metrics:
    """The counters of one worker; touched by its event loop only."""

    def __init__(self) -> None:
        self.counts = Counts()

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is the template, never the address itself."""
        known = method if method in METHODS else OTHER
        labels = (("method", known), ("route", route), ("status", str(status)))
        self.counts.requests[labels] = self.counts.requests.get(labels, 0) + 1
        key = (("route", route),)
        histogram = self.counts.seconds.get(key)
        if histogram is None:
            histogram = self.counts.seconds[key] = _empty()
        histogram.counts[bisect_left(BUCKETS, seconds)] += 1
        histogram.total += seconds

    def count_answers(self, model: str, version: int, labels: Iterable[str] | int) -> None:
        """Count predicted rows: the label of each, or only how many (regression)."""
        key: Labels = (("model", model), ("version", str(version)))
        known = self.counts.rows.get(key, 0)
        if isinstance(labels, int):
            self.counts.rows[key] = known + labels
            return
        counts = self.counts.answers.setdefault(key, {})
        for label in labels:
            name = label if label in counts or len(counts) < MOST_CLASSES else OTHER
            counts[name] = counts.get(name, 0) + 1
            known += 1
        self.counts.rows[key] = known


def _sums(known: list[int] | None, more: list[int]) -> list[int]:
    return list(more) if known is None else [a + b for a, b in zip(known, more, strict=True)]


def _empty() -> Histogram:
    return Histogram(counts=[0] * (len(BUCKETS) + 1))


def render(counts: Counts, versions: Mapping[str, int], more: Iterable[str] = ()) -> str:
    """Give everything as text.

    Args:
        counts: of all workers.
        versions: the version that answers for each model.
        more: further lines.
    """
    return "\n".join((*_lines(counts, versions), *more)) + "\n"


def _lines(counts: Counts, versions: Mapping[str, int]) -> Iterator[str]:
    yield from head("yunque_requests_total", "counter", "Requests answered.")
    for labels, count in sorted(counts.requests.items()):
        yield line("yunque_requests_total", labels, count)
    yield from head("yunque_request_seconds", "histogram", "Seconds from the first byte to the answer.")
    for labels, histogram in sorted(counts.seconds.items(), key=lambda item: item[0]):
        yield from _histogram(labels, histogram)
    yield from head("yunque_rows_total", "counter", "Rows predicted.")
    for labels, count in sorted(counts.rows.items()):
        yield line("yunque_rows_total", labels, count)
    yield from head("yunque_predictions_total", "counter", "Rows predicted, by predicted class.")
    for labels, classes in sorted(counts.answers.items()):
        for label, count in sorted(classes.items()):
            yield line("yunque_predictions_total", (*labels, ("class", label)), count)
    yield from head("yunque_model_version", "gauge", "Version that answers for each model.")
    for name, version in sorted(versions.items()):
        yield line("yunque_model_version", (("model", name),), version)


def _histogram(labels: Labels, histogram: Histogram) -> Iterator[str]:
    seen = 0
    for bound, count in zip((*BUCKETS, "+Inf"), histogram.counts, strict=True):
        seen += count
        yield line("yunque_request_seconds_bucket", (*labels, ("le", str(bound))), seen)
    yield line("yunque_request_seconds_sum", labels, repr(histogram.total))
    yield line("yunque_request_seconds_count", labels, seen)


def head(name: str, kind: str, text: str) -> tuple[str, str]:
    """Give the two lines that introduce a metric."""
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def line(name: str, labels: Labels, value: int | float | str) -> str:
    """Give one sample."""
    if not labels:
        return f"{name} {value}"
    inner = ",".join(f'{key}="{_escape(text)}"' for key, text in labels)
    return f"{name}{{{inner}}} {value}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
