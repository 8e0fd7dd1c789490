"""Versions of a table: kept once under the fingerprint of their rows, named, listed and compared.

Keys: `datasets/<fingerprint>/table.parquet` and `contract.yaml` hold the content;
`snapshots/<name>/<number>.json` says which content a version is. Nothing is ever overwritten.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import polars as pl

from yunque.data.compare import TableChange, compare_tables
from yunque.data.contract import Contract
from yunque.data.fingerprint import fingerprint
from yunque.data.infer import Wishes
from yunque.data.table import read_table
from yunque.data.validate import check_table
from yunque.errors import ConflictError, NotFoundError, StorageError, UsageError
from yunque.runtime.storage import Storage
from yunque.services.check import CheckRequest, settle_contract

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
TABLE, CONTRACT = "table.parquet", "contract.yaml"
MOST_TRIES = 20
SHORT = 12


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of a table.

    Attributes:
        name, version: how it is called: name@version, versions count from 1.
        fingerprint: of its checked rows; the manifest of a model trained on them holds the same.
        rows, columns: its size.
        unreadable: cells that the contract could not read; they are missing in what is kept.
        source: file names, no folder of this machine.
        note: why it was taken.
        by: who took it; taken_at: when, ISO 8601 UTC.
        parent: fingerprint of the version before; "" for the first.
    """

    name: str
    version: int
    fingerprint: str
    rows: int
    columns: int
    unreadable: int
    source: list[str]
    note: str
    by: str
    taken_at: str
    parent: str = ""

    @property
    def label(self) -> str:
        """How it is called."""
        return f"{self.name}@{self.version}"

    @property
    def digest(self) -> str:
        """The hexadecimal digits of the fingerprint."""
        return self.fingerprint.rpartition(":")[2]


@dataclass(frozen=True, kw_only=True)
class SnapshotRequest:
    """What to keep.

    Attributes:
        tables: paths.
        name: of the table; lower-case letters, digits, _ . -
        contract: that its cells are read by; inferred when None.
        target: of the contract that is inferred, so that it equals that of a training.
        note, by, at: for the record.
    """

    tables: Sequence[str]
    name: str
    contract: Contract | None = None
    target: str | None = None
    note: str = ""
    by: str
    at: datetime


def take_snapshot(storage: Storage, request: SnapshotRequest) -> tuple[Snapshot, bool]:
    """Keep a table as the next version of its name; the same rows as the latest version make none.

    Returns:
        The version, and whether it is new.

    Raises:
        UsageError: the name cannot be used.
        TableError: the table cannot be read.
        ContractError: a column of the contract is missing.
        StorageError: the store refuses.
    """
    if not NAME.fullmatch(request.name):
        raise UsageError(
            f"{request.name!r} is no name for a table.", hint="Use lower-case letters, digits, _ . and -."
        )
    frame = read_table(list(request.tables))
    wished = CheckRequest(source=frame, wishes=Wishes(target=request.target), contract=request.contract)
    contract, _ = settle_contract(wished, frame)
    checked = check_table(contract, frame, need_target=contract.schema.target is not None)
    found = fingerprint(checked.frame)
    latest = _latest(storage, request.name)
    if latest is not None and latest.fingerprint == found:
        return latest, False
    snapshot = Snapshot(
        name=request.name,
        version=1,
        fingerprint=found,
        rows=checked.frame.height,
        columns=checked.frame.width,
        unreadable=sum(failure.count for failure in checked.failures if failure.check == "unreadable"),
        source=[Path(table).name for table in request.tables],
        note=request.note,
        by=request.by,
        taken_at=request.at.isoformat(),
        parent=latest.fingerprint if latest else "",
    )
    _keep_content(storage, snapshot.digest, checked.frame, contract)
    return _name(storage, snapshot, latest.version if latest else 0), True


def _keep_content(storage: Storage, digest: str, frame: pl.DataFrame, contract: Contract) -> None:
    raw = io.BytesIO()
    frame.write_parquet(raw, compression="zstd")
    for name, content in ((CONTRACT, contract.to_yaml().encode()), (TABLE, raw.getvalue())):
        key = f"datasets/{digest}/{name}"
        if not storage.exists(key):
            try:
                storage.put_new(key, [content])
            except ConflictError:
                continue  # another process kept the same rows in the meantime


def _name(storage: Storage, snapshot: Snapshot, latest: int) -> Snapshot:
    for version in range(latest + 1, latest + 1 + MOST_TRIES):
        numbered = msgspec.structs.replace(snapshot, version=version)
        try:
            storage.put_new(f"snapshots/{snapshot.name}/{version:06d}.json", [msgspec.json.encode(numbered)])
        except ConflictError:
            continue
        return numbered
    raise StorageError(f"No free number was found for {snapshot.name}.", hint="Try again.")


def list_snapshots(storage: Storage, name: str = "") -> list[Snapshot]:
    """Give every version of every table, or of one, in the order of names and versions.

    Raises:
        StorageError: the store refuses, or a record is damaged.
    """
    prefix = f"snapshots/{name}" if name else "snapshots"
    keys = [entry.key for entry in storage.list(prefix) if entry.key.endswith(".json")]
    return [_read(storage, key) for key in sorted(keys)]


def _latest(storage: Storage, name: str) -> Snapshot | None:
    found = list_snapshots(storage, name)
    return found[-1] if found else None


def _read(storage: Storage, key: str) -> Snapshot:
    with storage.open(key) as stream:
        try:
            return msgspec.json.decode(stream.read(), type=Snapshot)
        except msgspec.DecodeError as error:
            raise StorageError(f"The record {key} is damaged.", hint="Take the snapshot again.") from error


def find_snapshot(storage: Storage, reference: str) -> Snapshot:
    """Find a version: name@2, name (its latest), or the first 6 digits or more of a fingerprint.

    Raises:
        NotFoundError: there is none, or several.
    """
    name, _, number = reference.partition("@")
    if NAME.fullmatch(name):
        versions = list_snapshots(storage, name)
        chosen = [each for each in versions if not number or str(each.version) == number]
        if chosen:
            return chosen[-1]
    digits = reference.rpartition(":")[2]
    matching = [
        each for each in list_snapshots(storage) if len(digits) >= 6 and each.digest.startswith(digits)
    ]
    if len({each.digest for each in matching}) == 1:
        return matching[-1]
    raise NotFoundError(
        f"There is no snapshot {reference!r}." if not matching else f"{reference!r} fits several snapshots.",
        hint="`yunque data list` shows them.",
    )


def open_snapshot(storage: Storage, reference: str) -> tuple[Snapshot, pl.DataFrame]:
    """Give a version and its rows; their fingerprint is checked.

    Raises:
        NotFoundError: there is none.
        StorageError: its content is damaged.
    """
    found = find_snapshot(storage, reference)
    with storage.open(f"datasets/{found.digest}/{TABLE}") as stream:
        raw = stream.read()
    try:
        frame = pl.read_parquet(io.BytesIO(raw))
    except pl.exceptions.PolarsError as error:
        raise StorageError(f"The rows of {found.label} are damaged.") from error
    if fingerprint(frame) != found.fingerprint:
        raise StorageError(f"The rows of {found.label} are not those that were kept: another fingerprint.")
    return found, frame


def diff_snapshots(storage: Storage, before: str, after: str) -> tuple[Snapshot, Snapshot, TableChange]:
    """Compare two versions.

    Raises:
        NotFoundError, StorageError: as `open_snapshot`.
    """
    (one, left), (other, right) = open_snapshot(storage, before), open_snapshot(storage, after)
    return one, other, compare_tables(left, right)
