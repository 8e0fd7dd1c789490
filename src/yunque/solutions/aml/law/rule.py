"""A rule of the law: when it fires, what it obliges to, and where it is written; a versioned value."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import polars as pl

Obligation = Literal[
    "identificacion",
    "aviso_mensual",
    "aviso_24h",
    "prohibicion_efectivo",
    "seguimiento_intensificado",
    "revision",
    "informacion_insuficiente",
    "revision_profesional",
    "advertencia",
]
Floor = Literal["limpio", "relevante", "inusual", "preocupante"]
Due = Literal["mensual", "24_horas", "ninguno"]
Nature = Literal["ley", "politica", "propia"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule; a file in `law/rules` ends with RULE = Rule(...).

    Attributes:
        id: "R02_aviso_individual"; results cite it with the version.
        version: raised whenever the meaning changes; the old file is kept under its own version.
        title: in words, for people.
        fires: expression over the prepared columns (see `prepare.prepare`); null counts as no.
        obligation: what it obliges to.
        floor: the class below which no model may answer.
        due: how the deadline is counted; a monthly one follows the term of the row of Article 17.
        citation: article or source; `{fraccion}` stands for the fraction and clause of Article 17.
        since: the day from which operations fall under it.
        nature: law, policy of ours, or a mechanism of our own.
        reason: one sentence for people; names in braces are prepared columns (amounts end in `_c`).
        reason_without: the sentence where one of those columns is null, such as a threshold that is "always".
        numbers: prepared columns that were compared, shown with the result.
        lists_ids: the obligation lists the operations of the six-month window.
    """

    id: str
    version: int = 1
    title: str
    fires: pl.Expr
    obligation: Obligation
    floor: Floor = "limpio"
    due: Due = "ninguno"
    citation: str
    since: date
    nature: Nature = "ley"
    reason: str
    reason_without: str = ""
    numbers: tuple[str, ...] = field(default=())
    lists_ids: bool = False

    @property
    def cited(self) -> str:
        """The id with its version."""
        return f"{self.id}@{self.version}"
