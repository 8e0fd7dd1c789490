"""Files as people have them: every dialect and spelling read exactly, every unreadable cell told with its place."""

from datetime import date, time
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.errors import ContractError, TableError
from yunque.solutions.aml.intake.amounts import read_cents
from yunque.solutions.aml.intake.article17 import place_of
from yunque.solutions.aml.intake.faults import REASONS, Faults
from yunque.solutions.aml.intake.intake import take_in
from yunque.solutions.aml.intake.read_file import read_file
from yunque.solutions.aml.law.evaluate import evaluate
from yunque.solutions.aml.law.read_catalogue import catalogue
from yunque.solutions.aml.law.warning import Warn

TODAY = date(2026, 11, 20)
ROW = {
    "cliente_id": "c1", "monto": "50000", "fecha": "2026-03-10", "tipo_operacion": "efectivo",
    "sector_actividad": "automotriz",
}  # fmt: skip


def taken(*rows, **options):
    """Take rows in; missing keys are empty cells."""
    whole = [ROW | row for row in rows]
    names = list(dict.fromkeys(name for row in whole for name in row))
    table = pl.DataFrame(
        {name: [row.get(name) for row in whole] for name in names},
        schema_overrides=dict.fromkeys(names, pl.String),
    )
    return take_in(table, catalogue(), options.get("as_of", TODAY))


def test_a_converted_amount_beyond_all_bounds_is_told():
    intake = taken({"moneda": "USD", "tipo_cambio": "9999999", "monto": "9999999999999.99"}, {})
    assert (2, "tipo_cambio", "monto_fuera_de_rango") in reasons(intake)


def reasons(intake):
    return [(row["linea"], row["columna"], row["motivo"]) for row in intake.rejected.to_dicts()]


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("50000", 5_000_000), ("$50,000.00", 5_000_000), ("$ 376,565.10", 37_656_510), ("376565.1", 37_656_510),
        ("1,234", 123_400), ("1.234,56", 123_456), ("1234,5", 123_450), ("1.234.567", 123_456_700), (".5", 50),
        ("MXN 12.30", 1_230), ("12.30 pesos", 1_230), ("1'000.00", 100_000), ("180000.0000", 18_000_000),
        ("1.8E+05", 18_000_000), ("0.07", 7), ("9999999999999.99", 999_999_999_999_999), ("+5", 500), ("5.", 500),
        ("\u00a05\u00a0000.01", 500_001), ("376 565,10", 37_656_510), ("1234.500", 123_450),
    ],
)  # fmt: skip
def test_amounts_are_exact_whatever_their_spelling(text, cents):
    intake = taken({"monto": text})
    assert reasons(intake) == []
    assert intake.operations["monto_c"].to_list() == [cents]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("abc", "monto_ilegible"), ("1,23,4", "monto_ilegible"), ("12.345", "mas_de_dos_decimales"), ("180.000", "monto_ambiguo"),
        ("1234.567", "mas_de_dos_decimales"), ("5 pesos 30", "monto_ilegible"), ("5$30", "monto_ilegible"),
        ("1 2", "monto_ilegible"), ("12 34.00", "monto_ilegible"),
        ("-5", "monto_negativo"), ("(5.00)", "monto_negativo"), ("0", "monto_cero"), ("0.00", "monto_cero"),
        ("", "falta"), ("10000000000000", "monto_fuera_de_rango"), ("1e99", "monto_fuera_de_rango"),
        ("nan", "monto_ilegible"), ("inf", "monto_ilegible"), ("1 2 3 abc", "monto_ilegible"),
    ],
)  # fmt: skip
def test_amounts_that_cannot_be_read_are_told(text, reason):
    intake = taken({"monto": text}, {"cliente_id": "c2"})
    assert reasons(intake) == [(2, "monto", reason)]
    assert intake.operations["cliente_id"].to_list() == ["c2"]
    assert intake.rejected_rows == 1


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 10**15 - 1), st.sampled_from(["plain", "commas", "dollar", "european"]))
def test_every_centavo_survives_every_spelling(cents, style):
    exact = Decimal(cents) / 100
    text = {"plain": f"{exact:.2f}", "commas": f"{exact:,.2f}", "dollar": f"$ {exact:,.2f}"}.get(style)
    text = text or f"{exact:,.2f}".translate(str.maketrans(",.", ".,"))
    faults = Faults(line=pl.Series([2]))
    assert read_cents(pl.Series([text]), "monto", faults).to_list() == [cents]
    assert faults.table().is_empty()


