"""Alter a copy of a bundle as an attacker would: freely, with every hash made right again."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any


def copy_of(bundle: Path, folder: Path) -> Path:
    shutil.copytree(bundle, folder)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def put(folder: Path, name: str, content: bytes) -> None:
    """Replace or add a file and declare it in the manifest."""
    (folder / name).write_bytes(content)
    record = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    change_manifest(folder, lambda document: document["files"].update({name: record}))


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads((folder / "manifest.json").read_bytes())
    change(document)
    (folder / "manifest.json").write_text(json.dumps(document), encoding="utf-8")


def change_json(folder: Path, name: str, change: Callable[[Any], object]) -> None:
    document = json.loads((folder / name).read_bytes())
    change(document)
    put(folder, name, json.dumps(document).encode())
