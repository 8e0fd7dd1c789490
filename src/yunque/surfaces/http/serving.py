"""What the HTTP surface is given: models, limits, keys and counters."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from yunque.monitoring.answered_rows import Arm
from yunque.services.access import Keyring
from yunque.services.job_office import Office
from yunque.services.score import OpenModel, Shelf, View
from yunque.surfaces.http.access_log import AccessLog
from yunque.surfaces.http.answer import class_name
from yunque.surfaces.http.answering import Answered, Answerer
from yunque.surfaces.http.arms import Canary, Given
from yunque.surfaces.http.guard import Keys, Tokens
from yunque.surfaces.http.limits import Limits
from yunque.surfaces.http.metrics import Metrics
from yunque.surfaces.http.metrics_share import SharedCounts
from yunque.surfaces.http.table_reader import TableReader
from yunque.surfaces.http.watch import Watch

if TYPE_CHECKING:
    from yunque.services.ask import AskDesks
    from yunque.services.demand_door import DemandDoor

MOST_ANSWERERS = 64


class Answerers:
    """The answerers of open models, each made once; the eldest are forgotten."""

    def __init__(self, most_rows: int) -> None:
        self._most_rows = most_rows
        self._made: dict[int, Answerer] = {}

    def of(self, model: OpenModel) -> Answerer:
        """Give the answerer of an open model."""
        found = self._made.get(id(model))
        if found is None or found.model is not model:
            found = self._made[id(model)] = Answerer(model, most_rows=self._most_rows)
            while len(self._made) > MOST_ANSWERERS:
                del self._made[next(iter(self._made))]
        return found


@dataclass(frozen=True, kw_only=True)
class Serving:
    """Everything a server needs; built by `surfaces/asgi.py`.

    Attributes:
        shelf: open models.
        limits: what one request may ask for.
        keyring: accepted API keys; with none, and no tokens, only this machine is answered.
        tokens: what believes signed tokens, or None.
        cors_origins: origins that browsers may call from; none when empty.
        poll_seconds: how often the registry is asked for new champions.
        metrics: counters of this worker.
        shared: counters of the workers beside it.
        access_log: a line per request; writes nothing without a stream.
        tables: reads bodies that are tables.
        watch: what is seen of the answers: log, drift, trials.
        office: where jobs are taken; None for a server that takes none.
        demand: opens what R2's endpoints need, when the first of them is asked; None where there are none.
        ask: opens what questions are answered from, when the first is asked; None where there is nothing.
    """

    shelf: Shelf
    limits: Limits
    keyring: Keys = field(default_factory=Keyring)
    tokens: Tokens | None = None
    cors_origins: tuple[str, ...] = ()
    poll_seconds: float = 2.0
    metrics: Metrics = field(default_factory=Metrics)
    shared: SharedCounts = field(default_factory=lambda: SharedCounts(None))
    access_log: AccessLog = field(default_factory=AccessLog)
    tables: TableReader = field(default_factory=TableReader)
    watch: Watch = field(default_factory=Watch)
    office: Office | None = None
    demand: "Callable[[], DemandDoor] | None" = None
    ask: "Callable[[], AskDesks] | None" = None
    answerers: Answerers = field(init=False)

    def __post_init__(self) -> None:
        """Make what depends on the limits."""
        object.__setattr__(self, "answerers", Answerers(self.limits.rows))

    def default_model(self, view: View) -> OpenModel | None:
        """Give the model that answers where none is named: the default one, or the only one."""
        if self.shelf.default is not None:
            return view.champions.get(self.shelf.default)
        return next(iter(view.champions.values())) if len(view.champions) == 1 else None

    def canary_beside(self, model: OpenModel, view: View) -> Canary | None:
        """Give the canary that runs beside a champion, ready to answer."""
        found = view.trial(model.name, "canary")
        if found is None or found.model is None or view.champions.get(model.name) is not model:
            return None
        return Canary(found, self.answerers.of(model), self.answerers.of(found.model))

    def count_given(self, canary: Canary, given: Given, request_id: str) -> None:
        """Count an answer where a canary runs."""
        self.watch.note_canary(canary.trial, given)
        self.count(given.model, given.answered, request_id, "canary" if given.is_tried else "champion")

    def count(self, model: OpenModel, answered: Answered, request_id: str, arm: Arm | None = None) -> None:
        """Count what was answered, and hand it to the watch."""
        is_champion = self.shelf.view.champions.get(model.name) is model
        self.watch.note(model, arm or ("champion" if is_champion else "pinned"), answered, request_id)
        predictions = answered.predictions
        if not model.predictor.task.is_classification:
            self.metrics.count_answers(model.name, model.version, len(predictions))
            return
        if isinstance(predictions, pl.DataFrame):
            values = predictions["prediction"].to_list()
        else:
            values = [answer.value for answer in predictions]
        self.metrics.count_answers(model.name, model.version, [class_name(value) for value in values])
