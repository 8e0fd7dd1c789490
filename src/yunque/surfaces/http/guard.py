"""Who may come in: holders of a key or token, or this machine only when nobody was given one."""

import ipaddress
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from yunque.errors import AccessError
from yunque.services.access import LOCAL, NOBODY, PREFIX, Caller, Keyring
from yunque.services.rate import Buckets, Rate
from yunque.surfaces.http.problem import Problem, ProblemError

Headers = Mapping[bytes, bytes]

# Whether the server lives, and the empty page of the docs. A test holds them against what the routes declare.
OPEN_PATHS = frozenset(
    {"/", "/health", "/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready", "/ping", "/docs"}
)
OPEN_FOLDERS = ("/docs/assets/",)
MOST_SECRET = 8192  # bytes of a token; more than any that is meant


class Keys(Protocol):
    """Where the accepted keys come from."""

    def current(self) -> Keyring:
        """Give the keys that hold now."""
        ...


class Tokens(Protocol):
    """What believes signed tokens."""

    async def check(self, token: str) -> tuple[Caller, Rate | None]:
        """Give whom a token stands for, and how often they may come.

        Raises:
            AccessError: it cannot be believed.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The rule of entry.

    Attributes:
        keyring: accepted keys; with none, and no tokens, only this machine is answered.
        tokens: what believes signed tokens, or None.
        now: seconds since 1970, by which keys expire.
    """

    keyring: Keys
    tokens: Tokens | None = None
    now: Callable[[], float] = time.time
    buckets: Buckets = field(default_factory=Buckets)

    async def admit(self, path: str, headers: Headers, client: tuple[str, int] | None) -> Caller:
        """Give who calls.

        Raises:
            ProblemError: 401, 403 or 429.
        """
        ring = self.keyring.current()
        if not ring.asks and self.tokens is None:
            if not _is_local(headers, client):
                raise ProblemError(LOCAL_ONLY)
            return LOCAL
        if path in OPEN_PATHS or path.startswith(OPEN_FOLDERS):
            return NOBODY
        secret = _secret(headers)
        if secret is None:
            raise ProblemError(KEY_MISSING)
        if self.tokens is not None and secret.count(".") == 2 and not secret.startswith(PREFIX):
            return await self._by_token(self.tokens, secret)
        key = ring.find(secret)
        if key is None or key.until <= self.now():
            raise ProblemError(KEY_UNKNOWN if key is None else KEY_EXPIRED)
        if key.rate is not None:
            self._take(key.digest, key.rate)
        return key.caller

    async def _by_token(self, tokens: Tokens, token: str) -> Caller:
        try:
            caller, rate = await tokens.check(token)
        except AccessError as error:
            raise ProblemError(_unauthorised("token", error.message, error.hint)) from error
        if rate is not None:
            self._take(f"token {caller.tenant} {caller.name}", rate)
        return caller

    def _take(self, caller: str, rate: Rate) -> None:
        wait = self.buckets.take(caller, rate)
        if wait:
            raise ProblemError(too_often(rate, wait))


class Guard:
    """Lets a request in with its caller in the state, or answers 401, 403 or 429."""

    def __init__(self, app: ASGIApp, admission: Admission) -> None:
        self._app = app
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on when it may come in."""
        if scope["type"] == "websocket":  # there are none, and none that came later may slip through
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        try:
            caller = await self._admission.admit(scope["path"], dict(scope["headers"]), scope.get("client"))
        except ProblemError as error:
            await error.problem.response(state.get("request_id", ""))(scope, receive, send)
            return
        state["caller"], state["key_holder"] = caller, caller.name
        await self._app(scope, receive, send)


def _unauthorised(what: str, detail: str, hint: str) -> Problem:
    headers = {"WWW-Authenticate": "Bearer"}
    return Problem(status=401, code=what, detail=detail, hint=hint, headers=headers)


LOCAL_ONLY = Problem(
    status=403,
    code="local_only",
    detail="This server has no API keys, so it answers only this machine, by the name localhost.",
    hint="Make a key with `yunque keys create NAME` and start the server again.",
)
KEY_MISSING = _unauthorised(
    "key_missing", "An API key is needed.", "Send it as `Authorization: Bearer KEY` or `X-API-Key: KEY`."
)
KEY_UNKNOWN = _unauthorised(
    "key_unknown", "The API key is not known to this server.", "Ask the operator for a key."
)
KEY_EXPIRED = _unauthorised("key_expired", "The API key has expired.", "Ask the operator for a new one.")


def too_often(rate: Rate, wait: float) -> Problem:
    """Say that a caller came too often, and when it may come again."""
    return Problem(
        status=429,
        code="too_often",
        detail=f"This key may be used {rate.requests} times per {UNITS[rate.per]}.",
        hint="Wait for as many seconds as the header Retry-After says; send many rows in one request.",
        headers={"Retry-After": str(max(1, math.ceil(wait)))},
    )


UNITS = {"s": "second", "m": "minute", "h": "hour"}


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
    scheme, _, rest = headers.get(b"authorization", b"")[:MOST_SECRET].decode("latin-1").partition(" ")
    if scheme.lower() == "bearer" and rest:
        return rest.strip()
    return headers.get(b"x-api-key", b"")[:MOST_SECRET].decode("latin-1") or None
