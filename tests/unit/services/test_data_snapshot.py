"""Versions of tables in a store: content-addressed, named, compared; and the files of DVC."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import yaml

from yunque.data.fingerprint import fingerprint
from yunque.errors import NotFoundError, StorageError, TableError, UsageError
from yunque.runtime.storage import Storage, open_storage
from yunque.services.check import CheckRequest, check
from yunque.services.data_snapshot import (
    Snapshot,
    SnapshotRequest,
    diff_snapshots,
    find_snapshot,
    list_snapshots,
    open_snapshot,
    take_snapshot,
)
from yunque.services.dvc_file import resolve_tables


@pytest.fixture
def store(tmp_path: Path) -> Storage:
    return open_storage(str(tmp_path / "files"))


def csv(folder: Path, rows: int, name: str = "clientes.csv") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    lines = [f"{place};{'Bogotá' if place % 3 else 'Cali'};{place * 1.5}" for place in range(rows)]
    path.write_text("edad;ciudad;monto\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def take(store: Storage, *tables: Path, name: str = "clientes", **more: str) -> tuple[Snapshot, bool]:
    return take_snapshot(
        store,
        SnapshotRequest(
            tables=[str(table) for table in tables],
            name=name,
            by="ana",
            at=datetime(2026, 1, 2, tzinfo=UTC),
            **more,
        ),
    )


def test_a_version_is_kept_once_under_the_fingerprint_that_a_model_records(
    store: Storage, tmp_path: Path
) -> None:
    path = csv(tmp_path / "in", 50)
    first, is_new = take(store, path, note="enero")
    assert (first.label, first.rows, is_new) == ("clientes@1", 50, True)
    assert first.fingerprint == fingerprint(check(CheckRequest(source=path)).checked.frame)
    frame = pl.read_csv(path, separator=";")
    frame.write_parquet(tmp_path / "in" / "clientes.parquet")
    again, is_new = take(store, tmp_path / "in" / "clientes.parquet")  # another format, the same rows
    assert (again, is_new) == (first, False)
    other, _ = take(store, csv(tmp_path / "in", 60))
    assert (other.version, other.parent) == (2, first.fingerprint)
    same, is_new = take(store, path.with_name("clientes.parquet"), name="copia")
    assert (same.fingerprint, is_new) == (first.fingerprint, True)
    tables = [entry.key for entry in store.list("datasets") if entry.key.endswith(".parquet")]
    assert len(tables) == 2  # three versions, two contents
    assert [each.label for each in list_snapshots(store)] == ["clientes@1", "clientes@2", "copia@1"]


def test_versions_are_found_by_name_number_and_fingerprint(store: Storage, tmp_path: Path) -> None:
    first, _ = take(store, csv(tmp_path / "in", 50))
    second, _ = take(store, csv(tmp_path / "in", 60))
    assert find_snapshot(store, "clientes") == find_snapshot(store, "clientes@2") == second
    assert find_snapshot(store, first.digest[:8]) == find_snapshot(store, first.fingerprint) == first
    for wrong in ("clientes@3", "nadie", "abc", "../x"):
        with pytest.raises(NotFoundError, match="no snapshot"):
            find_snapshot(store, wrong)


def test_two_versions_are_compared(store: Storage, tmp_path: Path) -> None:
    take(store, csv(tmp_path / "in", 50))
    take(store, csv(tmp_path / "in", 60))
    one, other, change = diff_snapshots(store, "clientes@1", "clientes")
    assert (one.version, other.version) == (1, 2)
    assert (change.rows_kept, change.rows_added, change.rows_removed) == (50, 10, 0)


def test_rows_that_were_changed_in_the_store_are_refused(store: Storage, tmp_path: Path) -> None:
    first, _ = take(store, csv(tmp_path / "in", 50))
    kept = tmp_path / "files" / "datasets" / first.digest / "table.parquet"
    pl.read_parquet(kept).with_columns(pl.lit(1.0).alias("monto")).write_parquet(kept)
    with pytest.raises(StorageError, match="another fingerprint"):
        open_snapshot(store, "clientes")
    kept.write_bytes(b"PAR1 nothing")
    with pytest.raises(StorageError, match="damaged"):
        open_snapshot(store, "clientes")


@pytest.mark.parametrize("name", ["", "Á", "../x", "a/b", "A", "-x", "a" * 65])
def test_a_name_that_could_leave_its_folder_is_refused(store: Storage, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no name for a table"):
        take(store, csv(tmp_path / "in", 5), name=name)


def pointer(path: Path, **out: object) -> Path:
    made = path.with_name(f"{path.name}.dvc")
    md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() if path.is_file() else ""
    made.write_text(yaml.safe_dump({"outs": [{"md5": md5, "hash": "md5", "path": path.name, **out}]}))
    return made


def test_a_dvc_file_stands_for_the_data_that_it_names(store: Storage, tmp_path: Path) -> None:
    path = csv(tmp_path / "in", 30)
    named = pointer(path)
    assert resolve_tables([str(named), "other.csv"]) == [str(path), "other.csv"]
    path.write_text(path.read_text() + "1;x;2\n")
    with pytest.raises(TableError, match="its MD5 differs") as caught:
        resolve_tables([str(named)])
    assert "dvc checkout" in caught.value.hint


def test_data_that_was_not_fetched_is_taken_from_the_cache_or_asked_for(tmp_path: Path) -> None:
    path = csv(tmp_path / "in", 30)
    named, content = pointer(path), path.read_bytes()
    path.unlink()
    with pytest.raises(TableError, match="neither beside it nor in DVC's cache") as caught:
        resolve_tables([str(named)])
    assert "dvc pull" in caught.value.hint
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    for layout in ("files/md5", ""):
        kept = tmp_path / ".dvc" / "cache" / layout / md5[:2] / md5[2:]
        kept.parent.mkdir(parents=True)
        kept.write_bytes(content)
        assert resolve_tables([str(named)]) == [str(kept)]
        kept.unlink()


def test_line_ends_did_not_count_before_dvc_3(tmp_path: Path) -> None:
    path = csv(tmp_path / "in", 30)
    md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    old = path.with_name("old.dvc")
    old.write_text(yaml.safe_dump({"outs": [{"md5": md5, "path": path.name}]}))
    assert resolve_tables([str(old)]) == [str(path)]
    with pytest.raises(TableError, match="MD5 differs"):
        resolve_tables([str(pointer(path, md5=md5))])


def test_a_folder_is_checked_file_by_file(tmp_path: Path) -> None:
    paths = [csv(tmp_path / "days", 5 + place, f"{place}.csv") for place in range(2)]
    listed = [
        {"md5": hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest(), "relpath": path.name}
        for path in paths
    ]
    md5 = hashlib.md5(json.dumps(listed).encode(), usedforsecurity=False).hexdigest() + ".dir"
    named = pointer(tmp_path / "days", md5=md5)
    assert resolve_tables([str(named)]) == [str(path) for path in paths]
    paths[0].unlink()  # a day that is missing
    with pytest.raises(TableError, match="MD5 differs"):
        resolve_tables([str(named)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "outs: []",
        "outs: [{md5: a}]",
        "outs: [{md5: a, path: ../x}]",
        "outs: [{md5: a, path: /x}]",
        ": :",
        "a: [",
    ],
)
def test_a_damaged_dvc_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.dvc").write_text(text)
    with pytest.raises(TableError, match=r"no \.dvc file with one output"):
        resolve_tables([str(tmp_path / "x.dvc")])
