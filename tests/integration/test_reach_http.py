"""Webhooks, prices and credit by HTTP and from the command line: own tenant only, secrets once, no repeats."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from small_models import LIMITS, client_of
from starlette.testclient import TestClient

from yunque.errors import LimitError
from yunque.runtime.jobs.ledger import verify_ledger
from yunque.runtime.jobs.outbox import Answer, deliveries, record_answer, take_due
from yunque.runtime.jobs.upkeep import send_due
from yunque.runtime.jobs.webhook import Rules
from yunque.services import webhooks
from yunque.services.access import Keyring, Scope, grant_key
from yunque.services.job_office import Office
from yunque.services.score import Shelf
from yunque.settings import Settings
from yunque.surfaces.bootstrap import open_platform
from yunque.surfaces.cli.app import run
from yunque.surfaces.http.serving import Serving
from yunque.surfaces.worker import open_desk

HOOKS, MONEY = "/api/v1/webhooks", "/api/v1/billing"
TABLE = b"a,b,target\n" + b"".join(b"%d,%d,%d\n" % (i, i % 7, i % 2) for i in range(50))
NOBODY_HOME = Rules(
    resolve=lambda host, port: ["93.184.216.34"] if host == "public.example" else ["10.0.0.1"]
)
PRICE: dict[str, Any] = {
    "item": "job.train",
    "currency": "MXN",
    "tiers": [{"up_to": 2, "minor_per_unit": 500}, {"minor_per_unit": 300}],
    "source": "price list, page 1",
}
CREDIT: dict[str, Any] = {"tenant": "uno", "amount_minor": 700, "currency": "MXN", "reference": "invoice 7"}


@dataclass
class Heard:
    """What a receiver on this machine was sent, and how it answers."""

    port: int = 0
    status: int = 204
    messages: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def rules(self) -> Rules:
        return Rules(
            schemes=("http",),
            ports=(self.port,),
            allows_private=True,
            timeout_seconds=5.0,
            resolve=lambda host, port: ["127.0.0.1"],
        )


@contextmanager
def receiver() -> Iterator[Heard]:
    heard = Heard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.messages.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(heard.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        heard.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield heard
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    platform = open_platform(Settings(home=tmp_path / "home"))
    yield open_desk(platform, rules=NOBODY_HOME).office
    platform.database.engine.dispose()


def keys() -> tuple[Keyring, dict[str, dict[str, str]]]:
    made = {
        name: grant_key(name, scopes=frozenset({scope}), tenant=tenant)
        for name, scope, tenant in (("ana", Scope.JOBS, "uno"), ("ben", Scope.JOBS, "dos"), ("root", Scope.ADMIN, ""))
    }  # fmt: skip
    headers = {name: {"x-api-key": secret} for name, (secret, _) in made.items()}
    return Keyring(keys=tuple(key for _, key in made.values())), headers


@contextmanager
def serve(office: Office, ring: Keyring | None = None) -> Iterator[TestClient]:
    shelf = Shelf(office.registry)
    serving = Serving(shelf=shelf, limits=LIMITS, keyring=ring or Keyring(), office=office)
    with client_of(serving) as client:
        yield client


def signature(secret: str, headers: dict[str, str], body: bytes) -> str:
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def test_an_address_is_registered_tried_told_and_its_secret_changed(office: Office) -> None:
    with receiver() as heard, serve(replace(office, rules=heard.rules)) as client:
        url = f"http://hooks.test:{heard.port}/in"
        made = client.post(HOOKS, json={"url": url, "events": ["job.cancelled"]})
        assert made.status_code == 201 and made.headers["cache-control"] == "no-store"
        first = made.json()
        here = f"{HOOKS}/{first['id']}"
        assert made.headers["location"] == here and first["events"] == ["job.cancelled"]
        shown = client.get(HOOKS).json()["webhooks"]
        assert shown == [client.get(here).json()] and "secret" not in shown[0]
        tried = client.post(f"{here}/test").json()
        assert tried["is_accepted"] and tried["result"] == "answered 204"
        headers, body = heard.messages[-1]
        assert headers["webhook-id"] == tried["message_id"]
        assert headers["webhook-signature"] == signature(first["secret"], headers, body)
        assert json.loads(body)["type"] == "webhook.test"
        second = client.post(f"{here}/rotate").json()["secret"]
        client.post(f"{here}/test")
        both = [signature(secret, *heard.messages[-1]) for secret in (second, first["secret"])]
        assert heard.messages[-1][0]["webhook-signature"].split() == both
        upload = client.put("/api/v1/uploads/t.csv", content=TABLE).json()["upload_id"]
        ask = {"kind": "train", "payload": {"target": "target"}, "upload_id": upload}
        client.delete(f"/api/v1/jobs/{client.post('/api/v1/jobs', json=ask).json()['job_id']}")
        assert send_due(office.database, heard.rules) == 1
        assert json.loads(heard.messages[-1][1])["type"] == "job.cancelled"
        heard.status = 500
        refused = client.post(f"{here}/test").json()
        assert not refused["is_accepted"] and refused["result"] == "answered 500"
        assert client.delete(here).status_code == 204
        for method, path in (
            ("GET", here),
            ("DELETE", here),
            ("POST", f"{here}/test"),
            ("POST", f"{here}/rotate"),
        ):
            assert client.request(method, path).status_code == 404  # fmt: skip


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "http://public.example/"}, "/url"),
        ({"url": "https://public.example:22/"}, "/url"),
        ({"url": "https://inside.example/"}, "/url"),
        ({"url": "https://me@public.example/"}, "/url"),
        ({"url": ""}, "/url"),
        ({}, "/url"),
        ({"url": "https://public.example/", "events": ["job.failed", "job.magic"]}, "/events/1"),
        ({"url": "https://public.example/", "events": []}, "/events"),
        ({"url": "https://public.example/", "secret": "mine"}, "/secret"),
    ],
)
def test_what_may_not_be_registered_is_told_with_its_field(
    office: Office, body: dict[str, Any], pointer: str
) -> None:
    with serve(office) as client:
        answer = client.post(HOOKS, json=body)
        assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == pointer
        assert "10.0.0.1" not in answer.text and client.get(HOOKS).json() == {"webhooks": []}


def test_a_tenant_has_so_many_endpoints_and_few_are_tried_at_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(webhooks.MOST_ENDPOINTS):
        last = webhooks.register(office, "t", f"https://public.example/{number}")
    with serve(office) as client:
        assert client.post(HOOKS, json={"url": "https://public.example/"}).status_code == 201
    monkeypatch.setattr(webhooks._OUTWARD, "acquire", lambda blocking: False)
    with pytest.raises(LimitError):
        webhooks.test(office, "t", last.id)
    monkeypatch.undo()
    with pytest.raises(webhooks.ConflictError, match="at most 20"):
        webhooks.register(office, "t", "https://public.example/more")


def test_tenants_see_their_own_webhooks_and_dead_letters_only(office: Office) -> None:
    ring, who = keys()
    with serve(office, ring) as client:
        made = client.post(HOOKS, json={"url": "https://public.example/a"}, headers=who["ana"]).json()
        here = f"{HOOKS}/{made['id']}"
        for method, path in (
            ("GET", here),
            ("DELETE", here),
            ("POST", f"{here}/test"),
            ("POST", f"{here}/rotate"),
        ):
            assert client.request(method, path, headers=who["ben"]).status_code == 404  # fmt: skip
        upload = client.put("/api/v1/uploads/ops.csv", content=TABLE, headers=who["ana"]).json()["upload_id"]
        ask = {"kind": "pipeline", "payload": {"solution": "aml"}, "upload_id": upload}
        job = client.post("/api/v1/jobs", json=ask, headers=who["ana"]).json()["job_id"]
        client.delete(f"/api/v1/jobs/{job}", headers=who["ana"])
        ((delivery, _),) = take_due(office.database, limit=5, lease_seconds=60)
        record_answer(office.database, delivery, Answer(is_accepted=False, text="x", is_gone=True))
        letters = f"{HOOKS}/dead-letters"
        assert [it["id"] for it in client.get(letters, headers=who["ana"]).json()["dead_letters"]] == [
            delivery.id
        ]
        assert client.get(letters, headers=who["ben"]).json() == {"dead_letters": []}
        assert client.get(HOOKS, headers=who["ben"]).json() == {"webhooks": []}
        again = f"{letters}/{delivery.id}/replay"
        assert client.post(again, headers=who["ben"]).status_code == 404
        assert client.post(f"{letters}/%00/replay", headers=who["ana"]).status_code == 404
        assert client.post(again, headers=who["ana"]).json()["state"] == "waiting"
    assert deliveries(office.database, state="dead") == ()


def test_prices_are_dated_rows_that_never_change(office: Office) -> None:
    today = datetime.now(UTC).date()
    later = (today + timedelta(days=40)).isoformat()
    with serve(office) as client:
        first = client.post(f"{MONEY}/prices", json=PRICE | {"valid_from": later})
        assert first.status_code == 201 and first.json()["version"] == f"job.train@{later}"
        assert client.post(f"{MONEY}/prices", json=PRICE | {"valid_from": later}).json() == first.json()
        changed = client.post(f"{MONEY}/prices", json=PRICE | {"valid_from": later, "quote_above": 9})
        assert changed.status_code == 409 and "later day" in changed.json()["hint"]
        assert client.post(f"{MONEY}/prices", json=PRICE).status_code == 201
        days = [it["valid_from"] for it in client.get(f"{MONEY}/prices?item=job.train").json()["prices"]]
        assert days[0] == later and len(days) == 2
        for wrong, pointer in (
            ({"item": "job.magic"}, "/item"),
            ({"currency": "pesos"}, "/currency"),
            ({"source": " "}, "/source"),
            ({"tiers": []}, "/tiers"),
            ({"tiers": [{"up_to": 5, "minor_per_unit": 1}]}, "/tiers"),
            ({"tiers": [{"minor_per_unit": -1}]}, "/tiers"),
            ({"tiers": [{"minor_per_unit": "1"}]}, "/tiers/0/minor_per_unit"),
            ({"quote_above": 0}, "/quote_above"),
            ({"valid_from": "2020-01-01"}, "/valid_from"),
            ({"valid_from": "soon"}, "/valid_from"),
        ):
            answer = client.post(f"{MONEY}/prices", json=PRICE | wrong)
            assert answer.status_code == 422, answer.text
            assert answer.json()["errors"][0]["pointer"] == pointer


def test_credit_comes_once_and_every_tenant_sees_its_own_account(office: Office) -> None:
    ring, who = keys()
    with serve(office, ring) as client:
        for path in ("credit", "prices", "refunds"):
            assert client.post(f"{MONEY}/{path}", json=CREDIT, headers=who["ana"]).status_code == 403
        made = client.post(f"{MONEY}/credit", json=CREDIT, headers=who["root"])
        again = client.post(f"{MONEY}/credit", json=CREDIT, headers=who["root"])
        assert (made.status_code, again.status_code) == (201, 200)
        assert again.headers["idempotency-replayed"] == "true" and again.json()["available_minor"] == 700
        other = client.post(f"{MONEY}/credit", json=CREDIT | {"amount_minor": 1}, headers=who["root"])
        assert other.status_code == 409
        for wrong, pointer in (
            ({"tenant": "a b"}, "/tenant"),
            ({"amount_minor": 0}, "/amount_minor"),
            ({"amount_minor": 10**30}, "/amount_minor"),
            ({"currency": "mxn"}, "/currency"),
            ({"reference": "a\nb"}, "/reference"),
            ({"source": "found"}, "/source"),
        ):
            answer = client.post(f"{MONEY}/credit", json=CREDIT | wrong, headers=who["root"])
            assert answer.status_code == 422, answer.text
            assert answer.json()["errors"][0]["pointer"] == pointer
        gift = CREDIT | {"source": "gift", "reference": "welcome", "amount_minor": 50}
        client.post(f"{MONEY}/credit", json=gift, headers=who["root"])
        balance = client.get(f"{MONEY}/balance", headers=who["ana"]).json()
        assert (balance["purchased_minor"], balance["gifted_minor"], balance["tenant"]) == (700, 50, "uno")
        page = client.get(f"{MONEY}/statement?limit=1", headers=who["ana"]).json()
        assert page["entries"][0]["reference"] == "welcome" and page["next"] == 2
        rest = client.get(f"{MONEY}/statement?before=2", headers=who["ana"]).json()
        assert [it["reference"] for it in rest["entries"]] == ["invoice 7"] and rest["next"] is None
        for path in ("balance", "statement"):
            assert client.get(f"{MONEY}/{path}", headers=who["ben"]).status_code == 404
        nothing = {"job_id": "x", "reason": "none"}
        assert client.post(f"{MONEY}/refunds", json=nothing, headers=who["root"]).status_code == 404
    assert verify_ledger(office.database, "uno") == 2


def test_the_command_line_sets_prices_and_gives_credit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YUNQUE_HOME", str(tmp_path / "home"))

    def ask(*words: str, code: int = 0) -> Any:
        capsys.readouterr()
        assert run([*words, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    decided = ("--currency", "MXN", "--source", "page 1")
    tiers = ("--tier", "2000:100", "--tier", "75")
    price = ask("billing", "set-price", "job.score", *tiers, *decided)
    assert price["tiers"] == [{"up_to": 2000, "minor_per_unit": 100}, {"up_to": None, "minor_per_unit": 75}]
    assert ask("billing", "prices")["prices"] == [price]
    assert "up to" not in ask("billing", "set-price", "job.score", "--tier", "x", *decided, code=1)["error"]
    for is_new in (True, False):
        made = ask("billing", "credit", "acme.mx", "500", "--reference", "i-1", "--currency", "MXN")
        assert made["is_new"] is is_new and made["available_minor"] == 500 and made["tenant"] == "acme=mx"
    assert ask("billing", "balance", "acme.mx")["purchased_minor"] == 500
    assert ask("billing", "statement", "acme.mx", "--verify")["verified"] == 1
    assert ask("billing", "balance", code=1)["error"]["code"] == "not_found"
    assert ask("billing", "refund", "none", "--reason", "a test", code=1)["error"]["code"] == "not_found"
    inside = ask("webhooks", "register", "https://127.0.0.1/", code=1)["error"]
    assert inside["place"] == {"field": "url"}
    made = ask("webhooks", "register", "https://93.184.216.34/hook", "--event", "job.failed")
    assert [it["id"] for it in ask("webhooks", "list")["webhooks"]] == [made["id"]]
    assert ask("webhooks", "rotate", made["id"][:8])["secret"] != made["secret"]
    assert ask("webhooks", "delete", made["id"][:8])["deleted"] is True
    assert ask("webhooks", "dead") == {"dead_letters": []}
    assert ask("webhooks", "replay", "none", code=1)["error"]["code"] == "not_found"
    for words in (("billing", "prices"), ("billing", "statement", "acme.mx"), ("webhooks", "list")):
        assert run(words) == 0
