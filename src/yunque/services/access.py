"""Who may call, and for what: keys with scopes, an expiry, a rate and a tenant, of which hashes are kept."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from yunque.errors import UsageError
from yunque.services.rate import Rate

PREFIX = "yq_"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_INDEX = 16  # digits of a digest by which a key is looked up; all of it is then compared in constant time


class Scope(StrEnum):
    """What a route needs and a key grants; `admin` grants everything, `open` asks for nobody's key.

    `capturist`, `officer` and `auditor` are the roles of a compliance desk: who sends files and sees where
    they stand; who sees results and decides; who sees all of that and changes nothing. `follower` is what
    they share: where files stand and what they cost, and no results.
    """

    OPEN = "open"
    PREDICT = "predict"
    READ = "read"
    JOBS = "jobs"
    TRAIN = "train"
    FOLLOWER = "follower"
    CAPTURIST = "capturist"
    OFFICER = "officer"
    AUDITOR = "auditor"
    ADMIN = "admin"


GRANTED = tuple(scope for scope in Scope if scope is not Scope.OPEN)
DEFAULT_SCOPES = frozenset({Scope.PREDICT, Scope.READ})
# who holds one of these may do what the others open, too
INCLUDED: Mapping[Scope, frozenset[Scope]] = {
    Scope.CAPTURIST: frozenset({Scope.FOLLOWER}),
    Scope.AUDITOR: frozenset({Scope.FOLLOWER}),
    Scope.OFFICER: frozenset({Scope.CAPTURIST, Scope.AUDITOR, Scope.FOLLOWER}),
    Scope.JOBS: frozenset({Scope.CAPTURIST, Scope.AUDITOR, Scope.FOLLOWER}),
}


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who sent a request.

    Attributes:
        name: holder of the key or subject of the token, "" on this machine without keys; appears in logs.
        tenant: whose data the caller sees; "" where nobody is told apart.
        scopes: what is granted.
    """

    name: str = ""
    tenant: str = ""
    scopes: frozenset[Scope] = DEFAULT_SCOPES

    def may(self, needed: Scope) -> bool:
        """Whether a route that needs `needed` is open to the caller."""
        if needed is Scope.OPEN or needed in self.scopes or Scope.ADMIN in self.scopes:
            return True
        return any(needed in INCLUDED.get(scope, ()) for scope in self.scopes)


NOBODY = Caller(scopes=frozenset())
LOCAL = Caller(scopes=frozenset({Scope.ADMIN}))  # this machine, where no key was ever made


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """One accepted key.

    Attributes:
        name: who holds it; appears in logs.
        digest: SHA-256 of the key in lower-case hex. Keys carry 256 random bits, so no salt or stretching
            is needed: there is no dictionary to try.
        scopes: what it grants.
        tenant: whose data its holder sees.
        expires: from when on it opens nothing; None for never.
        rate: how often it may be used; None for as often as one likes.
    """

    name: str
    digest: str
    scopes: frozenset[Scope] = DEFAULT_SCOPES
    tenant: str = ""
    expires: datetime | None = None
    rate: Rate | None = None
    caller: Caller = field(init=False, compare=False, repr=False)
    until: float = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot stand in a settings line, and make what every request needs."""
        if not _NAME.fullmatch(self.name) or (self.tenant and not _NAME.fullmatch(self.tenant)):
            wrong = self.tenant if _NAME.fullmatch(self.name) else self.name
            raise UsageError(
                f"{wrong[:64]!r} cannot name an API key or a tenant.",
                hint="Use letters, digits, dots, dashes and underscores, 64 at most.",
            )
        if not _DIGEST.fullmatch(self.digest):
            raise UsageError(
                f"The API key {self.name!r} is not given as a SHA-256 hash of 64 hex digits.",
                hint="Make one with `yunque keys create NAME`; the server keeps the hash, never the key.",
            )
        if not self.scopes or Scope.OPEN in self.scopes:
            raise UsageError(f"The API key {self.name!r} needs scopes among {', '.join(GRANTED)}.")
        caller = Caller(name=self.name, tenant=self.tenant, scopes=self.scopes)
        object.__setattr__(self, "caller", caller)
        object.__setattr__(self, "until", self.expires.timestamp() if self.expires else float("inf"))

    @property
    def id(self) -> str:
        """Tells the keys of one holder apart: the first digits of the hash."""
        return self.digest[:8]

    @property
    def line(self) -> str:
        """How it stands in the settings and in the keys file."""
        parts = [f"{self.name}:{self.digest}", f"scopes={'+'.join(sorted(self.scopes))}"]
        parts += [f"tenant={self.tenant}"] if self.tenant else []
        parts += [f"expires={self.expires.isoformat(timespec='seconds')}"] if self.expires else []
        parts += [f"rate={self.rate}"] if self.rate else []
        return " ".join(parts)


@dataclass(frozen=True, kw_only=True)
class Keyring:
    """All accepted keys.

    Attributes:
        keys: the keys.
        is_required: callers must show one even when there is none to show: the last was revoked.
    """

    keys: tuple[ApiKey, ...] = ()
    is_required: bool = False
    _index: Mapping[str, tuple[ApiKey, ...]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Index the keys by the first digits of their hashes."""
        index: dict[str, tuple[ApiKey, ...]] = {}
        for key in self.keys:
            index[key.digest[:_INDEX]] = (*index.get(key.digest[:_INDEX], ()), key)
        object.__setattr__(self, "_index", index)

    @property
    def asks(self) -> bool:
        """Whether callers must show a key."""
        return self.is_required or bool(self.keys)

    def current(self) -> "Keyring":
        """Give the keys that hold now: these."""
        return self

    def find(self, secret: str) -> ApiKey | None:
        """Give the key whose secret this is, expired or not, or None.

        The look-up goes by digits of a hash of 256 random bits, which a caller cannot steer; the hashes are
        then compared in constant time.
        """
        digest = _hash(secret)
        found: ApiKey | None = None
        for key in self._index.get(digest[:_INDEX], ()):
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found

    def holder(self, secret: str) -> str | None:
        """Give the name of the key's holder, or None."""
        key = self.find(secret)
        return key.name if key else None


