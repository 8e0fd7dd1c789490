"""The composition root: the only reader of settings, the only builder of real things."""

import getpass
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from yunque.errors import StorageError
from yunque.models.registry import Registry
from yunque.runtime.clock import REAL_CLOCK, Clock
from yunque.runtime.database import Database, open_database, sqlite_url
from yunque.runtime.logs import log_to_file
from yunque.runtime.migrations import upgrade
from yunque.runtime.parallel import Parallel
from yunque.services.access import read_scopes
from yunque.services.key_file import KeyFile
from yunque.services.rate import Rate
from yunque.settings import Settings

if TYPE_CHECKING:
    from yunque.services.tokens import TokenCheck
    from yunque.services.tracking import Tracking

KEYS_FILE = "api_keys"
PREDICTIONS = "predictions"  # the prediction log, under the home
OUTCOMES = "outcomes"  # late labels, under the home
WATCH_FILE = "monitoring.yaml"  # what is watched, under the home


@dataclass(frozen=True, kw_only=True)
class Platform:
    """The real things, built once for a process.

    Attributes:
        settings: as the environment has them.
        clock: time.
        database: rows, at the newest revision.
        registry: published models.
    """

    settings: Settings
    clock: Clock
    database: Database
    registry: Registry

    @property
    def threads(self) -> int:
        """Threads that a training may use."""
        return self.settings.threads or _cores()

    @property
    def parallel(self) -> Parallel:
        """Where independent parts are done: on the Dask cluster where one is named, else here."""
        address = self.settings.dask_address
        return Parallel(where="dask", dask_address=address) if address else Parallel()

    @property
    def tracking(self) -> "Tracking":
        """How runs are recorded: under the home, and in MLflow where one is named."""
        from yunque.services.tracking import Tracking

        return Tracking(
            place=self.settings.home / "runs",
            mlflow_uri=self.settings.mlflow_tracking_uri or "",
            language=self.settings.language,
        )

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give the path of a folder that does not exist yet, and remove what was made there."""
        folder = self.settings.home / "work" / uuid.uuid4().hex
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def open_platform(settings: Settings | None = None) -> Platform:
    """Build everything; creates the home folder and brings the database to its newest revision.

    Raises:
        UsageError: a setting has a value it cannot take.
        StorageError: the home cannot be written, or the database does not answer.
    """
    known = settings or Settings.load()
    if known.log_file is not None:
        log_to_file(known.log_file)
    home = _make_home(known.home)
    url = known.database_url.get_secret_value() if known.database_url else sqlite_url(home / "yunque.db")
    database = open_database(url)
    upgrade(database.engine)
    return Platform(
        settings=known,
        clock=REAL_CLOCK,
        database=database,
        registry=Registry(home / "models", database),
    )


def _cores() -> int:
    """Cores that this process may use; a container's share where the system tells it."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _make_home(home: Path) -> Path:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)  # one that is there keeps its mode
    except OSError as error:
        raise StorageError(
            f"The home folder cannot be made: {error.strerror}.",
            hint="Set YUNQUE_HOME to a folder you may write.",
        ) from error
    return home


def keys_file(settings: Settings) -> Path:
    """Give the file of accepted API keys."""
    return settings.api_keys_file or settings.home / KEYS_FILE


def open_keys(settings: Settings) -> KeyFile:
    """Give the accepted API keys of the settings and the keys file, which is followed while a server runs.

    Raises:
        UsageError: a line is not of the form that `services.access.read_keys` reads.
        StorageError: the file cannot be read.
    """
    return KeyFile(keys_file(settings), settings.api_keys)


def open_tokens(settings: Settings) -> "TokenCheck | None":
    """Give what believes signed tokens, or None where neither a key set nor a secret is named.

    Raises:
        UsageError: the rules are incomplete, or would let a caller choose what he may do.
    """
    url, secret = settings.jwt_jwks_url, settings.jwt_secret
    if url is None and secret is None:
        return None
    from yunque.services.key_set import KeySet
    from yunque.services.tokens import TokenCheck, TokenRules

    rules = TokenRules(
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        algorithms=frozenset(settings.jwt_algorithms),
        secret=None if secret is None else secret.get_secret_value().encode(),
        tenant_claim=settings.jwt_tenant_claim,
        scopes_claim=settings.jwt_scopes_claim,
        default_scopes=read_scopes(settings.jwt_default_scopes),
        needs_not_before=settings.jwt_require_nbf,
        rate=Rate.read(settings.jwt_rate) if settings.jwt_rate else None,
    )
    return TokenCheck(rules, None if url is None else KeySet(url, rules.algorithms))


def person() -> str:
    """Give the name of whoever runs this process, for the record."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"user {os.getuid()}"
