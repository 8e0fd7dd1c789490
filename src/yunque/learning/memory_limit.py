"""The memory a run may hold, on a gauge that is passed in."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from yunque.errors import UsageError

DEFAULT_MEMORY = "75%"
_UNITS = {
    "": 1, "b": 1, "k": 10**3, "kb": 10**3, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9, "t": 10**12,
    "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
}  # fmt: skip
_PATTERN = re.compile(r"(\d+(?:\.\d+)?)\s*(%|[a-z]*)")


@dataclass(frozen=True, kw_only=True)
class MemoryLimit:
    """Bytes that a run may hold, imports and table included, with all processes it starts.

    Attributes:
        limit_bytes: not to be passed.
        used: gives the bytes that this process holds just now; the only source of it in the learning stage.
    """

    limit_bytes: int
    used: Callable[[], int]

    def left(self) -> int:
        """Give the bytes that are not held yet; negative when there are too many."""
        return self.limit_bytes - self.used()


@dataclass(frozen=True, kw_only=True)
class MemoryWish:
    """What was asked for: a number of bytes, or a share of what is free."""

    size_bytes: int | None = None
    share: float | None = None

    def limit_bytes(self, *, used: int, free: int) -> int:
        """Give the bytes that the process may hold.

        A share is one of what is free, on top of what the process holds already. A number of bytes is taken
        as it is said, but never for more than there is.

        Args:
            used: bytes that the process holds.
            free: bytes that it could have beside them.
        """
        most = used + free
        if self.size_bytes is not None:
            return min(self.size_bytes, most)
        return min(used + int((self.share or 0.0) * free), most)


def parse_memory(text: str | float) -> MemoryWish:
    """Read a memory limit: "75%" of what is free, "4GB", "512 MiB", or a number of bytes.

    KB, MB, GB count in thousands; KiB, MiB, GiB in 1,024s.

    Raises:
        UsageError: it is none of these, or not positive.
    """
    word = f"{text:f}" if isinstance(text, int | float) else str(text)
    match = _PATTERN.fullmatch(word.strip().lower())
    if match is None or (match[2] != "%" and match[2] not in _UNITS):
        raise UsageError(
            f"The memory {text!r} is not understood.",
            hint="Use bytes with a unit (4GB, 512MiB) or a share of what is free (75%).",
        )
    number = float(match[1])
    if match[2] == "%":
        if not 0 < number <= 100:
            raise UsageError(f"The memory {text!r} is no share of what is free.", hint="Use 1% to 100%.")
        return MemoryWish(share=number / 100)
    size = number * _UNITS[match[2]]
    if not (math.isfinite(size) and size >= 1):
        raise UsageError(f"The memory {text!r} is not positive.", hint="Use for example 4GB, or 75%.")
    return MemoryWish(size_bytes=int(size))


def in_words(size_bytes: float) -> str:
    """Write a number of bytes as people read it: 512 MiB, 3.4 GiB."""
    mib = size_bytes / 2**20
    return f"{mib:,.0f} MiB" if mib < 1000 else f"{mib / 1024:,.1f} GiB"
