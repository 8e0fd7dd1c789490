"""Training of a tabular network: Adam with decay apart, a learning rate in cycles, the best cycle kept.

The recipe is RealMLP's (Holzmueller, Grinsztajn, Steinwart: Better by default, NeurIPS 2024): neural
tangent parametrisation, written as learning rates divided by the root of the inputs; learning rate of factors
times 6, of biases and embeddings times 0.1; second moment 0.95; "coslog4", four cycles, each twice as long as
the one before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.learning.network_inputs import IntArray, Rows
from yunque.learning.network_layers import Array, Shape, backward, forward, views

CYCLES = 4
LENGTH = 2**CYCLES - 1  # the first cycle is one part of so many
FIRST_MOMENT, SECOND_MOMENT, TINY = 0.9, 0.95, 1e-8
RATES = {"factor": 6.0, "frequency": 0.1, "phase": 0.1, "mix": 0.1, "mix_bias": 0.1}
ROWS_AT_ONCE = 2048
HOPELESS = 1.03  # a cycle that ends so many times above the least loss is the last: the network overfits


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """How to train.

    Attributes:
        steps: of the whole schedule.
        stop_after: end at the mark nearest to this step; None for all.
        batch: rows per step.
        decay: of weights, per unit of learning rate; it fades in the second half, as dropout does.
        smoothing: share of each answer that is spread over all classes.
    """

    steps: int
    stop_after: int | None = None
    batch: int = 256
    learning_rate: float = 0.04
    decay: float = 0.02
    dropout: float = 0.15
    smoothing: float = 0.0
    frequency_spread: float = 0.1
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What the rows should give: (n, outputs), shares of classes or values, and weights of mean 1."""

    wanted: Array
    weight: Array | None
    is_classes: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Taught:
    """The network at the mark that was kept."""

    flat: Array
    steps: int
    stopped: bool
    losses: tuple[tuple[int, float], ...]


def rate(share: float) -> float:
    """Give coslog4 at a share of the schedule: 0 at its start, at 1/15, 3/15, 7/15, and at its end."""
    return float(0.5 * (1.0 - np.cos(2.0 * np.pi * np.log2(1.0 + LENGTH * share))))


def fading(share: float) -> float:
    """Give flat_cos at a share of the schedule: 1 in the first half, then down to 0."""
    return 1.0 if share < 0.5 else float(0.5 * (1.0 + np.cos(2.0 * np.pi * (share - 0.5))))


