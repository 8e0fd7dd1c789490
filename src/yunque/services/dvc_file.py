"""Tables that DVC keeps: a `.dvc` file names one by its MD5, which is checked before a row is read.

Format: docs of DVC, "`.dvc` files"; `outs` with one output, a file or a folder (its MD5 ends with ".dir").
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from yunque.errors import StorageError, TableError

SUFFIX = ".dvc"
MOST_BYTES = 1_000_000
PIECE = 1 << 20


def is_dvc(table: str) -> bool:
    """Say whether a table is named by a `.dvc` file."""
    return table.endswith(SUFFIX) and Path(table).is_file()


def resolve_tables(tables: Sequence[str]) -> list[str]:
    """Put the files that `.dvc` files name in their places; other tables stay as they are.

    Raises:
        TableError: a `.dvc` file cannot be read, its data is not there, or is not what it names.
    """
    found: list[str] = []
    for table in tables:
        found += [str(path) for path in resolve(Path(table))] if is_dvc(table) else [table]
    return found


def resolve(pointer: Path) -> list[Path]:
    """Give the files that a `.dvc` file names, from beside it or from DVC's cache, their MD5 checked.

    Raises:
        TableError: it cannot be read, its data is not there, or has another MD5.
        StorageError: the disk refuses.
    """
    out = _read(pointer)
    name, md5 = str(out["path"]), str(out["md5"])
    beside = pointer.parent / name
    is_legacy = "hash" not in out  # before DVC 3, line ends of texts did not count
    try:
        if md5.endswith(".dir"):
            return _folder(pointer, beside, md5)
        for place in (beside, *_cached(pointer, md5)):
            if place.is_file():
                if md5 not in _digests(place, is_legacy=is_legacy):
                    raise _other(pointer, name)
                return [place]
    except OSError as error:
        raise StorageError(
            f"{name} cannot be read: {error.strerror}.", place={"file": pointer.name}
        ) from error
    raise _absent(pointer, name)


def _read(pointer: Path) -> dict[str, Any]:
    try:
        if pointer.stat().st_size > MOST_BYTES:
            raise ValueError("too large")
        document = yaml.safe_load(pointer.read_text(encoding="utf-8"))
        (out,) = document["outs"]
        if not isinstance(out["path"], str) or not isinstance(out["md5"], str):
            raise TypeError("no path or md5")
        if Path(out["path"]).is_absolute() or ".." in Path(out["path"]).parts:
            raise ValueError("its path leaves the folder")
    except (OSError, UnicodeDecodeError, yaml.YAMLError, LookupError, TypeError, ValueError) as error:
        raise TableError(
            f"{pointer.name} is no .dvc file with one output and its MD5.",
            place={"file": pointer.name},
            hint="`dvc add FILE` writes one.",
        ) from error
    return dict(out)


def _cached(pointer: Path, md5: str) -> Iterator[Path]:
    """Give where the cache of DVC 3 and of DVC 2 would hold a file."""
    for folder in (pointer.parent, *pointer.absolute().parents):
        cache = folder / ".dvc" / "cache"
        if cache.is_dir():
            yield cache / "files" / "md5" / md5[:2] / md5[2:]
            yield cache / md5[:2] / md5[2:]
            return


def _digests(path: Path, *, is_legacy: bool) -> set[str]:
    """Give the MD5 of a file, and that with line ends of Unix where DVC may have meant it."""
    # MD5 is the name that DVC gives to content; nothing is trusted because of it.
    plain, unix = hashlib.md5(usedforsecurity=False), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            while piece.endswith(b"\r") and (more := file.read(1)):
                piece += more
            plain.update(piece)
            if is_legacy:
                unix.update(piece.replace(b"\r\n", b"\n"))
    return {plain.hexdigest(), unix.hexdigest()} if is_legacy else {plain.hexdigest()}


def _folder(pointer: Path, beside: Path, md5: str) -> list[Path]:
    """Check a folder: its MD5 is that of the list of its files with theirs."""
    if not beside.is_dir():
        raise _absent(pointer, beside.name)
    files = sorted(path for path in beside.rglob("*") if path.is_file())
    named = [
        {"md5": next(iter(_digests(path, is_legacy=False))), "relpath": path.relative_to(beside).as_posix()}
        for path in files
    ]
    listed = json.dumps(sorted(named, key=lambda item: item["relpath"]), sort_keys=True).encode()
    if f"{hashlib.md5(listed, usedforsecurity=False).hexdigest()}.dir" != md5:
        raise _other(pointer, beside.name)
    return files


def _absent(pointer: Path, name: str) -> TableError:
    return TableError(
        f"The data of {pointer.name} is neither beside it nor in DVC's cache.",
        place={"file": name},
        hint="Fetch it: dvc pull",
    )


def _other(pointer: Path, name: str) -> TableError:
    return TableError(
        f"{name} is not the data that {pointer.name} names: its MD5 differs.",
        place={"file": name},
        hint="Fetch that version (dvc checkout), or record this one (dvc add).",
    )
