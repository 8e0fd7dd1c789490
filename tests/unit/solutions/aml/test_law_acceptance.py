"""The acceptance cases of the law, each with its numbers computed by hand."""

from datetime import time

import pytest
from rows import Said, cents, op

IDENT, NOTICE = ["R01"], ["R01", "R02"]


@pytest.mark.parametrize(
    ("amount", "owed"),
    [("38,125.74", []), ("38,125.75", IDENT), ("75,664.94", IDENT), ("75,664.95", NOTICE)],
)
def test_1_games(amount, owed):
    said = Said(op("I", "2026-03-10", amount))
    assert said.rules() == owed
    if owed == NOTICE:
        assert said.due(0, "R02") == "2026-04-17"
        assert said.floor() == "relevante"


@pytest.mark.parametrize(
    ("day", "owed"),
    [("2026-01-15", NOTICE), ("2026-02-15", IDENT), ("2026-01-31", NOTICE), ("2026-02-01", IDENT)],
)
def test_2_real_estate_follows_the_uma_of_the_day(day, owed):
    said = Said(op("V", day, "910,000"))
    assert said.rules() == owed
    assert said.row()["aviso_min_c"] == cents("907,948.50" if day < "2026-02" else "941,412.75")


def test_3_v_bis_exists_since_the_reform():
    before = Said(op("V-BIS", "2025-07-16", "907,948.50"))
    assert before.state() == "sin_regla_para_la_fecha"
    assert before.rules() == ["R13"]
    assert Said(op("V-BIS", "2025-07-17", "907,948.50")).rules() == NOTICE


def test_4_jewels_owed_a_notice_only_in_cash_before_the_reform():
    assert Said(op("VI", "2025-07-16", 200_000)).rules() == IDENT
    assert Said(op("VI", "2025-07-17", 200_000)).rules() == NOTICE
    cash = Said(op("VI", "2025-07-16", 200_000, es_efectivo=True))
    assert cash.rules()[:2] == NOTICE
    assert "efectivo_sin_regla_para_la_fecha" in cash.warnings()
    assert "R07" not in cash.rules()


@pytest.mark.parametrize("rule", ["VII", "IX"])
def test_5_art_and_armour(rule):
    assert Said(op(rule, "2026-03-05", "282,717.09")).rules() == []
    assert Said(op(rule, "2026-03-05", "282,717.10")).rules() == IDENT
    assert Said(op(rule, "2026-03-05", "564,847.65")).rules() == NOTICE


@pytest.mark.parametrize(
    ("amount", "owed"),
    [("376,565.09", []), ("376,565.10", IDENT), ("753,130.19", IDENT), ("753,130.20", NOTICE)],
)
def test_6_vehicles(amount, owed):
    assert Said(op("VIII", "2026-03-10", amount)).rules() == owed


def test_7_six_calendar_months_are_not_180_days():
    said = Said(op("VIII", "2026-03-01", "376,565.10"), op("VIII", "2026-08-31", "376,565.10"))
    assert said.rules(0) == IDENT
    assert said.rules(1) == ["R01", "R03"]
    assert said.due(1, "R03") == "2026-09-17"
    assert said.all.accumulated_ids(1) == ("o0", "o1")
    assert said.row(1)["acum_c"] == cents("753,130.20")


@pytest.mark.parametrize(
    ("first", "second", "counts"),
    [
        ("2026-02-28", "2026-08-31", True),
        ("2026-02-28", "2026-08-28", True),
        ("2026-02-28", "2026-09-01", False),
        ("2026-02-27", "2026-08-28", False),
        ("2026-03-10", "2026-09-10", True),
        ("2026-03-10", "2026-09-11", False),
        ("2024-02-29", "2024-08-31", True),
        ("2024-02-28", "2024-08-29", False),
        ("2024-02-29", "2024-08-29", True),
        ("2023-08-31", "2024-02-29", True),
        ("2023-08-29", "2024-02-29", True),
        ("2023-08-28", "2024-02-29", False),
    ],
)
def test_7_month_ends_and_leap_years(first, second, counts):
    said = Said(op("VIII", first, 400_000), op("VIII", second, 400_000))
    assert ("R03" in said.rules(1)) is counts


def test_9_sums_count_only_what_reaches_identification():
    said = Said(*(op("VIII", f"2026-03-0{1 + 4 * n}", 376_000) for n in range(3)))
    assert [said.rules(n) for n in range(3)] == [[], [], ["R12"]]
    assert said.floor(2) == "inusual"
    assert said.row(2)["total_6m_c"] == cents("1,128,000")


