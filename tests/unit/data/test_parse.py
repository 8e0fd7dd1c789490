"""Cells are read alike one by one and by the column, strictly and predictably."""

import datetime as dt
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.data.parse import POLARS_TYPES, canonical_text, parse_series, parse_value
from yunque.data.schema import Column, Kind, Reading

at = dt.datetime.fromisoformat

READINGS = [
    Reading(),
    Reading(decimal=","),
    Reading(decimal=",", thousands="."),
    Reading(thousands=","),
    Reading(thousands=" ", decimal=","),
    Reading(thousands="'"),
    Reading(percent=True),
    Reading(percent=True, decimal=","),
    Reading(currency="$ USD"),
    Reading(currency="€ R$ S/.", decimal=",", thousands="."),
    Reading(date_order="dmy"),
    Reading(date_order="mdy"),
    Reading(true_words=("sí", "s"), false_words=("no", "none"), missing_words=("Unknown", "-999", "12")),
    Reading(kept_words=("none", "NA", "-")),
]
HARD_TEXTS = [
    "", " ", "\u00a0\u2003", "\ufeff5", "5", " 5 ", "+5", "-5", "--5", "+-5", "5-", "5.", ".5", ".", ",", "-", "-.5", "1,5", "1.5",
    "1,234", "1.234", "1,234.5", "1.234,5", "1.234.567", "12,34,567", "1 234,5", "1\u00a0234", "1\u202f234", "1'234", "1’234",
    "12 %", "12%", "12,5%", "%", "% 12", "$1,000", "$ -5", "-$5", "-$-5", "$-5.5", "($5)", "(5)", "(-5)", "5 USD", "USD5", "5$",
    "€ 1.234,5", "R$10", "S/. 3,5", "1e5", "1E+05", "1e-400", "1e400", "1e9999", "4E10", "inf", "-Infinity", "nan", "NaN", "0x10",
    "１２", "١٢", "1_000", "007", "00", "-0", "-0.0", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "9007199254740993", "9" * 30, "0." + "3" * 60, "1" * 401, "5.0", "5.00", "5.01", "TRUE", "true", "Sí", "SI", "sí ", "no", "NO",
    "Y", "0", "1", "verdadero", "İ", "ß", "NA", "n/a", "None", "null", "?", "#N/A", "unknown", "-999", "-999.0", "12", "a\nb", "\x00",
    "31/12/2024", "12/31/2024", "01/02/2024", "1/2/24", "1/2/69", "1/2/70", "29/02/2023", "29/02/2024", "2024-02-30", "2024-1-5",
    "2024-01-05", "2024/01/05", "2024.01.05", "20240131", "20240132", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01",
    "2024-01-05T10:20", "2024-01-05 10:20:30", "2024-01-05t10:20:30.123456789", "2024-01-05 10:20:30,5", "2024-01-05T10:20:30Z",
    "2024-01-05T10:20:30+02:00", "2024-01-05T10:20:30-0530", "2024-01-05T10:20:30 +02", "2024-01-05 24:00", "2024-01-05 10:60",
    "2024-01-05 12:00 AM", "2024-01-05 12:30 p.m.", "2024-01-05 13:00 PM", "0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00",
    "31.12.2024 23:59", "2024-01-05T00:00:00", "2024-01-05\u00a010:20", "1900-02-29", "2000-02-29",
]  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(HARD_TEXTS),
    st.text(alphabet="0123456789.,-+eE%$€()' /:TZ\u00a0\u202fNan", max_size=14),
    st.text(max_size=8),
    st.from_regex(r"\A[+-]?[0-9]{1,4}([.,][0-9]{1,4}){0,3}([eE][+-]?[0-9]{1,4})? ?%?\Z"),
    st.from_regex(r"\A[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?\Z"),
    st.floats().map(repr),
    st.integers(-(2**70), 2**70).map(str),
    st.datetimes().map(lambda moment: moment.isoformat()),
)  # fmt: skip


def scalar(column, value):
    """Read one value, and say whether it was unreadable."""
    try:
        return parse_value(column, value), False
    except ValueError:
        return None, True


def assert_forms_agree(column, values, series):
    typed, unreadable = parse_series(column, series)
    expected = [scalar(column, value) for value in values]
    assert typed.dtype == POLARS_TYPES[column.kind]
    assert typed.name == column.name
    assert unreadable.to_list() == [bad for _, bad in expected]
    assert [repr(value) for value in typed.to_list()] == [repr(value) for value, _ in expected]


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("reading", READINGS)
def test_hard_texts_read_alike_in_both_forms(kind, reading):
    values = [None, *HARD_TEXTS]
    assert_forms_agree(Column(name="x", kind=kind, reading=reading), values, pl.Series("raw", values))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(Kind)), st.sampled_from(READINGS), st.lists(st.none() | TEXTS, max_size=20))
def test_any_texts_read_alike_in_both_forms(kind, reading, values):
    series = pl.Series("raw", values, dtype=pl.String)
    assert_forms_agree(Column(name="x", kind=kind, reading=reading), values, series)


