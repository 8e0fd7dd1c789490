"""The inference test: real requests to a real server, some at a time, each answer with its time and truth."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any
from urllib.parse import urlsplit

from yunque.solutions.orders.result import distributions

TIMEOUT_SECONDS = 30.0
MOST_HEAD = 65_536
FAILURES = (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError)


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where the model is asked: address of the server, path, and headers such as a key."""

    address: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One answer: what was said, how sure, what was true, how long it took; or why there is none."""

    sample: int
    truth: str
    prediction: str = ""
    confidence: float = 0.0
    probabilities: Mapping[str, float] | None = None
    milliseconds: float = 0.0
    error: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give it as R5's `inference_results.json` has it."""
        return {
            "sample": self.sample,
            "success": not self.error,
            "predicted_class": self.prediction or None,
            "confidence": self.confidence,
            "probabilities": dict(self.probabilities or {}),
            "ground_truth": self.truth,
            "processing_time_ms": round(self.milliseconds, 3),
            "error": self.error or None,
        }


@dataclass(frozen=True, kw_only=True)
class InferenceTest:
    """All answers, the whole time, and how many were asked at a time."""

    answers: tuple[Answered, ...]
    total_milliseconds: float
    concurrent: int
    classes: tuple[str, ...]

    @property
    def given(self) -> list[Answered]:
        """The answers that came."""
        return [answer for answer in self.answers if not answer.error]

    @property
    def success_rate(self) -> float:
        """Share of the samples that were answered."""
        return len(self.given) / len(self.answers)

    def metrics(self) -> dict[str, float]:
        """Give the metrics by R5's names."""
        given = self.given
        times = [answer.milliseconds for answer in given] or [0.0]
        sure = [answer.confidence for answer in given] or [0.0]
        found = {
            "inference_samples": float(len(self.answers)),
            "inference_total_time_ms": self.total_milliseconds,
            "inference_avg_time_ms": mean(times),
            "inference_median_time_ms": median(times),
            "inference_success_rate": self.success_rate,
            "inference_confidence_mean": mean(sure),
            "inference_confidence_median": median(sure),
            "inference_confidence_min": min(sure),
            "inference_confidence_max": max(sure),
        }
        for name in self.classes:
            mine = [answer.confidence for answer in given if answer.prediction == name]
            found[f"pred_count_{name}"] = float(len(mine))
            if mine:
                found[f"pred_confidence_{name}"] = mean(mine)
        return found

    def results(self) -> list[dict[str, Any]]:
        """Give R5's `inference_results.json`."""
        return [answer.to_dict() for answer in self.answers]

    def distributions(self) -> dict[str, Any]:
        """Give R5's `inference_distributions.json`: counts of answers and truths, in one order."""
        said = [answer.prediction for answer in self.given]
        return distributions(said, [answer.truth for answer in self.given], self.classes)


def ask_samples(
    door: Door, samples: Sequence[tuple[Mapping[str, Any], str]], classes: Sequence[str], concurrent: int
) -> InferenceTest:
    """Ask every sample once, at most `concurrent` at a time; an answer that fails is told, not raised.

    Args:
        door: where.
        samples: rows by field names, each with its truth.
        classes: in the model's order.
        concurrent: connections.
    """
    started = time.perf_counter()
    answers = asyncio.run(_ask_all(door, samples, min(concurrent, len(samples))))
    return InferenceTest(
        answers=tuple(sorted(answers, key=lambda answer: answer.sample)),
        total_milliseconds=(time.perf_counter() - started) * 1e3,
        concurrent=concurrent,
        classes=tuple(classes),
    )


async def _ask_all(
    door: Door, samples: Sequence[tuple[Mapping[str, Any], str]], concurrent: int
) -> list[Answered]:
    waiting = iter(list(enumerate(samples)))
    groups = await asyncio.gather(*(_ask_in_turn(door, waiting) for _ in range(concurrent)))
    return [answer for group in groups for answer in group]


async def _ask_in_turn(door: Door, waiting: Any) -> list[Answered]:
    """Ask what is waiting over one connection, made again when it is lost."""
    answers: list[Answered] = []
    line = _Line(door)
    for number, (record, truth) in waiting:
        began = time.perf_counter()
        try:
            document = await asyncio.wait_for(line.ask(record), TIMEOUT_SECONDS)
            answers.append(
                Answered(
                    sample=number,
                    truth=truth,
                    prediction=str(document["prediction"]),
                    confidence=float(document.get("confidence", 0.0)),
                    probabilities=document.get("probabilities"),
                    milliseconds=(time.perf_counter() - began) * 1e3,
                )
            )
        except (*FAILURES, KeyError) as error:
            line.close()
            answers.append(Answered(sample=number, truth=truth, error=_said(error)))
    line.close()
    return answers


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")[:200]


class _Line:
    """One connection of HTTP/1.1 that is kept open between questions."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Send one row and give its answer; ValueError when it is refused."""
        place = urlsplit(self._door.address)
        if self._open is None:
            self._open = await asyncio.open_connection(place.hostname, place.port, limit=MOST_HEAD)
        reader, writer = self._open
        body = json.dumps(dict(record), allow_nan=False).encode()
        headers = {"Host": place.netloc, "Content-Type": "application/json", **self._door.headers}
        head = [f"POST {self._door.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body)
        await writer.drain()
        told = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in told[1:])}
        answer = json.loads(await reader.readexactly(int(fields["content-length"])))
        status = int(told[0].split()[1])
        if status != 200:
            raise ValueError(f"status {status}: {str(answer.get('detail', ''))[:120]}")
        found: dict[str, Any] = answer
        return found

    def close(self) -> None:
        """Hang up."""
        if self._open is not None:
            self._open[1].close()
        self._open = None
