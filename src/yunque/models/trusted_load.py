"""Open a bundle without trusting it: audit names, sizes, hashes and shapes first, build afterwards.

Nothing in a bundle is run or unpickled. The documents are read once, and the bytes that were hashed are the
bytes that are parsed. The arrays are mapped from the file, so that processes share them; whoever can write to
the folder while it is being served could change them after the audit. A registry's folder is written by its
owner only, and its files are read-only. For a folder that others may write, load with `private=True`.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from yunque.data.contract import Contract
from yunque.errors import BundleError, ContractError, UsageError
from yunque.features.registry import step
from yunque.learning.leaderboard import Champion
from yunque.learning.task import Task
from yunque.models.bundle_blend import read_champion
from yunque.models.bundle_folder import (
    Limits,
    hash_file,
    list_files,
    map_file,
    read_whole,
    refuse,
    safe_name,
)
from yunque.models.golden import Golden, read_golden
from yunque.models.manifest import (
    ARRAYS,
    BLEND,
    CONTRACT,
    GOLDEN,
    INDEX,
    MANIFEST,
    RECIPE,
    REQUIRED_FILES,
    Manifest,
    read_manifest,
)

DOCUMENTS = (CONTRACT, RECIPE, BLEND, INDEX, GOLDEN)
LIMITS = Limits()


@dataclass(frozen=True, kw_only=True)
class LoadedBundle:
    """A bundle that passed its audit.

    Attributes:
        folder: where it lies.
        id: SHA-256 of its manifest, which holds the SHA-256 of everything else.
        manifest: what it is and where it came from.
        contract: the contract its rows must meet.
        task: the question it answers.
        champion: blend, recipes and decision; the libraries' own files stay unread on the disk.
        golden: rows with the answers that must come out, to the bit.
    """

    folder: Path
    id: str
    manifest: Manifest
    contract: Contract
    task: Task
    champion: Champion
    golden: Golden

    def read(self, name: str) -> bytes:
        """Read one of the bundle's other files (profile, card, report …), checked against its hash.

        Raises:
            BundleError: there is no such file in the manifest, or it changed since.
        """
        record = self.manifest.files.get(name)
        if record is None:
            raise refuse(name, "The manifest names no such file.")
        content = read_whole(self.folder, name, LIMITS.document_bytes)
        if hashlib.sha256(content).hexdigest() != record.sha256:
            raise refuse(name, "The file is not the one that was packed: its hash differs.")
        return content


def load_bundle(
    folder: Path, *, expected_id: str | None = None, private: bool = False, limits: Limits = LIMITS
) -> LoadedBundle:
    """Audit the bundle in `folder`, then build what it holds.

    Args:
        folder: the bundle's folder.
        expected_id: id that the registry recorded; another one is refused.
        private: copy the arrays instead of mapping them (see the module).
        limits: sizes above which a bundle is refused unread.

    Raises:
        NotFoundError: there is no such folder.
        BundleError: any file is missing, extra, linked, too large, changed, malformed or inconsistent;
            `place` names it.
    """
    sizes = list_files(folder, limits)
    if MANIFEST not in sizes:
        raise refuse(MANIFEST, "The bundle has no manifest.")
    raw = read_whole(folder, MANIFEST, limits.document_bytes)
    bundle_id = hashlib.sha256(raw).hexdigest()
    if expected_id is not None and bundle_id != expected_id:
        raise refuse(MANIFEST, "The bundle is not the one that was published: its id differs.")
    manifest = read_manifest(raw)
    _compare_names(manifest, sizes)
    documents = {name: _read_checked(folder, name, manifest, limits) for name in DOCUMENTS}
    for name in set(manifest.files) - set(DOCUMENTS) - {ARRAYS}:
        _compare(name, manifest, *hash_file(folder, name))
    memory = map_file(folder, ARRAYS)
    if private:
        memory = memoryview(bytes(memory))
    _compare(ARRAYS, manifest, len(memory), hashlib.sha256(memory).hexdigest())
    return _build(folder, bundle_id, manifest, documents, memory)


def _build(
    folder: Path, bundle_id: str, manifest: Manifest, documents: dict[str, bytes], memory: memoryview
) -> LoadedBundle:
    try:
        task = manifest.question
        contract = _read_contract(documents[CONTRACT], manifest)
        champion = read_champion(documents, memory, task)
        golden = read_golden(documents[GOLDEN], contract.schema, task.n_outputs)
    except RecursionError as error:
        raise BundleError("The bundle nests deeper than any real one.") from error
    _compare_columns(contract, champion)
    return LoadedBundle(
        folder=folder,
        id=bundle_id,
        manifest=manifest,
        contract=contract,
        task=task,
        champion=champion,
        golden=golden,
    )


def _compare_names(manifest: Manifest, sizes: dict[str, int]) -> None:
    unsafe = [name for name in manifest.files if not safe_name(name)]
    if unsafe:
        raise refuse(unsafe[0], "The manifest names a file outside the bundle.")
    missing = sorted((set(REQUIRED_FILES) | set(manifest.files)) - set(sizes))
    if missing:
        raise refuse(missing[0], "The file is missing.")
    extra = sorted(set(sizes) - set(manifest.files) - {MANIFEST})
    if extra or MANIFEST in manifest.files:
        raise refuse(extra[0] if extra else MANIFEST, "The file is not in the manifest.")
    for name, record in manifest.files.items():
        if record.size != sizes[name]:
            raise refuse(name, f"The file has {sizes[name]} bytes; {record.size} were packed.")


def _read_checked(folder: Path, name: str, manifest: Manifest, limits: Limits) -> bytes:
    content = read_whole(folder, name, limits.document_bytes)
    _compare(name, manifest, len(content), hashlib.sha256(content).hexdigest())
    return content


def _compare(name: str, manifest: Manifest, size: int, sha256: str) -> None:
    record = manifest.files[name]
    if (record.size, record.sha256) != (size, sha256):
        raise refuse(name, "The file is not the one that was packed: its hash differs.")


def _read_contract(raw: bytes, manifest: Manifest) -> Contract:
    try:
        contract = Contract.from_yaml(raw.decode("utf-8"))
        digest = contract.digest()
    except (ContractError, UsageError, ValueError, OverflowError) as error:
        raise refuse(CONTRACT, "The contract cannot be read.") from error
    named = manifest.contract
    if (contract.name, contract.version, digest) != (named.name, named.version, named.digest):
        raise refuse(CONTRACT, "The contract is not the one that the manifest names.")
    target = contract.schema.target
    if (None if target is None else target.name) != manifest.task.target:
        raise refuse(CONTRACT, "The contract has another target than the task.")
    return contract


def _compare_columns(contract: Contract, champion: Champion) -> None:
    kinds = {column.name: column.kind for column in contract.schema.features}
    for recipe in champion.recipes:
        for operation in recipe.operations:
            if not step(operation.step).reads([kinds.get(name) for name in operation.columns]):
                named = ", ".join(repr(name[:60]) for name in operation.columns)
                raise refuse(
                    RECIPE,
                    f"The step {operation.step!r} reads {named}, "
                    "which is no feature of the contract of a kind that it can read.",
                )
