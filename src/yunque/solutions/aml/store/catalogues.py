"""Editions of the law's tables as they were used: kept once, found by their hash."""

import sqlalchemy as sa

from yunque.errors import StorageError
from yunque.runtime.database import METADATA, Database, Json, Moment, insert_unless_there
from yunque.solutions.aml.law.catalogue import Catalogue
from yunque.solutions.aml.law.read_catalogue import catalogue_of, package_texts

CATALOGUE = sa.Table(
    "aml_catalogue",
    METADATA,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("content", Json, nullable=False),
)


def keep_catalogue(database: Database, used: Catalogue) -> None:
    """Keep the edition that an analysis used; one that is there already stays.

    Only an edition of this release's tables, with whatever readings were chosen, can be kept: another was
    kept by the release that made it.
    """
    with database.reading() as connection:
        query = sa.select(CATALOGUE.c.sha256).where(CATALOGUE.c.sha256 == used.sha256)
        if connection.execute(query).first() is not None:
            return
    texts = package_texts()
    readings = {row.key: row.value for row in used.readings}
    if catalogue_of(texts).with_readings(**readings).sha256 != used.sha256:
        return
    with database.writing() as connection:
        content = {"tablas": dict(texts), "lecturas": readings}
        values = {"sha256": used.sha256, "at": database.now(connection), "content": content}
        insert_unless_there(connection, CATALOGUE, values)


def read_kept(database: Database, sha256: str) -> Catalogue:
    """Give a kept edition.

    Raises:
        StorageError: it was never kept, or it is not what was kept.
    """
    query = sa.select(CATALOGUE.c.content).where(CATALOGUE.c.sha256 == sha256)
    with database.reading() as connection:
        content = connection.execute(query).scalar()
    if content is None:
        raise StorageError(f"The edition {sha256[:12]} of the law's tables was not kept.")
    found = catalogue_of(content["tablas"]).with_readings(**content["lecturas"])
    if found.sha256 != sha256:
        raise StorageError(f"The edition {sha256[:12]} of the law's tables is not what was kept.")
    return found
