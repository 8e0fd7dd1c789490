"""The decoder made from a contract, the reading word by word, and the documented schema: one verdict."""

import json
import math
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.data.contract import Contract
from yunque.data.parse import parse_value
from yunque.data.schema import Column, Kind, Reading, Role, Schema
from yunque.errors import ContractError
from yunque.models.predictor_rows import RowReader
from yunque.surfaces.http.body import decode, locator, read_many, read_one
from yunque.surfaces.http.errors import field_errors
from yunque.surfaces.http.field_schema import FieldSchemas, list_schema, row_schema
from yunque.surfaces.http.problem import ProblemError
from yunque.surfaces.http.row_codec import NotOrdinaryError, RowCodec

COLUMNS = (
    Column(name="client", kind=Kind.TEXT, role=Role.ID),
    Column(name="income €", kind=Kind.NUMBER, reading=Reading(thousands=",", missing_words=("-999",))),
    Column(name="a/b~c", kind=Kind.INTEGER, nullable=False),
    Column(name="class", kind=Kind.BOOLEAN, reading=Reading(true_words=("oui",), false_words=("non",))),
    Column(name="city 🏙", kind=Kind.CATEGORY, levels=("Cali", "NA"), reading=Reading(kept_words=("NA",))),
    Column(name="note", kind=Kind.TEXT, required=False),
    Column(name="code", kind=Kind.CATEGORY, nullable=False),
    Column(name="since", kind=Kind.DATE, reading=Reading(date_order="dmy")),
    Column(name="at", kind=Kind.TIMESTAMP),
    Column(name="plain", kind=Kind.NUMBER),
    Column(name="features", kind=Kind.NUMBER, required=False),
    Column(name="bought", kind=Kind.BOOLEAN, role=Role.TARGET),
)
CONTRACT = Contract(name="odd", schema=Schema(columns=COLUMNS))
SCHEMA = CONTRACT.schema
FIELDS = tuple(column.name for column in SCHEMA.features)
READER = RowReader(SCHEMA)
CODEC = RowCodec(SCHEMA)
FEW = settings(max_examples=300, deadline=None)

GOOD: dict[str, tuple[Any, ...]] = {
    "income €": (1.5, 3, -0.0, None, -999, "1,234.5", "n/a", "-999", 2**60, 1e300),
    "a/b~c": (1, -5, 2**53, 3.0, "7", -(2**63)),
    "class": (True, False, None, "oui", "NON", 1, 0.0, "true", ""),
    "city 🏙": ("Cali", "NA", "never seen", 3, 2.5, True, None, " Cali ", "null", ""),
    "note": ("any text", None, 7, "-", "  "),
    "code": ("a", "B ", 12, False),
    "since": ("2024-01-31", "31/01/2024", None, "2024-01-31T00:00", "nat"),
    "at": ("2024-01-31T10:11:12.5+02:00", "2024-01-31", None, "2024-01-31 23:59"),
    "plain": (0.1, None, "7e3", -12),
    "features": (0.1, None, 5),
}
BAD = (
    [], {}, [1], {"x": 1}, "word", "1.2.3", "2024-02-30", "31/31/2024", "99:99", True, 2**64, 10**30, "oui non",
    None, "", "NA", 3.5, "1 234", "２", "2024-01-31T25:00",
)  # fmt: skip


def body_of(draw: Any) -> Any:
    record = {name: draw(st.sampled_from(values)) for name, values in GOOD.items()}
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=2)):
        record[name] = draw(st.sampled_from(BAD[4:] if name == "features" else BAD))
    form = draw(st.sampled_from(["named", "named", "list", "nested"]))
    if form == "list":
        values = list(record.values())
        return {"features": draw(st.sampled_from([values, values, values[:-1], [*values, 1]]))}
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=1)):
        record.pop(name, None)
    if draw(st.booleans()):
        record |= draw(st.sampled_from([{"client": [1]}, {"bought": "x"}, {"other": 1}, {"Note": 1}]))
    return {"features": record} if form == "nested" else record


bodies = st.composite(body_of)()


def by_hand(body: bytes) -> tuple[Any, list[str]]:
    """Read word by word: the typed values, or the places of what is wrong."""
    try:
        instance = read_one(decode(body), FIELDS)
        return READER.read(instance.record), []
    except ProblemError as error:
        return None, sorted(failure.pointer for failure in error.problem.errors)
    except ContractError as error:
        places = field_errors(error.failures, locator([instance], FIELDS))
        return None, sorted(failure.pointer for failure in places)


def same(left: Any, right: Any) -> bool:
    """Whether two lists of values are equal in value, type and sign of zero."""
    return len(left) == len(right) and all(
        type(a) is type(b) and a == b and (type(a) is not float or math.copysign(1, a) == math.copysign(1, b))
        for a, b in zip(left, right, strict=True)
    )


@FEW
@given(bodies)
def test_what_the_decoder_reads_is_what_reading_word_by_word_gives(body: Any) -> None:
    raw = json.dumps(body).encode()
    expected, _ = by_hand(raw)
    try:
        got = CODEC.read_one(raw)
    except NotOrdinaryError:
        return
    assert expected is not None and same(got, expected)


@FEW
@given(st.lists(bodies, min_size=1, max_size=4))
def test_a_batch_is_read_as_its_rows(rows: list[Any]) -> None:
    raw = json.dumps(
        {
            "instances": [
                row.get("features", row) if isinstance(row.get("features"), list | dict) else row
                for row in rows
            ]
        }
    ).encode()
    try:
        got = CODEC.read_many(raw)
    except NotOrdinaryError:
        return
    records = [instance.record for instance in read_many(decode(raw), FIELDS, 10)]
    expected = READER.read_many(records)
    assert all(same(a, b) for a, b in zip(got, expected, strict=True))


@FEW
@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.floats() | st.text(max_size=4),
        lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=4), x, max_size=3),
    ).map(lambda x: json.dumps(x).encode())
)
def test_any_bytes_are_read_or_left_to_others(raw: bytes) -> None:
    for read in (CODEC.read_one, CODEC.read_many):
        with pytest.raises(NotOrdinaryError):
            read(raw)


@pytest.mark.parametrize("kind", ["named", "list", "nested"])
def test_ordinary_rows_are_read_by_the_decoder(kind: str) -> None:
    record = {name: values[0] for name, values in GOOD.items()}
    body = {"named": record, "nested": {"features": record}, "list": {"features": list(record.values())}}[
        kind
    ]
    assert same(CODEC.read_one(json.dumps(body, indent=3).encode()), READER.read(record))
    many = {"instances": [list(record.values()) if kind == "list" else record] * 3}
    assert len(CODEC.read_many(json.dumps(many).encode())) == 3


def test_names_that_no_decoder_can_have_are_read_word_by_word() -> None:
    codec = RowCodec(Schema(columns=(Column(name='a"b\\c', kind=Kind.NUMBER),)))
    with pytest.raises(NotOrdinaryError):
        codec.read_one(b'{"a\\"b\\\\c": 1}')


def test_texts_are_remembered_up_to_a_limit() -> None:
    codec = RowCodec(Schema(columns=(Column(name="c", kind=Kind.CATEGORY),)))
    for i in range(6000):
        assert codec.read_one(b'{"c": "t%d "}' % i) == [f"t{i}"]
    assert codec.read_one(b'{"c": 1}') == ["1"] and codec.read_one(b'{"c": true}') == ["true"]


TEXTS = FieldSchemas("#/$defs/")
ROW, LIST = row_schema(CONTRACT, TEXTS), list_schema(CONTRACT, TEXTS)


def checker() -> jsonschema.FormatChecker:
    """Dates as this platform reads them: the calendar cannot be written as a pattern."""
    found = jsonschema.FormatChecker(formats=())

    def readable(kind: Kind) -> Any:
        order = {Kind.DATE: "dmy", Kind.TIMESTAMP: "iso"}[kind]
        column = Column(name="x", kind=kind, reading=Reading(date_order=order))

        def check(value: object) -> bool:
            if isinstance(value, str):
                parse_value(column, value)
            return True

        return check

    found.checks("date", raises=ValueError)(readable(Kind.DATE))
    found.checks("date-time", raises=ValueError)(readable(Kind.TIMESTAMP))
    return found


CHECKER = checker()


def documented(body: Any) -> list[str]:
    """Give the places that the documented schema finds wrong."""
    features = body.get("features")
    schema, base, value = ROW, "", body
    if isinstance(features, list | dict):
        schema, base, value = (LIST if isinstance(features, list) else ROW), "/features", features
    validator = jsonschema.Draft202012Validator({**schema, "$defs": TEXTS.texts}, format_checker=CHECKER)
    places: set[str] = set()
    for error in validator.iter_errors(value):
        at = base + "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in error.path)
        if error.validator == "required":
            absent = [name for name in schema["required"] if name not in value]
            places |= {f"{at}/{name.replace('~', '~0').replace('/', '~1')}" for name in absent}
        elif error.validator == "additionalProperties":
            places |= {f"{at}/{name}" for name in value if name not in schema["properties"]}
        else:
            places.add(at)
    return sorted(places)


@FEW
@given(bodies)
def test_the_documented_schema_gives_the_same_verdict_and_the_same_places(body: Any) -> None:
    row = body["features"] if isinstance(body.get("features"), list | dict) else body
    if isinstance(row, list) and len(row) != len(FIELDS):
        assert documented(body) and by_hand(json.dumps(body).encode())[1] == ["/features"]
        return
    named = dict(zip(FIELDS, row, strict=True)) if isinstance(row, list) else row
    if any(isinstance(named.get(name), int) for name in ("since", "at")):
        return  # a whole number may be a date (20240131); no schema knows the calendar
    assert by_hand(json.dumps(body).encode())[1] == documented(body)


def test_the_schema_is_itself_in_order() -> None:
    jsonschema.Draft202012Validator.check_schema({**ROW, "$defs": TEXTS.texts})
    jsonschema.Draft202012Validator.check_schema({**LIST, "$defs": TEXTS.texts})
    assert msgspec.json.decode(msgspec.json.encode(TEXTS.texts)) == TEXTS.texts