@pytest.mark.parametrize("kind", list(Kind))
def test_repeated_texts_take_the_short_way_and_read_alike(kind):
    values = [None, *HARD_TEXTS] * 60
    column = Column(name="x", kind=kind, reading=Reading(missing_words=("-999",)))
    assert_forms_agree(column, values, pl.Series("raw", values))


TYPED = {
    pl.Float64: st.floats(),
    pl.Float32: st.floats(width=32),
    pl.Int64: st.integers(-(2**63), 2**63 - 1),
    pl.Int32: st.integers(-(2**31), 2**31 - 1) | st.integers(20230101, 20241231),
    pl.UInt64: st.integers(0, 2**64 - 1),
    pl.Boolean: st.booleans(),
    pl.Date: st.dates(),
    pl.Datetime("us"): st.datetimes(),
    pl.Datetime("ms"): st.datetimes().map(lambda moment: moment.replace(microsecond=0)),
    pl.Time: st.times(),
    pl.Duration("us"): st.timedeltas(dt.timedelta(-10), dt.timedelta(10)),
}


@pytest.mark.parametrize("dtype", list(TYPED), ids=str)
def test_typed_columns_read_alike_in_both_forms(dtype):
    @settings(max_examples=60, deadline=None)
    @given(st.sampled_from(list(Kind)), st.lists(st.none() | TYPED[dtype], max_size=10))
    def run(kind, values):
        column = Column(name="x", kind=kind, reading=Reading(missing_words=("7", "none")))
        assert_forms_agree(column, values, pl.Series("raw", values, dtype=dtype))

    run()


def read(kind, value, **reading):
    return parse_value(Column(name="x", kind=kind, reading=Reading(**reading)), value)


@pytest.mark.parametrize(
    ("text", "reading", "value"),
    [
        ("5.", {}, 5.0),
        (".5", {}, 0.5),
        ("1e5", {}, 1e5),
        ("1.234,5", {"decimal": ",", "thousands": "."}, 1234.5),
        ("1 234,5", {"decimal": ",", "thousands": " "}, 1234.5),
        ("12 %", {"percent": True}, 0.12),
        ("$1,000", {"currency": "$", "thousands": ","}, 1000.0),
        ("($1,000)", {"currency": "$", "thousands": ","}, -1000.0),
        ("-$5", {"currency": "$"}, -5.0),
        ("5 EUR", {"currency": "€ EUR"}, 5.0),
        ("-999", {"missing_words": ("-999",)}, None),
        ("n/a", {}, None),
    ],
)
def test_numbers_are_read_as_a_person_means_them(text, reading, value):
    assert read(Kind.NUMBER, text, **reading) == value


@pytest.mark.parametrize(
    "text",
    [
        "1,5",
        "12 %",
        "$5",
        "inf",
        "0x10",
        "1_000",
        "１２",
        "١٢",
        "--5",
        "1e400",
        "5 5",
        "1'000",
        "true",
        "x",
        "1" * 401,
    ],
)
def test_what_is_not_plainly_a_number_is_refused(text):
    with pytest.raises(ValueError, match="is not a number"):
        read(Kind.NUMBER, text)


def test_percentages_need_their_sign_but_numbers_are_fractions():
    with pytest.raises(ValueError, match="percentage"):
        read(Kind.NUMBER, "12", percent=True)
    assert read(Kind.NUMBER, 0.12, percent=True) == 0.12


def test_integers_are_whole_and_fit_64_bits():
    assert read(Kind.INTEGER, "5.00") == 5
    assert read(Kind.INTEGER, 5.0) == 5
    assert read(Kind.INTEGER, str(2**63 - 1)) == 2**63 - 1
    for value in ("5.5", 5.5, 2**63, str(2**63), "1e3", True, "five"):
        with pytest.raises(ValueError, match="whole number"):
            read(Kind.INTEGER, value)


def test_numbers_refuse_booleans_and_structures():
    for value in (True, False, [1], {"a": 1}, object()):
        with pytest.raises(ValueError, match="is not a number"):
            read(Kind.NUMBER, value)
    with pytest.raises(ValueError, match="is not a number"):
        read(Kind.NUMBER, 10**400)


def test_nothing_is_missing_whatever_it_is_called():
    for kind in Kind:
        for value in (
            None,
            "",
            "  ",
            "NaN",
            "NULL",
            "?",
            "-",
            float("nan"),
            float("inf"),
            np.nan,
            np.datetime64("NaT"),
        ):
            assert read(kind, value) is None


def test_kept_words_are_values():
    assert read(Kind.CATEGORY, "none", kept_words=("none",)) == "none"
    assert read(Kind.CATEGORY, "NA", kept_words=("na",)) == "NA"
    assert read(Kind.CATEGORY, "NA", kept_words=("none",)) is None


