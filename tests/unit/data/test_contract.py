"""A contract is a document: it round-trips exactly, and a bad one is refused with the place of what is wrong."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.data.contract import Contract
from yunque.data.schema import Column, Kind, Reading, Role, Schema
from yunque.errors import ContractError

SAMPLE = Contract(
    name="orders",
    version=3,
    schema=Schema(
        columns=(
            Column(name="id", kind=Kind.CATEGORY, role=Role.ID, required=False, reason="identifies rows"),
            Column(name="país 😀", kind=Kind.CATEGORY, levels=("ES", "NA", "yes", "1", "null", "2024-01-01", "~")),
            Column(name="class", kind=Kind.NUMBER, minimum=-0.1, maximum=1e22, reading=Reading(decimal=",", thousands=".")),
            Column(name="on", kind=Kind.BOOLEAN, reading=Reading(true_words=("sí",), false_words=("no",))),
            Column(name="123", kind=Kind.DATE, role=Role.TIME, nullable=False, reading=Reading(date_order="dmy")),
        )
    ),
)  # fmt: skip


def test_the_document_is_short_and_explains_itself():
    text = SAMPLE.to_yaml()
    assert text.startswith("# Contract of a table")
    assert "\n- name: id\n  kind: category\n  role: id\n" in text
    assert "nullable: true" not in text
    assert "levels: [ES, NA, 'yes', '1', 'null', '2024-01-01', '~']" in text
    assert "decimal: ','" in text


def test_yaml_and_dict_round_trip():
    assert Contract.from_yaml(SAMPLE.to_yaml()) == SAMPLE
    assert Contract.from_dict(json.loads(json.dumps(SAMPLE.to_dict()))) == SAMPLE
    assert Contract.from_yaml(json.dumps(SAMPLE.to_dict())) == SAMPLE


def test_the_digest_follows_the_content():
    assert SAMPLE.digest() == Contract.from_yaml(SAMPLE.to_yaml()).digest()
    changed = Contract(name="orders", version=3, schema=SAMPLE.schema.with_role("on", Role.IGNORE, "late"))
    assert changed.digest() != SAMPLE.digest()
    assert len(SAMPLE.digest()) == 64


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
READINGS = st.builds(
    Reading,
    decimal=st.sampled_from(".,"),
    thousands=st.sampled_from(["", " ", "'"]),
    percent=st.booleans(),
    currency=WORDS,
    date_order=st.sampled_from(["iso", "dmy", "mdy"]),
    true_words=st.lists(WORDS, max_size=2).map(tuple),
    missing_words=st.lists(WORDS, max_size=2).map(tuple),
)
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
COLUMNS = st.builds(
    Column,
    name=WORDS,
    kind=st.sampled_from(Kind),
    role=st.sampled_from([Role.FEATURE, Role.ID, Role.IGNORE]),
    nullable=st.booleans(),
    required=st.booleans(),
    levels=st.lists(WORDS, max_size=4).map(tuple),
    minimum=NUMBERS,
    maximum=NUMBERS,
    reading=READINGS,
    reason=WORDS,
)


@settings(max_examples=100, deadline=None)
@given(WORDS, st.lists(COLUMNS, min_size=1, max_size=4, unique_by=lambda column: column.name))
def test_any_contract_round_trips(name, columns):
    contract = Contract(name=name, schema=Schema(columns=tuple(columns)))
    again = Contract.from_yaml(contract.to_yaml())
    assert again == contract
    assert again.digest() == contract.digest()


def document(**changes):
    column = {"name": "x", "kind": "number"} | changes.pop("column", {})
    return {"format": 1, "name": "t", "columns": [column]} | changes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "format 2"),
        ({"format": True}, "format True"),
        ({"name": 5}, "no name"),
        ({"version": 0}, "counts from 1"),
        ({"version": "1"}, "counts from 1"),
        ({"columns": []}, "no columns"),
        ({"columns": ["x"]}, "column 1 is 'x'"),
        ({"columns": [{"kind": "number"}]}, "column 1 has no name"),
        ({"columns": [{"name": "x", "kind": "number"}] * 2}, "appear twice"),
        ({"surprise": 1}, "unknown key 'surprise'"),
        ({"column": {"kind": "numeric"}}, "kind 'numeric'"),
        ({"column": {"kind": None}}, "kind None"),
        ({"column": {"role": "boss"}}, "role 'boss'"),
        ({"column": {"colour": "red"}}, "unknown key 'colour'"),
        ({"column": {"levels": ["a", 1]}}, "levels of column 'x'"),
        ({"column": {"levels": "abc"}}, "levels of column 'x'"),
        ({"column": {"nullable": "no"}}, "nullable of column 'x'"),
        ({"column": {"minimum": float("nan")}}, "minimum of column 'x'"),
        ({"column": {"minimum": "0"}}, "minimum of column 'x'"),
        ({"column": {"reading": []}}, "reading of column 'x'"),
        ({"column": {"reading": {"decimal": ";"}}}, "decimal sign of column 'x'"),
        ({"column": {"reading": {"thousands": "."}}}, "cannot separate the thousands"),
        ({"column": {"reading": {"thousands": "1"}}}, "cannot separate the thousands"),
        ({"column": {"reading": {"date_order": "ymd"}}}, "date_order 'ymd'"),
        ({"column": {"reading": {"colour": 1}}}, "unknown key 'colour'"),
    ],
)
def test_bad_documents_are_refused(changes, words):
    with pytest.raises(ContractError, match=r"contract|Column") as error:
        Contract.from_dict(document(**changes))
    assert words in error.value.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("format: 1\nname: [", "not readable YAML"),
        ("- 1\n- 2\n", "not a list of keys"),
        ("", "not a list of keys"),
        ("format: 1\nname: a\nname: b\n", "repeated"),
        ("format: 1\nname: t\ncolumns:\n- {name: x, kind: number, kind: text}\n", "repeated (line 4)"),
        ("a: &x [1]\nb: *x\n", "anchors"),
        ("x: !!python/object/apply:os.system ['true']\n", "not readable YAML"),
        ("[" * 2000 + "]" * 2000, "nested too deeply"),
        ("? [a, b]\n: 1\n", "repeated"),
        ("format: 1\nname: \x00\n", "not readable YAML"),
        ('{"format": 1, "format": 1}', "repeated"),
        ('{"format": 1,}', "not readable YAML"),
        ('{"a":' * 5000, "not readable YAML"),
    ],
)
def test_bad_yaml_is_refused(text, words):
    with pytest.raises(ContractError) as error:
        Contract.from_yaml(text)
    assert words in error.value.message


def test_a_document_of_absurd_size_is_refused(monkeypatch):
    monkeypatch.setattr("yunque.data.contract_text.LARGEST", 10)
    with pytest.raises(ContractError, match="at most 10"):
        Contract.from_yaml(SAMPLE.to_yaml())
