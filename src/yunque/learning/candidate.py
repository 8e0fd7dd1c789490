"""What a run tries: an algorithm with its parameters, and how each of its fits is seeded."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from yunque.learning.algorithm import Algorithm

# A parameter that every algorithm has: whether codes of categories are read as such or as numbers. Trees
# that cut codes as numbers share more rows between levels; on small tables that is worth a candidate.
CATEGORIES = "categories"
AS_NUMBERS = "numbers"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One configuration.

    Attributes:
        name: unique within the run.
        algorithm: the plug-in that fits it.
        params: hyper-parameters in the algorithm's own names.
        share: how much longer than others one of its fits may take before it is cut.
        most_rows: a fit on more rows than this learns from a seeded draw of them; 0 for no limit.
        is_anchor: runs first, so that something can be served early.
        is_reference: what others are measured by; never dropped, blended only when nothing else is there.
    """

    name: str
    algorithm: Algorithm
    params: Mapping[str, Any] = field(default_factory=dict)
    share: float = 1.0
    most_rows: int = 0
    is_anchor: bool = False
    is_reference: bool = False

    @property
    def family(self) -> str:
        """The family of its algorithm."""
        return self.algorithm.family


def fit_seed(seed: int, name: str, fold: int) -> int:
    """Derive the seed of one fit from that of the run: the same whatever ran before it, below 2**31."""
    digest = hashlib.sha256(f"{seed}|{name}|{fold}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF
