"""What a model without a target found: its clusters and how they differ, or how many rows it flags."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from yunque.learning.leaderboard import Leaderboard
from yunque.models.report_numbers import count, number, percent
from yunque.models.report_words import Words, shortened

MOST_COLUMNS = 4
NO_CLUSTER = -1


@dataclass(frozen=True, kw_only=True)
class ClusterRow:
    """One cluster among the rows that were learnt from."""

    label: str
    rows: str
    share: str
    distance: str
    differs: str


def cluster_rows(board: Leaderboard, words: Words) -> list[ClusterRow]:
    """Give the clusters, largest first, each with the columns in which it differs most; [] without any."""
    return [
        ClusterRow(
            label=words("clusters.none") if found["cluster"] == NO_CLUSTER else str(found["cluster"]),
            rows=count(found["rows"]),
            share=percent(found["share"]),
            distance=number(found["distance"]),
            differs="; ".join(_typical(column, words) for column in found["columns"][:MOST_COLUMNS]),
        )
        for found in board.plan.get("clusters", ())
    ]


def _typical(column: Mapping[str, Any], words: Words) -> str:
    name = shortened(str(column["column"]), 24)
    if "share" in column:
        value = shortened(str(column["typical"]), 24)
        return words("clusters.category", column=name, value=value, share=percent(column["share"], 0))
    typical, overall = number(column["typical"]), number(column["overall"])
    return words("clusters.number", column=name, typical=typical, overall=overall)


def flag_text(board: Leaderboard, words: Words) -> str:
    """Say from which score on a row is flagged, and how many of the rows that were learnt from are."""
    ranks = board.champion.decision.ranks
    if ranks is None:
        return ""
    return words("run.flag_from", score=number(ranks.flag_from), share=percent(ranks.flagged))
