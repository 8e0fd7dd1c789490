"""What jobs are charged by, from the moment that a price of their kind holds; without one they are free."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from yunque.data.table import scan_batches
from yunque.runtime.database import Database
from yunque.runtime.jobs.kind import Kind
from yunque.runtime.jobs.tables import PRICE
from yunque.runtime.jobs.uploads import Upload
from yunque.services.job_office import Office

BY_ROW = frozenset({"score", "pipeline"})
_COUNTED_ROWS = 100_000


def price_item(kind: str) -> str:
    """Give the name under which a kind's price is published: "job.score"."""
    return f"job.{kind}"


def priced(kinds: Mapping[str, Kind], database: Database) -> Mapping[str, Kind]:
    """Give the kinds with their price items, as far as prices are published for them that hold by now."""
    with database.reading() as connection:
        today = database.now(connection).date()
        items = set(connection.execute(sa.select(PRICE.c.item).where(PRICE.c.valid_from <= today)).scalars())
    return {
        name: replace(kind, price_item=price_item(name)) if price_item(name) in items else kind
        for name, kind in kinds.items()
    }


def with_prices(office: Office) -> Office:
    """Give the office with what is charged for by now, so that a new price needs no restart."""
    queue = office.queue
    return replace(office, queue=replace(queue, kinds=priced(queue.kinds, office.database)))


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
