"""Signed tokens (JWT) of whoever signs people in, believed by public keys, or one secret, and fixed rules."""

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from yunque.errors import AccessError, StorageError, UsageError
from yunque.services.access import DEFAULT_SCOPES, GRANTED, Caller, Scope
from yunque.services.key_set import KeySet
from yunque.services.rate import Rate

ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA"})  # by public keys
SHARED = "HS256"  # by the one secret of the settings and nothing else; never `none`
LEAST_SECRET_BYTES = 32  # RFC 7518, 3.2: as many as the hash has
LEEWAY_SECONDS = 30
REMEMBERED = 1024
REMEMBER_SECONDS = 60.0
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PRINTABLE = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, kw_only=True)
class TokenRules:
    """What a token must say to be believed.

    Attributes:
        issuer: `iss`, exactly.
        audience: `aud`, or one of its list.
        algorithms: accepted signatures by public keys, among RS256, ES256 and EdDSA.
        secret: of tokens signed by HS256 (Supabase's older projects); without one none is believed. A token
            never chooses: what the secret verifies is HS256, what a public key verifies is that key's kind.
        tenant_claim: where the tenant stands, by dots; a tenant is needed when it is given.
        scopes_claim: where the scopes stand, by dots: text with blanks between, or a list.
        default_scopes: granted where the token says nothing of scopes.
        needs_not_before: whether `nbf` must be there; it is checked whenever it is.
        rate: how often one subject may come.
    """

    issuer: str
    audience: str
    algorithms: frozenset[str] = ALGORITHMS
    secret: bytes | None = field(default=None, repr=False)
    tenant_claim: str = ""
    scopes_claim: str = "scope"
    default_scopes: frozenset[Scope] = DEFAULT_SCOPES
    needs_not_before: bool = False
    rate: Rate | None = None
    required: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Refuse rules by which a caller could choose what he may do."""
        if not self.issuer or not self.audience:
            raise UsageError("Tokens need YUNQUE_JWT_ISSUER and YUNQUE_JWT_AUDIENCE.")
        if not self.algorithms or not self.algorithms <= ALGORITHMS:
            raise UsageError(
                f"YUNQUE_JWT_ALGORITHMS takes {', '.join(sorted(ALGORITHMS))} only.",
                hint="HS256 is believed where YUNQUE_JWT_SECRET is set.",
            )
        if self.secret is not None:
            _check_secret(self.secret)
        if "user_metadata" in {self.tenant_claim.split(".")[0], self.scopes_claim.split(".")[0]}:
            raise UsageError(
                "A tenant or scope cannot come from user_metadata: every user may write there.",
                hint="Use a claim of app_metadata.",
            )
        needed = ("exp", "iss", "aud", "sub", *(("nbf",) if self.needs_not_before else ()))
        object.__setattr__(self, "required", needed)


class TokenCheck:
    """Believes tokens by the rules; those believed are remembered for a minute, not beyond their end."""

    def __init__(self, rules: TokenRules, keys: KeySet | None, now: Callable[[], float] = time.time) -> None:
        self._rules = rules
        self._keys = keys
        self._now = now
        self._believed: dict[bytes, tuple[float, Caller]] = {}

    async def check(self, token: str) -> tuple[Caller, Rate | None]:
        """Give whom a token stands for, and how often they may come.

        Raises:
            AccessError: it cannot be believed.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        until, caller = self._believed.get(digest, (0.0, None))
        if caller is None or self._now() >= until:
            claims = await self._claims(token)
            caller = self._caller(claims)
            until = min(self._now() + REMEMBER_SECONDS, float(claims["exp"]))
            if len(self._believed) >= REMEMBERED:
                del self._believed[next(iter(self._believed))]
            self._believed[digest] = until, caller
        return caller, self._rules.rate

    async def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            if "crit" in header:
                raise AccessError("The token asks for what is not known here.")
            claims = self._by_secret(token)
            return await self._by_public_key(token, header.get("kid")) if claims is None else claims
        except jwt.ExpiredSignatureError as error:
            raise AccessError("The token has expired.", hint="Sign in again.") from error
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            raise AccessError("The token cannot be believed.", hint="Sign in again.") from error
        except StorageError as error:
            raise AccessError("Tokens cannot be checked at the moment.", hint="Try again.") from error

    def _by_secret(self, token: str) -> Mapping[str, Any] | None:
        """Give the claims of a token that the secret signed, None where it did not or there is none."""
        if self._rules.secret is None:
            return None
        try:
            return self._decode(token, self._rules.secret, SHARED)
        except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError):
            return None

    async def _by_public_key(self, token: str, key_id: Any) -> Mapping[str, Any]:
        if self._keys is None or not isinstance(key_id, str):
            raise AccessError("The token does not name a key that is known here.")
        found = await self._keys.find(key_id)
        if found is None or found.algorithm not in self._rules.algorithms:
            raise AccessError("The token is not signed by a known key.")
        return self._decode(token, found.key, found.algorithm)

    def _decode(self, token: str, key: Any, algorithm: str) -> Mapping[str, Any]:
        rules = self._rules
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=rules.audience,
            issuer=rules.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": list(rules.required)},
        )
        return claims

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        rules = self._rules
        subject = claims["sub"]
        if not isinstance(subject, str) or not _PRINTABLE.fullmatch(subject):
            raise AccessError("The token names no subject that can be used.")
        tenant = _claim(claims, rules.tenant_claim) if rules.tenant_claim else ""
        if rules.tenant_claim and not (isinstance(tenant, str) and _TENANT.fullmatch(tenant)):
            raise AccessError("The token names no tenant.")
        return Caller(name=subject, tenant=str(tenant), scopes=self._scopes(claims))

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[Scope]:
        given = _claim(claims, self._rules.scopes_claim)
        if given is None:
            return self._rules.default_scopes
        words = given.split() if isinstance(given, str) else given if isinstance(given, list) else []
        return frozenset(Scope(word) for word in words if isinstance(word, str) and word in GRANTED)


def _check_secret(secret: bytes) -> None:
    """Refuse what cannot be a secret: too short to be safe, or the public half of a key pair.

    Raises:
        UsageError: it is.
    """
    if len(secret) < LEAST_SECRET_BYTES:
        raise UsageError(
            f"YUNQUE_JWT_SECRET has fewer than {LEAST_SECRET_BYTES} bytes: it could be guessed.",
            hint="Copy the whole of it, or make a new one where the tokens are signed.",
        )
    if b"-----BEGIN" in secret or secret.startswith((b"ssh-", b"ecdsa-", b"{")):
        raise UsageError(
            "YUNQUE_JWT_SECRET is a key of a pair, and its public half is no secret.",
            hint="Name the address of the public keys in YUNQUE_JWT_JWKS_URL instead.",
        )


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """Follow a path of names with dots between; None where it leads nowhere."""
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