def marks(steps: int) -> tuple[int, ...]:
    """Give the steps at which a network may be kept: ends of cycles, and powers of two before the first.

    A refit repeats a number of steps; where the learning rate is high the network is poor, so only these.
    """
    ends = [max(1, -(-steps * (2**k - 1) // LENGTH)) for k in range(1, CYCLES + 1)]
    return tuple(sorted({*ends, *(2**k for k in range(ends[0].bit_length()) if 2**k < ends[0])}))


def nearest_mark(steps: int, wanted: int) -> int:
    """Give the mark nearest to a number of steps, as a ratio."""
    return min(marks(steps), key=lambda mark: (abs(np.log(mark / max(wanted, 1))), mark))


def start(shape: Shape, lesson: Lesson, bias: Array) -> Array:
    """Draw the first weights; the last layer gives `bias` for every row."""
    rng = np.random.default_rng([lesson.seed, 1])
    flat = np.zeros(shape.size, np.float32)
    p = views(shape, flat)
    p["frequency"][:] = rng.normal(0.0, lesson.frequency_spread, p["frequency"].shape)
    p["phase"][:] = rng.uniform(-np.pi, np.pi, p["phase"].shape)
    bound = 1.0 / np.sqrt(max(shape.frequencies, 1))
    p["mix"][:] = rng.uniform(-bound, bound, p["mix"].shape)
    p["mix_bias"][:] = rng.uniform(-bound, bound, p["mix_bias"].shape)
    for i in range(len(shape.tables)):
        p[f"table_{i}"][:] = rng.normal(0.0, 1.0, p[f"table_{i}"].shape)
    p["factor"][:] = 1.0
    for i in range(len(shape.widths)):
        weights = p[f"weights_{i}"]
        weights[:] = rng.normal(0.0, 1.0 / np.sqrt(weights.shape[0]), weights.shape)
        p[f"bias_{i}"][:] = rng.normal(0.0, 1.0, p[f"bias_{i}"].shape)
    p[f"bias_{len(shape.widths)}"][:] = bias
    return flat


def _rates(shape: Shape) -> tuple[Array, Array]:
    """Give per number its share of the learning rate, and whether it decays."""
    shares, decays = np.ones(shape.size, np.float32), np.zeros(shape.size, np.float32)
    share, decay = views(shape, shares), views(shape, decays)
    for name, part in share.items():
        if name.startswith("weights_"):
            part[:] = 1.0 / np.sqrt(part.shape[0])
            decay[name][:] = 1.0
        else:
            part[:] = RATES.get(name, 0.1 if name.startswith("bias_") else 1.0)
    return shares, decays


def gradient_of(answers: Answers, scores: Array) -> Array:
    """Give the gradient of the mean loss by raw scores: softmax and logarithm, or half squares."""
    given = softmax(scores) if answers.is_classes else scores
    gradient = np.asarray((given - answers.wanted) / len(scores))
    return gradient if answers.weight is None else gradient * answers.weight[:, None]


def loss_of(answers: Answers, scores: Array) -> float:
    """Give the mean loss, in float64."""
    raw = scores.astype(np.float64)
    if answers.is_classes:
        raw = raw - raw.max(axis=1, keepdims=True)
        each = np.log(np.exp(raw).sum(axis=1)) - (raw * answers.wanted).sum(axis=1)
    else:
        each = 0.5 * ((raw - answers.wanted) ** 2).sum(axis=1)
    return float(np.average(each, weights=answers.weight))


def softmax(scores: Array) -> Array:
    """Give shares of classes."""
    grown = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))


def scores_of(shape: Shape, flat: Array, rows: Rows) -> Array:
    """Give raw scores of many rows, some at a time."""
    p, n = views(shape, flat), rows.numbers.shape[0]
    parts = [rows.take(slice(at, at + ROWS_AT_ONCE)) for at in range(0, n, ROWS_AT_ONCE)]
    return np.concatenate([forward(shape, p, part, None)[0] for part in parts])


class _Adam:
    """Moments of the gradient, and the step they lead to."""

    def __init__(self, shape: Shape, decay: float) -> None:
        self.shares, self.decays = _rates(shape)
        self.decays *= np.float32(decay)
        self.first, self.second = np.zeros((2, shape.size), np.float32)
        self.scratch = np.empty(shape.size, np.float32)
        self.count = 0

    def step(self, flat: Array, gradient: Array, learning_rate: float, fade: float) -> None:
        """Move the weights; the gradient is used up."""
        self.count += 1
        first, second, scratch = self.first, self.second, self.scratch
        first *= FIRST_MOMENT
        np.multiply(gradient, 1.0 - FIRST_MOMENT, out=scratch)
        first += scratch
        second *= SECOND_MOMENT
        gradient *= gradient
        gradient *= 1.0 - SECOND_MOMENT
        second += gradient
        np.multiply(second, 1.0 / (1.0 - SECOND_MOMENT**self.count), out=scratch)
        np.sqrt(scratch, out=scratch)
        scratch += TINY
        np.divide(first, scratch, out=scratch)
        scratch *= self.shares
        scratch *= learning_rate / (1.0 - FIRST_MOMENT**self.count)
        np.multiply(flat, self.decays, out=gradient)
        gradient *= learning_rate * fade
        scratch += gradient
        flat -= scratch


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """Rows to learn from, and rows to judge by, or None."""

    rows: Rows
    answers: Answers
    valid: tuple[Rows, Answers] | None = None


def teach(
    shape: Shape, lesson: Lesson, course: Course, bias: Array, should_stop: Callable[[], bool]
) -> Taught:
    """Train, and keep the mark with the least loss on the validation rows; without them the last one.

    Asks `should_stop` after every step, and then returns what was kept so far.
    """
    rng = np.random.default_rng([lesson.seed, 2])
    flat = start(shape, lesson, bias)
    gradient = np.zeros_like(flat)
    p, g = views(shape, flat), views(shape, gradient)
    adam = _Adam(shape, lesson.decay)
    last = lesson.steps if lesson.stop_after is None else nearest_mark(lesson.steps, lesson.stop_after)
    kept, kept_steps, stopped, least = flat.copy(), 0, False, np.inf
    losses: list[tuple[int, float]] = []
    first_end, stopped_by_itself = -(-lesson.steps // LENGTH), False
    ends, batches = set(marks(lesson.steps)), _batches(len(course.answers.wanted), lesson.batch, rng)
    for step in range(1, last + 1):
        share = (step - 1) / lesson.steps
        rows = next(batches)
        masks = _masks(shape, lesson.dropout * fading(share), rows.size, rng)
        scores, tape = forward(shape, p, course.rows.take(rows), masks)
        backward(shape, p, tape, gradient_of(_smooth(course.answers, rows, lesson), scores), g)
        adam.step(flat, gradient, lesson.learning_rate * max(rate(share), 1e-3), fading(share))
        stopped = should_stop()
        if step in ends:
            loss = _judge(shape, flat, course)
            losses.append((step, loss))
            if loss < least or course.valid is None or not kept_steps:
                kept, kept_steps, least = flat.copy(), step, loss
            stopped_by_itself = step >= first_end and loss > HOPELESS * least
        if stopped or stopped_by_itself:
            break
    return Taught(flat=kept, steps=kept_steps, stopped=stopped, losses=tuple(losses))


def _judge(shape: Shape, flat: Array, course: Course) -> float:
    if course.valid is None:
        return 0.0
    rows, answers = course.valid
    loss = loss_of(answers, scores_of(shape, flat, rows))
    return loss if np.isfinite(loss) else np.inf


def _batches(n: int, size: int, rng: np.random.Generator) -> Any:
    """Give rows of one step after another, every row once before one comes again."""
    while True:
        order: IntArray = rng.permutation(n)
        for at in range(0, max(n - size, 0) + 1, size):
            yield order[at : at + size]


def _smooth(answers: Answers, rows: IntArray, lesson: Lesson) -> Answers:
    wanted = answers.wanted[rows]
    if answers.is_classes and lesson.smoothing:
        wanted = wanted * (1.0 - lesson.smoothing) + lesson.smoothing / wanted.shape[1]
    weight = None if answers.weight is None else answers.weight[rows]
    return Answers(wanted=wanted, weight=weight, is_classes=answers.is_classes)


def _masks(shape: Shape, share: float, n: int, rng: np.random.Generator) -> list[Array] | None:
    """Draw factors that switch a share of the hidden units off and make up for it; a share in 256ths."""
    dropped = round(share * 256.0)
    if not dropped:
        return None
    factor = np.float32(256.0 / (256.0 - dropped))
    drawn: list[npt.NDArray[np.uint8]] = [
        np.frombuffer(rng.bytes(n * width), np.uint8).reshape(n, width) for width in shape.widths
    ]
    return [(each >= dropped) * factor for each in drawn]
