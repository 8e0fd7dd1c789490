"""R1's portal by HTTP with a worker beside it: in one call, by pages, paid once, refused before any work."""

import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import jwt
import polars as pl
import pytest
from pydantic import SecretStr
from small_models import LIMITS, client_of
from starlette.testclient import TestClient
from work_here import work_here

from yunque.errors import LimitError, TableError
from yunque.runtime.jobs.ledger import add_funds, balance_of, verify_ledger
from yunque.runtime.jobs.prices import Price, Tier, publish_prices
from yunque.runtime.jobs.tables import ATTEMPT
from yunque.runtime.jobs.uploads import UploadLimits
from yunque.runtime.jobs.worker import work
from yunque.services.access import Keyring, Scope, grant_key
from yunque.services.aml_shape import is_text, shape_apart, shape_of
from yunque.services.score import Shelf
from yunque.settings import Settings
from yunque.surfaces.bootstrap import Platform, open_platform, open_tokens
from yunque.surfaces.http.portal_words import OTHERWISE, spanish
from yunque.surfaces.http.serving import Serving
from yunque.surfaces.worker import Desk, open_desk

PORTAL = "/api/portal"
HEADER = "cliente_id,monto,fecha,tipo_operacion,sector_actividad\n"
SMOKE = HEADER + (
    "12345,50000,2025-01-15,efectivo,casa_cambio\n12346,180000,2025-01-16,transferencia_nacional,inmobiliaria\n"
)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    opened = open_platform(Settings(home=tmp_path / "home", lease_seconds=3.0))
    yield opened
    opened.database.engine.dispose()


def serving_of(desk: Desk, platform: Platform, **facts: Any) -> Serving:
    limits = facts.pop("limits", None)
    office = replace(desk.office, limits=limits) if limits else desk.office
    most = replace(LIMITS, upload_bytes=limits.file_bytes) if limits else LIMITS
    return Serving(
        shelf=Shelf(platform.registry), limits=most, keyring=facts.get("keyring", Keyring()), office=office
    )


@contextmanager
def working(desk: Desk) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(desk.worker, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)


def send(
    client: TestClient, text: str | bytes, query: str = "", name: str = "ops.csv", **headers: str
) -> Any:
    body = text.encode() if isinstance(text, str) else text
    return client.post(f"{PORTAL}/upload{query}", files={"file": (name, body)}, headers=headers)


def prices(platform: Platform, **minor: int) -> None:
    publish_prices(
        platform.database,
        [
            Price(item=item.replace("__", "."), valid_from=date(2020, 1, 1), currency="MXN",
                  tiers=(Tier(up_to=None, minor_per_unit=amount),), source="a test")
            for item, amount in minor.items()
        ],
    )  # fmt: skip


def test_r1s_smoke_test_in_one_call_has_the_lawful_answer(platform: Platform) -> None:
    desk = open_desk(platform)
    with client_of(serving_of(desk, platform)) as client, working(desk):
        answer = send(client, SMOKE, "?wait=90")
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert set(told) >= {
            *("success", "analysis_id", "resumen", "transacciones", "xml_path", "costo", "requiere_pago"),
            *("payment_id", "errores", "timestamp"),
        }
        exchange, property_ = told["transacciones"]
        assert exchange["estado_legal"] == "regimen_no_cargado"
        assert [owed["tipo"] for owed in exchange["obligaciones"]] == ["informacion_insuficiente"]
        assert [owed["tipo"] for owed in property_["obligaciones"]] == ["identificacion"]
        assert property_["clasificacion"] == "limpio" and told["costo"] == "0.00" and told["errores"] == []
        assert told["resumen"]["total_transacciones"] == 2
        name = told["analysis_id"]
        whole = client.get(told["result_url"]).json()
        page = client.get(f"{told['result_url']}?limit=1&offset=1").json()
        assert page["total"] == 2 and page["next"] is None and page["operaciones"] == whole["operaciones"][1:]
        first = client.get(f"{told['result_url']}?limit=1").json()
        assert client.get(first["next"]).json() == page
        assert client.get(f"{told['result_url']}?limit=1&offset=7").json()["operaciones"] == []
        lines = client.get(told["status_url"]).json()["metricas"]
        assert [line.partition(":")[0] for line in lines] == [
            *("Tiempo de enriquecimiento", "Tiempo de inferencia (3 capas)"),
            *("Clasificación", "Guardrails aplicados"),
        ]
    desk.view.update()
    outputs = platform.settings.home / "outputs" / "processed"
    assert (outputs / f"{name}.csv").read_text() == SMOKE
    assert json.loads((outputs / f"{name}.json").read_text()) == whole
    assert "cumple" not in json.dumps(told).lower()


def test_a_file_that_cannot_be_read_is_refused_before_it_waits_or_costs(platform: Platform) -> None:
    prices(platform, job__aml=100)
    with client_of(serving_of(open_desk(platform), platform)) as client:
        for path in ("upload", "validate"):
            lacking = client.post(f"{PORTAL}/{path}", files={"file": ("x.csv", b"cliente_id,importe\na,1\n")})
            told = lacking.json()
            assert lacking.status_code == 400 and told["success"] is False
            assert told["missing_columns"] == ["fecha", "tipo_operacion", "sector_actividad"]
            assert "monto" in told["required"] and "id_acto" in told["optional"]
            broken = client.post(f"{PORTAL}/{path}", files={"file": ("x.csv", b"\x00\x01PK")})
            assert broken.status_code in (400, 422) and str(platform.settings.home) not in broken.text
        seen = client.post(f"{PORTAL}/validate", files={"file": ("ops.csv", SMOKE.encode())}).json()
        assert seen["success"] and seen["rowCount"] == 2 and seen["columns"] == HEADER.strip().split(",")
        poor = client.post(seen["upload_url"])
        assert poor.status_code == 402
        told = poor.json()
        assert (told["required_amount"], told["current_balance"], told["num_transactions"]) == (
            "2.00",
            "0.00",
            2,
        )
        assert client.get(f"{PORTAL}/history").json() == {"history": [], "next": None}
        assert client.get(f"{PORTAL}/balance").json()["balance"] == "0.00"
        assert client.get("/api/v1/jobs").json()["jobs"] == []


def test_every_refusal_of_a_file_is_told_in_spanish_and_as_it_is(platform: Platform) -> None:
    refused = {
        ("a.csv", b""): "vacío",
        ("b.csv", HEADER.encode()): "ninguna fila",
        ("c.csv", b"\x89PNG\r\n\x1a\n" + bytes(200)): "no es una tabla",
        ("d.csv", SMOKE.encode() + b"1,2\n"): "La fila 3 tiene 2 campos y el encabezado 5",
        ("e.csv", HEADER.strip().encode() + b",monto\n1,2,3,4,5,6\n"): "mismo nombre: 'monto'",
        ("f.xlsx", SMOKE.encode()): "dañado",
        ("h.parquet", b"PAR1" + bytes(50)): "dañado",
        ("i.json", b'[{"cliente_id": 1}]'): "JSON",
    }
    with client_of(serving_of(open_desk(platform), platform)) as client:
        for (name, content), words in refused.items():
            for path in ("upload", "validate") if name.endswith("csv") else ("validate",):
                answer = client.post(f"{PORTAL}/{path}", files={"file": (name, content)})
                told = answer.json()
                assert answer.status_code in (400, 422) and words in told["detail"], (name, told)
                assert str(platform.settings.home) not in answer.text and told["hint"]
        assert list(platform.settings.home.glob("files/tenant/*/uploads/*")) == []  # nothing useless is kept
        large = SMOKE + SMOKE.splitlines()[1].join(("", "\n")) * 10_000  # more than other bodies may have
        seen = client.post(f"{PORTAL}/validate", files={"file": ("large.csv", large.encode())})
        assert seen.status_code == 200 and seen.json()["rowCount"] == 10_002
    assert spanish("What nobody foresaw.") == OTHERWISE
    assert "tamaño absurdo" in spanish("The workbook unpacks to an absurd size.")[0]