@pytest.mark.parametrize(
    ("text", "day", "hour"),
    [
        ("2026-03-10", date(2026, 3, 10), None),
        ("10/03/2026", date(2026, 3, 10), None),
        ("1/2/2026", date(2026, 2, 1), None),
        ("10-03-26", date(2026, 3, 10), None),
        ("10.03.2026", date(2026, 3, 10), None),
        ("20260310", date(2026, 3, 10), None),
        ("2026/03/10", date(2026, 3, 10), None),
        ("10-mar-2026", date(2026, 3, 10), None),
        ("10 de marzo de 2026", date(2026, 3, 10), None),
        ("3 septiembre 2026", date(2026, 9, 3), None),
        ("2026-03-10 14:30:05", date(2026, 3, 10), time(14, 30, 5)),
        ("10/03/2026 02:30 p.m.", date(2026, 3, 10), time(14, 30)),
        ("10/03/2026 12:15 am", date(2026, 3, 10), time(0, 15)),
        ("2026-03-10T14:30:00.123", date(2026, 3, 10), time(14, 30)),
        ("2026-03-10T14:30:00Z", date(2026, 3, 10), time(8, 30)),
        ("2026-03-10T02:30:00+00:00", date(2026, 3, 9), time(20, 30)),
        ("2026-02-01 05:59:59 UTC", date(2026, 1, 31), time(23, 59, 59)),
        ("2026-02-01T06:00:00 GMT", date(2026, 2, 1), time(0)),
        ("2026-02-01 05:59:59 +0000", date(2026, 1, 31), time(23, 59, 59)),
        ("2022-07-10T02:30:00Z", date(2022, 7, 9), time(21, 30)),  # summer time until 2022
        ("2026-03-10T23:30:00-08:00", date(2026, 3, 11), time(1, 30)),
    ],
)
def test_dates_and_hours(text, day, hour):
    intake = taken({"fecha": text})
    assert reasons(intake) == []
    assert intake.operations["fecha"].to_list() == [day]
    assert intake.operations["hora"].to_list() == [hour]
    zoned = text.endswith(("Z", "UTC", "GMT")) or "+0000" in text or "+00" in text or "-08" in text
    assert bool(intake.operations["marcas"][0] & Warn.MOMENT_CONVERTED) is zoned


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("31/02/2026", "fecha_ilegible"), ("03/25/2026", "fecha_ilegible"), ("2026-13-01", "fecha_ilegible"),
        ("ayer", "fecha_ilegible"), ("", "falta"), ("2026-11-21", "fecha_futura"), ("2016-01-27", "fecha_sin_uma"),
        ("2026-03-10 25:00", "fecha_ilegible"), ("2026-03-10T23:59:59 CST", "fecha_ilegible"),
        ("2026-03-10T23:59:59 America/Mexico_City", "fecha_ilegible"), ("20260310T235959Z", "fecha_ilegible"),
        ("2026-03-10 05:59:59-6", "fecha_ilegible"), ("2026-03-10T23", "fecha_ilegible"), ("2026-03-10 x", "fecha_ilegible"), ("10/03/0206", "fecha_sin_uma"),
    ],
)  # fmt: skip
def test_dates_that_cannot_be_read_are_told(text, reason):
    intake = taken({"fecha": text}, {})
    assert reasons(intake) == [(2, "fecha", reason)]
    assert intake.operations.height == 1


def test_a_missing_hour_is_unknown_and_never_night():
    intake = taken({"fecha": "2026-03-10 00:00:00"}, {"fecha": "2026-03-11 00:00:00"})
    assert intake.operations["hora"].to_list() == [None, None]
    assert intake.has_hour is False
    mixed = taken({"fecha": "2026-03-10 00:00:00"}, {"fecha": "2026-03-11 09:00:00"})
    assert mixed.operations["hora"].to_list() == [time(0), time(9)]


