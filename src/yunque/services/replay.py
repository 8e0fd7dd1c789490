"""Replay: make a model again from its own plan, and say whether it is the same to the byte."""

import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import polars as pl

from yunque.data.fingerprint import fingerprint
from yunque.data.table import read_table
from yunque.data.validate import check_table
from yunque.errors import ConflictError
from yunque.features.encode import encode
from yunque.kernel.load import form_to_arrays
from yunque.learning.leaderboard import Champion
from yunque.learning.replay import replay as replay_plan
from yunque.learning.unlabelled.record import remake
from yunque.models.bundle_blend import write_champion
from yunque.models.bundle_context import deciding_versions, installed
from yunque.models.bundle_golden import choose_golden
from yunque.models.golden import write_golden
from yunque.models.manifest import GOLDEN, REFERENCE, FileRecord
from yunque.models.trusted_load import LoadedBundle


@dataclass(frozen=True, kw_only=True)
class ArrayDifference:
    """One array of a member that came out otherwise: the largest difference, or None of another shape."""

    member: str
    array: str
    largest: float | None


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What came of a replay.

    Attributes:
        identical: every file that a fit decides has the bytes of the bundle.
        files: names of the files compared.
        differing: those whose bytes differ.
        digest: of all that a replay must give again; equal to the manifest's when identical.
        arrays: which numbers differ and by how much.
        largest_prediction_difference: over the first 1,000 rows, in probability or in units of the target.
        versions: deciding packages that differ here from those the model was made with.
    """

    identical: bool
    files: tuple[str, ...]
    differing: tuple[str, ...]
    digest: str
    arrays: tuple[ArrayDifference, ...]
    largest_prediction_difference: float
    versions: tuple[str, ...]


def replay(bundle: LoadedBundle, source: object) -> Replayed:
    """Fit every model of the bundle's plan again, with no clock, and compare.

    Compared are the recipes, the blend, all arrays, the golden rows with their answers, and the libraries'
    own model files. Not compared: what tells times or the search (leaderboard, report, card), which is not
    repeated, and what is read from the table alone (contract, profile): its fingerprint stands for them.

    Raises:
        ConflictError: the table is not the one that the model was made from.
        TableError: the table cannot be read.
    """
    manifest = bundle.manifest
    frame = _same_table(bundle, source)
    if bundle.task.has_target:
        champion = replay_plan(manifest.plan, frame, bundle.contract.schema)
    else:
        champion = remake(manifest.plan, manifest.split, frame, bundle.contract.schema)
    golden = choose_golden(bundle.contract.schema, frame, champion)
    made = {
        **write_champion(champion),
        **{f"{REFERENCE}{name}": content for name, content in champion.references.items()},
        GOLDEN: write_golden(golden),
    }
    records = {name: _record(content) for name, content in made.items()}
    expected = {name: record for name, record in manifest.files.items() if _is_fitted(name, records)}
    differing = sorted(name for name in {*records, *expected} if records.get(name) != expected.get(name))
    return Replayed(
        identical=not differing,
        files=tuple(sorted({*records, *expected})),
        differing=tuple(differing),
        digest=manifest.with_files({**manifest.files, **records}).replayable_digest,
        arrays=_array_differences(bundle.champion, champion) if differing else (),
        largest_prediction_difference=_prediction_difference(bundle, champion, frame) if differing else 0.0,
        versions=_version_differences(manifest.versions),
    )


def _same_table(bundle: LoadedBundle, source: object) -> pl.DataFrame:
    """Read the table as the training did.

    Raises:
        ConflictError: it is another one.
    """
    target = bundle.task.target
    frame = check_table(bundle.contract, read_table(source), need_target=target is not None).frame
    if target is not None:
        frame = frame.filter(pl.col(target).is_not_null())
    dataset = bundle.manifest.dataset
    found = fingerprint(frame)
    if found != dataset.fingerprint:
        raise ConflictError(
            f"The table is not the one that {bundle.manifest.name} was made from: it has {frame.height} rows "
            f"of {frame.width} columns, that one {dataset.rows} of {dataset.columns}; their contents differ.",
            hint="Replay needs the same rows in the same order.",
            details={"expected": dataset.fingerprint, "found": found},
        )
    return frame


def _is_fitted(name: str, made: dict[str, FileRecord]) -> bool:
    return name in made or name.startswith(REFERENCE)


def _record(content: bytes) -> FileRecord:
    return FileRecord(size=len(content), sha256=hashlib.sha256(content).hexdigest())


def _array_differences(before: Champion, after: Champion) -> tuple[ArrayDifference, ...]:
    found: list[ArrayDifference] = []
    again = {member.name: member for member in after.blend.members}
    for member in before.blend.members:
        if member.name not in again:
            found.append(ArrayDifference(member=member.name, array="all", largest=None))
            continue
        _, facts, old = form_to_arrays(member.form)
        _, other_facts, new = form_to_arrays(again[member.name].form)
        if facts != other_facts:
            found.append(ArrayDifference(member=member.name, array="facts", largest=None))
        found += [
            ArrayDifference(member=member.name, array=name, largest=_largest(array, new.get(name)))
            for name, array in old.items()
            if name not in new or array.tobytes() != new[name].tobytes()
        ]
    return tuple(found)


def _largest(one: Any, other: Any) -> float | None:
    if other is None or one.shape != other.shape:
        return None
    return float(np.abs(one.astype(np.float64) - other.astype(np.float64)).max(initial=0.0))


def _prediction_difference(bundle: LoadedBundle, again: Champion, frame: pl.DataFrame) -> float:
    """Answer the table's first rows with both."""
    rows = frame.head(1_000)
    outputs = [
        champion.blend.evaluate([encode(recipe, rows) for recipe in champion.recipes])
        for champion in (bundle.champion, again)
    ]
    return float(np.abs(outputs[0] - outputs[1]).max(initial=0.0))


def _version_differences(packed: dict[str, str]) -> tuple[str, ...]:
    here = deciding_versions(installed())
    return tuple(
        f"{name}: {packed.get(name, 'none')} then, {here.get(name, 'none')} now"
        for name in sorted({*packed, *here})
        if packed.get(name) != here.get(name)
    )


def as_document(replayed: Replayed) -> dict[str, Any]:
    """Give the outcome as JSON values."""
    document: dict[str, Any] = msgspec.to_builtins(replayed)
    return document
