"""The compliance desk's things in one value, and the three folders of its files."""

import json
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from yunque.errors import StorageError, UsageError
from yunque.runtime.clock import REAL_CLOCK, Clock
from yunque.runtime.database import Database
from yunque.solutions.aml.intake.moments import ZONE
from yunque.solutions.aml.law.catalogue import Catalogue
from yunque.solutions.aml.law.read_catalogue import catalogue
from yunque.solutions.aml.layers import Scorer

PENDING, PROCESSED, FAILED = "pending", "processed", "failed"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
LOCAL = "local"
RECALLED = (
    "capas",
    "cobro",
    "modelo",
    "umbrales_ml",
)  # a re-run reads them from the database, where keys have no order


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What an analysis needs.

    Attributes:
        folder: holds pending/, processed/ and failed/.
        database: holds operations and the audit log, at its newest revision.
        tenant: whose operations these are.
        actor: who acts, for the log.
        clock: tells the day of an analysis.
        catalogue: the law.
        scorer: the learnt layers; without them the rules answer alone.
    """

    folder: Path
    database: Database
    tenant: str = LOCAL
    actor: str = "sistema"
    clock: Clock = REAL_CLOCK
    catalogue: Catalogue = field(default_factory=catalogue)
    scorer: Scorer | None = None

    def place(self, stage: str, name: str) -> Path:
        """Give the path of a file of a stage; the stage's folder is made, for its owner only."""
        folder = self.folder / stage
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"The folder {stage!r} cannot be made: {error.strerror}.") from error
        return folder / name

    def today(self) -> date:
        """Give the day in Mexico City."""
        return self.clock.now().astimezone(ZoneInfo(ZONE)).date()


def new_analysis_id() -> str:
    """Make an id for an analysis."""
    return uuid.uuid4().hex


def check_analysis_id(analysis_id: str) -> str:
    """Give the id when it can be a file's name.

    Raises:
        UsageError: it cannot.
    """
    if not NAME.fullmatch(analysis_id):
        raise UsageError(
            f"The analysis id {analysis_id[:80]!r} is not allowed.",
            hint="Use up to 64 letters, digits, _ and -, beginning with a letter or digit.",
        )
    return analysis_id


def write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file that appears whole or not at all, is on disk when it does, and is its owner's only.

    Raises:
        StorageError: the disk refuses.
    """
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise StorageError(f"The file {path.name!r} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document; the same document gives the same bytes."""
    write_whole(path, [msgspec.json.encode(document), b"\n"])


def write_result(path: Path, facts: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a result: the facts, then the operations one by one, whatever their number."""
    write_whole(path, result_pieces(facts, rows))


def result_pieces(facts: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Give a result as JSON, an operation a line; a re-run of the same analysis gives the same bytes."""
    encode = msgspec.json.Encoder().encode
    told = {name: in_order(value) if name in RECALLED else value for name, value in facts.items()}
    yield encode(told)[:-1] + b',"operaciones":['
    for number, row in enumerate(rows):
        yield (b",\n" if number else b"\n") + encode(row)
    yield b"\n]}\n"


def in_order(value: Any) -> Any:
    """Give a value with the keys of its mappings sorted, however deep."""
    return {key: in_order(value[key]) for key in sorted(value)} if isinstance(value, Mapping) else value


def read_document(path: Path) -> Any:
    """Read a JSON document."""
    return json.loads(path.read_bytes())