def test_a_column_of_hours():
    intake = taken(
        {"hora": "14:30"},
        {"hora": "9"},
        {"hora": ""},
        {"hora": "25:00"},
        {"hora": "2:05 PM"},
        {"hora": "14:30Z"},
    )
    assert intake.operations["hora"].to_list() == [time(14, 30), time(9), None, time(14, 5)]
    assert reasons(intake) == [(5, "hora", "hora_ilegible"), (7, "hora", "hora_ilegible")]


def test_the_order_of_day_and_month_is_doubted_aloud():
    intake = taken({"fecha": "03/25/2026"}, {"fecha": "03/04/2026"})
    assert any("mes/día/año" in note for note in intake.notes)
    assert not any(
        "mes/día/año" in note for note in taken({"fecha": "25/03/2026"}, {"fecha": "03/25/2026"}).notes
    )


@pytest.mark.parametrize("name", ["cliente_id", "id_operacion", "id_acto"])
def test_formula_characters_in_identifiers_are_refused(name):
    for text in ("=cmd|' /C calc'!A0", "+1", "-1", "@x"):
        intake = taken({name: text}, {})
        assert reasons(intake) == [(2, name, "caracter_de_formula")]
    assert reasons(taken({name: "a\x07b"}, {})) == [(2, name, "caracter_de_control")]
    assert reasons(taken({name: "x" * 201}, {})) == [(2, name, "caracter_de_control")]


def test_unknown_kinds_of_operation_are_refused():
    intake = taken(
        {"tipo_operacion": "trueque"}, {"tipo_operacion": "Transferencia Bancaria"}, {"tipo_operacion": None}
    )
    assert reasons(intake) == [
        (2, "tipo_operacion", "tipo_operacion_desconocido"),
        (4, "tipo_operacion", "falta"),
    ]
    assert intake.operations["tipo_operacion"].to_list() == ["transferencia_nacional"]


def test_other_currencies_need_a_rate():
    intake = taken(
        {"moneda": "USD"},
        {"moneda": "usd", "tipo_cambio": "17.1234", "monto": "100.00"},
        {"monto": "USD 100"},
        {"monto": "€5", "tipo_cambio": "20"},
        {"moneda": "MXN", "monto": "USD 5"},
        {"moneda": "pesos"},
        {"moneda": "USD", "tipo_cambio": "0"},
    )
    assert reasons(intake) == [
        (2, "moneda", "moneda_sin_tipo_de_cambio"),
        (4, "moneda", "moneda_sin_tipo_de_cambio"),
        (6, "moneda", "moneda_contradictoria"),
        (8, "moneda", "moneda_sin_tipo_de_cambio"),
        (8, "tipo_cambio", "tipo_cambio_ilegible"),
    ]
    assert intake.operations["monto_c"].to_list() == [171_234, 10_000, 5_000_000]
    assert bool(intake.operations["marcas"][0] & Warn.CURRENCY_CONVERTED)
    assert not intake.operations["marcas"][2] & Warn.CURRENCY_CONVERTED


def test_yes_and_no():
    intake = taken(
        {"en_lista": "Sí"}, {"en_lista": "NO"}, {"en_lista": ""}, {"en_lista": "quizá"}, {"en_lista": "1"}
    )
    assert intake.operations["en_lista"].to_list() == [True, False, None, True]
    assert reasons(intake) == [(5, "en_lista", "si_o_no_ilegible")]
    assert taken({"grado_riesgo": "ALTO"}).operations["riesgo_alto"].to_list() == [True]


def test_the_same_operation_twice_counts_once():
    row = {"id_operacion": "7"}
    intake = taken(row, row, row | {"monto": "1"}, {"id_operacion": "8"})
    assert intake.operations["id_operacion"].to_list() == ["7", "8"]
    assert reasons(intake) == [
        (3, "id_operacion", "id_repetido"),
        (4, "id_operacion", "id_repetido_distinto"),
    ]


def test_without_ids_content_is_the_identity():
    first, again = taken({}, {}, {"monto": "5"}), taken({"monto": "5"}, {}, {})
    assert sorted(first.operations["id_operacion"]) == sorted(again.operations["id_operacion"])
    assert first.operations["id_operacion"].n_unique() == 3
    assert first.operations["id_operacion"].str.starts_with("huella:").all()
    assert first.operations["id_propio"].to_list() == [False] * 3


def test_headers_in_any_spelling():
    table = pl.DataFrame({" Cliente ID ": ["a"], "IMPORTE": ["5"], "Fecha Operación": ["2026-01-05"], "Tipo": ["cheque"],
                          "Sector": ["joyería"], "color": ["rojo"]})  # fmt: skip
    intake = take_in(table, catalogue(), TODAY)
    assert intake.operations["regla"].to_list() == ["VI"]
    assert any("'color'" in note for note in intake.notes)
    assert any("'IMPORTE'" in note for note in intake.notes)


def test_two_columns_of_one_meaning_are_refused():
    with pytest.raises(TableError, match="monto"):
        take_in(pl.DataFrame({**ROW, "Monto ": "5"}), catalogue(), TODAY)
    both = take_in(pl.DataFrame({**ROW, "total": "5"}), catalogue(), TODAY)  # the contract's own name wins
    assert both.operations["monto_c"].to_list() == [5_000_000]


def test_missing_columns_are_all_named():
    with pytest.raises(ContractError) as told:
        take_in(pl.DataFrame({"cliente_id": ["a"], "monto": ["1"]}), catalogue(), TODAY)
    assert [failure["column"] for failure in told.value.failures] == [
        "fecha",
        "tipo_operacion",
        "sector_actividad",
    ]


@pytest.mark.parametrize(
    ("fraction", "clause", "sector", "rule", "state"),
    [
        ("VIII", None, None, "VIII", None), ("8", None, None, "VIII", None), ("Fracción viii", None, None, "VIII", None),
        ("V Bis", None, None, "V-BIS", None), ("V_BIS", None, None, "V-BIS", None), ("V", None, None, "V", None),
        ("II-a", None, None, "II-a", None), ("II", "b)", None, "II-b", None), ("II", None, None, None, "informacion_insuficiente"),
        ("XII-A-a", None, None, "XII-A-a", None), ("XII", "A-c", None, "XII-A-c", None), ("XII A", "d", None, "XII-A-d", None),
        ("XII", None, None, None, "informacion_insuficiente"), ("XII-A", None, None, None, "informacion_insuficiente"),
        ("XII-C", None, None, "XII-C", None), ("XII D", None, None, "XII-D", None), ("XII", "D", None, "XII-D", None),
        ("XVI", None, None, "XVI-a", None), ("XVI", "b", None, "XVI-a", None), ("X", None, None, "X-a", None),
        ("X", "b", None, "X-b", None), ("XI", None, None, "XI-a", None), ("XI", "c", None, "XI-c", None),
        ("XIV", "d", None, "XIV-d", None), ("XIV", None, None, None, "informacion_insuficiente"),
        ("XX", None, None, None, "sin_mapeo"), ("0", None, None, None, "sin_mapeo"), ("IV Bis", None, None, None, "sin_mapeo"),
        ("XI_joyeria_metales", None, None, "VI", None), ("servicios_generales", None, None, None, "sin_mapeo"),
        (None, None, "inmobiliaria", "V", None), (None, None, "Casa de cambio", None, "sin_mapeo"),
        (None, None, "casa_cambio", None, "regimen_no_cargado"), (None, None, "notaria", None, "informacion_insuficiente"),
        (None, "A-a", "notaría", "XII-A-a", None), (None, None, "traslado_valores", "X-a", None),
        (None, None, "activos_virtuales", "XVI-a", None), (None, None, "facilitadores", "XII-D", None),
        (None, None, "servicios_profesionales", "XI-a", None), (None, None, "bananas", None, "sin_mapeo"),
        ("Art. 17 fr. VIII", None, None, "VIII", None), ("17-XII-A-d", None, None, "XII-A-d", None),
        ("Fracción XII apartado A inciso a)", None, None, "XII-A-a", None), ("XII", "A inciso a)", None, "XII-A-a", None),
        ("XII-D", "b", None, "XII-D", None), ("XII", "C", None, "XII-C", None), ("XVII", None, None, None, "sin_mapeo"),
        (None, None, None, None, "sin_mapeo"), ("VIII", None, "inmobiliaria", "VIII", None),
    ],
)  # fmt: skip
def test_article_17(fraction, clause, sector, rule, state):
    place = place_of(fraction, clause, sector, catalogue())
    assert (place.rule, place.state) == (rule, state)


