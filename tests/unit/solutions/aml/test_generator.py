"""The generator: seeded, shaped like people, labelled by suspicion and never by the law's thresholds."""

from datetime import date

import polars as pl
import pytest

from yunque.solutions.aml.generator import DORMANT_DAYS, LABEL, generate
from yunque.solutions.aml.generator_profiles import LOOK_ALIKES, PROFILES
from yunque.solutions.aml.generator_typologies import TYPOLOGIES
from yunque.solutions.aml.intake.intake import take_in
from yunque.solutions.aml.law.evaluate import evaluate
from yunque.solutions.aml.law.read_catalogue import catalogue


@pytest.fixture(scope="module")
def table():
    return generate(40_000, 11)


def test_the_same_seed_gives_the_same_table(table):
    assert table.equals(generate(40_000, 11))
    assert not table.equals(generate(40_000, 12))


def test_prevalence_and_all_ten_typologies(table):
    assert 0.005 <= table["sospechosa"].mean() <= 0.02
    assert set(table["tipologia"].drop_nulls()) == {typology.name for typology in TYPOLOGIES}
    assert len(TYPOLOGIES) == 10
    assert set(table[LABEL]) == {"inusual", "limpio"}
    assert abs(generate(20_000, 3, prevalence=0.005)["sospechosa"].mean() - 0.005) < 0.002


def test_every_activity_is_there_and_reads_without_faults(table):
    assert set(table["sector_actividad"]) == {profile.sector for profile in PROFILES}
    text = table.drop("sospechosa", "tipologia").with_columns(pl.all().cast(pl.String))
    intake = take_in(text, catalogue(), date(2026, 11, 20))
    assert intake.rejected.is_empty()
    assert intake.operations.height == table.height
    assert intake.operations["regla"].null_count() == 0
    assert intake.has_label
    assert intake.has_hour


def test_the_label_is_not_a_function_of_what_the_law_says(table):
    text = table.drop("sospechosa", "tipologia").with_columns(pl.all().cast(pl.String))
    intake = take_in(text, catalogue(), date(2026, 11, 20))
    found = evaluate(intake.operations, catalogue()).operations
    suspicious = table.filter("sospechosa")["id_operacion"]
    is_suspicious = found["id_operacion"].is_in(suspicious.implode())
    owes = (found["piso"] != "limpio").rename("debe")
    both, honest_owing = (is_suspicious & owes).sum(), (~is_suspicious & owes).sum()
    assert both < 0.9 * is_suspicious.sum()  # many laundering operations owe nothing
    assert honest_owing > 5 * both  # and most that owe something are honest


def test_who_wakes_up_was_silent_before(table):
    woken = (
        table.filter(pl.col("tipologia") == "reactivacion_dormida")
        .group_by("cliente_id")
        .agg(pl.col("fecha").min())
    )
    honest = table.filter(~pl.col("sospechosa")).join(woken, on="cliente_id", suffix="_despierta")
    before = pl.col("fecha_despierta") - pl.duration(days=DORMANT_DAYS)
    assert honest.filter(pl.col("fecha").is_between(before, pl.col("fecha_despierta"))).is_empty()


def test_honest_clients_have_odd_habits(table):
    honest = table.filter(~pl.col("sospechosa"))
    assert honest["id_acto"].is_not_null().mean() > 0.01  # instalments
    pesos = honest["monto"].cast(pl.Float64)
    assert (pesos % 1000 == 0).mean() > 0.03  # whole thousands
    assert sum(share for _, share in LOOK_ALIKES) < 0.5


def test_no_operation_lies_outside_the_span(table):
    assert table["fecha"].min() >= date(2024, 1, 1)
    assert table["fecha"].max() <= date(2026, 11, 1)
    assert table["monto"].cast(pl.Float64).min() > 0
    assert table["id_operacion"].n_unique() == table.height
