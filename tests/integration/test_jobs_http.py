"""The ways in to jobs by HTTP, without a worker: who may do what, what is refused, what is told."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_models import LIMITS, client_of
from starlette.testclient import TestClient

from yunque.runtime.jobs.ledger import add_funds, balance_of, verify_ledger
from yunque.runtime.jobs.prices import Price, Tier, publish_prices
from yunque.runtime.jobs.uploads import UploadLimits
from yunque.runtime.jobs.worker import work_off
from yunque.services.access import Keyring, Scope, grant_key
from yunque.services.score import Shelf
from yunque.settings import Settings
from yunque.surfaces.bootstrap import Platform, open_platform
from yunque.surfaces.http.serving import Serving
from yunque.surfaces.worker import open_desk

AUTO_ML = "/unified/v1/wpa/auto-ml"
BODY: dict[str, Any] = {
    "input_csv_path": "data/incoming/sample.csv",
    "task_type": "auto",
    "params": {
        "models": ["logistic_regression", "random_forest_classifier", "xgb_classifier"],
        "hpo": True,
        "budget": "small",
    },
}
TABLE = b"a,b,target\n" + b"".join(b"%d,%d,%d\n" % (i, i % 7, i % 2) for i in range(50))


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A platform without models, with one table in its data folder."""
    opened = open_platform(Settings(home=tmp_path / "home", lease_seconds=3.0))
    folder = opened.settings.home / "data" / "incoming"
    folder.mkdir(parents=True)
    (folder / "sample.csv").write_bytes(TABLE)
    yield opened
    opened.database.engine.dispose()


def serving_of(
    platform: Platform, limits: UploadLimits | None = None, keyring: Keyring | None = None
) -> Serving:
    office = open_desk(platform).office
    return Serving(
        shelf=Shelf(platform.registry),
        limits=replace(LIMITS, upload_bytes=limits.file_bytes) if limits else LIMITS,
        keyring=keyring or Keyring(),
        office=replace(office, limits=limits) if limits else office,
    )


@pytest.fixture
def client(platform: Platform) -> Iterator[TestClient]:
    with client_of(serving_of(platform)) as opened:
        yield opened


def test_r3s_documented_body_is_taken_and_repeating_it_gives_the_same_job(client: TestClient) -> None:
    headers = {"Idempotency-Key": "once"}
    first = client.post(f"{AUTO_ML}/submit", json=BODY, headers=headers)
    assert first.status_code == 202
    facts = first.json()
    assert first.headers["location"] == facts["status_url"] == f"{AUTO_ML}/jobs/{facts['job_id']}"
    again = client.post(f"{AUTO_ML}/submit", json=BODY, headers=headers)
    assert again.json() == facts and again.headers["idempotency-replayed"] == "true"
    other = {**BODY, "params": {"budget": "large"}}
    assert client.post(f"{AUTO_ML}/submit", json=other, headers=headers).status_code == 409
    shown = client.get(facts["status_url"]).json()
    assert shown["status"] == "queued" and shown["request"]["models"][-1] == "xgboost"
    assert client.get(facts["result_url"]).status_code == 202


@pytest.mark.parametrize(
    "path", ["../x.csv", "/etc/passwd", "data/../../x", "out.csv", "incoming", "none.csv", ""]
)
def test_no_path_leads_out_and_no_answer_tells_where_we_are(
    client: TestClient, platform: Platform, path: str
) -> None:
    (platform.settings.home / "data" / "out.csv").symlink_to("/etc/passwd")
    answer = client.post(f"{AUTO_ML}/submit", json={**BODY, "input_csv_path": path})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/input_csv_path"
    assert str(platform.settings.home) not in answer.text


