"""What jobs are charged by, from the moment that a price of their kind holds; without one they are free."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from yunque.data.table import scan_batches
from yunque.runtime.database import Database
from yunque.runtime.jobs.kind import Kind
from yunque.runtime.jobs.tables import PRICE
from yunque.runtime.jobs.uploads import Upload
from yunque.services.job_office import Office
from yunque.solutions.registry import names, solution

BY_ROW = frozenset({"score", "pipeline"})
SOLUTIONS = "pipeline"  # the kind whose jobs may be priced by the solution that they run
RULES_ONLY = "job.aml.solo_reglas"  # a row of the compliance desk that no model scored
_COUNTED_ROWS = 100_000


def price_item(kind: str) -> str:
    """Give the name under which a kind's price, or a solution's, is published: "job.score", "job.aml"."""
    return f"job.{kind}"


def items_of(kinds: Iterable[str]) -> tuple[str, ...]:
    """Give every name under which a price may be published."""
    by_solution = (name for name in names() if solution(name).jobs)
    return tuple(sorted({*map(price_item, kinds), *map(price_item, by_solution), RULES_ONLY}))


def priced(kinds: Mapping[str, Kind], database: Database, solution_name: str = "") -> Mapping[str, Kind]:
    """Give the kinds with their price items, as far as prices are published for them that hold by now.

    A solution's own price comes before that of its kind.
    """
    with database.reading() as connection:
        today = database.now(connection).date()
        items = set(connection.execute(sa.select(PRICE.c.item).where(PRICE.c.valid_from <= today)).scalars())
    own = price_item(solution_name)
    found = {name: price_item(name) for name in kinds}
    found |= {SOLUTIONS: own} if solution_name and own in items else {}
    return {
        name: replace(kind, price_item=found[name]) if found[name] in items else kind
        for name, kind in kinds.items()
    }


def with_prices(office: Office, payload: Mapping[str, Any] | None = None) -> Office:
    """Give the office with what is charged for by now, so that a new price needs no restart.

    Args:
        payload: of the job at hand; the solution that it names may have a price of its own.
    """
    named = (payload or {}).get("solution")
    queue = office.queue
    kinds = priced(queue.kinds, office.database, named if isinstance(named, str) else "")
    return replace(office, queue=replace(queue, kinds=kinds))


def units_of(office: Office, kind: str, upload: Upload | None) -> int | None:
    """Give how many units a job is: rows of the file, or one training; None where nothing is charged.

    Raises:
        TableError: the file cannot be read as a table.
    """
    if office.queue.kinds[kind].price_item is None:
        return None
    if kind not in BY_ROW or upload is None:
        return 1
    with TemporaryDirectory(prefix="count-") as folder:
        path = Path(folder) / "table"
        with office.storage.open(upload.key) as source, path.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        return sum(batch.height for batch in scan_batches(path, batch_rows=_COUNTED_ROWS))
