"""What a ready-made solution is: contract, question, metric, gates and generator, as one value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from yunque.data.contract import Contract


@dataclass(frozen=True, kw_only=True)
class Solution:
    """One ready-made solution; a folder in `solutions` ends with SOLUTION = Solution(...).

    Attributes:
        name: the folder's name, and the command's.
        title: in words, by language ("en", "es").
        contract: what a table must look like.
        generate: rows and seed -> a table that meets the contract, with the answer where one is learnt.
        enrich: raw table -> features, point in time; identity when there is nothing to add.
        target: the column that is learnt; "" when nothing is.
        metric: the metric that decides.
        requirements: targets declared before training.
    """

    name: str
    title: Mapping[str, str]
    contract: Contract
    generate: Callable[[int, int], pl.DataFrame]
    enrich: Callable[[pl.DataFrame], pl.DataFrame] = field(default=lambda frame: frame)
    target: str = ""
    metric: str = "auto"
    requirements: tuple[str, ...] = ()