def test_what_is_wrong_is_told_field_by_field(client: TestClient) -> None:
    wrong = {
        **BODY,
        "params": {"models": ["tsne", "xgb_classifier", "magic"], "budget": "soon", "hpo": True},
    }
    errors = client.post(f"{AUTO_ML}/submit", json=wrong).json()["errors"]
    assert {error["pointer"] for error in errors} == {
        "/params/budget",
        "/params/models/0",
        "/params/models/2",
    }
    assert (
        client.post(f"{AUTO_ML}/submit", json={**BODY, "task_type": "x"}).json()["errors"][0]["pointer"]
        == "/task_type"
    )
    models = client.get(f"{AUTO_ML}/models").json()
    assert "xgb_classifier" in next(m for m in models["models"] if m["name"] == "xgboost")["aliases"]
    assert "arima" in models["not_offered"] and models["budgets_seconds"]["small"] == 60
    assert client.get(f"{AUTO_ML}/status").json()["status"] == "available"


def test_uploads_come_as_bytes_or_as_a_form_and_jobs_name_them(client: TestClient) -> None:
    by_put = client.put("/api/v1/uploads/my table.csv", content=TABLE)
    by_form = client.post("/api/v1/uploads", files={"file": ("x.csv", TABLE)}, data={"note": "y"})
    assert by_put.status_code == by_form.status_code == 201
    assert by_put.json()["sha256"] == by_form.json()["sha256"]
    upload = by_form.json()["upload_id"]
    body = {**BODY, "input_csv_path": upload}
    job = client.post(f"{AUTO_ML}/submit", json=body).json()["job_id"]
    assert client.get(f"/api/v1/jobs/{job}").json()["upload_id"] == upload
    assert client.delete(f"/api/v1/uploads/{upload}").status_code == 409
    client.delete(f"{AUTO_ML}/jobs/{job}")
    assert client.delete(f"/api/v1/uploads/{upload}").status_code == 204
    assert client.get(f"/api/v1/uploads/{upload}").status_code == 404
    assert client.post("/api/v1/uploads", content=b"x").status_code == 415
    cut = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\nabc'
    form = {"content-type": "multipart/form-data; boundary=b"}
    assert client.post("/api/v1/uploads", content=cut, headers=form).status_code == 400
    assert (
        client.put("/api/v1/uploads/a", content=b"x", headers={"content-encoding": "gzip"}).status_code == 415
    )


def test_a_file_that_is_too_large_is_413_and_a_full_quota_is_403(platform: Platform) -> None:
    limits = UploadLimits(file_bytes=100_000, tenant_bytes=150_000)
    with client_of(serving_of(platform, limits)) as client:
        assert client.put("/api/v1/uploads/a", content=b"x" * 400_000).status_code == 413

        def trickle() -> Iterator[bytes]:
            for _ in range(120):
                yield b"x" * 1000  # no length is announced

        assert client.put("/api/v1/uploads/a", content=trickle()).status_code == 413
        big = {"file": ("a.csv", b"x" * 100_001)}
        told = client.post("/api/v1/uploads", files=big)
        assert told.status_code == 413 and told.json()["code"] == "too_large"
        assert client.put("/api/v1/uploads/a", content=b"x" * 90_000).status_code == 201
        full = client.put("/api/v1/uploads/b", content=b"x" * 90_000)
        assert full.status_code == 403 and full.json()["code"] == "quota"
    stored = list(open_desk(platform).storage.list("tenant"))
    assert sum(entry.size for entry in stored) == 90_000


def test_an_empty_account_is_402_and_a_cancelled_job_is_never_charged(platform: Platform) -> None:
    publish_prices(
        platform.database,
        [Price(item="job.train", valid_from=date(2020, 1, 1), currency="MXN",
               tiers=(Tier(up_to=None, minor_per_unit=500),), source="a test")],
    )  # fmt: skip
    with client_of(serving_of(platform)) as client:
        refused = client.post(f"{AUTO_ML}/submit", json=BODY)
        assert refused.status_code == 402 and refused.json()["code"] == "insufficient_funds"
        add_funds(platform.database, "local", 700, currency="MXN", source="purchase")
        job = client.post(f"{AUTO_ML}/submit", json=BODY).json()["job_id"]
        assert balance_of(platform.database, "local").available_minor == 200
        assert client.post(f"{AUTO_ML}/submit", json=BODY).status_code == 402
        assert client.delete(f"{AUTO_ML}/jobs/{job}").json()["status"] == "cancelled"
        assert client.get("/api/portal/balance").json()["available_minor"] == 700
    assert verify_ledger(platform.database, "local") == 3


