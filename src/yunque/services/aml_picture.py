"""A tenant's operations as they stand now: the law over all files, classes as answered, who decided what."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

import polars as pl
import sqlalchemy as sa

from yunque.runtime.database import Database
from yunque.services.aml_desk import Desk
from yunque.services.aml_judge import evaluate_past
from yunque.services.aml_scores import kept_scores
from yunque.solutions.aml.classify import raised
from yunque.solutions.aml.law.evaluate import Evaluation
from yunque.solutions.aml.result import operation_rows
from yunque.solutions.aml.store.dispositions import Standing, read_dispositions, standings
from yunque.solutions.aml.store.history import Past, read_past
from yunque.solutions.aml.store.tables import PART

KEPT = 4  # pictures that one process holds


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file as it was kept: its analysis, when it came, by which the desk knew what it told."""

    analysis_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What a tenant has told and what follows from it.

    Attributes:
        past: the operations; found: the law's answer for all of them, null when there are none.
        operations: those of `found` with `clase`, `clase_ml` and scores, as they were answered.
        sources: the files by number of part.
    """

    past: Past
    found: Evaluation | None
    operations: pl.DataFrame
    sources: Mapping[int, Source]

    def rows(self, operations: pl.DataFrame) -> list[dict[str, Any]]:
        """Give operations as a result shows them, with their analysis and when the desk knew of them."""
        if self.found is None or operations.is_empty():
            return []
        parts = dict(operations.select("id_operacion", "parte").iter_rows())
        shown = []
        for row in operation_rows(self.found, operations):
            source = self.sources[parts[row["id_operacion"]]]
            told = {"analysis_id": source.analysis_id, "conocida": source.at.isoformat()}
            shown.append({**row, **told})
        return shown


_PICTURES: OrderedDict[tuple[Any, ...], Picture] = OrderedDict()
_LOCK = Lock()


def picture(desk: Desk) -> Picture:
    """Give the picture of a desk's tenant; it is drawn again only when something new was kept."""
    scores = kept_scores(desk.database, desk.tenant)
    sources = sources_of(desk.database, desk.tenant)
    key = (
        *(str(desk.database.engine.url), desk.tenant, len(sources), scores.mark),
        *(desk.catalogue.sha256, max((source.at for source in sources.values()), default=None)),
    )
    with _LOCK:
        if key in _PICTURES:
            _PICTURES.move_to_end(key)
            return _PICTURES[key]
    drawn = draw(desk, sources, scores.table)
    with _LOCK:
        _PICTURES[key] = drawn
        while len(_PICTURES) > KEPT:
            _PICTURES.popitem(last=False)
    return drawn


def draw(desk: Desk, sources: Mapping[int, Source], scores: pl.DataFrame) -> Picture:
    """Evaluate all operations of a tenant and put the answered classes beside them."""
    past = read_past(desk.database, desk.tenant)
    if past.operations.is_empty():
        return Picture(past=past, found=None, operations=pl.DataFrame(), sources=sources)
    found = evaluate_past(past, desk)
    joined = found.operations.join(scores, on="id_operacion", how="left", maintain_order="left")
    return Picture(past=past, found=found, operations=raised(joined), sources=sources)


def sources_of(database: Database, tenant: str) -> dict[int, Source]:
    """Give the files of a tenant by the number of their part."""
    query = sa.select(PART.c.number, PART.c.analysis_id, PART.c.at).where(PART.c.tenant == tenant)
    with database.reading_as(tenant) as connection:
        return {
            row.number: Source(analysis_id=row.analysis_id, at=row.at) for row in connection.execute(query)
        }


def standing(desk: Desk) -> dict[str, Standing]:
    """Give where each operation stands that somebody decided on."""
    return standings(read_dispositions(desk.database, desk.tenant))


def owing(found: Evaluation, kinds: Sequence[str]) -> pl.Series:
    """Give the `orden` of operations that owe something of these kinds."""
    return found.obligations.filter(pl.col("tipo").is_in(kinds))["orden"].unique()