def test_what_is_not_text_is_opened_in_a_process_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = pl.read_csv(SMOKE.encode(), infer_schema=False)
    rows.write_parquet(tmp_path / "good")
    (tmp_path / "book.xlsx").write_bytes(b"")
    rows.write_csv(tmp_path / "text")
    assert is_text(tmp_path / "text")
    assert not is_text(tmp_path / "good") and not is_text(tmp_path / "book.xlsx")
    assert shape_apart(tmp_path / "good") == shape_of(tmp_path / "good")
    (tmp_path / "cut").write_bytes((tmp_path / "good").read_bytes()[:-40])
    with pytest.raises(TableError, match="damaged"):
        shape_apart(tmp_path / "cut")
    with pytest.raises((LimitError, TableError)):  # its process could not even begin
        shape_apart(tmp_path / "good", memory_bytes=1 << 20)
    monkeypatch.setattr("yunque.services.aml_shape.SECONDS", 0.01)
    with pytest.raises(LimitError, match="more than may be read"):
        shape_apart(tmp_path / "good")


def test_more_than_may_be_sent_is_413(platform: Platform) -> None:
    serving = serving_of(open_desk(platform), platform, limits=UploadLimits(file_bytes=10_000))
    with client_of(serving) as client:
        for path in ("upload", "validate"):
            body = {"file": ("x.csv", SMOKE.encode() * 200)}
            assert client.post(f"{PORTAL}/{path}", files=body).status_code == 413


def test_rows_are_charged_once_when_they_were_classified_and_failures_are_free(platform: Platform) -> None:
    prices(platform, job__aml=100, job__aml__solo_reglas=40)
    add_funds(platform.database, "local", 1_000, currency="MXN", source="purchase")
    desk = open_desk(platform)
    home = (
        "v1,ana,376565.10,2026-03-10,transferencia,automotriz\nv2,ana,5,2026-03-11,transferencia,automotriz\n"
        "v3,eva,nada,2026-03-11,transferencia,automotriz\nv4,eva,5,2026-03-11,transferencia,banana\n"
    )
    unread = "id_operacion," + HEADER + "v9,eva,nada,2026-03-11,transferencia,automotriz\n"
    with client_of(serving_of(desk, platform)) as client:
        first = send(client, "id_operacion," + HEADER + home, **{"Idempotency-Key": "a"}).json()
        assert send(client, "id_operacion," + HEADER + home, **{"Idempotency-Key": "a"}).json() == first
        assert balance_of(platform.database, "local").reserved_minor == 400
        failing = send(client, unread).json()
        work_here(desk, platform)
        result = client.get(first["result_url"]).json()
        assert result["cobro"]["cobradas"] == 2 == result["cobro"]["con_modelo"]  # v3 unread, v4 unclear
        assert result["cobro"]["sin_cobro_sin_clase"] == 1 and result["cobro"]["importe_minor"] == 200
        assert client.get(failing["status_url"]).json()["status"] == "failed"
        assert balance_of(platform.database, "local").available_minor == 800
        more = home.replace("v2,ana,5,", "v2,ana,6,") + "v5,ana,7,2026-03-12,cheque,automotriz\n"
        again = send(client, "id_operacion," + HEADER + more).json()
        work_here(desk, platform)
        cost = client.get(again["result_url"]).json()["cobro"]
        assert (cost["cobradas"], cost["sin_cobro_repetidas"], cost["importe_minor"]) == (2, 1, 200)
        told = client.get(f"{PORTAL}/invoices").json()
        assert [(it["importe"], it["filas_cobradas"]) for it in told["invoices"]] == [
            ("2.00", 2),
            ("2.00", 2),
        ]
        assert told["invoices"][1]["analysis_id"] == first["analysis_id"] and told["next"] is None
        assert told["invoices"][0]["precio_solo_reglas"] == "job.aml.solo_reglas@2020-01-01"
        assert told["invoices"][0]["precio"] == "job.aml@2020-01-01"
        assert client.get(f"{PORTAL}/invoices?limit=1").json()["next"] == told["invoices"][0]["folio"]
    assert verify_ledger(platform.database, "local") == 7
    assert balance_of(platform.database, "local").reserved_minor == 0


