"""How much each intent is meant by a question, learnt from examples: linear over traits, weights kept.

A trait falls into one of a fixed number of places by its CRC-32; the weights of a place are whole numbers of
-127 to 127 per intent, times one scale. So the same question has the same score wherever it is asked.
"""

import io
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from yunque.assistant.traits import Traits
from yunque.kernel.form import FloatArray

UNKNOWN = "unknown"  # what is none of the intents


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """Learnt weights.

    Attributes:
        names: intents, and `UNKNOWN`.
        weights: places x names, int8.
        scale: what a unit of weight is worth.
        words: words of the examples of every intent: they are no names and no mistakes.
        traits: what reads a text.
    """

    names: tuple[str, ...]
    weights: np.ndarray
    scale: float
    words: frozenset[str]
    traits: Traits

    @cached_property
    def _column(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.names)}

    def logs(self, text: str) -> dict[str, float]:
        """Give the logarithm of the share of belief of every name; shares sum to 1."""
        rows = places(self.traits.of(text), len(self.weights))
        found = self.weights[rows].sum(axis=0, dtype=np.int64) * (self.scale / np.sqrt(max(len(rows), 1)))
        found = found - found.max()
        found = found - np.log(np.exp(found).sum())
        return {name: float(found[at]) for name, at in self._column.items()}


def places(traits: Iterable[str], count: int) -> np.ndarray:
    """Give the places of traits, each once."""
    found = {zlib.crc32(one.encode()) % count for one in traits}
    return np.fromiter(sorted(found), dtype=np.int64, count=len(found))


def whole_weights(weights: FloatArray) -> tuple[np.ndarray, float]:
    """Give weights as whole numbers of -127 to 127, and what a unit is worth."""
    scale = float(np.abs(weights).max()) / 127 or 1.0
    return np.round(weights / scale).astype(np.int8), scale


def write_scorer(names: Iterable[str], weights: FloatArray, words: Iterable[str]) -> bytes:
    """Give a scorer as a file; the same scorer is the same bytes."""
    whole, scale = whole_weights(weights)
    out = io.BytesIO()
    np.savez_compressed(
        out,
        names=np.array(list(names)),
        weights=whole,
        scale=np.array(scale),
        words=np.array(" ".join(sorted(words))),
    )
    return out.getvalue()


def read_scorer(content: bytes, groups: Mapping[str, Iterable[str]]) -> Scorer:
    """Read a scorer; `groups` are the families of words that its traits were learnt with."""
    with np.load(io.BytesIO(content), allow_pickle=False) as held:
        return Scorer(
            names=tuple(str(name) for name in held["names"]),
            weights=held["weights"],
            scale=float(held["scale"]),
            words=frozenset(str(held["words"]).split()),
            traits=Traits(groups),
        )
