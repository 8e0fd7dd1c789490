"""The public keys of whoever signs tokens (RFC 7517), fetched from one address and kept for a while."""

import asyncio
import http.client
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
import msgspec

from yunque.errors import StorageError, UsageError

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
FETCH_SECONDS = 5.0
MOST_BYTES = 256 * 1024
MOST_KEYS = 100
LEAST_RSA_BITS = 2048

FRESH_SECONDS = 600.0  # looked at again after this, so that a key taken back is noticed
STALE_SECONDS = 24 * 3600.0  # without an answer for so long, no key is believed any more
PAUSE_SECONDS = 30.0  # between two fetches, however many unknown keys are named

Fetch = Callable[[str], bytes]


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """A key with the one algorithm it may be used with, whatever a token says of itself."""

    algorithm: str
    key: Any


def check_address(url: str) -> str:
    """Give the address of a key set as it is.

    Raises:
        UsageError: it is not https; http is taken from this machine only.
    """
    parts = urlsplit(url)
    is_local = parts.scheme == "http" and parts.hostname in LOCAL_HOSTS
    if (parts.scheme != "https" and not is_local) or not parts.hostname or "@" in parts.netloc:
        raise UsageError("YUNQUE_JWT_JWKS_URL must be an https address without a user name in it.")
    return url


def fetch(url: str) -> bytes:
    """Fetch a key set; redirects are not followed, so that nobody else is ever asked.

    Raises:
        StorageError: no answer in time, another status than 200, or too long an answer.
    """
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, parts.port, timeout=FETCH_SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=FETCH_SECONDS)
    try:
        with closing(connection):
            connection.request("GET", path, headers={"Accept": "application/json", "User-Agent": "yunque"})
            answer = connection.getresponse()
            content = answer.read(MOST_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        raise StorageError("The keys that tokens are signed with could not be fetched.") from error
    if answer.status != 200 or len(content) > MOST_BYTES:
        raise StorageError("The keys that tokens are signed with could not be fetched: no such answer.")
    return content


def read_key_set(content: bytes, algorithms: frozenset[str]) -> dict[str, PublicKey]:
    """Read the usable keys of a JWK set by their ids; others, secrets among them, are left out.

    Raises:
        StorageError: it is no key set.
    """
    try:
        listed = msgspec.json.decode(content, type=dict[str, Any])["keys"]
        entries = [entry for entry in listed[:MOST_KEYS] if isinstance(entry, dict)]
    except (msgspec.MsgspecError, KeyError, TypeError, RecursionError) as error:
        raise StorageError("The keys that tokens are signed with could not be read.") from error
    keys: dict[str, PublicKey] = {}
    for entry in entries:
        key_id, algorithm = entry.get("kid"), _algorithm(entry)
        if not isinstance(key_id, str) or algorithm not in algorithms or entry.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK(entry, algorithm=algorithm).key
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        if algorithm != "RS256" or key.key_size >= LEAST_RSA_BITS:
            keys[key_id] = PublicKey(algorithm=algorithm, key=key)
    return keys


def _algorithm(entry: Mapping[str, Any]) -> str:
    """Give the algorithm of a key by its kind; one that names another for itself has none."""
    known = {"RSA None": "RS256", "EC P-256": "ES256", "OKP Ed25519": "EdDSA"}
    algorithm = known.get(f"{entry.get('kty')} {entry.get('crv')}", "")
    return algorithm if entry.get("alg", algorithm) == algorithm else ""


class KeySet:
    """The keys by their ids, fetched when first needed, when old, and when a token names an unknown one."""

    def __init__(
        self,
        url: str,
        algorithms: frozenset[str],
        *,
        fetch: Fetch = fetch,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = check_address(url)
        self._algorithms = algorithms
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, PublicKey] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    async def find(self, key_id: str) -> PublicKey | None:
        """Give the key of an id, or None.

        Raises:
            StorageError: there are no keys to look in, because they cannot be fetched.
        """
        if key_id not in self._keys or self._clock() - self._fetched_at > FRESH_SECONDS:
            await self._renew()
        if self._clock() - self._fetched_at > STALE_SECONDS:
            raise StorageError("The keys that tokens are signed with could not be fetched.")
        return self._keys.get(key_id)

    async def _renew(self) -> None:
        """Fetch the keys, one caller for all that wait, and not again before a pause is over."""
        asked_at = self._clock()
        async with self._lock:
            if self._tried_at >= asked_at or asked_at - self._tried_at < PAUSE_SECONDS:
                return
            try:
                content = await asyncio.to_thread(self._fetch, self._url)
                self._keys = read_key_set(content, self._algorithms)
                self._fetched_at = self._clock()
            except StorageError:
                if self._clock() - self._fetched_at > STALE_SECONDS:
                    raise
            finally:
                self._tried_at = self._clock()
