"""Signed tokens: believed by public keys and fixed rules; every known way of forging one is refused."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.errors import AccessError, StorageError, UsageError
from yunque.services.access import Caller, Scope
from yunque.services.key_set import KeySet, check_address, read_key_set
from yunque.services.tokens import ALGORITHMS, TokenCheck, TokenRules

ISSUER, AUDIENCE, URL = "https://auth.example", "authenticated", "https://auth.example/jwks.json"
PRIVATE: dict[str, Any] = {
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
WRITERS: dict[str, Any] = {
    "RS256": jwt.algorithms.RSAAlgorithm,
    "ES256": jwt.algorithms.ECAlgorithm,
    "EdDSA": jwt.algorithms.OKPAlgorithm,
}


def public(name: str, key_id: str | None = None, **more: Any) -> dict[str, Any]:
    entry = WRITERS[name].to_jwk(PRIVATE[name].public_key(), as_dict=True)
    return {**entry, "kid": key_id or name, **more}


def key_set(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"keys": [*entries]}).encode()


ALL = key_set(*(public(name) for name in PRIVATE))


class Issuer:
    """Answers with a key set, and counts how often it was asked."""

    def __init__(self, content: bytes = ALL) -> None:
        self.content = content
        self.asked = 0
        self.fails = False
        self.seconds = 0.0

    def fetch(self, url: str) -> bytes:
        assert url == URL
        self.asked += 1
        if self.fails:
            raise StorageError("no answer")
        return self.content

    def keys(self) -> KeySet:
        return KeySet(URL, ALGORITHMS, fetch=self.fetch, clock=lambda: self.seconds)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    found = {"iss": ISSUER, "aud": AUDIENCE, "sub": "user-1", "exp": now + 600, "iat": now, **changes}
    return {name: value for name, value in found.items() if value is not None}


def sign(payload: dict[str, Any], algorithm: str = "RS256", **header: Any) -> str:
    return jwt.encode(payload, PRIVATE[algorithm], algorithm, headers={"kid": algorithm, **header})


def check(token: str, issuer: Issuer | None = None, **rules: Any) -> Caller:
    made = TokenRules(issuer=ISSUER, audience=AUDIENCE, **rules)
    return asyncio.run(TokenCheck(made, (issuer or Issuer()).keys()).check(token))[0]


def refused(token: str, **rules: Any) -> str:
    with pytest.raises(AccessError) as caught:
        check(token, **rules)
    return caught.value.message


@pytest.mark.parametrize("algorithm", list(PRIVATE))
def test_a_token_of_each_accepted_signature_is_believed(algorithm: str) -> None:
    caller = check(sign(claims(), algorithm))
    assert caller == Caller(name="user-1", scopes=frozenset({Scope.PREDICT, Scope.READ}))


def test_tenant_and_scopes_come_from_what_only_the_issuer_writes() -> None:
    token = sign(
        claims(app_metadata={"tenant": "acme"}, scope="jobs train fly", user_metadata={"tenant": "x"})
    )
    caller = check(token, tenant_claim="app_metadata.tenant")
    assert caller.tenant == "acme" and caller.scopes == {Scope.JOBS, Scope.TRAIN}
    for path in ("user_metadata.tenant", "user_metadata"):
        with pytest.raises(UsageError, match="every user may write there"):
            TokenRules(issuer=ISSUER, audience=AUDIENCE, tenant_claim=path)
        with pytest.raises(UsageError):
            TokenRules(issuer=ISSUER, audience=AUDIENCE, scopes_claim=path)


@pytest.mark.parametrize("tenant", [None, "", 7, "../etc", "a b", ["acme"], {"a": 1}])
def test_a_token_without_a_usable_tenant_is_refused_where_one_is_needed(tenant: Any) -> None:
    assert "tenant" in refused(
        sign(claims(app_metadata={"tenant": tenant})), tenant_claim="app_metadata.tenant"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "anon"},
        {"aud": None},
        {"aud": []},
        {"exp": None},
        {"exp": 1},
        {"exp": "never"},
        {"exp": 1e400},
        {"nbf": 9_999_999_999},
        {"nbf": "tomorrow"},
        {"iat": 9_999_999_999},
        {"sub": None},
        {"sub": ""},
        {"sub": "a\nb"},
    ],
)
def test_a_token_whose_claims_do_not_hold_is_refused(changes: dict[str, Any]) -> None:
    refused(sign(claims(**changes)))


def test_not_before_can_be_asked_for() -> None:
    refused(sign(claims()), needs_not_before=True)
    assert check(sign(claims(nbf=int(time.time()) - 5)), needs_not_before=True).name == "user-1"


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forge(header: dict[str, Any], secret: bytes = b"") -> str:
    """A token that is signed by a shared secret, or not at all."""
    signed = f"{part(header)}.{part(claims())}"
    signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest() if secret else b""
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def pem(name: str) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    encoded: bytes = PRIVATE[name].public_key().public_bytes(serialization.Encoding.PEM, form)
    return encoded


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256", "HS512", "PS256", "RS512", "", None])
def test_an_algorithm_that_the_token_chose_is_refused(algorithm: str | None) -> None:
    refused(forge({"alg": algorithm, "kid": "RS256"}))


@pytest.mark.parametrize("name", list(PRIVATE))
def test_a_public_key_is_never_taken_for_a_shared_secret(name: str) -> None:
    """The classical confusion: HS256 over the text of the public key."""
    for secret in (pem(name), pem(name).strip(), json.dumps(public(name)).encode()):
        refused(forge({"alg": "HS256", "kid": name}, secret))
        refused(forge({"alg": name, "kid": name}, secret))


def test_keys_in_the_header_are_not_looked_at() -> None:
    mine = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    entry = jwt.algorithms.RSAAlgorithm.to_jwk(mine.public_key(), as_dict=True)
    issuer = Issuer()
    for header in ({"jwk": entry}, {"jku": "https://evil.example/jwks"}, {"x5u": "https://evil.example/x"}):
        token = jwt.encode(claims(), mine, "RS256", headers={"kid": "RS256", **header})
        with pytest.raises(AccessError):
            check(token, issuer)
    assert issuer.asked == 3  # each check asks its own address once, and no other


def test_a_key_serves_for_its_own_algorithm_only() -> None:
    refused(sign(claims(), "ES256", kid="RS256"))
    refused(sign(claims(), "RS256", kid="unknown"))
    refused(jwt.encode(claims(), PRIVATE["RS256"], "RS256"))
    refused(sign(claims(), "RS256"), algorithms=frozenset({"ES256"}))
    refused(sign(claims(), "RS256", crit=["exp"]))


@pytest.mark.parametrize("algorithms", [{"HS256"}, {"none"}, {"RS256", "HS256"}, set()])
def test_no_list_of_algorithms_lets_shared_secrets_in(algorithms: set[str]) -> None:
    with pytest.raises(UsageError):
        TokenRules(issuer=ISSUER, audience=AUDIENCE, algorithms=frozenset(algorithms))


def test_secrets_small_keys_and_keys_for_other_uses_are_left_out_of_a_set() -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - it is to be refused
    entries = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "secret", "alg": "HS256"},
        {**jwt.algorithms.RSAAlgorithm.to_jwk(small.public_key(), as_dict=True), "kid": "small"},
        public("RS256", "enc", use="enc"),
        public("RS256", "other", alg="PS256"),
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "off the curve"},
        {"kty": "RSA", "n": 3, "e": [], "kid": "odd"},
        public("ES256", "good"),
        "no entry",
        {k: v for k, v in public("ES256").items() if k != "kid"},
    ]
    assert list(read_key_set(json.dumps({"keys": entries}).encode(), ALGORITHMS)) == ["good"]


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["keys", "kid", "kty", "crv", "x", "n"]), x),
    ).map(lambda v: json.dumps(v).encode())
)
def test_any_answer_of_an_issuer_is_read_or_refused(content: bytes) -> None:
    with suppress(StorageError):
        read_key_set(content, ALGORITHMS)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_changed_token_is_not_believed(data: st.DataObject) -> None:
    token = TOKEN
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("Aa0_-.=é\x00 "))
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        refused(changed)


TOKEN = sign(claims(exp=int(time.time()) + 86_400))


@given(st.text(max_size=60))
def test_any_text_is_refused(text: str) -> None:
    refused(text)


def run(issuer: Issuer, steps: Callable[[TokenCheck], Any]) -> None:
    rules = TokenRules(issuer=ISSUER, audience=AUDIENCE)
    asyncio.run(steps(TokenCheck(rules, issuer.keys())))


def test_keys_are_fetched_once_for_many_and_unknown_ones_cannot_hurry_it() -> None:
    issuer = Issuer()

    async def steps(found: TokenCheck) -> None:
        await asyncio.gather(*(found.check(sign(claims(sub=f"user-{i}"))) for i in range(50)))
        assert issuer.asked == 1
        for i in range(50):
            with pytest.raises(AccessError):
                await found.check(sign(claims(), kid=f"unknown-{i}"))
        assert issuer.asked == 1
        issuer.seconds += 31
        with pytest.raises(AccessError):
            await found.check(sign(claims(), kid="unknown"))
        assert issuer.asked == 2

    run(issuer, steps)


def test_a_new_key_is_taken_up_and_one_taken_back_is_dropped() -> None:
    issuer = Issuer(key_set(public("RS256")))

    async def steps(found: TokenCheck) -> None:
        await found.check(sign(claims()))
        issuer.content = key_set(public("ES256"))
        issuer.seconds += 31
        await found.check(sign(claims(), "ES256"))
        with pytest.raises(AccessError):
            await found.check(sign(claims(sub="other")))

    run(issuer, steps)


def test_an_issuer_that_does_not_answer_is_lived_with_for_a_day() -> None:
    issuer = Issuer()

    async def steps(found: TokenCheck) -> None:
        await found.check(sign(claims()))
        issuer.fails = True
        issuer.seconds += 3600
        assert (await found.check(sign(claims(sub="two"))))[0].name == "two"
        issuer.seconds += 24 * 3600
        with pytest.raises(AccessError, match="at the moment"):
            await found.check(sign(claims(sub="three")))

    run(issuer, steps)


def test_a_remembered_token_ends_when_it_ends() -> None:
    """Believed within the leeway of half a minute, and looked at again instead of remembered."""
    issuer = Issuer()

    async def steps(found: TokenCheck) -> None:
        end = int(time.time()) - 28
        token = sign(claims(exp=end))
        await found.check(token)
        while time.time() < end + 30:
            await asyncio.sleep(0.2)
        with pytest.raises(AccessError, match="expired"):
            await found.check(token)

    run(issuer, steps)


@pytest.mark.parametrize(
    "url",
    [
        "http://auth.example/jwks",
        "file:///etc/passwd",
        "ftp://x/y",
        "https://",
        "https://a@b/c",
        "jwks.json",
        "http://169.254.169.254/latest",
    ],
)
def test_keys_come_from_https_only(url: str) -> None:
    with pytest.raises(UsageError):
        check_address(url)


SECRET = b"a legacy secret of a project, 40 letters"


def by_secret(
    payload: dict[str, Any], secret: bytes = SECRET, algorithm: str = "HS256", **header: Any
) -> str:
    return jwt.encode(payload, secret, algorithm, headers=header)


def check_with_secret(token: str, issuer: Issuer | None = None, **rules: Any) -> Caller:
    made = TokenRules(issuer=ISSUER, audience=AUDIENCE, secret=SECRET, **rules)
    keys = None if issuer is None else issuer.keys()
    return asyncio.run(TokenCheck(made, keys).check(token))[0]


def test_a_legacy_token_is_believed_where_its_secret_is_set_and_nowhere_else() -> None:
    issuer = Issuer()
    for header in ({}, {"kid": "legacy"}, {"kid": "RS256"}):  # the id changes nothing: the signature decides
        token = by_secret(claims(app_metadata={"tenant": "acme", "scopes": ["officer"]}), **header)
        terms = {"tenant_claim": "app_metadata.tenant", "scopes_claim": "app_metadata.scopes"}
        caller = check_with_secret(token, issuer, **terms)
        assert (caller.tenant, caller.scopes) == ("acme", {Scope.OFFICER})
        assert check_with_secret(token, **terms) == caller
        refused(token)
    assert issuer.asked == 0  # what the secret decides asks nobody
    for name in PRIVATE:  # both at once, while a project moves to key pairs
        assert check_with_secret(sign(claims(), name), issuer).name == "user-1"
        with pytest.raises(AccessError):
            check_with_secret(sign(claims(), name))


@pytest.mark.parametrize("name", list(PRIVATE))
def test_with_a_secret_a_public_key_is_no_more_a_secret_than_without(name: str) -> None:
    for text in (pem(name), pem(name).strip(), json.dumps(public(name)).encode()):
        for algorithm in ("HS256", name, "none", "hs256"):
            with pytest.raises(AccessError):
                check_with_secret(forge({"alg": algorithm, "kid": name}, text), Issuer())


def test_the_secret_signs_one_algorithm_whatever_the_token_says() -> None:
    issuer = Issuer(key_set(*(public(name) for name in PRIVATE), {"kty": "oct", "k": "YWJj", "kid": "oct"}))
    wrong = [
        by_secret(claims(), SECRET * 2),
        *(
            forge({"alg": algorithm}, SECRET)
            for algorithm in ("none", "RS256", "ES256", "HS384", "HS512", "", None)
        ),
        *(forge({"alg": algorithm, "kid": "RS256"}, SECRET) for algorithm in ("RS256", "none")),
        by_secret(claims(), b"another secret that is also long enough."),
        by_secret(claims(), SECRET, crit=["exp"]),
        forge({"alg": "HS256"}),  # no signature at all
        forge({"alg": "HS256", "kid": "oct"}, b"abc"),
    ]
    for token in wrong:
        with pytest.raises(AccessError):
            check_with_secret(token, issuer)


def test_the_public_api_keys_of_a_project_are_not_people() -> None:
    """Supabase's `anon` and `service_role` keys are tokens that the same secret signed."""
    for role in ("anon", "service_role"):
        payload = {"iss": "supabase", "ref": "abc", "role": role, "iat": 1, "exp": int(time.time()) + 600}
        with pytest.raises(AccessError):
            check_with_secret(by_secret(payload))
        with pytest.raises(AccessError):  # not even with this project's own issuer: nobody is named
            check_with_secret(by_secret({**payload, "iss": ISSUER, "aud": AUDIENCE}))
    for changes in ({"exp": 1}, {"aud": "anon"}, {"iss": "x"}, {"sub": None}, {"exp": None}):
        with pytest.raises(AccessError):
            check_with_secret(by_secret(claims(**changes)), Issuer())


@pytest.mark.parametrize("secret", [b"", b"short", b"x" * 31, pem("RS256"), b"ssh-rsa " + b"A" * 300])
def test_what_is_no_secret_is_refused_at_start(secret: bytes) -> None:
    with pytest.raises(UsageError, match="YUNQUE_JWT_SECRET") as caught:
        TokenRules(issuer=ISSUER, audience=AUDIENCE, secret=secret)
    assert secret.decode() not in caught.value.message or not secret


def test_the_secret_is_never_shown() -> None:
    assert "legacy secret" not in repr(TokenRules(issuer=ISSUER, audience=AUDIENCE, secret=SECRET))
