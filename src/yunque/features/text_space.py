"""Texts as points in a few dense dimensions: grams weighed by rarity, projected on their main directions.

TF-IDF followed by a truncated singular value decomposition (latent semantic analysis, Deerwester et al.,
1990), found by random projection with power iterations (Halko, Martinsson, Tropp, SIAM Review 2011). Counts
are damped by a square root, not a logarithm, because IEEE 754 rounds it exactly.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from yunque.features.sparse_product import times, times_transposed
from yunque.features.text_grams import (
    GRAMS_PER_CHARACTER,
    MOST_CHARACTERS,
    folding,
    hash_grams,
    joined,
    spell,
)

FloatArray = npt.NDArray[np.float64]
MOST_GRAMS = 4_096
WIDTH = 30
_EXTRA, _POWERS = 8, 2  # directions beyond those kept, and iterations, of the random projection
_KEYS = 1 << 20  # places of the table that counts grams: 16 MiB


@dataclass(frozen=True, kw_only=True, eq=False)
class TextSpace:
    """The fitted space.

    Attributes:
        grams: (V,) uint64, ascending: the grams that are known.
        rarity: (V,) float32 weight of each.
        directions: (V, width) float16; their precision is that of the answer.
    """

    grams: npt.NDArray[np.uint64]
    rarity: npt.NDArray[np.float32]
    directions: npt.NDArray[np.float16]


@dataclass(frozen=True, kw_only=True, eq=False)
class Projector:
    """A space made ready: a table of places by hash, and the directions as float64, weighed by rarity."""

    places: npt.NDArray[np.int32]
    grams: npt.NDArray[np.uint64]
    rarity: FloatArray
    directions: FloatArray

    @classmethod
    def of(cls, space: TextSpace) -> "Projector":
        """Make a space ready."""
        places = np.full(1 << int(np.ceil(np.log2(2 * max(1, space.grams.size)))), -1, np.int32)
        _place(places, space.grams)
        return cls(
            places=places,
            grams=np.ascontiguousarray(space.grams),
            rarity=space.rarity.astype(np.float64),
            directions=np.ascontiguousarray(space.directions.astype(np.float64)),
        )

    def many(self, texts: list[str | None]) -> FloatArray:
        """Give (n, width); a text without a known gram, or a missing one, stands at the origin."""
        out = np.empty((len(texts), self.directions.shape[1]))
        raw, offsets = joined(texts)
        _project(raw, offsets, folding(), self.places, self.grams, self.rarity, self.directions, out)
        return out

    def one(self, text: str) -> list[float]:
        """Give the same bits for one text."""
        found: list[float] = self.many([text])[0].tolist()
        return found


def fit_space(texts: list[str | None], *, seed: int, most_grams: int = MOST_GRAMS) -> TextSpace | None:
    """Fit the space on texts, or give None where fewer than two grams stand in two of them.

    Args:
        texts: of training rows; a missing one counts as empty.
        seed: of the random projection.
        most_grams: half of them at most are words and pairs, the others pieces of words; the most frequent.
    """
    raw, offsets = joined(texts)
    grams, counts = _counted(raw, offsets)
    least = max(2, len(texts) // 2_000)
    frequent = counts >= least
    grams, counts = grams[frequent], counts[frequent]
    kept = np.sort(np.concatenate([_most(grams, counts, kind, most_grams // 2) for kind in (1, 0)]))
    grams, counts = grams[kept], counts[kept]
    order = np.argsort(grams)
    grams, counts = np.ascontiguousarray(grams[order]), counts[order]
    if grams.size < 2:
        return None
    rarity = (np.log((1.0 + len(texts)) / (1.0 + counts)) + 1.0).astype(np.float32)
    starts, columns, values = _weighed(raw, offsets, grams, rarity)
    directions = _directions(starts, columns, values, grams.size, seed)
    return None if directions is None else TextSpace(grams=grams, rarity=rarity, directions=directions)


def _most(
    grams: npt.NDArray[np.uint64], counts: npt.NDArray[np.int32], kind: int, most: int
) -> npt.NDArray[np.int64]:
    """Give the places of the most frequent grams of a kind; equal counts in the order of their hashes."""
    own = np.flatnonzero((grams & np.uint64(1)) == np.uint64(kind))
    return own[np.lexsort((grams[own], -counts[own]))][:most]


def _counted(
    raw: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    keys, counts, last = np.zeros(_KEYS, np.uint64), np.zeros(_KEYS, np.int32), np.zeros(_KEYS, np.int32)
    _count(raw, offsets, folding(), keys, counts, last)
    found = np.flatnonzero(counts)
    return keys[found], counts[found]


def _weighed(
    raw: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    grams: npt.NDArray[np.uint64],
    rarity: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], FloatArray]:
    """Give the texts' weights as sparse rows: starts (n + 1,), columns, values; each row has length 1."""
    places = np.full(1 << int(np.ceil(np.log2(2 * grams.size))), -1, np.int32)
    _place(places, grams)
    starts = np.zeros(offsets.size, np.int64)
    size = int(min(raw.size, (offsets.size - 1) * MOST_CHARACTERS)) * GRAMS_PER_CHARACTER + 16
    columns, values = np.empty(size, np.int32), np.empty(size)
    _weigh(raw, offsets, folding(), places, grams, rarity.astype(np.float64), starts, columns, values)
    return starts, columns[: starts[-1]].copy(), values[: starts[-1]].copy()