def grant_key(name: str, **terms: Any) -> tuple[str, ApiKey]:
    """Make a new key: the secret to hand over once, and the record to keep.

    Args:
        name: who will hold it.
        terms: further attributes of `ApiKey`: scopes, tenant, expires, rate.
    """
    secret = PREFIX + secrets.token_urlsafe(32)
    return secret, ApiKey(name=name, digest=_hash(secret), **terms)


def read_scopes(text: str) -> frozenset[Scope]:
    """Read `predict+read`, or the same with commas.

    Raises:
        UsageError: a scope is unknown.
    """
    names = [part.strip().lower() for part in text.replace(",", "+").split("+") if part.strip()]
    unknown = [name for name in names if name not in GRANTED]
    if unknown or not names:
        wrong = f"{unknown[0][:40]!r} is no scope" if unknown else "No scope is given"
        raise UsageError(f"{wrong}; there are {', '.join(GRANTED)}.")
    return frozenset(Scope(name) for name in names)


def read_keys(lines: Iterable[str]) -> Keyring:
    """Read lines of `name:sha256 scopes=... tenant=... expires=... rate=...`; only the first part is needed.

    Blank lines and lines starting with # are skipped.

    Raises:
        UsageError: a line is not of that form. The line itself is not repeated: it may hold a key.
    """
    keys = []
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            keys.append(_read_line(text, number))
    return Keyring(keys=tuple(keys))


def _read_line(text: str, number: int) -> ApiKey:
    first, *rest = text.split()
    name, _, digest = first.rpartition(":")
    terms = dict(part.partition("=")[::2] for part in rest)
    if not name or not terms.keys() <= {"scopes", "tenant", "expires", "rate"}:
        raise UsageError(
            f"API key number {number} is not of the form name:sha256, with scopes, tenant, expires and rate.",
            hint="Make one with `yunque keys create NAME`.",
        )
    return ApiKey(
        name=name,
        digest=digest.lower(),
        scopes=read_scopes(terms["scopes"]) if "scopes" in terms else DEFAULT_SCOPES,
        tenant=terms.get("tenant", ""),
        expires=_read_moment(terms["expires"], number) if "expires" in terms else None,
        rate=Rate.read(terms["rate"]) if "rate" in terms else None,
    )


def _read_moment(text: str, number: int) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"API key number {number} expires at no moment that can be read.", hint="Write 2027-01-31."
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