def test_11_cards_are_judged_by_month_and_account():
    days = ["2026-03-02", "2026-03-09", "2026-03-31"]
    said = Said(
        *(op("II-a", day, "50,247.78", cuenta="x") for day in days),
        op("II-a", "2026-03-30", "0.01", cuenta="x"),
    )
    assert said.rules(2) == NOTICE
    assert said.row(2)["acto_c"] == cents("150,743.35")
    assert str(said.row(2)["acto_fecha"]) == "2026-03-31"
    assert said.due(2, "R02") == "2026-04-17"
    apart = Said(
        op("II-a", "2026-03-02", "75,371.68", cuenta="x"), op("II-a", "2026-03-09", "75,371.67", cuenta="y")
    )
    assert apart.rules(0) == apart.rules(1) == []
    one = Said(op("II-a", "2026-03-02", "150,743.35"))
    assert str(one.row()["acto_fecha"]) == "2026-03-31"
    assert one.rules() == NOTICE


def test_12_prepaid_travellers_cheques_and_loans():
    assert Said(op("II-b", "2026-03-02", "75,664.95")).rules() == NOTICE
    assert Said(op("II-b", "2026-03-02", "75,664.94")).rules() == []
    assert Said(op("III", "2026-03-02", 1)).rules() == IDENT
    assert Said(op("IV", "2026-03-02", "188,282.54")).rules() == IDENT
    assert Said(op("IV", "2026-03-02", "188,282.55")).rules() == NOTICE


def test_13_valuables_moved():
    assert Said(op("X-b", "2026-03-02", 1)).rules() == ["R01", "R05"]
    assert Said(op("X-a", "2026-03-02", "376,565.10")).rules() == NOTICE
    assert Said(op("X-a", "2026-03-02", "376,565.09")).rules() == IDENT
    assert Said(op("X-b", "2025-07-16", 1)).state() == "sin_regla_para_la_fecha"


def test_14_professional_services_depend_on_the_role():
    assert Said(op("XI-b", "2026-03-02", 1, en_representacion=False)).rules() == IDENT
    assert Said(op("XI-b", "2026-03-02", 1, en_representacion=True)).rules() == NOTICE
    missing = Said(op("XI-b", "2026-03-02", 1))
    assert missing.state() == "informacion_insuficiente"
    assert missing.rules() == ["R01", "R13"]


def test_16_public_faith():
    assert Said(op("XII-A-c", "2026-03-02", 1)).rules() == NOTICE
    assert Said(op("XII-A-d", "2026-03-02", "469,240.00")).rules() == NOTICE
    assert Said(op("XII-A-d", "2026-03-02", "469,239.99")).rules() == IDENT
    assert Said(op("XII-B-a", "2026-03-02", "941,412.75")).rules() == NOTICE
    assert Said(op("XII-B-a", "2026-03-02", "941,412.74")).rules() == []


def test_16_deeds_take_the_highest_value_and_follow_fiscal_terms():
    said = Said(op("XII-A-a", "2026-03-02", 500_000, valor_mayor_c=cents("938,480.00")))
    assert said.rules() == NOTICE
    assert said.due(0, "R02") == "fiscal"
    assert "plazo_distinto_del_dia_17" in said.warnings()
    only_price = Said(op("XII-A-a", "2026-03-02", "938,479.99"))
    assert only_price.rules() == IDENT
    assert "solo_precio" in only_price.warnings()
    assert Said(op("XII-A-a", "2025-07-16", "1,700,000")).rules() == IDENT  # 16,000 UMA then: 1,810,240.00


def test_16_customs_follow_the_pedimento_and_judge_piece_by_piece():
    said = Said(op("XIV-a", "2026-03-02", 1))
    assert said.rules() == NOTICE
    assert said.due(0, "R02") == "pedimento"
    assert Said(op("XIV-d", "2026-03-02", "56,895.35")).rules() == NOTICE
    lot = Said(op("XIV-d", "2026-03-02", "113,790.68", valor_individual_c=cents("56,895.34")))
    assert lot.rules() == []
    two = Said(*(op("XIV-d", "2026-03-02", "40,000", id_acto="p") for _ in range(2)))
    assert two.rules(0) == two.rules(1) == []


def test_17_donations():
    assert Said(op("XIII", "2026-03-02", "188,282.54")).rules() == []
    assert Said(op("XIII", "2026-03-02", "188,282.55")).rules() == IDENT
    assert Said(op("XIII", "2026-03-02", "376,565.10")).rules() == NOTICE


