"""Words, pairs of words, and pieces of words of a text as 64-bit hashes: one engine, whatever the language.

A text is read as its code points under a closed rule of our own, so that its grams depend on no version of
Unicode: Latin, Greek and Cyrillic letters are lowered, accents of Latin vowels are taken off (ñ and ç stay
letters of their own), signs and blanks separate. Grams are hashes, so no word of a training row is kept.
"""

import unicodedata
from collections.abc import Iterable
from functools import cache

import numpy as np
import numpy.typing as npt
from numba import njit

Codes = npt.NDArray[np.int32]

MOST_CHARACTERS = 4_000  # of one text; what follows is not read
SMALLEST_PIECE, LARGEST_PIECE = 3, 4  # characters of a piece of a word, the blanks around it included
GRAMS_PER_CHARACTER = LARGEST_PIECE - SMALLEST_PIECE + 2
_FOLDED = 0x530  # Latin, Greek, Cyrillic: their cases and accents have not changed since Unicode 5
_KEPT = frozenset("ñçÑÇ")
_PRIME = np.uint64(1099511628211)  # FNV-1a, 64 bits
_START = np.uint64(14695981039346656037)
_ONE = np.uint64(1)


@cache
def folding() -> Codes:
    """Give what each code point below 0x530 is read as; 0 for a separator."""
    table = np.zeros(_FOLDED, np.int32)
    for code in range(_FOLDED):
        letter = chr(code)
        if letter.isalnum():
            lowered = letter.lower()
            bare = lowered if letter in _KEPT else unicodedata.normalize("NFD", lowered)[0]
            table[code] = ord(bare if len(lowered) == 1 else lowered[0])
    return table


@njit(cache=True, nogil=True)
def _read_code(raw, at, end):  # type: ignore[no-untyped-def]
    """Give the code point at `at` of valid UTF-8, and where the next begins."""
    first = np.int32(raw[at])
    if first < 0x80:
        return first, at + 1
    size = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    code = first & (0xFF >> (size + 1))
    for i in range(1, size):
        if at + i < end:
            code = (code << 6) | (np.int32(raw[at + i]) & 0x3F)
    return np.int32(code), at + size


@njit(cache=True, nogil=True)
def _folded(code, table):  # type: ignore[no-untyped-def]
    """Give the letter that a code point is read as; 0 for a separator."""
    if code < table.size:
        return table[code]
    if 0x2000 <= code < 0x2070 or 0x3000 <= code < 0x3005 or 0xFF00 <= code < 0xFF10 or code == 0xFEFF:
        return np.int32(0)
    return np.int32(code)


@njit(cache=True, nogil=True)
def spell(raw, start, end, table, letters):  # type: ignore[no-untyped-def]
    """Write the letters of one text, words held apart by one 0, which also stands first and last.

    A combining accent (0x300 to 0x36F) is left out, so that both ways to write é are one.
    Returns the number of places written.
    """
    count, at = 1, start
    letters[0] = 0
    while at < end and count < letters.size - 1:
        code, at = _read_code(raw, at, end)
        letter = np.int32(-1) if 0x300 <= code < 0x370 else _folded(code, table)
        if letter > 0:
            letters[count] = letter
            count += 1
        elif letter == 0 and letters[count - 1]:
            letters[count] = 0
            count += 1
    if letters[count - 1]:
        letters[count] = 0
        count += 1
    return count


@njit(cache=True, nogil=True)
def hash_grams(letters, count, grams):  # type: ignore[no-untyped-def]
    """Write the grams of spelt letters: odd hashes are words and pairs, even ones pieces of words.

    Returns how many; `grams` holds GRAMS_PER_CHARACTER for each letter.
    """
    found, before, begin = 0, np.uint64(0), 1
    for at in range(1, count):
        if letters[at]:
            continue
        word = _START
        for i in range(begin, at):
            word = (word ^ np.uint64(letters[i])) * _PRIME
        grams[found] = (word << _ONE) | _ONE
        found += 1
        if before:
            grams[found] = (((before ^ word) * _PRIME ^ (word >> np.uint64(7))) << _ONE) | _ONE
            found += 1
        before = word
        for first in range(begin - 1, at):
            piece = _START
            for i in range(first, min(first + LARGEST_PIECE, at + 1)):
                piece = (piece ^ np.uint64(letters[i])) * _PRIME
                if i - first + 1 >= SMALLEST_PIECE:
                    grams[found] = (piece ^ np.uint64(i - first)) << _ONE
                    found += 1
        begin = at + 1
    return found


def joined(texts: Iterable[str | None]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Give texts as one array of UTF-8 bytes with the offsets of each, (n + 1,); a missing one is empty."""
    parts = [b"" if text is None else text.encode("utf-8", "replace") for text in texts]
    offsets = np.zeros(len(parts) + 1, np.int64)
    np.cumsum([len(part) for part in parts], out=offsets[1:])
    return np.frombuffer(b"".join(parts) + b" ", np.uint8), offsets
