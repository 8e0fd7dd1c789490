"""Who may come in: holders of a key, or this machine only when nobody was given one."""

import ipaddress
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send

from yunque.services.access import Keyring
from yunque.surfaces.http.problem import Problem

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
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
            return
        await refusal.response(scope.get("state", {}).get("request_id", ""))(scope, receive, send)

    def _refusal(self, scope: Scope) -> Problem | None:
        if not self._admission.keyring.keys:
            return None if _is_local(scope) else LOCAL_ONLY
        path: str = scope["path"]
        if path in self._admission.open_paths or path.startswith(self._admission.open_folders):
            return None
        secret = _secret(scope)
        if secret is None:
            return KEY_MISSING
        holder = self._admission.keyring.holder(secret)
        if holder is None:
            return KEY_UNKNOWN
        scope.setdefault("state", {})["key_holder"] = holder
        return None


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


def _is_local(scope: Scope) -> bool:
    """Whether the client is this machine and calls it by a local name.

    The name matters: a page on the internet can point its own name at 127.0.0.1 (DNS rebinding), and then
    the browser would let it read answers.
    """
    client = scope.get("client")
    host = _header(scope, b"host")
    return (client is None or is_loopback(client[0])) and (not host or is_loopback(_host_name(host)))


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_name(value: str) -> str:
    if value.startswith("["):
        return value[1:].partition("]")[0]
    return value.partition(":")[0].lower()


def _secret(scope: Scope) -> str | None:
    bearer = _header(scope, b"authorization")
    scheme, _, rest = bearer.partition(" ")
    if scheme.lower() == "bearer" and rest:
        return rest.strip()
    return _header(scope, b"x-api-key") or None


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