def test_18_rents_are_identified_strictly_over_the_amount():
    assert Said(op("XV", "2026-03-02", "188,282.55")).rules() == []
    assert Said(op("XV", "2026-03-02", "188,282.56")).rules() == IDENT
    assert Said(op("XV", "2026-03-02", "376,565.10")).rules() == NOTICE
    month = Said(
        op("XV", "2026-03-02", "188,282.55", id_acto="c1"), op("XV", "2026-03-28", "0.01", id_acto="c1")
    )
    assert [month.rules(0), month.rules(1)] == [[], IDENT]
    next_month = Said(op("XV", "2026-03-31", "188,282.55"), op("XV", "2026-04-01", "0.01"))
    assert [next_month.rules(0), next_month.rules(1)] == [[], []]


@pytest.mark.parametrize(
    ("amount", "fee", "owed"),
    [
        ("24,635.09", "469.23", IDENT),
        ("24,635.10", "0", NOTICE),
        ("1,000", "469.24", ["R01", "R06"]),
        ("24,635.10", "469.24", NOTICE),
    ],
)
def test_20_virtual_assets(amount, fee, owed):
    said = Said(op("XVI-a", "2026-03-02", amount, contraprestacion_c=cents(fee)))
    assert said.rules() == owed


def test_20_a_fee_that_is_not_told():
    said = Said(op("XVI-a", "2026-03-02", "1,000"))
    assert said.state() == "informacion_insuficiente"
    assert said.row()["falta_dato"] == "contraprestacion"
    assert Said(op("XVI-a", "2026-03-02", "24,635.10")).state() is None  # the amount alone decides
    assert Said(op("XVI-a", "2025-07-16", "1,000")).state() is None  # no fee threshold then


def test_20_one_notice_when_the_sum_and_the_fee_both_reach():
    rows = [op("XVI-a", f"2026-12-0{n}", "13,000", contraprestacion_c=cents("469.24")) for n in (1, 2)]
    said = Said(*rows)
    assert said.rules(0) == ["R01", "R06"]
    assert said.rules(1) == ["R01", "R03"]


def test_20_accumulation_of_assets_before_the_rules_named_them_is_a_reading():
    rows = [op("XVI-a", f"2026-03-0{n}", "13,000", contraprestacion_c=0) for n in (1, 2)]
    said = Said(*rows)
    assert said.rules(1) == ["R01", "R03"]
    assert "acumulacion_anterior_a_rcg_2026" in said.warnings(1)
    assert Said(*rows, acumula_antes_de_rcg_2026="no").rules(1) == IDENT
    later = Said(
        *(row | {"fecha": row["fecha"].replace(month=12)} for row in rows), acumula_antes_de_rcg_2026="no"
    )
    assert later.rules(1) == ["R01", "R03"]
    assert "acumulacion_anterior_a_rcg_2026" not in later.warnings(1)


def test_23_cash_for_vehicles():
    cash = {"es_efectivo": True}
    assert "R07" not in Said(op("VIII", "2026-03-10", "376,565.09", **cash)).rules()
    forbidden = Said(op("VIII", "2026-03-10", "376,565.10", **cash))
    assert "R07" in forbidden.rules()
    assert forbidden.floor() == "preocupante"
    act = Said(
        op("VIII", "2026-03-10", "200,000", id_acto="x", **cash),
        op("VIII", "2026-03-11", "176,565.10", id_acto="x", **cash),
    )
    assert ["R07" in act.rules(n) for n in range(2)] == [False, True]
    apart = Said(op("VIII", "2026-03-10", "200,000", **cash), op("VIII", "2026-03-11", "176,565.10", **cash))
    assert "R07" not in apart.rules(1)
    assert "efectivo_sin_pagador" in apart.warnings(1)


def test_23_one_payer_of_several_acts():
    rows = [op("VIII", "2026-03-10", "200,000"), op("VIII", "2026-03-11", "176,565.10", cliente_id="b")]
    said = Said(*(row | {"es_efectivo": True, "id_pagador": "p"} for row in rows))
    assert "R07" in said.rules(1)
    assert said.row(1)["efectivo_pagador_c"] == cents("376,565.10")


def test_23_instalments_across_the_change_use_the_uma_of_each_day():
    # 1,605 UMA of 113.14 and 1,605 UMA of 117.31: exactly 3,210 UMA, though less than 3,210 x 117.31 pesos
    first, second = op("VIII", "2026-01-31", "181,589.70"), op("VIII", "2026-02-01", "188,282.55")
    said = Said(*(row | {"id_acto": "x", "es_efectivo": True} for row in (first, second)))
    assert "R07" in said.rules(1)
    less = Said(
        *(
            row | {"id_acto": "x", "es_efectivo": True}
            for row in (first | {"monto_c": cents("181,589.69")}, second)
        )
    )
    assert "R07" not in less.rules(1)


def test_24_cash_with_and_without_taxes():
    gross = {"es_efectivo": True, "monto_sin_c": cents("324,625.09")}
    assert "R07" in Said(op("VIII", "2026-03-28", "376,565.10", **gross)).rules()
    before = Said(op("VIII", "2026-03-27", "376,565.10", **gross))
    assert "R07" not in before.rules()
    assert "R08" in before.rules()
    assert "efectivo_alcanza_con_contribuciones" in before.warnings()


def test_24_some_cash_in_an_act_over_the_limit_is_a_warning():
    rows = [op("VIII", "2026-03-10", "100,000", es_efectivo=True), op("VIII", "2026-03-12", "276,565.10")]
    said = Said(*(row | {"id_acto": "x"} for row in rows))
    assert said.rules(1) == ["R01", "R08"]
    assert said.floor(1) == "limpio"


def test_25_cash_at_the_bank_counter_is_cash():
    assert "R07" in Said(op("V", "2026-03-10", "941,412.75", es_efectivo=True)).rules()
    assert "R07" not in Said(op("V", "2026-03-10", "941,412.74", es_efectivo=True)).rules()


def test_25_v_bis_gets_the_limit_with_a_doubt():
    said = Said(op("V-BIS", "2026-03-10", "941,412.75", es_efectivo=True))
    assert "R07" in said.rules()
    assert "efectivo_v_bis_dudoso" in said.warnings()


def test_27_a_listed_person_even_attempting():
    said = Said(op("VIII", "2026-03-10", 1, en_lista=True, intento=True))
    assert said.rules() == ["R09"]
    assert said.floor() == "preocupante"
    assert said.due(0, "R09") == "24_horas_desde_el_conocimiento"


def test_27_an_attempt_counts_in_no_sum():
    said = Said(op("VIII", "2026-03-01", 400_000, intento=True), op("VIII", "2026-03-02", 400_000))
    assert said.rules(0) == []
    assert said.rules(1) == IDENT
    assert Said(op("VIII", "2026-03-01", 1, intento=True, sospecha=True)).rules() == ["R10"]


def test_29_what_is_unknown_is_said():
    assert Said(op("VIII", "2027-02-01", 1)).state() == "uma_no_disponible"
    assert Said(op("VIII", "2027-01-31", 1)).state() is None
    assert Said(op("VIII", "2019-12-31", 1)).state() == "uma_no_disponible"
    assert Said(op("VIII", "2016-01-27", 1)).state() == "sin_regla_para_la_fecha"
    for rule in ("XII-C", "XII-D"):
        said = Said(op(rule, "2026-03-10", 1))
        assert said.state() == "revision_profesional"
        assert said.rules() == ["R14"]
        assert said.floor() == "relevante"
    unknown = Said(op("VIII", "2026-03-10", 1) | {"regla": None})
    assert unknown.state() == "sin_mapeo"
    assert unknown.rules() == ["R13"]
    assert (
        Said(op("VIII", "2026-03-10", 1) | {"regla": None, "estado_regla": "regimen_no_cargado"}).state()
        == "regimen_no_cargado"
    )


def test_29_what_needs_no_uma_is_owed_without_one():
    assert Said(op("X-b", "2027-03-01", 1)).rules() == ["R01", "R05"]
    assert Said(op("XII-A-b", "2027-03-01", 1)).rules() == NOTICE
    loan = Said(op("IV", "2027-03-01", "999,999,999"))
    assert loan.rules() == ["R01", "R13"]
    assert loan.state() == "uma_no_disponible"


def test_30_the_two_rows_of_the_first_demonstration():
    said = Said(
        op("V", "2025-01-15", 50_000, es_efectivo=True)
        | {"regla": None, "estado_regla": "regimen_no_cargado"},
        op("V", "2025-01-16", 180_000, cliente_id="b"),
    )
    assert said.state(0) == "regimen_no_cargado"
    assert said.rules(1) == IDENT
    assert said.row(1)["aviso_min_c"] == cents("871,274.25")


def test_sums_across_a_change_of_the_uma_trigger_on_either():
    exact = Said(op("VIII", "2026-01-15", "363,179.40"), op("VIII", "2026-02-15", "376,565.10"))
    assert exact.row(1)["acum_por_umas"] is True  # 3,210 + 3,210 UMA
    assert exact.row(1)["acum_por_pesos"] is False  # 739,744.50 < 753,130.20
    assert "R03" in exact.rules(1)
    assert "R03" not in Said(
        op("VIII", "2026-01-15", "363,179.40"), op("VIII", "2026-02-15", "376,565.10"), criterio="pesos"
    ).rules(1)


