"""The promises of every store: the memory twin, the local folder, and a real S3 server."""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

import pytest

from yunque.errors import ConflictError, NotFoundError, StorageError, UsageError
from yunque.runtime.storage import Storage, chunks_of, open_storage


@pytest.fixture(params=["memory", "file", pytest.param("s3", marks=pytest.mark.s3)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "memory":
        return open_storage("memory://test")
    if request.param == "file":
        return open_storage(str(tmp_path / "store"))
    address, bucket = request.getfixturevalue("s3_bucket")
    return open_storage(f"s3://{bucket}/some/prefix?endpoint={address}")


def test_what_is_written_is_read_back(store: Storage) -> None:
    content = os.urandom(3_000_000)
    stored = store.put_new(
        "a/b/data.bin", (content[i : i + 700_001] for i in range(0, len(content), 700_001))
    )
    assert (stored.size, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    with store.open("a/b/data.bin") as stream:
        assert b"".join(chunks_of(stream)) == content


@pytest.mark.parametrize(("start", "end"), [(0, None), (3, None), (2, 5), (0, 4), (5, 5), (4, 99)])
def test_a_part_is_read_by_its_range(store: Storage, start: int, end: int | None) -> None:
    store.put_new("x", [b"0123", b"456789"])
    with store.open("x", start=start, end=end) as stream:
        assert stream.read() == b"0123456789"[start:end]


def test_an_empty_object_is_an_object(store: Storage) -> None:
    assert store.put_new("empty", []).size == 0
    assert store.exists("empty")
    with store.open("empty") as stream:
        assert stream.read() == b""


def test_a_key_is_written_once(store: Storage) -> None:
    store.put_new("k", [b"first"])
    with pytest.raises(ConflictError):
        store.put_new("k", [b"second"])
    with store.open("k") as stream:
        assert stream.read() == b"first"


def test_a_broken_source_leaves_nothing_behind(store: Storage) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise ZeroDivisionError("the source broke")

    with pytest.raises(ZeroDivisionError):
        store.put_new("half", broken())
    assert not store.exists("half")
    assert list(store.list("")) == []


def test_listing_shows_a_folder_in_order_and_only_it(store: Storage) -> None:
    for key in ("b/2", "b/10/z", "b/1", "a", "bb/1"):
        store.put_new(key, [key.encode()])
    assert [entry.key for entry in store.list("b")] == ["b/1", "b/10/z", "b/2"]
    assert [entry.key for entry in store.list("")] == ["a", "b/1", "b/10/z", "b/2", "bb/1"]
    assert [entry.size for entry in store.list("b/10")] == [6]
    assert all(entry.modified_at.tzinfo is not None for entry in store.list(""))
    assert list(store.list("none")) == []


def test_deleting_is_for_good_and_may_be_repeated(store: Storage) -> None:
    store.put_new("a/b", [b"1"])
    store.delete("a/b")
    store.delete("a/b")
    assert not store.exists("a/b")
    with pytest.raises(NotFoundError):
        store.open("a/b").read()
    store.put_new("a/b", [b"2"])


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../up", "a/../../b", "a//b", ".hidden", "a/.b", "ä", "a b", "a\\b", "x" * 601, "a/"],
)
def test_a_key_that_could_lead_astray_is_refused(store: Storage, key: str) -> None:
    for action in (store.open, store.exists, store.delete, lambda bad: store.put_new(bad, [b""])):
        with pytest.raises(UsageError):
            action(key)


def test_only_a_store_with_addresses_gives_one(store: Storage) -> None:
    store.put_new("shared", [b"content"])
    url = store.presign("shared", expires_seconds=60)
    if url is not None:
        with urlopen(url, timeout=10) as answer:
            assert answer.read() == b"content"


def test_one_of_many_writers_of_a_key_wins(tmp_path: Path) -> None:
    store = open_storage(str(tmp_path))

    def write(number: int) -> bool:
        try:
            store.put_new("race/winner", [str(number).encode()])
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = [number for number, is_first in enumerate(pool.map(write, range(40))) if is_first]
    with store.open("race/winner") as stream:
        assert [int(stream.read())] == won


def test_writing_and_deleting_side_by_side_loses_nothing(tmp_path: Path) -> None:
    """A delete removes folders that it leaves empty; a write into them at that moment must still succeed."""
    store = open_storage(str(tmp_path))

    def turn(number: int) -> None:
        store.put_new(f"deep/er/{number}", [b"x"])
        store.delete(f"deep/er/{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(turn, range(200)))
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("private")
    root = tmp_path / "store"
    root.mkdir()
    (root / "link").symlink_to(secret)
    store = open_storage(str(root))
    with pytest.raises(NotFoundError):
        store.open("link")
    assert list(store.list("")) == []


def test_a_store_without_room_or_right_says_so_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = open_storage(str(tmp_path / "file"))
    with pytest.raises(StorageError) as caught:
        store.put_new("a/b", [b"1"])
    assert str(tmp_path) not in str(caught.value)


def test_an_unknown_kind_of_store_is_named() -> None:
    with pytest.raises(UsageError, match="ftp"):
        open_storage("ftp://host/folder")


def test_an_object_store_that_is_away_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    store = open_storage("s3://bucket?endpoint=http://127.0.0.1:1&retry_seconds=0.1")
    with pytest.raises(StorageError):
        store.exists("a")


def test_an_object_store_needs_a_bucket_and_known_options() -> None:
    for url in ("s3://", "s3://bucket?password=x"):
        with pytest.raises(UsageError):
            open_storage(url)