def test_events_go_on_where_the_client_lost_its_line(client: TestClient) -> None:
    job = client.post(f"{AUTO_ML}/submit", json=BODY).json()["job_id"]
    client.delete(f"{AUTO_ML}/jobs/{job}")
    whole = client.get(f"{AUTO_ML}/jobs/{job}/events")
    assert whole.headers["content-type"].startswith("text/event-stream")
    assert [line for line in whole.text.splitlines() if line.startswith("id:")] == ["id: 1", "id: 2"]
    rest = client.get(f"{AUTO_ML}/jobs/{job}/events", headers={"Last-Event-ID": "1"}).text
    assert "id: 1\n" not in rest and '"text": "cancelled"' in rest
    assert "id:" not in client.get(f"{AUTO_ML}/jobs/{job}/events", headers={"Last-Event-ID": "2"}).text


def test_jobs_are_listed_cancelled_and_run_again(client: TestClient) -> None:
    upload = client.put("/api/v1/uploads/t.csv", content=TABLE).json()["upload_id"]
    body = {"kind": "train", "payload": {"target": "target", "budget": "2s"}, "upload_id": upload}
    ids = [client.post("/api/v1/jobs", json=body).json()["job_id"] for _ in range(3)]
    page = client.get("/api/v1/jobs?limit=2").json()
    rest = client.get(f"/api/v1/jobs?limit=2&after={page['next']}").json()
    assert [job["job_id"] for job in page["jobs"] + rest["jobs"]] == ids[::-1]
    assert client.post(f"/api/v1/jobs/{ids[0]}/retry").status_code == 409
    assert client.post(f"/api/v1/jobs/{ids[0]}/cancel").status_code == 200
    again = client.post(f"/api/v1/jobs/{ids[0]}/retry").json()
    assert again["retry_of"] == ids[0] and client.post(f"/api/v1/jobs/{ids[0]}/retry").json() == again
    assert client.get("/api/v1/jobs?state=cancelled").json()["jobs"][0]["job_id"] == ids[0]
    assert client.get(f"/api/v1/jobs/{ids[0]}/result").json()["code"] == "cancelled"
    drained = client.post("/api/v1/jobs/drain", json={"kind": "train"}).json()
    assert drained["is_drained"] and drained["paused"] == {"train": "drained by an operator"}
    assert client.post("/api/v1/jobs/resume", json={"kind": "train"}).json()["paused"] == {}
    assert client.post("/api/v1/jobs/pause", json={"kind": "magic"}).status_code == 404
    assert client.get("/api/v1/jobs/dead-letters").json() == {"dead_letters": []}


def test_a_job_that_is_asked_for_wrongly_says_what_is_wrong(client: TestClient) -> None:
    for body, status, pointer in (
        ({"kind": "train"}, 422, "/upload_id"),
        ({"kind": "magic"}, 404, None),
        ({"payload": {}}, 422, "/kind"),
        (
            {"kind": "train", "input_path": "incoming/sample.csv", "payload": {"origin": {}}},
            422,
            "/payload/origin",
        ),
        ({"kind": "train", "input_path": "../x"}, 400, None),
        ({"kind": "train", "upload_id": "x", "input_path": "y"}, 422, "/input_path"),
        ({"kind": "score", "input_path": "incoming/sample.csv", "payload": {"model": "none"}}, 404, None),
    ):
        answer = client.post("/api/v1/jobs", json=body)
        assert answer.status_code == status, answer.text
        if pointer:
            assert answer.json()["errors"][0]["pointer"] == pointer


