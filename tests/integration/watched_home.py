"""A published model of an older release and a log of 300 rows of a city it never saw, answered on two days."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from yunque.models.manifest import Override
from yunque.models.predictor import Predictor
from yunque.monitoring.answered_rows import AnsweredRows, Watched
from yunque.monitoring.prediction_log import PredictionLog
from yunque.runtime.clock import FixedClock
from yunque.settings import Settings
from yunque.surfaces.bootstrap import PREDICTIONS, Platform, open_platform

BUNDLE = Path(__file__).parents[1] / "formats" / "bundle_1_binary"
ROWS = 300


@contextmanager
def watched_home(home: Path) -> Iterator[Platform]:
    """late@1 is the champion, late@2, the same bundle, the challenger."""
    found = open_platform(Settings(home=home))
    for _ in range(2):
        found.registry.publish(BUNDLE, by="a test", name="late")
    word = Override(by="a test", reason="a fixture")
    found.registry.promote("late", 1, by="a test", override=word)
    found.registry.challenge("late", 2, by="a test")
    try:
        yield found
    finally:
        found.database.engine.dispose()


def fill_log(platform: Platform) -> PredictionLog:
    """Answer the rows, ten a request, and write them."""
    model = platform.registry.open("late@1")
    kept = PredictionLog(platform.settings.home / PREDICTIONS, "w", FixedClock())
    source = Watched(name="late", version=1, predictor=model)
    for number, rows in enumerate(_requests(model)):
        at = 1_800_000_000.0 + 86_400.0 * (number % 2)
        kept.add(AnsweredRows(source, at, f"r{number}", rows, model.answer_many_values(rows)))
    kept.flush(is_last=True)
    return kept


def _requests(model: Predictor) -> list[list[Any]]:
    records = [{**model.golden.record(i % 40), "city": "Atlantis"} for i in range(ROWS)]
    return [model.read_records(records[at : at + 10]) for at in range(0, ROWS, 10)]
