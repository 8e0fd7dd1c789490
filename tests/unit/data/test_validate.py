"""A checked table is typed by its contract, and everything that did not hold is a record."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.data.contract import Contract
from yunque.data.infer import Wishes, infer_contract
from yunque.data.parse import POLARS_TYPES
from yunque.data.schema import Column, Kind, Reading, Role, Schema
from yunque.data.validate import check_table, render_failures
from yunque.errors import ContractError


def contract_of(*columns):
    return Contract(name="t", schema=Schema(columns=columns))


def check(frame, *columns, need_target=False):
    return check_table(contract_of(*columns), pl.DataFrame(frame, strict=False), need_target=need_target)


def only(checked):
    """Give the one failure there is."""
    assert len(checked.failures) == 1, render_failures(checked.failures)
    return checked.failures[0]


CONTRACT = contract_of(
    Column(name="y", kind=Kind.CATEGORY, role=Role.TARGET, nullable=False, required=False),
    Column(name="n", kind=Kind.NUMBER, reading=Reading(decimal=",")),
    Column(name="i", kind=Kind.INTEGER),
    Column(name="b", kind=Kind.BOOLEAN),
    Column(name="c", kind=Kind.CATEGORY),
    Column(name="t", kind=Kind.TEXT),
    Column(name="d", kind=Kind.DATE, reading=Reading(date_order="dmy")),
    Column(name="s", kind=Kind.TIMESTAMP),
)


def test_text_becomes_typed_columns_in_the_order_of_the_contract():
    frame = pl.DataFrame(
        {
            "s": ["2024-01-01 10:00", None],
            "d": ["31/12/2024", " "],
            "t": ["hello there", "NA"],
            "c": [" a ", "?"],
            "b": ["sí", "null"],
            "i": ["7", "-"],
            "n": ["1,5", "nan"],
            "y": ["u", "v"],
        }
    )
    checked = check_table(CONTRACT, frame, need_target=True)
    assert checked.frame.columns == list(CONTRACT.schema.names)
    assert list(checked.frame.dtypes) == [POLARS_TYPES[column.kind] for column in CONTRACT.schema]
    assert checked.frame.row(0)[1:] == (
        1.5, 7, True, "a", "hello there", dt.date(2024, 12, 31), dt.datetime.fromisoformat("2024-01-01T10:00"),
    )  # fmt: skip
    assert checked.frame.row(1)[1:] == (None,) * 7
    assert checked.failures == ()
    assert checked.bad_rows.tolist() == []


def test_unreadable_cells_are_counted_quoted_and_located():
    values = ["1", "x", "2", "y", "x", *["z"] * 30]
    checked = check({"a": values}, Column(name="a", kind=Kind.NUMBER))
    failure = only(checked)
    assert (failure.check, failure.column, failure.count, failure.severity) == (
        "unreadable",
        "a",
        33,
        "error",
    )
    assert failure.rows == (1, 3, 4, 5, 6, 7, 8, 9, 10, 11)
    assert failure.examples == ("x", "y", "z")
    assert (
        "33 cells are not a number, such as 'x', 'y', 'z' (rows 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, …)"
        in failure.message
    )
    assert checked.bad_rows.tolist() == [1, *range(3, 35)]
    assert checked.frame["a"].to_list()[:3] == [1.0, None, 2.0]


def test_examples_are_few_and_short():
    failure = only(
        check({"a": [f"{'x' * 500}{number}" for number in range(50)]}, Column(name="a", kind=Kind.DATE))
    )
    assert len(failure.examples) == 5
    assert all(len(example) <= 60 for example in failure.examples)


def test_forbidden_missing_values_make_rows_bad():
    column = Column(name="a", kind=Kind.NUMBER, nullable=False)
    checked = check(
        {"a": [1.0, None, float("nan")], "b": [1, 2, 3]}, column, Column(name="b", kind=Kind.INTEGER)
    )
    failure = only(checked)
    assert (failure.check, failure.count, failure.rows) == ("missing_value", 2, (1, 2))
    assert checked.bad_rows.tolist() == [1, 2]


def test_a_cell_is_unreadable_or_missing_but_not_both():
    column = Column(name="a", kind=Kind.NUMBER, nullable=False)
    checked = check({"a": ["1", None, "x"]}, column)
    assert [(failure.check, failure.rows) for failure in checked.failures] == [
        ("unreadable", (2,)),
        ("missing_value", (1,)),
    ]
    assert checked.bad_rows.tolist() == [1, 2]


def test_infinite_numbers_count_as_missing_with_a_warning():
    checked = check({"a": [1.0, float("inf"), float("-inf"), None]}, Column(name="a", kind=Kind.NUMBER))
    failure = only(checked)
    assert (failure.check, failure.count, failure.severity) == ("not_finite", 2, "warning")
    assert checked.frame["a"].to_list() == [1.0, None, None, None]
    assert checked.bad_rows.tolist() == []


def test_unseen_levels_are_a_warning():
    checked = check(
        {"a": ["u", "w", None, "w", "z"]}, Column(name="a", kind=Kind.CATEGORY, levels=("u", "v"))
    )
    failure = only(checked)
    assert (failure.check, failure.count, failure.examples, failure.severity) == (
        "unseen_level",
        3,
        ("w", "z"),
        "warning",
    )
    assert checked.frame["a"].to_list() == ["u", "w", None, "w", "z"]
    assert not check({"a": ["w"]}, Column(name="a", kind=Kind.CATEGORY)).failures


def test_values_outside_the_range_of_training_are_a_warning():
    column = Column(name="a", kind=Kind.INTEGER, minimum=0, maximum=10)
    failure = only(check({"a": [0, 10, 11, None, -3]}, column))
    assert (failure.check, failure.count, failure.rows, failure.severity) == (
        "out_of_range",
        2,
        (2, 4),
        "warning",
    )
    assert "[0, 10]" in failure.message


def test_extra_columns_are_a_warning_and_not_used():
    checked = check({"a": [1], "z": [2], "w": [3]}, Column(name="a", kind=Kind.INTEGER))
    failure = only(checked)
    assert (failure.check, failure.count, failure.examples) == ("extra_column", 2, ("z", "w"))
    assert checked.frame.columns == ["a"]


def test_missing_columns_are_all_named_with_near_names():
    columns = [Column(name=name, kind=Kind.NUMBER) for name in ("Amount", "client_age", "zzz", "x")]
    with pytest.raises(ContractError) as error:
        check({"amount ": [1], "clientage": [2], "x": [3]}, *columns)
    assert "'Amount', 'client_age', 'zzz'" in error.value.message
    assert "Did you mean 'amount '?" in error.value.hint
    assert "Did you mean 'clientage'?" in error.value.hint
    assert [failure.column for failure in error.value.failures] == ["Amount", "client_age", "zzz"]
    assert {failure.check for failure in error.value.failures} == {"missing_column"}


def test_the_target_is_needed_only_when_asked_for():
    target = Column(name="y", kind=Kind.CATEGORY, role=Role.TARGET, nullable=False, required=False)
    with pytest.raises(ContractError, match="'y'"):
        check({"a": [1]}, Column(name="a", kind=Kind.INTEGER), target, need_target=True)
    checked = check({"a": [1]}, Column(name="a", kind=Kind.INTEGER), target)
    assert checked.frame.columns == ["a"]
    assert only(checked).check == "absent_column"


def test_a_bad_target_spoils_rows_only_when_it_is_needed():
    target = Column(name="y", kind=Kind.INTEGER, role=Role.TARGET, nullable=False)
    frame = {"y": ["1", None, "x"]}
    assert check(frame, target, need_target=True).bad_rows.tolist() == [1, 2]
    relaxed = check(frame, target)
    assert relaxed.bad_rows.tolist() == []
    assert {failure.severity for failure in relaxed.failures} == {"warning"}


def test_absent_features_that_are_not_required_are_missing_everywhere():
    optional = Column(name="b", kind=Kind.DATE, required=False)
    checked = check({"a": [1, 2]}, Column(name="a", kind=Kind.INTEGER), optional)
    assert checked.frame.schema["b"] == pl.Date
    assert checked.frame["b"].null_count() == 2
    assert only(checked).severity == "warning"


def test_ids_and_ignored_columns_are_carried_without_complaint():
    checked = check(
        {"k": ["x", None], "z": [[1], [2]]},
        Column(name="k", kind=Kind.INTEGER, role=Role.ID, nullable=False),
        Column(name="z", kind=Kind.TEXT, role=Role.IGNORE),
    )
    assert checked.failures == ()
    assert checked.bad_rows.tolist() == []


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (Kind.NUMBER, ["1.5", "x"], [1.5, None]),
        (Kind.NUMBER, [1, 2], [1.0, 2.0]),
        (Kind.INTEGER, [1.0, 2.5], [1, None]),
        (Kind.INTEGER, [1.0, None], [1, None]),
        (Kind.BOOLEAN, [0, 2], [False, None]),
        (Kind.CATEGORY, [1, 2], ["1", "2"]),
        (Kind.CATEGORY, [1.0, 2.5], ["1", "2.5"]),
        (Kind.DATE, [20240131, 5], [dt.date(2024, 1, 31), None]),
    ],
)
def test_columns_of_another_type_are_read_when_that_loses_nothing(kind, values, expected):
    assert check({"a": values}, Column(name="a", kind=kind)).frame["a"].to_list() == expected


def test_an_empty_frame_is_checked_too():
    checked = check_table(
        CONTRACT,
        pl.DataFrame(schema={column.name: pl.String for column in CONTRACT.schema}),
        need_target=True,
    )
    assert checked.frame.height == 0
    assert checked.failures == ()


def test_rendering_is_bounded_and_puts_errors_first():
    columns = [Column(name=f"c{number}", kind=Kind.CATEGORY, levels=("a",)) for number in range(30)]
    checked = check(
        {column.name: ["b"] for column in columns} | {"n": ["x"]},
        *columns,
        Column(name="n", kind=Kind.NUMBER),
    )
    lines = render_failures(checked.failures, limit=4).split("\n")
    assert len(lines) == 5
    assert lines[0].startswith("error: Column 'n'")
    assert lines[4] == "… and 27 more"
    assert render_failures(()) == ""


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_table_always_meets_the_contract_inferred_from_it(data):
    cells = st.none() | st.sampled_from(
        ["1", "2,5", "3.5", "x", "sí", "no", "2024-01-02", "13/02/2024", "", "NA", "none", "-"]
    )
    rows = data.draw(st.integers(2, 12))
    frame = pl.DataFrame(
        {
            name: pl.Series(data.draw(st.lists(cells, min_size=rows, max_size=rows)), dtype=pl.String)
            for name in "abc"
        }
    )
    contract, _ = infer_contract(frame, Wishes(target="a"))
    checked = check_table(contract, frame, need_target=True)
    assert {failure.check for failure in checked.failures} <= {"unreadable", "missing_value"}
    features = {column.name for column in contract.schema.features}
    unreadable = [
        failure
        for failure in checked.failures
        if failure.check == "unreadable" and failure.column in features
    ]
    assert all(failure.count <= 0.05 * rows for failure in unreadable)
