"""The learnt layers beside the law: they raise, say where they come from, fail alone, and are kept."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yunque.errors import BundleError
from yunque.runtime.clock import FixedClock
from yunque.runtime.database import open_database
from yunque.services import aml_layers
from yunque.services.aml_desk import Desk, read_document
from yunque.services.aml_enrich import enrich_file
from yunque.services.aml_judge import judge
from yunque.services.aml_layers import base_stack, drawn, open_layers
from yunque.services.aml_reasons import usual_of
from yunque.services.aml_run import answer, rerun, rerun_bytes, run_pending
from yunque.solutions.aml.classify import INCOMPLETE
from yunque.solutions.aml.combine import risk_of
from yunque.solutions.aml.feature_words import WORDS
from yunque.solutions.aml.law.evaluate import ORDER
from yunque.solutions.aml.layers import Layer, Scores
from yunque.solutions.aml.policy import Policy, PolicySettings
from yunque.solutions.aml.result import operation_rows
from yunque.solutions.aml.stack import BASE_MODEL, read_stack

HEADER = "id_operacion,cliente_id,monto,fecha,tipo_operacion,sector_actividad,fraccion,id_contraparte"
ROWS = [
    *(
        f"h{n},ana,{4_000 + 37 * n},2026-0{1 + n // 8}-{10 + n % 8},transferencia,arrendamiento,XV,K1"
        for n in range(24)
    ),
    *(f"s{n},ana,{60_000 + n},2026-04-0{1 + n // 3},efectivo,arrendamiento,XV,T{n}" for n in range(9)),
    "p1,beto,900000,2026-03-01,cheque,automotriz,VIII,K2",
    "p2,eva,800000,2026-03-01,efectivo,automotriz,VIII,K3",
    "p3,luz,180000,2026-03-02,transferencia,banana,,K4",
]


@pytest.fixture(scope="module")
def layers():
    return open_layers(base_stack(), None)


@pytest.fixture
def desk(empty_sqlite_url, tmp_path):
    database = open_database(empty_sqlite_url, clock=FixedClock(datetime(2026, 11, 20, 18, tzinfo=UTC)))
    yield Desk(folder=tmp_path / "aml", database=database, clock=database.clock, actor="oficial")
    database.engine.dispose()


def result_of(desk, tmp_path, name="a"):
    source = tmp_path / "in.csv"
    source.write_text("\n".join([HEADER, *ROWS]) + "\n", encoding="utf-8")
    enrich_file(desk, source, analysis_id=name)
    outcome = run_pending(desk, name)[0]
    assert outcome.state == "processed", outcome.error
    return read_document(outcome.path)


def test_the_base_model_says_what_it_is_wherever_it_speaks(desk, layers, tmp_path):
    result = result_of(replace(desk, scorer=layers), tmp_path)
    assert result["modo"] == "completo"
    assert result["modelo"]["marca"] == BASE_MODEL
    assert result["modelo"]["origen"] == "sintetico"
    assert all(
        layer["corrio"] and layer["version"].startswith(BASE_MODEL) for layer in result["capas"].values()
    )
    rows = {row["id_operacion"]: row for row in result["operaciones"]}
    told = [reason for row in rows.values() for reason in row["razones"] if reason["origen"] == "modelo"]
    assert told
    assert all(reason["marca"] == BASE_MODEL and reason["codigo"].startswith(BASE_MODEL) for reason in told)
    assert max(rows[f"s{n}"]["puntajes"]["riesgo"] for n in range(9)) > max(
        rows[f"h{n}"]["puntajes"]["riesgo"] for n in range(24)
    )
    for reason in told:
        assert reason["valores"]["riesgo_sin_ello"] < reason["valores"]["riesgo"]
        is_of_days_before = reason["codigo"].endswith("/antecedente")
        assert ("14 días anteriores" if is_of_days_before else "lo habitual es") in reason["texto"]
    assert "relevante" not in {row["clase_ml"] for row in rows.values()}
    one = rows["h0"]["puntajes"]
    joined = layers.stack.combination
    alone = risk_of(np.array([one["p_sospecha"]]), np.array([one["anomalia"]]), np.zeros(1), joined)
    assert one["riesgo"] == pytest.approx(alone[0])  # its first operation: there were no days before
    assert result["modelo"]["combinacion"]["recent"] == joined.recent


def test_a_kept_answer_outlives_the_model(desk, layers, tmp_path):
    scored = replace(desk, scorer=layers)
    before = result_of(scored, tmp_path)
    again = json.loads(json.dumps(rerun(replace(desk, scorer=None), "a")))
    assert again["operaciones"] == before["operaciones"]
    assert again["capas"] == before["capas"]
    assert again["umbrales_ml"] == before["umbrales_ml"]
    written = desk.place("processed", "a.json").read_bytes()
    assert rerun_bytes(replace(desk, scorer=None), "a") == written


def broken(layers, *roles):
    opened = {role: one for role, one in layers.opened.items() if role not in roles}
    return replace(layers, opened=opened, faults=dict.fromkeys(roles, "fallo: BundleError"))


@pytest.mark.parametrize(
    ("roles", "mode", "ran"),
    [
        (["supervisada"], "parcial", {"no_supervisada", "politica_de_umbrales"}),
        (["bosque"], "parcial", {"supervisada", "politica_de_umbrales"}),
        (["grupos"], "parcial", {"supervisada", "politica_de_umbrales"}),
        (["supervisada", "bosque"], "solo_reglas", set()),
    ],
)
def test_a_layer_fails_alone_and_says_so(desk, layers, tmp_path, roles, mode, ran):
    plain = result_of(replace(desk, tenant="plain"), tmp_path, "plain")
    result = result_of(replace(desk, scorer=broken(layers, *roles)), tmp_path)
    assert result["modo"] == mode
    assert {name for name, layer in result["capas"].items() if layer["corrio"]} == ran
    same = [row["obligaciones"] for row in plain["operaciones"]]
    assert [row["obligaciones"] for row in result["operaciones"]] == same
    assert rerun(replace(desk, scorer=None), "a")["modo"] == mode


def test_thresholds_of_a_policy_hold_by_segment_and_rows_below_are_drawn(desk, layers, tmp_path):
    policy = Policy(
        version="v3",
        stack=layers.stack.name,
        thresholds=dict.fromkeys(("alto", "medio", "bajo"), (0.2, 1.0)),
        settings=PolicySettings(sample_share=0.2),
        approved_by="oficial",
    )
    result = result_of(replace(desk, scorer=replace(layers, policy=policy)), tmp_path)
    assert result["umbrales_ml"]["politica"] == "v3"
    assert result["umbrales_ml"]["aprobada_por"] == "oficial"
    for row in result["operaciones"]:
        assert row["clase_ml"] == ("inusual" if row["puntajes"]["riesgo"] >= 0.2 else "limpio")
        assert not (row["muestra"] and row["clase"] in ("inusual", "preocupante"))


def test_what_is_usual_of_a_client_is_what_came_before_the_row(desk, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("\n".join([HEADER, *ROWS]) + "\n", encoding="utf-8")
    enrich_file(desk, source, analysis_id="a")
    past = judge(desk, 1).enriched
    rows = past.filter(pl.col("id_operacion").is_in(["h2", "h20", "s8"]))
    typical = dict.fromkeys(WORDS, -1.0)
    found = usual_of(rows, past, typical)
    for at, row in enumerate(rows.iter_rows(named=True)):
        before = past.filter((pl.col("cliente_id") == "ana") & (pl.col("orden") < row["orden"]))
        again = usual_of(rows[at : at + 1], before, typical)
        assert found.row(at) == again.row(0)  # later rows, and the row itself, change nothing
        expected = before["monto_umas"].median() if before.height >= 3 else -1.0
        assert found["monto_umas"][at] == pytest.approx(expected)


def test_the_clients_last_days_reach_across_files(desk, layers, tmp_path):
    whole = result_of(replace(desk, tenant="whole", scorer=layers), tmp_path, "w")
    scored = replace(desk, scorer=layers)
    halves = []
    for name, part in (("a", ROWS[:28]), ("b", ROWS[28:])):
        source = tmp_path / f"{name}.csv"
        source.write_text("\n".join([HEADER, *part]) + "\n", encoding="utf-8")
        enrich_file(scored, source, analysis_id=name)
        halves += read_document(run_pending(scored, name)[0].path)["operaciones"]
    told = {row["id_operacion"]: row["puntajes"] for row in halves}
    assert told == {row["id_operacion"]: row["puntajes"] for row in whole["operaciones"]}


def test_reasons_that_fail_are_told(desk, tmp_path):
    def fail(alerts, past):
        raise ValueError("x")

    def score(rows):
        table = rows.select("id_operacion", p_sospecha=pl.lit(0.9), anomalia=pl.lit(0.0))
        layers = (Layer(name="supervisada", ran=True),)
        return Scores(table=table, unusual=0.5, worrying=0.95, layers=layers, why=fail)

    result = result_of(replace(desk, scorer=score), tmp_path)
    assert {row["razones"][-1]["codigo"] for row in result["operaciones"]} == {"razones_no_disponibles"}


def test_the_draw_is_seeded_and_of_the_wanted_size():
    ids = pl.Series([f"op{n}" for n in range(20_000)])
    one = drawn(ids, 0.02, 7)
    assert one.equals(drawn(ids, 0.02, 7))
    assert not one.equals(drawn(ids, 0.02, 8))
    assert one.mean() == pytest.approx(0.02, abs=0.004)


def test_a_damaged_base_model_leaves_the_other_layers(tmp_path, monkeypatch):
    copy = tmp_path / "base"
    shutil.copytree(aml_layers.base_folder(), copy)
    arrays = copy / "supervisada" / "arrays.bin"
    arrays.chmod(0o600)
    arrays.write_bytes(arrays.read_bytes()[:-8] + b"12345678")
    monkeypatch.setattr(aml_layers, "base_folder", lambda: copy)
    found = open_layers(base_stack(), None)
    assert set(found.faults) == {"supervisada"}
    (copy / "pila.json").chmod(0o600)
    (copy / "pila.json").write_text("{")
    with pytest.raises(BundleError):
        base_stack()
    (copy / "pila.json").unlink()
    assert base_stack() is None


def test_a_record_is_read_as_it_was_written(layers):
    stack = layers.stack
    assert read_stack(json.loads(json.dumps(stack.document()))) == read_stack(stack.document())
    for change in (
        {"formato": 9},
        {"models": {}},
        {"unusual": 0.9, "worrying": 0.1},
        {"knots": [2.0, 1.0]},
        {"x": 1},
    ):
        with pytest.raises(BundleError):
            read_stack({**stack.document(), **change})


def anything(seed, low, width, kind):
    """Layers that answer anything, or fail in any way."""
    rng = np.random.default_rng(seed)

    def score(rows):
        if kind == "raises":
            raise [ValueError, KeyError, BundleError, OSError, TypeError][seed % 5]("x")
        n = rows.height
        p, anomaly = pl.Series(rng.random(n)), pl.Series(rng.random(n))
        table = rows.select("id_operacion").with_columns(p_sospecha=p, anomalia=anomaly)
        if kind == "not numbers":
            table = table.with_columns(p_sospecha=pl.lit(float("nan")))
        if kind == "one layer":
            table = table.with_columns(p_sospecha=pl.lit(None, pl.Float64))
        if kind == "by row":
            one = pl.Series(rng.random(n) * low)
            table = table.with_columns(umbral_inusual=one, umbral_preocupante=one + (1 - one) * width)
            table = table.with_columns(segmento=pl.lit("alto"), sorteada=pl.Series(rng.random(n) < 0.5))
        if kind == "incomplete":
            table = table.head(n // 2)
        if kind in ("own risk", "own risk out of range"):
            own = rng.random(n) if kind == "own risk" else 1.5 + rng.random(n)
            table = table.with_columns(riesgo=pl.Series(own), antecedente=pl.Series(rng.random(n)))
        layers = (Layer(name="supervisada", ran=kind != "one layer"), Layer(name="no_supervisada", ran=True))
        return Scores(table=table, unusual=low, worrying=low + width, layers=layers)

    return score


SILENT = ("raises", "not numbers", "incomplete", "own risk out of range")
KINDS = ("plain", "one layer", "by row", "own risk", *SILENT)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), low=st.floats(0, 1), width=st.floats(0, 1), kind=st.sampled_from(KINDS))
def test_obligations_and_floors_are_the_same_for_any_model_score_policy_or_failure(
    judged, desk_of_module, seed, low, width, kind
):
    plain = answer(desk_of_module, "none", 1, judged)
    found = answer(replace(desk_of_module, scorer=anything(seed, low, width, kind)), "none", 1, judged)
    rules, scored = (list(operation_rows(judged.found, one.operations)) for one in (plain, found))
    ranks = {name: rank for rank, name in enumerate(ORDER)} | {INCOMPLETE: 0}
    for before, after in zip(rules, scored, strict=True):
        for name in ("obligaciones", "umbral", "acumulado", "estado_legal", "regla_art17", "advertencias"):
            assert before[name] == after[name]
        assert ranks[after["clase"]] >= ranks[before["clase"]]
        assert after["clase_ml"] in (None, "limpio", "inusual", "preocupante")
    floors = ("orden", "piso", "estado", "falta_dato")
    assert found.operations.select(floors).equals(plain.operations.select(floors))
    if kind in SILENT:
        assert found.facts["modo"] == "solo_reglas"
        assert scored == rules


@pytest.fixture(scope="module")
def desk_of_module(tmp_path_factory):
    from yunque.runtime.database import sqlite_url
    from yunque.runtime.migrations import upgrade

    folder = tmp_path_factory.mktemp("desk")
    database = open_database(
        sqlite_url(folder / "x.db"), clock=FixedClock(datetime(2026, 11, 20, tzinfo=UTC))
    )
    upgrade(database.engine)
    yield Desk(folder=folder, database=database, clock=database.clock)
    database.engine.dispose()


@pytest.fixture(scope="module")
def judged(desk_of_module, tmp_path_factory):
    source = tmp_path_factory.mktemp("in") / "in.csv"
    source.write_text("\n".join([HEADER, *ROWS]) + "\n", encoding="utf-8")
    enrich_file(desk_of_module, source, analysis_id="a")
    return judge(desk_of_module, 1)
