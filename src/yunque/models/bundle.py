"""Pack the outcome of a run as a bundle: a folder of data that appears whole and proven, or not at all."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from yunque.data.contract import Contract
from yunque.data.profile import profile
from yunque.errors import BundleError
from yunque.learning.fairness import Fairness, measure_fairness
from yunque.learning.leaderboard import Champion, Leaderboard
from yunque.models.bundle_blend import write_champion
from yunque.models.bundle_context import PackContext, deciding_versions, installed
from yunque.models.bundle_folder import appearing, safe_name, write_files
from yunque.models.bundle_golden import choose_golden
from yunque.models.bundle_json import write_json
from yunque.models.bundle_leaderboard import leaderboard_csv
from yunque.models.bundle_manifest import describe
from yunque.models.bundle_reference import write_sample
from yunque.models.bundle_scores import score_profile
from yunque.models.bundle_words import facts_of, words
from yunque.models.golden import check_golden, write_golden
from yunque.models.manifest import (
    CONTRACT,
    ENVIRONMENT,
    FAIRNESS,
    GOLDEN,
    LEADERBOARD,
    MANIFEST,
    PROFILE,
    REFERENCE,
    SAMPLE,
    FileRecord,
    Manifest,
)
from yunque.models.predictor import Predictor
from yunque.models.trusted_load import load_bundle

__all__ = ["Bundle", "PackContext", "pack"]


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A packed bundle: its folder, its id (SHA-256 of the manifest) and its manifest."""

    folder: Path
    id: str
    manifest: Manifest


def pack(leaderboard: Leaderboard, contract: Contract, context: PackContext, folder: Path) -> Bundle:
    """Write the champion with everything that is known about it to `folder`.

    The files are written beside `folder`, flushed, opened again as a stranger's bundle would be, and held
    against their golden rows; only then does `folder` appear. Equal inputs give equal bytes.

    Raises:
        ConflictError: `folder` exists already.
        BundleError: what was packed does not open, or does not answer as the champion did.
        StorageError: the disk refuses.
    """
    environment = installed() if context.environment is None else context.environment
    versions = deciding_versions(environment)
    golden = choose_golden(contract.schema, context.frame, leaderboard.champion)
    statistics = profile(contract, context.frame)
    fairness = measure_fairness(leaderboard, context.frame, context.sensitive)
    facts = replace(
        facts_of(leaderboard, contract, context),
        profile=statistics,
        versions=versions,
        example=golden.record(0),
        fairness=fairness,
    )
    files = {
        **write_champion(leaderboard.champion),
        **_references(leaderboard.champion),
        **words(facts),
        **_fairness_file(fairness),
        CONTRACT: contract.to_yaml().encode(),
        GOLDEN: write_golden(golden),
        PROFILE: write_json(statistics | {"scores": score_profile(leaderboard)}),
        LEADERBOARD: leaderboard_csv(leaderboard),
        **_sample_file(leaderboard, contract, context),
        ENVIRONMENT: "".join(f"{line}\n" for line in environment).encode(),
    }
    manifest = describe(leaderboard, contract, context, versions)
    manifest = manifest.with_files({name: _record(content) for name, content in files.items()})
    raw = manifest.to_bytes()
    with appearing(folder) as draft:
        write_files(draft, {**files, MANIFEST: raw})
        _prove(draft)
    return Bundle(folder=folder, id=hashlib.sha256(raw).hexdigest(), manifest=manifest)


def _references(champion: Champion) -> dict[str, bytes]:
    named = {f"{REFERENCE}{name}": content for name, content in champion.references.items()}
    unsafe = [name for name in named if not safe_name(name)]
    if unsafe:
        raise BundleError(f"The reference file {unsafe[0]!r} cannot be packed under that name.")
    return named


def _sample_file(leaderboard: Leaderboard, contract: Contract, context: PackContext) -> dict[str, bytes]:
    if not context.keep_rows:
        return {}
    return {SAMPLE: write_sample(leaderboard, contract.schema, context.frame)}


def _fairness_file(found: tuple[Fairness, ...]) -> dict[str, bytes]:
    """Give the measured groups as a file; none where none was asked for, as in every older bundle."""
    return {FAIRNESS: write_json({"format": 1, "columns": found})} if found else {}


def _record(content: bytes) -> FileRecord:
    return FileRecord(size=len(content), sha256=hashlib.sha256(content).hexdigest())


def _prove(draft: Path) -> None:
    mismatches = check_golden(Predictor.from_bundle(load_bundle(draft)))
    if mismatches:
        first = mismatches[0]
        raise BundleError(
            f"{len(mismatches)} golden rows do not come out again; row {first.row} gives {first.got} "
            f"instead of {first.expected}.",
            hint="A step or a form gives other bits for one row than for many; report it with this bundle.",
        )
