"""Layers of a tabular network, forward and backward: RealMLP's parts (Holzmueller et al., NeurIPS 2024).

Numbers with more than two values get a periodic embedding (Gorishniy et al., NeurIPS 2022, in RealMLP's small
form): mix of cos(2 pi frequency x + phase), beside the number itself. Short vectors stand for levels of large
categories. A learnt factor per input follows, then dense layers. All arrays are views of one flat vector.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from yunque.learning.network_inputs import Rows

Array = npt.NDArray[Any]
Activation = Literal["selu", "mish"]
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
EMBEDDED = 3  # outputs of one number's embedding
LEVEL_SIZE = 8  # numbers that stand for one level
TURN = 2.0 * np.pi


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Sizes of all layers.

    Attributes:
        numbers, embedded: numbers, and how many of them are embedded.
        frequencies: per embedded number.
        flags: flags of missing.
        one_hot: levels of each category that is read as one column per level.
        tables: levels of each other category.
        widths: of the hidden layers.
        outputs: raw scores.
    """

    numbers: int
    embedded: int
    frequencies: int
    flags: int
    one_hot: tuple[int, ...]
    tables: tuple[int, ...]
    widths: tuple[int, ...]
    outputs: int
    activation: Activation

    @property
    def inputs(self) -> int:
        """Width of what the first dense layer reads."""
        one_hot = sum(self.one_hot)
        return self.numbers + EMBEDDED * self.embedded + self.flags + one_hot + LEVEL_SIZE * len(self.tables)

    @property
    def parts(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every array, in the order of the flat vector."""
        sizes = (self.inputs, *self.widths, self.outputs)
        given: dict[str, tuple[int, ...]] = {
            "frequency": (self.embedded, 1, self.frequencies),
            "phase": (self.embedded, 1, self.frequencies),
            "mix": (self.embedded, self.frequencies, EMBEDDED),
            "mix_bias": (self.embedded, 1, EMBEDDED),
        }
        given |= {f"table_{i}": (levels, LEVEL_SIZE) for i, levels in enumerate(self.tables)}
        given["factor"] = (self.inputs,)
        for i in range(len(sizes) - 1):
            given |= {f"weights_{i}": (sizes[i], sizes[i + 1]), f"bias_{i}": (sizes[i + 1],)}
        return given

    @property
    def size(self) -> int:
        """Numbers in the flat vector."""
        return sum(int(np.prod(shape)) for shape in self.parts.values())


def views(shape: Shape, flat: Array) -> dict[str, Array]:
    """Give every array as a view of the flat vector."""
    found, at = {}, 0
    for name, part in shape.parts.items():
        size = int(np.prod(part))
        found[name] = flat[at : at + size].reshape(part)
        at += size
    return found


@dataclass(kw_only=True, eq=False)
class Tape:
    """What the backward pass needs of the forward one."""

    rows: Rows
    angle: Array
    cosine: Array
    read: Array
    inputs: list[Array]
    slopes: list[Array]


def forward(
    shape: Shape, p: Mapping[str, Array], rows: Rows, masks: list[Array] | None
) -> tuple[Array, Tape]:
    """Give raw scores (n, outputs); `masks` are factors per hidden layer (dropout), None when serving."""
    z = rows.numbers
    angle = TURN * z[:, : shape.embedded].T[:, :, None] * p["frequency"] + p["phase"]
    cosine = np.cos(angle)
    read = _read(shape, p, rows, np.matmul(cosine, p["mix"]) + p["mix_bias"])
    tape = Tape(rows=rows, angle=angle, cosine=cosine, read=read, inputs=[read * p["factor"]], slopes=[])
    value = tape.inputs[0]
    for i in range(len(shape.widths)):
        value, slope = bend(shape.activation, value @ p[f"weights_{i}"] + p[f"bias_{i}"])
        if masks is not None:
            value *= masks[i]
            slope *= masks[i]
        tape.inputs.append(value)
        tape.slopes.append(slope)
    last = len(shape.widths)
    return value @ p[f"weights_{last}"] + p[f"bias_{last}"], tape


def _read(shape: Shape, p: Mapping[str, Array], rows: Rows, embedded: Array) -> Array:
    """Lay the inputs of the first dense layer side by side."""
    z, n = rows.numbers, rows.numbers.shape[0]
    read = np.zeros((n, shape.inputs), z.dtype)
    at = shape.numbers
    read[:, :at] = z
    read[:, at : at + EMBEDDED * shape.embedded] = embedded.transpose(1, 0, 2).reshape(n, -1)
    at += EMBEDDED * shape.embedded
    read[:, at : at + shape.flags] = rows.flags
    at += shape.flags
    every = np.arange(n)
    for k, levels in enumerate(shape.one_hot):
        read[every, at + rows.codes[:, k]] = 1.0
        at += levels
    for i in range(len(shape.tables)):
        read[:, at : at + LEVEL_SIZE] = p[f"table_{i}"][rows.codes[:, len(shape.one_hot) + i]]
        at += LEVEL_SIZE
    return read


def backward(shape: Shape, p: Mapping[str, Array], tape: Tape, scores: Array, g: Mapping[str, Array]) -> None:
    """Write into `g` the gradient of a loss whose gradient by the raw scores is `scores`."""
    down = scores
    for i in range(len(shape.widths), -1, -1):
        np.matmul(tape.inputs[i].T, down, out=g[f"weights_{i}"])
        np.sum(down, axis=0, out=g[f"bias_{i}"])
        down = down @ p[f"weights_{i}"].T
        if i:
            down *= tape.slopes[i - 1]
    np.einsum("ij,ij->j", down, tape.read, out=g["factor"])
    down *= p["factor"]
    at = shape.numbers
    lifted = down[:, at : at + EMBEDDED * shape.embedded].reshape(len(down), shape.embedded, EMBEDDED)
    _embedding(p, tape, np.ascontiguousarray(lifted.transpose(1, 0, 2)), g)
    at = shape.inputs - LEVEL_SIZE * len(shape.tables)
    for i in range(len(shape.tables)):
        codes = tape.rows.codes[:, len(shape.one_hot) + i]
        g[f"table_{i}"][:] = 0.0
        np.add.at(g[f"table_{i}"], codes, down[:, at : at + LEVEL_SIZE])
        at += LEVEL_SIZE


def _embedding(p: Mapping[str, Array], tape: Tape, down: Array, g: Mapping[str, Array]) -> None:
    """Go back through mix and cosine; `down` is (embedded, n, 3)."""
    np.matmul(tape.cosine.transpose(0, 2, 1), down, out=g["mix"])
    np.sum(down, axis=1, keepdims=True, out=g["mix_bias"])
    angle = np.matmul(down, p["mix"].transpose(0, 2, 1))
    angle *= np.sin(tape.angle)
    np.sum(angle, axis=1, keepdims=True, out=g["phase"])
    np.negative(g["phase"], out=g["phase"])
    z = tape.rows.numbers[:, : angle.shape[0]].T[:, None, :]
    np.matmul(z, angle, out=g["frequency"])
    g["frequency"] *= -TURN


def bend(activation: Activation, x: Array) -> tuple[Array, Array]:
    """Give the activation and its slope."""
    if activation == "selu":
        grown = np.exp(np.minimum(x, 0.0))
        above = x > 0.0
        value = SELU_SCALE * np.where(above, x, SELU_ALPHA * (grown - 1.0))
        return value, SELU_SCALE * np.where(above, 1.0, SELU_ALPHA * grown)
    grown = np.exp(np.minimum(x, 20.0))
    square = grown * (grown + 2.0)  # (1 + e^x)^2 - 1, so that tanh(log(1 + e^x)) = square / (square + 2)
    share = 1.0 / (square + 2.0)
    curve = square * share
    return x * curve, curve + x * (4.0 * grown * (grown + 1.0)) * share * share
