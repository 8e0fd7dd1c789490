"""Who may do what: every route declares a scope and asks for it, keys expire, come too often, and are revoked."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from small_models import client_of
from starlette.testclient import TestClient

from yunque.services.access import Keyring, Scope, grant_key
from yunque.services.key_file import KeyFile, revoke_keys, store_key
from yunque.services.key_set import KeySet
from yunque.services.rate import Rate
from yunque.services.tokens import TokenCheck, TokenRules
from yunque.surfaces.bootstrap import Platform
from yunque.surfaces.cli.app import run
from yunque.surfaces.http.app import documented_app
from yunque.surfaces.http.guard import OPEN_FOLDERS, OPEN_PATHS, Admission
from yunque.surfaces.http.needs import declare, guarded_router, needs_of, refuse_undeclared, routes_of
from yunque.surfaces.http.serving import Serving
from yunque.surfaces.worker import open_desk

ROW = {"class": 33, "income €": 20000.5, "city 🏙": "Cali", "since": "2021-02-03", "member": True}
NARROW = [scope for scope in Scope if scope not in (Scope.OPEN, Scope.ADMIN)]


@pytest.fixture
def whole(serving: Serving, platform: Platform) -> Serving:
    """A server that takes jobs too."""
    return replace(serving, office=open_desk(platform).office)


@pytest.fixture
def app(whole: Serving) -> FastAPI:
    return documented_app(whole, Admission(keyring=Keyring()))


def test_every_route_declares_what_it_needs(app: FastAPI) -> None:
    found = {str(route.path): needs_of(route) for route in routes_of(app)}  # type: ignore[attr-defined]
    assert len(found) > 40 and None not in found.values()
    assert found["/api/v1/predict"] is Scope.PREDICT and found["/metrics"] is Scope.READ


def test_what_needs_no_key_is_what_the_guard_lets_pass(app: FastAPI) -> None:
    paths = [str(route.path) for route in routes_of(app) if needs_of(route) is Scope.OPEN]  # type: ignore[attr-defined]
    assert {path for path in paths if not path.startswith(OPEN_FOLDERS)} == OPEN_PATHS


def test_a_route_that_declares_nothing_is_not_served() -> None:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/forgotten")
    def forgotten() -> None: ...

    with pytest.raises(LookupError, match="/forgotten"):
        refuse_undeclared(app)


def test_a_declaration_on_the_endpoint_is_stronger_than_that_of_its_router() -> None:
    router = guarded_router(Scope.JOBS, prefix="/jobs")

    @router.get("/mine")
    def mine() -> None: ...

    @router.post("/drain")
    @declare(Scope.ADMIN)
    def drain() -> None: ...

    assert [needs_of(route) for route in router.routes] == [Scope.JOBS, Scope.ADMIN]


def ask(client: TestClient, method: str, path: str, secret: str) -> Any:
    body = {"json": ROW} if method == "POST" else {}
    return client.request(method, path, headers={"x-api-key": secret}, follow_redirects=False, **body)  # type: ignore[arg-type]


@pytest.mark.parametrize("scope", NARROW)
def test_a_key_opens_what_its_scopes_say_and_nothing_else(app: FastAPI, whole: Serving, scope: Scope) -> None:
    """Every route of the server with a key of one scope: refused by name, or let through to its own answer."""
    secret, key = grant_key("ana", scopes=frozenset({scope}))
    with client_of(replace(whole, keyring=Keyring(keys=(key,)))) as client:
        for route in routes_of(app):
            needed = needs_of(route)
            path = re.sub("{version}", "1", re.sub("{name}", "buys", str(route.path)))  # type: ignore[attr-defined]
            path = re.sub(r"{\w+(:\w+)?}", "00000000-0000-0000-0000-000000000000", path)
            for method in sorted(set(route.methods) - {"HEAD"}):  # type: ignore[attr-defined]
                answer = ask(client, method, path, secret)
                if needed is not None and key.caller.may(needed):
                    assert answer.status_code not in (401, 403), (method, path)
                else:
                    assert answer.status_code == 403, (method, path, answer.status_code)
                    assert answer.json()["code"] == "scope_missing" and str(needed) in answer.json()["detail"]


def test_the_longer_way_asks_for_the_scope_too(serving: Serving) -> None:
    secret, key = grant_key("ana", scopes=frozenset({Scope.READ}))
    with client_of(replace(serving, keyring=Keyring(keys=(key,)))) as client:
        for path in ("/api/v1/predict", "/api/v1/predict?longer"):
            assert ask(client, "POST", path, secret).status_code == 403


def test_an_expired_key_opens_nothing(serving: Serving) -> None:
    old, key = grant_key("ana", expires=datetime.now(UTC) - timedelta(seconds=1))
    new, other = grant_key("ana", expires=datetime.now(UTC) + timedelta(hours=1))
    with client_of(replace(serving, keyring=Keyring(keys=(key, other)))) as client:
        answer = ask(client, "POST", "/api/v1/predict", old)
        assert answer.status_code == 401 and answer.json()["code"] == "key_expired"
        assert ask(client, "POST", "/api/v1/predict", new).status_code == 200


def test_who_comes_too_often_waits_and_others_do_not(serving: Serving) -> None:
    hasty, first = grant_key("hasty", rate=Rate(requests=3, per="h"))
    calm, second = grant_key("calm")
    with client_of(replace(serving, keyring=Keyring(keys=(first, second)))) as client:
        paths = ["/api/v1/predict", "/api/v1/predict?longer", "/api/v1/models/spend/predict"]
        assert [ask(client, "POST", path, hasty).status_code for path in paths] == [200] * 3
        for path in paths:
            answer = ask(client, "POST", path, hasty)
            assert answer.status_code == 429 and answer.json()["code"] == "too_often"
            assert 1100 <= int(answer.headers["retry-after"]) <= 1200
        assert ask(client, "POST", paths[0], calm).status_code == 200


@pytest.fixture
def followed(serving: Serving, tmp_path: Path) -> Iterator[tuple[TestClient, Path]]:
    path = tmp_path / "api_keys"
    keys = KeyFile(path, clock=iter(range(10**6)).__next__)  # every look at the clock is a second later
    with client_of(replace(serving, keyring=keys)) as client:
        yield client, path


def test_keys_are_made_and_revoked_while_the_server_runs(followed: tuple[TestClient, Path]) -> None:
    client, path = followed
    secret, key = grant_key("ana")
    assert client.post("/api/v1/predict", json=ROW).status_code == 200  # this machine, nobody has a key
    store_key(path, key)
    assert client.post("/api/v1/predict", json=ROW).status_code == 401
    assert ask(client, "POST", "/api/v1/predict", secret).status_code == 200
    revoke_keys(path, "ana")
    for _ in range(2):
        assert ask(client, "POST", "/api/v1/predict", secret).status_code == 401
        assert client.post("/api/v1/predict", json=ROW).status_code == 401


def test_a_key_is_in_no_answer_and_no_page(serving: Serving) -> None:
    secret, key = grant_key("ana")
    with client_of(replace(serving, keyring=Keyring(keys=(key,)))) as client:
        for path in ("/openapi.json", "/metrics", "/api/v1/models", "/nowhere"):
            answer = ask(client, "GET", path, secret)
            assert secret not in answer.text and key.digest not in answer.text


def test_without_a_key_the_server_listens_on_this_machine_only(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YUNQUE_HOME", str(home))
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.com"):  # noqa: S104 - it is to be refused
        assert run(["serve", "--host", host]) == 1
        said = capsys.readouterr().err
        assert "listens on this machine only" in said and "yunque keys create" in said


def test_a_signed_token_is_taken_beside_keys(serving: Serving) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    entry = {**jwt.algorithms.ECAlgorithm.to_jwk(private.public_key(), as_dict=True), "kid": "k1"}
    rules = TokenRules(issuer="https://auth.example", audience="yunque", rate=Rate(requests=3, per="h"))
    fetched = json.dumps({"keys": [entry]}).encode()
    keys = KeySet("https://auth.example/jwks", rules.algorithms, fetch=lambda _: fetched)
    secret, key = grant_key("ana")
    claims = {"iss": rules.issuer, "aud": rules.audience, "sub": "ben", "exp": int(time.time()) + 600}

    def post(client: TestClient, token: str, path: str = "/api/v1/predict") -> Any:
        return client.post(path, json=ROW, headers={"authorization": f"Bearer {token}"})

    signed = jwt.encode(claims, private, "ES256", headers={"kid": "k1"})
    reader = jwt.encode({**claims, "sub": "eva", "scope": "read"}, private, "ES256", headers={"kid": "k1"})
    given = replace(serving, keyring=Keyring(keys=(key,)), tokens=TokenCheck(rules, keys))
    with client_of(given) as client:
        assert post(client, secret).status_code == 200
        assert (
            post(client, signed).status_code
            == post(client, signed, "/api/v1/predict?longer").status_code
            == 200
        )
        assert post(client, reader).json()["code"] == "scope_missing"
        assert post(client, signed[:-4] + "AAAA").status_code == 401
        assert post(client, signed).status_code == 200
        assert post(client, signed).status_code == 429
    with client_of(replace(serving, tokens=TokenCheck(rules, keys))) as client:
        assert client.post("/api/v1/predict", json=ROW).status_code == 401