def test_booleans_know_english_spanish_json_and_their_own_words():
    assert read(Kind.BOOLEAN, "Sí") is True
    assert read(Kind.BOOLEAN, "falso") is False
    assert read(Kind.BOOLEAN, 1) is True
    assert read(Kind.BOOLEAN, 0.0) is False
    own = {"true_words": ("activo",), "false_words": ("none",)}
    assert read(Kind.BOOLEAN, "ACTIVO", **own) is True
    assert read(Kind.BOOLEAN, "none", **own) is False
    assert read(Kind.BOOLEAN, "true", **own) is True
    with pytest.raises(ValueError, match="activo/none"):
        read(Kind.BOOLEAN, "sí", **own)
    with pytest.raises(ValueError, match="true or false"):
        read(Kind.BOOLEAN, 2)


def test_categories_take_numbers_and_booleans_as_canonical_text():
    assert [read(Kind.CATEGORY, value) for value in (3, 3.0, 3.5, True, "3")] == [
        "3",
        "3",
        "3.5",
        "true",
        "3",
    ]
    assert canonical_text(dt.date(2024, 1, 5)) == "2024-01-05"
    assert canonical_text(1e300) == "1e+300"


def test_dates_follow_their_order_and_always_take_iso():
    assert read(Kind.DATE, "03/04/2024", date_order="dmy") == dt.date(2024, 4, 3)
    assert read(Kind.DATE, "03/04/2024", date_order="mdy") == dt.date(2024, 3, 4)
    assert read(Kind.DATE, "2024-04-03", date_order="mdy") == dt.date(2024, 4, 3)
    assert read(Kind.DATE, 20240403) == dt.date(2024, 4, 3)
    for text in ("03/04/2024", "2024-02-30", "2024-04-03 10:00"):
        with pytest.raises(ValueError, match="is not a date"):
            read(Kind.DATE, text)


def test_timestamps_become_naive_utc():
    expected = at("2024-01-05T08:20:30.500000")
    for value in (
        "2024-01-05T10:20:30.5+02:00",
        "2024-01-05 08:20:30.5Z",
        "05/01/2024 08:20:30,5",
        dt.datetime(2024, 1, 5, 10, 20, 30, 500000, dt.timezone(dt.timedelta(hours=2))),
        np.datetime64("2024-01-05T08:20:30.500000000"),
    ):
        assert read(Kind.TIMESTAMP, value, date_order="dmy") == expected
    assert read(Kind.TIMESTAMP, "1/5/24 12:05 AM", date_order="mdy") == at("2024-01-05T00:05:00")


def test_numpy_pandas_and_decimal_values_are_welcome():
    pandas = pytest.importorskip("pandas")
    assert read(Kind.NUMBER, np.float32(0.5)) == 0.5
    assert type(read(Kind.INTEGER, np.int32(5))) is int
    assert read(Kind.BOOLEAN, np.bool_(True)) is True
    assert read(Kind.NUMBER, Decimal("1.5")) == 1.5
    assert read(Kind.TIMESTAMP, pandas.Timestamp("2024-01-05 10:00")) == at("2024-01-05T10:00:00")
    assert type(read(Kind.TIMESTAMP, pandas.Timestamp("2024-01-05 10:00"))) is dt.datetime
    assert read(Kind.TIMESTAMP, pandas.NaT) is None


def test_unsupported_columns_are_unreadable_not_fatal():
    typed, unreadable = parse_series(Column(name="x", kind=Kind.TEXT), pl.Series([[1], None, [2, 3]]))
    assert typed.to_list() == [None, None, None]
    assert unreadable.to_list() == [True, False, True]


def test_dictionary_encoded_columns_are_text():
    typed, unreadable = parse_series(
        Column(name="x", kind=Kind.NUMBER), pl.Series(["1", "x", None], dtype=pl.Categorical)
    )
    assert typed.to_list() == [1.0, None, None]
    assert unreadable.to_list() == [False, True, False]


def test_zoned_columns_are_converted_to_utc():
    moments = pl.Series([at("2024-07-01T12:00:00")]).dt.replace_time_zone("Europe/Madrid")
    typed, _ = parse_series(Column(name="x", kind=Kind.TIMESTAMP), moments)
    assert typed.to_list() == [at("2024-07-01T10:00:00")]


def test_the_message_of_a_refusal_stays_short():
    with pytest.raises(ValueError, match="is not a number") as refusal:
        read(Kind.NUMBER, "x" * 1000)
    assert len(str(refusal.value)) < 100


def test_percentages_have_the_same_last_bit_in_both_forms():
    values = [f"{number / 10}%" for number in range(10_000)]
    column = Column(name="x", kind=Kind.NUMBER, reading=Reading(percent=True))
    typed, _ = parse_series(column, pl.Series(values))
    assert typed.to_list() == [parse_value(column, value) for value in values]


def test_decimals_read_alike_in_both_forms():
    values = [Decimal("1.50"), Decimal("-7.00"), None, Decimal("0.10")]
    series = pl.Series("raw", values, dtype=pl.Decimal(10, 2))
    for kind in (Kind.NUMBER, Kind.INTEGER, Kind.BOOLEAN):
        assert_forms_agree(Column(name="x", kind=kind), values, series)