def test_what_was_assumed_of_article_17_is_told():
    assert place_of(None, None, "inmobiliaria", catalogue()).warn == Warn.SECTOR_ASSUMED
    assert place_of("VIII", None, "inmobiliaria", catalogue()).warn == Warn.FRACTION_AND_SECTOR_DIFFER
    assert place_of("XI", None, None, catalogue()).warn == Warn.CLAUSE_ASSUMED
    assert place_of("VIII", None, "automotriz", catalogue()).warn == 0


def test_valuables_without_an_amount():
    intake = taken(
        {"sector_actividad": "traslado_valores", "monto": None, "monto_determinable": "no"},
        {"sector_actividad": "traslado_valores", "monto": None},
        {"sector_actividad": "traslado_valores"},
        {"fraccion": "X", "inciso": "b", "monto": "0"},
        {"monto": "", "intento": "si", "en_lista": "si"},
    )
    assert reasons(intake) == [(3, "monto", "falta")]
    assert intake.operations["regla"].to_list() == ["X-b", "X-a", "X-b", "VIII"]
    assert bool(intake.operations["marcas"][1] & Warn.AMOUNT_KNOWN_ASSUMED)


@pytest.mark.parametrize(
    ("kind", "instrument", "cash"),
    [
        ("efectivo", None, True), ("transferencia", "efectivo", True), ("efectivo", "cheque", False),
        ("deposito", None, False), ("deposito", "Depósito en efectivo", True), ("tarjeta", "oro", True),
        ("metales_preciosos", None, True), ("cheque", None, False), ("efectivo", "Contado", True),
        ("efectivo", "EFECTIVO M.N.", True), ("transferencia", "pago en efectivo en caja", True), ("otro", "01", True),
        ("tarjeta", "Tarjeta Oro", False), ("otro", "no efectivo", False), ("cheque", "centenarios de oro", True),
    ],
)  # fmt: skip
def test_what_cash_is(kind, instrument, cash):
    intake = taken({"tipo_operacion": kind, "forma_pago": instrument})
    assert intake.operations["es_efectivo"].to_list() == [cash]
    told = bool(intake.operations["marcas"][0] & Warn.DEPOSIT_UNKNOWN)
    assert told is (kind == "deposito" and instrument is None)


def test_an_instrument_that_is_unknown_or_differs_is_told():
    intake = taken(
        {"forma_pago": "Contado"}, {"forma_pago": "cheque"}, {"forma_pago": "efectivo"}, {"forma_pago": None}
    )
    marks = intake.operations["marcas"].to_list()
    assert [bool(bits & Warn.INSTRUMENT_UNKNOWN) for bits in marks] == [True, False, False, False]
    assert [bool(bits & Warn.KIND_AND_INSTRUMENT_DIFFER) for bits in marks] == [False, True, False, False]


def test_exact_decimals_of_a_typed_column_are_no_thousands():
    table = pl.DataFrame(
        {**ROW, "monto": [Decimal("180.000")]}, schema_overrides={"monto": pl.Decimal(18, 3)}
    )
    assert take_in(table, catalogue(), TODAY).operations["monto_c"].to_list() == [18_000]


def test_the_highest_value_of_a_deed():
    intake = taken(
        {"fraccion": "XII-A-a", "valor_catastral": "7", "valor_comercial": "$9.00", "monto_garantizado": "8"},
        {},
    )
    assert intake.operations["valor_mayor_c"].to_list() == [900, None]


def test_an_amount_without_taxes_above_the_whole_is_refused():
    assert reasons(taken({"monto": "5", "monto_sin_contribuciones": "6"}, {})) == [
        (2, "monto_sin_contribuciones", "neto_mayor_que_total")
    ]


