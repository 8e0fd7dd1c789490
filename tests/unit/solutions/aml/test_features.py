"""Features: equal to their definitions row by row, and blind to the future, to order, and to other clients."""

import random

import polars as pl
import pytest
from feature_reference import features
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import a_portfolio, frame_of

from yunque.solutions.aml.features.enrich import columns, enrich, risk_list
from yunque.solutions.aml.features.names import FEATURES, LABEL, OPTIONAL, PEER_FEATURES, R1
from yunque.solutions.aml.features.peers import peer_table
from yunque.solutions.aml.law.evaluate import evaluate
from yunque.solutions.aml.law.read_catalogue import catalogue

SETTINGS = settings(max_examples=25, deadline=None)
KINDS = ["efectivo", "tarjeta", "cheque"]
EXTRA = {"tipo_operacion": pl.String, "id_contraparte": pl.String, "sentido": pl.String}


def a_history(seed, size=40):
    """A portfolio without instalments (features judge rows) but with counterparties and directions."""
    rng = random.Random(seed)
    rows = []
    for row in a_portfolio(seed, size):
        rows.append(
            row
            | {
                "id_acto": None,
                "regla": row["regla"] if row["regla"] not in ("II-a", "XV", "XII-A-a") else "VIII",
                "monto_c": rng.choice([row["monto_c"], 10_000_000, 10_100_000, 9_900_000, 5_000_000]),
                "monto_sin_c": None,
                "valor_individual_c": None,
                "tipo_operacion": rng.choice(KINDS),
                "id_contraparte": rng.choice([None, "k1", "k2", "k3"]),
                "sentido": rng.choice([None, "entrada", "salida"]),
            }
        )
    return rows


def enriched(rows, **options):
    frame = frame_of(rows)
    extra = pl.DataFrame(rows, schema_overrides=EXTRA, infer_schema_length=None).select(list(EXTRA))
    found = evaluate(frame, catalogue())
    whole = pl.concat([found.operations, extra[found.operations["fila"].to_numpy()]], how="horizontal")
    return enrich(whole, catalogue(), **options)


def table_of(frame, drop=()):
    return frame.drop("orden", "linea", *drop, strict=False).sort("cliente_id", "id_operacion")


@pytest.mark.parametrize("seed", range(12))
def test_every_feature_is_what_its_definition_says(seed):
    rows = a_history(seed, size=60)
    theirs = features(rows)
    mine = {(r["cliente_id"], r["id_operacion"]): r for r in enriched(rows).to_dicts()}
    assert mine.keys() == theirs.keys()
    compared = set()
    for key, expected in theirs.items():
        compared |= set(expected)
        for name, value in expected.items():
            assert mine[key][name] == pytest.approx(value, abs=2e-5, rel=1e-6), (seed, key, name)
    left = set(FEATURES) | set(OPTIONAL) | set(R1)
    left -= compared | {"cliente_id", "fecha", "tipo_operacion", "sector_actividad", "fraccion", LABEL}
    assert left == {"razon_limite_efectivo", "es_internacional", "geo_alto_riesgo", "EsInternacional"}


@SETTINGS
@given(seed=st.integers(0, 10**6))
def test_a_appending_later_rows_changes_no_earlier_row(seed):
    rows = a_history(seed)
    cut = sorted(row["fecha"] for row in rows)[len(rows) // 2]
    early = [row for row in rows if row["fecha"] < cut]
    if not early:
        return
    whole, part = enriched(rows), enriched(early)
    assert table_of(whole.filter(pl.col("fecha") < cut)).equals(table_of(part))


@SETTINGS
@given(seed=st.integers(0, 10**6), shuffle=st.integers(0, 10**6))
def test_b_shuffling_changes_nothing(seed, shuffle):
    rows = a_history(seed)
    mixed = random.Random(shuffle).sample(rows, k=len(rows))
    assert table_of(enriched(rows)).equals(table_of(enriched(mixed)))


@SETTINGS
@given(seed=st.integers(0, 10**6))
def test_c_other_clients_change_only_the_peer_features(seed):
    rows = a_history(seed)
    alone = [row for row in rows if row["cliente_id"] == "ana" and not row["intento"]]
    if not alone:
        return
    rows = [row | {"id_pagador": None} for row in rows]
    alone = [row | {"id_pagador": None} for row in alone]
    whole = enriched(rows).filter(pl.col("cliente_id") == "ana")
    assert table_of(whole, PEER_FEATURES).equals(table_of(enriched(alone), PEER_FEATURES))
    table = peer_table(enriched(rows).with_columns(regla=pl.col("fraccion")))
    frozen = enriched(rows, peer_table=table).filter(pl.col("cliente_id") == "ana")
    assert table_of(frozen).equals(table_of(enriched(alone, peer_table=table)))


def test_the_label_is_there_only_in_training():
    rows = a_history(1)
    assert LABEL not in enriched(rows).columns
    assert LABEL in enriched(rows, training_mode=True).columns
    assert columns(training_mode=False) == [name for name in columns(training_mode=True) if name != LABEL]


def test_all_forty_all_optional_and_all_of_r1_are_there_without_gaps():
    frame = enriched(a_history(2))
    assert len(FEATURES) == 40
    assert len(OPTIONAL) == 8
    assert len(R1) == 26
    assert set(FEATURES) | set(OPTIONAL) | set(R1) - {LABEL} <= set(frame.columns)
    numbers = frame.select([*FEATURES, *OPTIONAL])
    assert numbers.null_count().sum_horizontal().item() == 0
    assert all(column.is_finite().all() for column in numbers.cast(pl.Float64).iter_columns())


def test_without_extra_columns_the_optional_features_are_neutral_and_say_so():
    rows = [row | {"hora": None} for row in a_portfolio(3)]
    frame = enrich(evaluate(frame_of(rows), catalogue()).operations, catalogue())
    for name in ("disponible_contraparte", "disponible_sentido", "disponible_pais", "disponible_hora"):
        assert frame[name].sum() == 0
    for name in OPTIONAL:
        assert frame[name].sum() == 0
    assert frame["es_nocturno"].sum() == 0


def test_cash_against_the_limit():
    rows = a_history(4, size=60)
    found = evaluate(frame_of(rows), catalogue()).operations.filter(~pl.col("intento"))
    expected = (found["efectivo_umas"] / found["limite_uma"]).fill_null(0.0)
    assert enriched(rows)["razon_limite_efectivo"].to_list() == expected.to_list()


def test_the_list_of_high_risk_has_sources():
    listed = risk_list()
    assert listed.rules
    assert listed.sectors
    assert "KP" in listed.countries


def test_an_empty_history_has_all_columns():
    frame = enrich(evaluate(frame_of(a_portfolio(1)).clear(), catalogue()).operations, catalogue())
    assert frame.is_empty()
    assert set(FEATURES) <= set(frame.columns)
