"""Cases of the law written from its text alone, run through the same door as people's files.

`aml_law_cases.yaml` has one row an operation. `regla` is the key of Article 17, `hechos` are other facts (`c` names the client, `pago` the instrument). `espera` is what must come out, in words:

- `ident`, `aviso` (by the act or the fee), `acum` (by the six-month sum), `serie`, `efectivo` (forbidden), `24h`,
  `advertencia`, `seguimiento`, `fracc` (rule R12), `insuf`, `revision`, and the states below; what is not said must not come out;
- `*`: other things may come out too; `!word`: this must not; `vence=`, `habil=`: the days of the notice, `vence=no17`:
  its term is not day 17; `criterio=umas`: the sum reaches in UMA and not in pesos; `uno`: one notice only.
"""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import yaml

from yunque.runtime.clock import FixedClock
from yunque.runtime.database import open_database, open_engine, sqlite_url
from yunque.runtime.migrations import upgrade
from yunque.services.aml_desk import Desk, read_document
from yunque.services.aml_enrich import enrich_file
from yunque.services.aml_run import run_pending

TABLE = Path(__file__).with_name("aml_law_cases.yaml")
PAID = {
    "efectivo": "efectivo",
    "transferencia": "SPEI",
    "deposito_efectivo": "depósito en efectivo",
    "metales": "oro",
}
OWN = ("c", "pago", "tipo", "forma")  # facts that are no column of a file
SHARED = ("id_acto", "id_pagador", "cuenta_tarjeta")  # names that must not meet those of another case
WORDS = {
    "R01": "ident", "R02": "aviso", "R03": "acum", "R04": "serie", "R05": "aviso", "R06": "aviso", "R07": "efectivo",
    "R08": "advertencia", "R09": "24h", "R10": "24h", "R11": "seguimiento", "R12": "fracc", "R13": "insuf", "R14": "revision",
}  # fmt: skip
STATES = {
    "sinuma": "uma_no_disponible", "sinregla": "sin_regla_para_la_fecha", "sinmapeo": "sin_mapeo",
    "sinregimen": "regimen_no_cargado", "revision": "revision_profesional", "moneda": "moneda_sin_tipo_de_cambio",
    "antes2016": "fecha_sin_uma", "falta": "falta", "cero": "monto_cero", "ambiguo": "monto_ambiguo", "ilegible": "monto_ilegible",
    "fraccion": "mas_de_dos_decimales",
}  # fmt: skip


def cases():
    """Cases by name, each with its rows as mappings."""
    names = ("regla", "fecha", "monto", "hechos", "espera")
    listed = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return {
        case["caso"]: case | {"filas": [dict(zip(names, row, strict=True)) for row in case["filas"]]}
        for case in listed
    }


CASES = cases()


def place(rule):
    """A rule of Article 17 as a file tells it."""
    if rule in ("?", "casa_cambio"):
        return {"sector_actividad": "minería lunar" if rule == "?" else rule}
    parts = rule.split("-")
    clauses = [part for part in parts if part.islower()]
    return {
        "fraccion": " ".join(part for part in parts if part.isupper()),
        "inciso": clauses[0] if clauses else None,
    }


def operation(case, number, row):
    """One row of a file."""
    facts = row["hechos"]
    told = {
        name: f"{case}-{value}" if name in SHARED else value
        for name, value in facts.items()
        if name not in OWN
    }
    return {
        "cliente_id": f"{case}-{facts.get('c', 'u')}",
        "id_operacion": f"{case}/{number}",
        "fecha": row["fecha"],
        "monto": row["monto"],
        "tipo_operacion": facts.get("tipo", "transferencia"),
        "forma_pago": facts.get("forma") or PAID[facts.get("pago", "transferencia")],
        **place(row["regla"]),
        **told,
    }


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What the module said of every operation, by its id, and why rows were refused."""
    folder = tmp_path_factory.mktemp("law")
    url = sqlite_url(folder / "base.db")
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    database = open_database(url, clock=FixedClock(datetime(2027, 12, 31, 18, tzinfo=UTC)))
    rows = [operation(name, n, row) for name, case in CASES.items() for n, row in enumerate(case["filas"])]
    names = list(dict.fromkeys(name for row in rows for name in row))
    pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String)).write_csv(folder / "casos.csv")
    desk = Desk(folder=folder / "aml", database=database, clock=database.clock, actor="oficial")
    enrich_file(desk, folder / "casos.csv", analysis_id="casos")
    outcome = run_pending(desk, "casos")[0]
    assert outcome.state == "processed", outcome.error
    result = read_document(outcome.path)
    database.engine.dispose()
    said = {item["id_operacion"]: item for item in result["operaciones"]}
    refused = {rows[cell["linea"] - 2]["id_operacion"]: cell["motivo"] for cell in result["rechazadas"]}
    return said, refused


def came_out(item):
    """The words for what one operation owes."""
    found = {WORDS[owed["regla"][:3]] for owed in item["obligaciones"] if owed["regla"][:3] in WORDS}
    if "serie" in found:
        found.add("ident")
    return found | (
        {item["estado_legal"]} - {None, "informacion_insuficiente"}
    )  # the latter is what R13 says


def notices(item):
    return [owed for owed in item["obligaciones"] if owed["tipo"] == "aviso_mensual"]


def wrong_days(words, item):
    """What is said of days and sums and did not come out."""
    owed = notices(item)
    for word in words:
        name, _, value = word.partition("=")
        if name in ("vence", "habil"):
            day = owed[0]["vence" if name == "vence" else "vence_habil"] if owed else "-"
            if day != (None if value == "no17" else value):
                yield f"{word}, not {day}"
        elif name == "criterio" and item["acumulado"]["criterio"] != value:
            yield f"{word}, not {item['acumulado']['criterio']}"


def wrong(words, item):
    """Everything that differs from what is expected of one operation."""
    found = came_out(item)
    plain = {word for word in words if "=" not in word and word[0] != "!" and word not in ("*", "uno")}
    wanted = {STATES.get(word, word) for word in plain}
    yield from (f"missing {word}" for word in wanted - found)
    yield from (f"unwanted {word[1:]}" for word in words if word[0] == "!" and word[1:] in found)
    if "*" not in words:
        states = set(STATES.values())
        silent = {"insuf"} if wanted & states else set()
        yield from (
            f"also {word}" for word in found - wanted - silent - ({"revision", *states} if silent else set())
        )
    if len(notices(item)) > 1:
        yield "more than one notice"
    yield from wrong_days(words, item)


@pytest.mark.parametrize("name", CASES)
def test_what_the_law_asks(answers, name):
    said, refused = answers
    told = []
    for number, row in enumerate(CASES[name]["filas"]):
        key, words = f"{name}/{number}", row["espera"].split()
        if key in refused:
            told += (
                [] if STATES.get(words[0] if words else "") == refused[key] else [f"{key}: {refused[key]}"]
            )
        else:
            told += [f"{key}: {text}" for text in wrong(words, said[key])]
    assert told == []
    if "avisos" in CASES[name]:
        keys = [f"{name}/{number}" for number in range(len(CASES[name]["filas"]))]
        assert sum(len(notices(said[key])) for key in keys) == CASES[name]["avisos"]


def test_every_case_cites_where_it_stands():
    assert len(CASES) >= 190
    assert all(case["cita"] for case in CASES.values())
