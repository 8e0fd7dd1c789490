"""Who may come in: holders of a key, or this machine only when nobody was given one."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from starlette.types import ASGIApp, Receive, Scope, Send

from yunque.services.access import Keyring
from yunque.surfaces.http.problem import Problem, ProblemError

Headers = Mapping[bytes, bytes]

OPEN_PATHS = ("/health", "/health/live", "/health/ready", "/docs")
OPEN_FOLDERS = ("/docs/assets/",)


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The rule of entry.

    Attributes:
        keyring: accepted keys; with none, only this machine is answered.
        open_paths, open_folders: what needs no key: whether the server lives, and the empty page of the docs.
    """

    keyring: Keyring
    open_paths: tuple[str, ...] = OPEN_PATHS
    open_folders: tuple[str, ...] = field(default=OPEN_FOLDERS)

    def admit(self, path: str, headers: Headers, client: tuple[str, int] | None) -> str:
        """Give the name of the key's holder, "" where none is asked for.

        Raises:
            ProblemError: 401 or 403.
        """
        if not self.keyring.keys:
            if not _is_local(headers, client):
                raise ProblemError(LOCAL_ONLY)
            return ""
        if path in self.open_paths or path.startswith(self.open_folders):
            return ""
        secret = _secret(headers)
        if secret is None:
            raise ProblemError(KEY_MISSING)
        holder = self.keyring.holder(secret)
        if holder is None:
            raise ProblemError(KEY_UNKNOWN)
        return holder


class Guard:
    """Lets a request in, or answers 401 or 403."""

    def __init__(self, app: ASGIApp, admission: Admission) -> None:
        self._app = app
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on when it may come in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        try:
            state["key_holder"] = self._admission.admit(
                scope["path"], dict(scope["headers"]), scope.get("client")
            )
        except ProblemError as error:
            await error.problem.response(state.get("request_id", ""))(scope, receive, send)
            return
        await self._app(scope, receive, send)


LOCAL_ONLY = Problem(
    status=403,
    code="local_only",
    detail="This server has no API keys, so it answers only this machine, by the name localhost.",
    hint="Make a key with `yunque keys create NAME` and start the server again.",
)
KEY_MISSING = Problem(
    status=401,
    code="key_missing",
    detail="An API key is needed.",
    hint="Send it as `Authorization: Bearer KEY` or `X-API-Key: KEY`.",
    headers={"WWW-Authenticate": "Bearer"},
)
KEY_UNKNOWN = Problem(
    status=401,
    code="key_unknown",
    detail="The API key is not known to this server.",
    hint="Ask the operator for a key.",
    headers={"WWW-Authenticate": "Bearer"},
)


def _is_local(headers: Headers, client: tuple[str, int] | None) -> bool:
    """Whether the client is this machine and calls it by a local name.

    The name matters: a page on the internet can point its own name at 127.0.0.1 (DNS rebinding), and then
    the browser would let it read answers.
    """
    host = headers.get(b"host", b"")
    return (client is None or is_loopback(client[0])) and (not host or is_loopback(_host_name(host)))


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=256)
def _host_name(value: bytes) -> str:
    text = value.decode("latin-1")
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].lower()


def _secret(headers: Headers) -> str | None:
    scheme, _, rest = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer" and rest:
        return rest.strip()
    return headers.get(b"x-api-key", b"").decode("latin-1") or None