def test_accumulation_marks_what_was_already_notified():
    said = Said(
        op("VIII", "2026-03-01", 800_000),
        op("VIII", "2026-03-02", 400_000),
        op("VIII", "2026-03-03", 400_000),
    )
    assert said.rules(0) == NOTICE
    assert said.rules(1) == ["R01", "R03"]
    assert "suma_con_actos_ya_avisados" in said.warnings(1)
    assert said.row(1)["acum_c"] == cents("1,200,000")
    assert said.row(1)["acum_nuevo_c"] == cents("400,000")
    assert said.row(2)["acum_nuevo_c"] == cents("400,000")
    assert said.row(2)["acum_avisados_n"] == 2


def test_the_anchored_reading_begins_at_the_first_act():
    rows = [op("VIII", day, 376_600) for day in ("2026-02-01", "2026-08-01", "2026-08-20")]
    assert "R03" in Said(*rows).rules(2)
    anchored = Said(*rows, ventana="ancla_primera_operacion")
    assert "R03" in anchored.rules(1)
    assert "R03" not in anchored.rules(2)


def test_two_rules_of_one_client_are_never_mixed():
    said = Said(op("VIII", "2026-03-01", 400_000), op("VII", "2026-03-02", 400_000))
    assert said.rules(0) == said.rules(1) == IDENT


def test_two_clients_are_never_mixed():
    said = Said(op("VIII", "2026-03-01", 400_000), op("VIII", "2026-03-02", 400_000, cliente_id="b"))
    assert said.rules(1) == IDENT


def test_an_act_in_instalments_across_the_reform_follows_the_law_of_its_last_day():
    rows = [op("XVI-a", "2025-07-16", "12,000"), op("XVI-a", "2025-07-17", "12,000", contraprestacion_c=0)]
    said = Said(*(row | {"id_acto": "x"} for row in rows))
    assert said.rules(0) == []
    assert said.rules(1) == NOTICE  # 210 x 113.14 = 23,759.40; before the reform 645
    assert said.row(1)["regla_id"] == "XVI-a@2025-07-17"


def test_same_day_order_is_hour_then_line():
    late = op("VIII", "2026-03-01", 400_000, hora=time(18))
    early = op("VIII", "2026-03-01", 400_000, hora=time(9))
    assert "R03" in Said(late, early).rules(0)
    assert "R03" in Said(early | {"hora": None}, late | {"hora": None}).rules(1)


def test_games_in_series():
    night = op("I", "2026-03-30", "20,000", hora=time(22))
    morning = op("I", "2026-03-31", "18,125.75", hora=time(9))
    said = Said(night, morning)
    assert said.rules(1) == ["R04"]
    assert said.row(1)["serie_24h_n"] == 2
    assert Said(night, morning | {"hora": time(22)}).rules(1) == ["R04"]  # 24 hours exactly
    assert Said(night, morning | {"hora": time(22, 0, 1)}).rules(1) == []
    assert Said(*(row | {"hora": None} for row in (night, morning))).rules(1) == []
    day = Said(*(row | {"hora": None, "fecha": night["fecha"]} for row in (night, morning)))
    assert day.rules(1) == ["R04"]
    assert "serie_sin_hora" in day.warnings(1)
    early = Said(
        *(row | {"fecha": row["fecha"].replace(day=row["fecha"].day - 10)} for row in (night, morning))
    )
    assert early.rules(1) == []  # the Reglamento's article begins on 2026-03-28


def test_a_single_amount_for_both_bases_is_said():
    assert "monto_unico" in Said(op("VIII", "2026-03-01", 1)).warnings()
    assert "monto_unico" not in Said(op("VIII", "2026-03-01", 116, monto_sin_c=10_000)).warnings()
    assert Said(op("VIII", "2026-03-01", "400,000", monto_sin_c=cents("376,565.09"))).rules() == []


def test_an_act_that_reached_the_notice_before_its_last_instalment_says_so():
    rows = [op("VIII", "2026-03-01", 800_000), op("VIII", "2026-04-01", 1)]
    said = Said(*(row | {"id_acto": "x"} for row in rows))
    assert said.rules(1) == NOTICE
    assert "exhibicion_previa_alcanza_umbral" in said.warnings(1)


def test_acts_of_days_without_uma_are_said_to_be_left_out():
    said = Said(op("VIII", "2020-01-31", 400_000), op("VIII", "2020-03-01", 400_000))
    assert "historia_sin_uma" in said.warnings(1)
