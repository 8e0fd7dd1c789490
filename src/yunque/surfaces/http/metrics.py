"""Counts of what the server did, in the text format that Prometheus reads."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator

BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_CLASSES = 100
OTHER = "(other)"

Labels = tuple[tuple[str, str], ...]


class Histogram:
    """Seconds counted into fixed buckets."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds


class Metrics:
    """Counters of one worker; touched by its event loop only."""

    def __init__(self) -> None:
        self._requests: dict[Labels, int] = defaultdict(int)
        self._seconds: dict[Labels, Histogram] = defaultdict(Histogram)
        self._rows: dict[Labels, int] = defaultdict(int)
        self._answers: dict[Labels, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._versions: dict[str, int] = {}

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is the template, never the address itself."""
        self._requests[(("method", method), ("route", route), ("status", str(status)))] += 1
        self._seconds[(("route", route),)].observe(seconds)

    def count_answers(self, model: str, version: int, labels: Iterable[str] | int) -> None:
        """Count predicted rows: the label of each, or only how many (regression)."""
        key: Labels = (("model", model), ("version", str(version)))
        if isinstance(labels, int):
            self._rows[key] += labels
            return
        counts = self._answers[key]
        for label in labels:
            self._rows[key] += 1
            counts[label if label in counts or len(counts) < MOST_CLASSES else OTHER] += 1

    def show_versions(self, versions: dict[str, int]) -> None:
        """Replace what is said to be served, version by model."""
        self._versions = dict(versions)

    def render(self) -> str:
        """Give everything as text."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield from _head("yunque_requests_total", "counter", "Requests answered.")
        for labels, count in sorted(self._requests.items()):
            yield _line("yunque_requests_total", labels, count)
        yield from _head("yunque_request_seconds", "histogram", "Seconds from the first byte to the answer.")
        for labels, histogram in sorted(self._seconds.items(), key=lambda item: item[0]):
            yield from _histogram(labels, histogram)
        yield from _head("yunque_rows_total", "counter", "Rows predicted.")
        for labels, count in sorted(self._rows.items()):
            yield _line("yunque_rows_total", labels, count)
        yield from _head("yunque_predictions_total", "counter", "Rows predicted, by predicted class.")
        for labels, counts in sorted(self._answers.items()):
            for label, count in sorted(counts.items()):
                yield _line("yunque_predictions_total", (*labels, ("class", label)), count)
        yield from _head("yunque_model_version", "gauge", "Version that answers for each model.")
        for name, version in sorted(self._versions.items()):
            yield _line("yunque_model_version", (("model", name),), version)


def _histogram(labels: Labels, histogram: Histogram) -> Iterator[str]:
    seen = 0
    for bound, count in zip((*BUCKETS, "+Inf"), histogram.counts, strict=True):
        seen += count
        yield _line("yunque_request_seconds_bucket", (*labels, ("le", str(bound))), seen)
    yield _line("yunque_request_seconds_sum", labels, repr(histogram.total))
    yield _line("yunque_request_seconds_count", labels, seen)


def _head(name: str, kind: str, text: str) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def _line(name: str, labels: Labels, value: int | str) -> str:
    inner = ",".join(f'{key}="{_escape(text)}"' for key, text in labels)
    return f"{name}{{{inner}}} {value}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