def test_a_row_may_have_several_faults_and_every_reason_is_explained():
    intake = taken({"cliente_id": None, "monto": "x", "fecha": "y"}, {})
    assert [reason for _, _, reason in reasons(intake)] == ["falta", "fecha_ilegible", "monto_ilegible"]
    assert intake.rejected_rows == 1
    assert intake.rejected["valor"].to_list() == [None, "y", "x"]
    assert set(intake.rejected["detalle"]) <= set(REASONS.values())


def test_a_file_with_every_row_bad_is_still_answered():
    intake = taken({"monto": "x"})
    assert intake.operations.is_empty()
    assert evaluate(intake.operations, catalogue()).obligations.is_empty()


def test_the_first_demonstration_reads_as_the_law_has_it(tmp_path):
    path = tmp_path / "test_input.csv"
    path.write_text(
        "cliente_id,monto,fecha,tipo_operacion,sector_actividad\n"
        "12345,50000,2025-01-15,efectivo,casa_cambio\n12346,180000,2025-01-16,transferencia_nacional,inmobiliaria\n"
    )
    intake = take_in(read_file(path), catalogue(), TODAY)
    found = evaluate(intake.operations, catalogue())
    assert found.operations["estado"].to_list() == ["regimen_no_cargado", None]
    assert found.obligations["regla"].to_list() == ["R13_dato_insuficiente@1", "R01_identificacion@1"]


@pytest.mark.parametrize(
    "suffix", ["semicolon.csv", "latin.csv", "tab.tsv", "bom.csv", "parquet.parquet", "excel.xlsx"]
)
def test_every_kind_of_file(tmp_path, suffix):
    frame = pl.DataFrame({"cliente_id": ["José"], "monto": ["$1,234.50"], "fecha": ["10/03/2026"], "tipo_operacion": ["cheque"],
                          "sector_actividad": ["Joyería"]})  # fmt: skip
    path = tmp_path / suffix
    if suffix.startswith("parquet"):
        frame.write_parquet(path)
    elif suffix.startswith("excel"):
        pytest.importorskip("fastexcel")
        typed = frame.with_columns(monto=pl.lit(1234.5), fecha=pl.date(2026, 3, 10))
        typed.write_excel(path)
    else:
        separator = {"s": ";", "t": "\t"}.get(suffix[0], ",")
        text = frame.write_csv(separator=separator)
        path.write_bytes(
            text.encode("latin-1")
            if suffix.startswith("latin")
            else b"\xef\xbb\xbf"[: 3 * (suffix[0] == "b")] + text.encode()
        )
    intake = take_in(read_file(path), catalogue(), TODAY)
    assert reasons(intake) == []
    row = intake.operations.row(0, named=True)
    assert (row["cliente_id"], row["monto_c"], row["fecha"], row["regla"]) == (
        "José",
        123_450,
        date(2026, 3, 10),
        "VI",
    )


CELLS = st.one_of(
    st.none(),
    st.text(alphabet="0123456789.,-+ eE$()'/:TZabxXIV\u00a0\u2212é\t=@%€٣", max_size=12),
    st.sampled_from(
        ["XII", "A-a", "UTC", "nan", "inf", "sí", "no", "oro", "180.000", "1e400", "12:30 UTC", "USD", "0"]
    ),
)
ODD = ["fecha", "hora", "monto", "monto_sin_contribuciones", "moneda", "tipo_cambio", "tipo_operacion", "forma_pago",
       "fraccion", "inciso", "contraprestacion", "valor_catastral", "en_lista", "intento", "pais", "id_acto"]  # fmt: skip


@settings(max_examples=5, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(ODD), CELLS, max_size=4), min_size=40, max_size=80))
def test_whatever_cells_hold_every_row_is_judged_or_refused_with_a_reason(rows):
    intake = taken(*rows)
    assert intake.operations.height + intake.rejected_rows == len(rows)
    assert intake.operations["fecha"].null_count() == 0
    assert (intake.operations["monto_c"] >= 0).all()
    assert evaluate(intake.operations, catalogue()).operations.height == intake.operations.height