def _directions(
    starts: npt.NDArray[np.int64], columns: npt.NDArray[np.int32], values: FloatArray, size: int, seed: int
) -> npt.NDArray[np.float16] | None:
    """Give the main directions, (V, width), scaled so that each coordinate of the texts has deviation 1."""
    rows = starts.size - 1
    width = min(WIDTH, size, rows)
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((size, min(size, width + _EXTRA))))[0]
    for _ in range(_POWERS):
        image = np.linalg.qr(times(starts, columns, values, np.ascontiguousarray(basis)))[0]
        basis = np.linalg.qr(times_transposed(starts, columns, values, np.ascontiguousarray(image), size))[0]
    image = times(starts, columns, values, np.ascontiguousarray(basis))
    _, strength, turn = np.linalg.svd(image, full_matrices=False)
    found = basis @ turn[:width].T
    points = image @ turn[:width].T
    spread = points.std(axis=0)
    strong = (strength[:width] > 1e-6) & (spread > 1e-6)
    if not strong.any():
        return None
    found = found[:, strong]
    largest = np.abs(found).argmax(axis=0)
    signs = np.sign(found[largest, np.arange(found.shape[1])])  # a direction and its opposite are one
    scaled = np.clip(found * signs / spread[strong], -6e4, 6e4)
    return np.ascontiguousarray(scaled.astype(np.float16))


@njit(cache=True, nogil=True)
def _home(gram, mask):  # type: ignore[no-untyped-def]
    """Give the place where the search for a gram begins."""
    return np.int64(((gram * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)) & np.uint64(mask))


@njit(cache=True, nogil=True)
def _place(places, grams):  # type: ignore[no-untyped-def]
    mask = places.size - 1
    for v in range(grams.size):
        at = _home(grams[v], mask)
        while places[at] >= 0:
            at = (at + 1) & mask
        places[at] = v


@njit(cache=True, nogil=True)
def _find(gram, places, grams):  # type: ignore[no-untyped-def]
    """Give the place of a gram, or -1."""
    mask = places.size - 1
    at = _home(gram, mask)
    while places[at] >= 0:
        if grams[places[at]] == gram:
            return places[at]
        at = (at + 1) & mask
    return np.int32(-1)


@njit(cache=True, nogil=True)
def _tally(raw, start, end, table, places, known, scratch):  # type: ignore[no-untyped-def] # noqa: PLR0913, PLR0917
    """Count the known grams of one text: how many differ; `touched` names them in order of appearance."""
    letters, grams, counts, touched = scratch
    found = hash_grams(letters, spell(raw, start, end, table, letters), grams)
    distinct = 0
    for g in range(found):
        place = _find(grams[g], places, known)
        if place >= 0:
            if not counts[place]:
                touched[distinct] = place
                distinct += 1
            counts[place] += 1
    return distinct


@njit(cache=True, nogil=True)
def _scratch(characters, size):  # type: ignore[no-untyped-def]
    most = min(characters, MOST_CHARACTERS) + 2
    return (
        np.empty(most, np.int32),
        np.empty(most * GRAMS_PER_CHARACTER, np.uint64),
        np.zeros(size, np.int32),
        np.empty(size, np.int32),
    )


@njit(cache=True, nogil=True)
def _longest(offsets):  # type: ignore[no-untyped-def]
    longest = 0
    for row in range(offsets.size - 1):
        longest = max(longest, offsets[row + 1] - offsets[row])
    return longest


@njit(cache=True, nogil=True)
def _project(raw, offsets, table, places, known, rarity, directions, out):  # type: ignore[no-untyped-def] # noqa: PLR0913, PLR0917
    """Write the points of texts; a point depends on its own text alone, added up in its own order."""
    scratch = _scratch(_longest(offsets), known.size)
    counts, touched = scratch[2], scratch[3]
    for row in range(offsets.size - 1):
        distinct = _tally(raw, offsets[row], offsets[row + 1], table, places, known, scratch)
        out[row, :] = 0.0
        length = 0.0
        for i in range(distinct):
            v = touched[i]
            weight = np.sqrt(np.float64(counts[v])) * rarity[v]
            counts[v] = 0
            length += weight * weight
            for k in range(out.shape[1]):
                out[row, k] += weight * directions[v, k]
        if length > 0.0:
            length = np.sqrt(length)
            for k in range(out.shape[1]):
                out[row, k] /= length


@njit(cache=True, nogil=True)
def _weigh(raw, offsets, table, places, known, rarity, starts, columns, values):  # type: ignore[no-untyped-def] # noqa: PLR0913, PLR0917
    """Write the texts as sparse rows of length 1."""
    scratch = _scratch(_longest(offsets), known.size)
    counts, touched = scratch[2], scratch[3]
    at = 0
    for row in range(offsets.size - 1):
        distinct = _tally(raw, offsets[row], offsets[row + 1], table, places, known, scratch)
        length = 0.0
        for i in range(distinct):
            v = touched[i]
            weight = np.sqrt(np.float64(counts[v])) * rarity[v]
            counts[v] = 0
            length += weight * weight
            columns[at + i], values[at + i] = v, weight
        for i in range(distinct):
            values[at + i] /= np.sqrt(length)
        at += distinct
        starts[row + 1] = at


@njit(cache=True, nogil=True)
def _count(raw, offsets, table, keys, counts, last):  # type: ignore[no-untyped-def]
    """Count in how many texts each gram stands, in an open table of keys; a full table takes no new ones."""
    letters, grams, _, _ = _scratch(_longest(offsets), 1)
    mask, room = keys.size - 1, (keys.size * 3) // 4
    for row in range(offsets.size - 1):
        found = hash_grams(letters, spell(raw, offsets[row], offsets[row + 1], table, letters), grams)
        for g in range(found):
            at = _home(grams[g], mask)
            while keys[at] and keys[at] != grams[g]:
                at = (at + 1) & mask
            if not keys[at]:
                if room <= 0:
                    continue
                keys[at], room, last[at] = grams[g], room - 1, -1
            if last[at] != row:
                last[at] = row
                counts[at] += 1