def test_a_workbook_is_counted_and_read_as_a_csv_is(platform: Platform) -> None:
    prices(platform, job__aml=1)
    add_funds(platform.database, "local", 10, currency="MXN", source="gift")
    book = io.BytesIO()
    pl.read_csv(SMOKE.encode(), infer_schema=False).write_excel(book)
    desk = open_desk(platform)
    with client_of(serving_of(desk, platform)) as client:
        answer = send(client, book.getvalue(), name="ops.xlsx")
        assert answer.status_code == 202, answer.text
        assert balance_of(platform.database, "local").reserved_minor == 2
        work_here(desk, platform)
        told = client.get(answer.json()["result_url"]).json()
        assert told["resumen"]["total_transacciones"] == 2 and told["cobro"]["importe_minor"] == 1
    desk.view.update()
    assert list((platform.settings.home / "outputs" / "processed").glob("*.xlsx"))


def test_roles_see_what_they_need_and_tenants_see_their_own(platform: Platform) -> None:
    terms = {
        "caro": (Scope.CAPTURIST, "uno"), "olga": (Scope.OFFICER, "uno"),
        "aldo": (Scope.AUDITOR, "uno"), "beto": (Scope.OFFICER, "dos"), "root": (Scope.ADMIN, "uno"),
    }  # fmt: skip
    made = {
        name: grant_key(name, scopes=frozenset({scope}), tenant=tenant)
        for name, (scope, tenant) in terms.items()
    }
    ring = Keyring(keys=tuple(key for _, key in made.values()))
    desk = open_desk(platform)
    with client_of(serving_of(desk, platform, keyring=ring)) as client:

        def ask(who: str, method: str, path: str, **body: Any) -> Any:
            return client.request(method, path, headers={"X-API-Key": made[who][0]}, **body)

        form = {"files": {"file": ("ops.csv", SMOKE.encode())}}
        desk_ = f"{PORTAL}/desk"
        cash = HEADER.encode() + b"beto,800000,2026-08-02,efectivo,automotriz\n"
        sold = ask("caro", "POST", f"{PORTAL}/upload", files={"file": ("c.csv", cash)}).json()
        work_here(desk, platform)
        (one,) = ask("aldo", "GET", f"{desk_}/queue").json()["items"]
        assert one["analysis_id"] == sold["analysis_id"] and one["clase"] == "preocupante"
        told = {"decisiones": [{"id_operacion": one["id_operacion"], "decision": "descartar", "nota": "x"}]}
        codes = [
            ask(who, "POST", f"{desk_}/decisions", json=told).status_code for who in ("caro", "aldo", "beto")
        ]
        assert codes == [403, 403, 404]
        assert ask("olga", "POST", f"{desk_}/decisions", json=told).status_code == 201
        number = ask("aldo", "GET", f"{desk_}/decisions").json()["decisiones"][0]["numero"]
        signing = f"{desk_}/decisions/{number}/sign"
        assert ask("olga", "POST", signing, json={"nota": "x"}).json()["code"] == "four_eyes"
        assert ask("root", "POST", signing, json={"nota": "x"}).status_code == 201
        assert ask("olga", "GET", f"{desk_}/queue").json()["items"] == []
        assert ask("olga", "GET", f"{desk_}/client?cliente_id=beto").json()["perfil"]["operaciones"] == 1
        assert ask("olga", "GET", f"{desk_}/client?cliente_id=otro").status_code == 404
        assert ask("beto", "GET", f"{desk_}/clients").json()["total"] == 0
        export = ask("olga", "GET", f"{desk_}/export/VEH?mes=2026-08")
        assert export.status_code == 200 and "beto" in export.text
        assert ask("olga", "POST", f"{desk_}/xml/VEH?mes=2026-08", json={}).json()["code"] == "xsd"
        assert (
            ask("aldo", "GET", f"{desk_}/calendar?mes=2026-08").json()["por_enviar"][0]["fraccion"] == "VIII"
        )
        assert ask("aldo", "GET", f"{desk_}/audit/verify").json()["integra"]
        again = ask("aldo", "GET", f"{desk_}/analysis/{sold['analysis_id']}/rerun")
        assert again.json() == ask("olga", "GET", sold["result_url"]).json()
        sent = ask("caro", "POST", f"{PORTAL}/upload", **form).json()
        assert ask("aldo", "POST", f"{PORTAL}/upload", **form).status_code == 403
        seen = {who: ask(who, "GET", sent["result_url"]).status_code for who in terms}
        assert seen == {"caro": 403, "olga": 202, "aldo": 202, "beto": 404, "root": 202}
        assert ask("beto", "GET", f"{PORTAL}/history").json()["history"] == []
        assert ask("caro", "GET", "/api/v1/jobs").status_code == 403


