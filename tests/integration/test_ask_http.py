"""R2's question by HTTP: its envelope, who may ask, one tenant's data only, and named errors."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_models import LIMITS, client_of
from starlette.testclient import TestClient

from yunque.errors import NotFoundError
from yunque.services.access import Keyring, Scope, grant_key
from yunque.services.score import Shelf
from yunque.settings import Settings
from yunque.surfaces.ask_desks import ask_desks
from yunque.surfaces.bootstrap import Platform, open_platform
from yunque.surfaces.http.serving import Serving

PATH = "/assistant/api/consulta-natural/pregunta_inteligente/"
QUESTION = {"consulta": "¿Qué artículos debo comprar el próximo mes?", "empresa_servidor_id": 1}


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    opened = open_platform(Settings(home=tmp_path / "home"))
    yield opened
    opened.database.engine.dispose()


def serving_of(platform: Platform, keyring: Keyring | None = None) -> Serving:
    return Serving(
        shelf=Shelf(platform.registry),
        limits=LIMITS,
        keyring=keyring or Keyring(),
        ask=lambda: ask_desks(platform),
    )


def test_a_company_that_was_never_trained_is_a_named_error(platform: Platform) -> None:
    with client_of(serving_of(platform)) as client:
        answer = client.post(PATH, json=QUESTION)
    assert answer.status_code == 404 and answer.json()["code"] == NotFoundError.code
    assert str(platform.settings.home) not in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"consulta": 3}, 422),
        ({"consulta": "hola", "sql": "x"}, 422),
        ({"consulta": "hola", "empresa_servidor_id": []}, 422),
    ],
)
def test_a_body_of_another_form_is_refused(platform: Platform, body: dict[str, object], status: int) -> None:
    with client_of(serving_of(platform)) as client:
        assert client.post(PATH, json=body).status_code == status


def test_a_key_needs_the_scope(platform: Platform) -> None:
    may, may_key = grant_key("buyer", tenant="one", scopes=frozenset({Scope.PREDICT}))
    reader, reader_key = grant_key("reader", tenant="one", scopes=frozenset({Scope.READ}))
    keyring = Keyring(keys=(may_key, reader_key))
    with client_of(serving_of(platform, keyring)) as client:
        assert status(client, "") == 401
        assert status(client, reader) == 403
        assert status(client, may) == 404


def status(client: TestClient, secret: str) -> int:
    headers = {"x-api-key": secret} if secret else {}
    return client.post(PATH, json=QUESTION, headers=headers).status_code