def test_tenants_see_their_own_jobs_only_and_scopes_are_asked_for(platform: Platform) -> None:
    keys = {
        name: grant_key(name, scopes=frozenset(scopes), tenant=tenant)
        for name, scopes, tenant in (
            ("ana", {Scope.TRAIN, Scope.JOBS}, "uno"),
            ("ben", {Scope.JOBS}, "dos"),
            ("root", {Scope.ADMIN}, "uno"),
        )
    }
    ana, ben, root = ({"x-api-key": keys[name][0]} for name in ("ana", "ben", "root"))
    ring = Keyring(keys=tuple(key for _, key in keys.values()))
    with client_of(serving_of(platform, keyring=ring)) as client:
        assert client.post(f"{AUTO_ML}/submit", json=BODY, headers=ben).status_code == 403
        upload = client.put("/api/v1/uploads/t.csv", content=TABLE, headers=ben).json()["upload_id"]
        stolen = {**BODY, "input_csv_path": upload}
        assert client.post(f"{AUTO_ML}/submit", json=stolen, headers=ana).status_code == 422
        job = client.post(f"{AUTO_ML}/submit", json=BODY, headers=ana).json()["job_id"]
        here = f"/api/v1/jobs/{job}"
        for method, path in (
            ("GET", here), ("DELETE", here), ("GET", f"{here}/result"), ("GET", f"{here}/events"), ("GET", f"{here}/logs"),
            ("POST", f"{here}/cancel"), ("POST", f"{here}/retry"), ("GET", f"{here}/files/result.json"),
            ("GET", f"{AUTO_ML}/jobs/{job}"), ("GET", f"{AUTO_ML}/jobs/{job}/events"),
            ("GET", f"/api/portal/analysis/{job}"),
        ):  # fmt: skip
            assert client.request(method, path, headers=ben).status_code == 404, path
        assert client.get("/api/v1/jobs", headers=ben).json()["jobs"] == []
        assert client.get(here, headers=root).status_code == 200
        for path in ("queue", "dead-letters"):
            assert client.get(f"/api/v1/jobs/{path}", headers=ana).status_code == 403
        kind = {"kind": "train", "input_path": "incoming/sample.csv"}
        assert client.post("/api/v1/jobs", json=kind, headers=ben).status_code == 403
        assert client.post("/api/v1/jobs", json={**kind, "priority": 5}, headers=ana).status_code == 403


def test_r1s_door_answers_at_once_and_its_folders_follow(platform: Platform) -> None:
    desk = open_desk(platform)
    operations = (
        b"cliente_id,monto,fecha,tipo_operacion,sector_actividad\n"
        b"12345,50000,2025-01-15,efectivo,casa_cambio\n"
        b"12346,180000,2025-01-16,transferencia_nacional,inmobiliaria\n"
    )
    outputs = platform.settings.home / "outputs"
    with client_of(serving_of(platform)) as client:
        headers = {"Idempotency-Key": "a"}
        first = client.post("/api/portal/upload", files={"file": ("ops.csv", operations)}, headers=headers)
        again = client.post("/api/portal/upload", files={"file": ("ops.csv", operations)}, headers=headers)
        unread = operations.splitlines(keepends=True)[0] + b"1,nada,2025-01-15,efectivo,casa_cambio\n"
        bad = client.post("/api/portal/upload", files={"file": ("bad.csv", unread)})
        assert (
            first.status_code == 202 and first.json()["status"] == "pending" and again.json() == first.json()
        )
        desk.view.update()
        name, wrong = first.json()["analysis_id"], bad.json()["analysis_id"]
        assert (outputs / "pending" / f"{name}.csv").read_bytes() == operations
        work_off(desk.worker, threading.Event())
        desk.view.update()
        assert client.get(first.json()["status_url"]).json()["status"] == "processed"
        result = client.get(first.json()["result_url"]).json()
        assert result["resumen"]["total_transacciones"] == 2
        assert (
            json.loads((outputs / "processed" / f"{name}.json").read_text())["resumen"] == result["resumen"]
        )
        failed = client.get(bad.json()["result_url"])
        assert failed.status_code == 409 and failed.json()["success"] is False
        assert str(platform.settings.home) not in failed.text
        assert (outputs / "failed" / f"{wrong}_error.json").exists()
        assert not list((outputs / "pending").glob(f"{name}*"))
        assert {it["status"] for it in client.get("/api/portal/history").json()["history"]} == {
            "processed",
            "failed",
        }