SECRET = "the secret of a project that still signs by HS256"
ISSUER = "https://project.example/auth/v1"


def signed(role: str, tenant: str | None = "uno", secret: str = SECRET, **changes: Any) -> dict[str, str]:
    """A header with the token of a person of a role, as a Supabase project of the older kind signs it."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": "authenticated",
        "sub": f"{role}-1",
        "exp": now + 600,
        "role": "authenticated",
        "app_metadata": {"tenant": tenant, "scopes": [role]},
        "user_metadata": {"tenant": "dos", "scopes": ["admin"]},  # users write here themselves
        **changes,
    }
    return {"Authorization": f"Bearer {jwt.encode(claims, secret, 'HS256')}"}


def test_tokens_of_the_four_roles_open_what_each_needs_and_no_forged_one_does(platform: Platform) -> None:
    tokens = open_tokens(
        Settings(
            home=platform.settings.home,
            jwt_secret=SecretStr(SECRET),
            jwt_issuer=ISSUER,
            jwt_audience="authenticated",
            jwt_tenant_claim="app_metadata.tenant",
            jwt_scopes_claim="app_metadata.scopes",
        )
    )
    desk = open_desk(platform)
    form = {"files": {"file": ("ops.csv", (HEADER + "beto,8,2031-08-02,efectivo,automotriz\n").encode())}}
    with client_of(replace(serving_of(desk, platform), tokens=tokens)) as client:

        def ask(who: dict[str, str], path: str, method: str = "GET", **body: Any) -> Any:
            return client.request(method, f"{PORTAL}{path}", headers=who, **body)

        capturist, officer, auditor, admin = map(signed, ("capturist", "officer", "auditor", "admin"))
        for path in ("/upload", "/validate"):
            assert ask(auditor, path, "POST", **form).status_code == 403
        name = ask(capturist, "/upload", "POST", **form).json()["analysis_id"]
        work_here(desk, platform)  # no row of it can be read
        here = f"/analysis/{name}"
        allowed = {
            **dict.fromkeys(
                (here, "/history", "/balance", "/invoices"), (capturist, officer, auditor, admin)
            ),
            f"{here}/result": (officer, auditor, admin),
            "/desk/queue": (officer, auditor, admin),
            f"{here}/error": (admin,),
        }
        for path, people in allowed.items():
            for who in (capturist, officer, auditor, admin):
                status = ask(who, path).status_code
                assert (status != 403) == (who in people), (path, who, status)
        stranger = signed("admin", "dos")
        for path in (here, f"{here}/result", f"{here}/error"):
            assert ask(stranger, path).status_code == 404
        for forged in (
            signed("admin", secret="another secret, as long as the true one is"),
            signed("admin", None),
            signed("admin", "../uno"),
            signed("admin", iss="supabase"),
            signed("admin", sub=None),
            {"Authorization": "Bearer a.b.c"},
            {},
        ):
            assert ask(forged, "/history").status_code == 401
        desk.storage.put_new(
            "tenant/uno/logs/x.txt", [b"Traceback (most recent call last): as a worker leaves it"]
        )
        with platform.database.writing() as connection:
            connection.execute(ATTEMPT.update().values(log_key="tenant/uno/logs/x.txt"))
        told = ask(admin, f"{here}/error").json()
        assert told["code"] == "data" and "Traceback" in told["traceback"] and told["success"] is False
        for who in (capturist, officer):
            assert "Traceback" not in ask(who, here).text and ask(who, here).json()["error"]
        assert "Traceback" not in ask(officer, f"{here}/result").text + ask(officer, f"{here}/events").text
