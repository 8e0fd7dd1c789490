"""The registry: a folder of bundles and the rows that say which version answers."""

import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from yunque.errors import ConflictError, NotFoundError, StorageError
from yunque.models.bundle_folder import copy_files, sync_folder, write_replacing
from yunque.models.bundle_json import plain, write_json
from yunque.models.gates import check_gates, refuse_shortfalls
from yunque.models.golden import check_golden
from yunque.models.manifest import Override
from yunque.models.predictor import Predictor
from yunque.models.registry_lineage import lineage_facts
from yunque.models.registry_names import (
    CHALLENGER,
    CHAMPION,
    LATEST,
    check_actor,
    check_name,
    read_reference,
    read_version,
)
from yunque.models.registry_races import highest_folder, repeated
from yunque.models.registry_rows import (
    Event,
    EventKind,
    Version,
    highest_version,
    insert_event,
    insert_version,
    previous_champion,
    published_once,
    select_events,
    select_versions,
    set_alias,
)
from yunque.models.trusted_load import LoadedBundle, load_bundle
from yunque.runtime.database import Database

BUNDLE = "bundle"
OVERRIDES = "overrides.json"


class Registry:
    """Versions of models: published once, never changed; only aliases move.

    A version lies in `<folder>/<name>/<version>/bundle`. Its hashes do not change when a person later
    overrides a gate: the row in the record of events is the proof of that, and `overrides.json` beside the
    bundle is a copy of those rows for whoever reads the folder alone.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        """Use `folder` for bundles and `database`, brought to its newest revision, for rows."""
        self._folder = folder
        self._database = database

    def publish(
        self, bundle: Path, *, by: str, name: str | None = None, reason: str = "", once: str = ""
    ) -> Version:
        """Copy a bundle into the registry as the next version of its model.

        Args:
            bundle: folder of a packed bundle; it is audited whole, in the copy.
            by: who publishes.
            name: another name than the manifest's.
            reason: why, for the record.
            once: names the work that made it; publishing again under the same words gives the version that
                was published first, whatever the bundle.

        Raises:
            BundleError: the bundle does not pass its audit.
            UsageError: the name cannot name a model, or nobody is named.
        """
        actor = check_actor(by)
        home = self._folder / check_name(name or load_bundle(bundle).manifest.name)
        draft = _draft_in(home)
        try:
            copy_files(bundle, draft / BUNDLE)
            loaded = load_bundle(draft / BUNDLE)
            return repeated(lambda: self._number(home, draft, loaded, (actor, reason, once)))
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _number(self, home: Path, draft: Path, loaded: LoadedBundle, who: tuple[str, str, str]) -> Version:
        """Give the draft its number: row and folder appear together."""
        name, (actor, reason, once) = home.name, who
        with self._database.writing() as connection:
            known = published_once(connection, name, once)
            if known is not None:
                return known
            number = max(highest_version(connection, name), highest_folder(home)) + 1
            now = self._database.now(connection)
            version = Version(
                name=name,
                version=number,
                bundle_key=f"{name}/{number}/{BUNDLE}",
                bundle_id=loaded.id,
                created_at=now,
                facts=lineage_facts(loaded.manifest),
            )
            insert_version(connection, version)
            details = {"bundle": loaded.id} | ({"once": once} if once else {})
            insert_event(connection, _event(version, "publish", actor, reason, now, details))
            draft.rename(home / str(number))
            sync_folder(home)
        return version

    def promote(
        self, name: str, version: int | str, *, by: str, reason: str = "", override: Override | None = None
    ) -> Version:
        """Make a version the champion, once it has passed its gates.

        Args:
            name: the model.
            version: its number.
            by: who promotes.
            reason: why, for the record.
            override: a named person's reason to promote it in spite of what it falls short of.

        Raises:
            GateError: it falls short and nobody takes it on themselves; carries every shortfall.
            NotFoundError: there is no such version.
            BundleError: the bundle changed since it was published.
        """
        actor = check_actor(by)
        found = self.resolve(f"{check_name(name)}@{read_version(version)}")
        predictor = self._open(found)
        manifest = predictor.bundle.manifest
        shortfalls = check_gates(manifest, predictor)
        overrides = [*manifest.overrides, *([override] if override else [])]
        if not overrides:
            refuse_shortfalls(found.label, shortfalls)
        details = {
            "shortfalls": plain(shortfalls),
            "overrides": plain(overrides) if shortfalls else [],
        }
        self._point(found, CHAMPION, ("promote", actor, reason, details))
        if shortfalls:
            self._copy_overrides(found)
        return self.resolve(found.label)

    def rollback(self, name: str, *, by: str, reason: str = "") -> Version:
        """Make the previous champion the champion again; its golden rows must still reproduce.

        Raises:
            ConflictError: there was no other champion before, or its golden rows no longer reproduce.
            NotFoundError: there is no such model.
        """
        actor = check_actor(by)
        number = previous_champion(self.history(name))
        if number is None:
            raise ConflictError(
                f"{name} has had no other champion to go back to.",
                hint=f"Promote a version instead: yunque models promote {name} VERSION.",
            )
        found = self.resolve(f"{name}@{number}")
        if check_golden(self._open(found)):
            raise ConflictError(f"The golden rows of {found.label} no longer reproduce on this machine.")
        self._point(found, CHAMPION, ("rollback", actor, reason, {}))
        return self.resolve(found.label)

    def challenge(self, name: str, version: int | str, *, by: str, reason: str = "") -> Version:
        """Make a version the challenger; no gates, because it answers nobody yet.

        Raises:
            NotFoundError: there is no such version.
        """
        actor = check_actor(by)
        found = self.resolve(f"{check_name(name)}@{read_version(version)}")
        self._point(found, CHALLENGER, ("alias", actor, reason, {}))
        return self.resolve(found.label)

    def _point(
        self, version: Version, alias: str, change: tuple[EventKind, str, str, dict[str, Any]]
    ) -> None:
        kind, actor, reason, details = change

        def move() -> None:
            with self._database.writing() as connection:
                now = self._database.now(connection)
                previous = set_alias(connection, version.name, alias, version.version, now)
                facts = {"alias": alias, "previous": previous, **details}
                insert_event(connection, _event(version, kind, actor, reason, now, facts))

        repeated(move)

    def _copy_overrides(self, version: Version) -> None:
        taken = [
            {"at": event.at.isoformat(), "promoted_by": event.actor, **plain(event.details)}
            for event in self.history(version.name)
            if event.version == version.version and event.details.get("overrides")
        ]
        write_replacing(self._folder / version.name / str(version.version) / OVERRIDES, write_json(taken))

    def resolve(self, reference: str) -> Version:
        """Give the version that "name", "name@3", "name@champion" or "name@latest" means.

        Raises:
            NotFoundError: there is no such model or version, or the alias points nowhere.
            UsageError: the reference cannot be read.
        """
        wanted = read_reference(reference)
        versions = self.versions(wanted.name)
        if wanted.version == LATEST:
            return versions[-1]
        for version in versions:
            if wanted.version == version.version or wanted.version in version.aliases:
                return version
        if isinstance(wanted.version, int):
            numbers = [str(version.version) for version in versions]
            raise NotFoundError.among(f"version of {wanted.name}", str(wanted.version), numbers)
        newest = versions[-1].version
        raise NotFoundError(
            f"{wanted.name} has no {wanted.version}.",
            hint=f"Ask for {wanted.name}@{newest}, or: yunque models promote {wanted.name} {newest}.",
        )

    def open(self, reference: str) -> Predictor:
        """Open a version for answering; its bundle must be the one that was published.

        Raises:
            NotFoundError: there is no such model or version, or the alias points nowhere.
            BundleError: the bundle changed since it was published.
        """
        return self._open(self.resolve(reference))

    def load(self, version: Version) -> LoadedBundle:
        """Load the bundle of a version.

        Raises:
            BundleError: the bundle changed since it was published.
        """
        return load_bundle(self.folder_of(version), expected_id=version.bundle_id)

    def _open(self, version: Version) -> Predictor:
        return Predictor.from_bundle(self.load(version), version_label=version.label)

    def folder_of(self, version: Version) -> Path:
        """Give the folder of a version's bundle."""
        return self._folder / version.bundle_key

    def names(self) -> tuple[str, ...]:
        """Give the names of all models, sorted."""
        return tuple(dict.fromkeys(version.name for version in self.all_versions()))

    def all_versions(self) -> tuple[Version, ...]:
        """Give every version of every model, by name and number."""
        with self._database.reading() as connection:
            return tuple(select_versions(connection))

    def versions(self, name: str) -> tuple[Version, ...]:
        """Give the versions of a model, oldest first.

        Raises:
            NotFoundError: there is no such model.
        """
        with self._database.reading() as connection:
            found = select_versions(connection, check_name(name))
        if not found:
            raise NotFoundError.among("model", name, self.names())
        return tuple(found)

    def history(self, name: str) -> tuple[Event, ...]:
        """Give who changed what of a model, when and why, oldest first.

        Raises:
            NotFoundError: there is no such model.
        """
        self.versions(name)
        with self._database.reading() as connection:
            return tuple(select_events(connection, name))


def _draft_in(home: Path) -> Path:
    try:
        home.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".incoming-", dir=home))
        draft.chmod(0o755)
    except OSError as error:
        raise StorageError("The registry's folder cannot be written.", hint="Check its owner.") from error
    return draft


def _event(
    version: Version, kind: EventKind, actor: str, reason: str, at: datetime, details: dict[str, Any]
) -> Event:
    return Event(
        name=version.name,
        version=version.version,
        event=kind,
        actor=actor,
        reason=reason,
        at=at,
        details=details,
    )
