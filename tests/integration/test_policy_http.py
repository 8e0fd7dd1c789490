"""The threshold policy by HTTP: an auditor looks, an officer proposes, another approves, and it can be undone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from small_models import LIMITS, client_of

from yunque.runtime.clock import FixedClock
from yunque.services.access import Keyring, Scope, grant_key
from yunque.services.aml_layers import base_stack
from yunque.services.score import Shelf
from yunque.settings import Settings
from yunque.solutions.aml.store.answers import Answer, keep_answer
from yunque.solutions.aml.store.dispositions import Disposition, dispose
from yunque.surfaces.bootstrap import Platform, open_platform
from yunque.surfaces.http.serving import Serving
from yunque.surfaces.worker import open_desk

POLICY = "/api/portal/desk/policy"
DAY = 86_400
ROLES = {
    "caro": (Scope.CAPTURIST, "uno"),
    "olga": (Scope.OFFICER, "uno"),
    "luz": (Scope.OFFICER, "uno"),
    "aldo": (Scope.AUDITOR, "uno"),
    "beto": (Scope.OFFICER, "dos"),
}


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    opened = open_platform(Settings(home=tmp_path / "home"))
    clock = FixedClock(datetime(2026, 1, 5, tzinfo=UTC))
    yield replace(opened, database=replace(opened.database, clock=clock), clock=clock)
    opened.database.engine.dispose()


def live(platform: Platform, month: int, line: float) -> None:
    """A month in which most alerts are nothing, every one of them decided on."""
    rng = np.random.default_rng(month)
    risk, drawn = rng.random(1_000), rng.random(1_000) < 0.02
    rows = pl.DataFrame(
        {
            "id_operacion": [f"m{month}-{k}" for k in range(1_000)],
            "segmento": ["alto"] * 1_000,
            "riesgo": risk,
            "piso": ["limpio"] * 1_000,
            "muestra": drawn & (risk < line),
        }
    )
    facts = {"politica": {"muestra_bajo_umbral": 0.01}}
    keep_answer(platform.database, "uno", Answer(analysis_id=f"a{month}", rows=rows, facts=facts))
    told = [
        Disposition(
            analysis_id=f"a{month}",
            operation_id=f"m{month}-{k}",
            client_id="c",
            shown_class="inusual",
            verdict="confirmar" if risk[k] >= 0.95 else "descartar",
            note="visto",
            actor="olga",
        )
        for k in np.flatnonzero((risk >= line) | drawn)[:130]
    ]
    dispose(platform.database, "uno", told)
    clock = platform.database.clock
    assert isinstance(clock, FixedClock)
    clock.advance(31 * DAY)


def test_a_policy_is_proposed_watched_approved_by_another_and_rolled_back(platform: Platform) -> None:
    made = {
        name: grant_key(name, scopes=frozenset({scope}), tenant=tenant)
        for name, (scope, tenant) in ROLES.items()
    }
    ring = Keyring(keys=tuple(key for _, key in made.values()))
    desk = open_desk(platform)
    office = replace(desk.office, queue=replace(desk.office.queue, database=platform.database))
    serving = Serving(shelf=Shelf(platform.registry), limits=LIMITS, keyring=ring, office=office)
    stack = base_stack()
    assert stack is not None
    with client_of(serving) as client:

        def ask(who: str, method: str, path: str = "", **body: Any) -> Any:
            headers = {"X-API-Key": made[who][0]}
            return client.request(method, POLICY + path, headers=headers, **body)

        assert [ask(who, "GET").status_code for who in ("caro", "aldo", "olga")] == [403, 200, 200]
        acts = (
            ("POST", "/propose"),
            ("POST", "/v1/approve"),
            ("POST", "/rollback"),
            ("POST", "/freeze"),
            ("POST", "/thaw"),
            ("PATCH", "/settings"),
        )
        for who in ("caro", "aldo"):
            assert {ask(who, *act, json={"motivo": "x"}).status_code for act in acts} == {403}
        assert ask("olga", "POST", "/propose").status_code == 409  # no period closed
        wrong = ask("olga", "PATCH", "/settings", json={"lowest": 3.0})
        assert (wrong.status_code, wrong.json()["code"]) == (400, "usage")
        assert ask("olga", "PATCH", "/settings", json={"shadow_decisions": 40}).status_code == 200
        for month in (1, 2):
            live(platform, month, stack.unusual)
        proposed = ask("olga", "POST", "/propose").json()
        version = proposed["version"]
        waits = ask("aldo", "GET").json()["propuesta"]
        assert (waits["version"], waits["propuesta_por"]) == (version, "olga")
        assert waits["sombra"]["revisadas_necesarias"] == 40 and not waits["sombra"]["terminada"]
        assert ask("luz", "POST", f"/{version}/approve").status_code == 409  # still in the shadow
        live(platform, 3, stack.unusual)
        own = ask("olga", "POST", f"/{version}/approve")
        assert (own.status_code, own.json()["code"]) == (403, "four_eyes")
        assert ask("beto", "POST", f"/{version}/approve").status_code == 404  # of another house
        assert ask("luz", "POST", f"/{version}/approve").status_code == 201
        now = ask("aldo", "GET").json()
        assert now["en_vigor"]["aprobada_por"] == "luz" and now["propuesta"] is None
        assert now["umbrales"]["alto"]["inusual"] > stack.unusual
        assert ask("luz", "POST", "/rollback", json={"motivo": " "}).status_code == 400
        assert ask("luz", "POST", "/rollback", json={"motivo": "quejas"}).status_code == 201
        assert ask("aldo", "GET").json()["umbrales"]["alto"]["inusual"] == stack.unusual
        assert ask("luz", "POST", "/freeze", json={"motivo": "auditoría"}).status_code == 201
        assert ask("olga", "POST", "/propose").json()["code"] == "conflict"
        assert ask("aldo", "GET").json()["congelada"]
        assert ask("beto", "GET").json()["historia"] == []
