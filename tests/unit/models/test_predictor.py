"""The predictor: one row, many rows and a table give the same bits; bad rows are refused by field."""

import copy
import threading
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from bundle_world import CITIES, World
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yunque.data.schema import Kind
from yunque.errors import ContractError, UsageError
from yunque.learning.task import TaskKind
from yunque.models.predictor import Predictor
from yunque.models.trusted_load import load_bundle

EXAMPLES = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the contract's timestamps are naive UTC

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "amount €": st.one_of(st.none(), st.floats(allow_infinity=False, allow_nan=False), st.integers(-9, 9)),
    "class": st.integers(-(2**63), 2**63 - 1),
    "city": st.one_of(st.none(), st.sampled_from([*CITIES, "NA", " Oslo ", "oslo", ""]), st.text(max_size=5)),
    "member?": st.one_of(st.none(), st.booleans()),
    "day": st.one_of(st.none(), st.dates(date(1700, 1, 1), date(2400, 1, 1)).map(date.isoformat)),
    "at": st.one_of(
        st.none(),
        st.integers(-(10**15), 10**16).map(lambda i: (EPOCH + timedelta(microseconds=i)).isoformat()),
    ),
    "note": st.one_of(st.none(), st.text(alphabet="red blue ROT,;\n", max_size=20)),
}
ROWS = st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=6)
TEXTS = {"city", "note", "day", "at"}


def as_frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    dtypes = {"amount €": pl.Float64, "class": pl.Int64, "member?": pl.Boolean}
    return pl.DataFrame(rows, schema={name: dtypes.get(name, pl.String) for name in VALUES}, strict=False)


def outputs_of(world: World, frame: pl.DataFrame) -> np.ndarray:
    if world.kind is TaskKind.REGRESSION:
        return frame.select("prediction").to_numpy()
    return frame.select([f"probability_{c}" for c in world.predictor.classes]).to_numpy()


@given(rows=ROWS)
@EXAMPLES
def test_one_row_many_rows_and_a_table_give_the_same_bits(world: World, rows: list[dict[str, Any]]) -> None:
    predictor = world.predictor
    single = np.concatenate([predictor.evaluate_rows([row]) for row in rows])
    assert predictor.evaluate_rows(rows).tobytes() == single.tobytes()
    table = predictor.predict_table(as_frame(rows))
    assert not len(table.rejected_rows)
    assert outputs_of(world, table.frame).tobytes() == single.tobytes()
    answers = predictor.predict_rows(rows)
    assert answers == [predictor.predict_row(row) for row in rows]
    assert [answer.value for answer in answers] == table.frame["prediction"].to_list()
    assert answers == [predictor.predict_features([row[f] for f in predictor.fields]) for row in rows]
    text = as_frame(rows).with_columns(pl.col("amount €", "class", "member?").cast(pl.String))
    assert outputs_of(world, predictor.predict_table(text).frame).tobytes() == single.tobytes()


def test_the_table_it_learnt_from_gives_the_champions_own_bits(world: World) -> None:
    held_out = world.leaderboard.held_out
    table = world.predictor.predict_table(world.frame)
    assert outputs_of(world, table.frame).tobytes() == held_out.predictions[held_out.rows].tobytes()
    assert table.rejected == () and table.warnings == ()


def test_a_table_longer_than_a_block_gives_the_same_bits(
    binary: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = binary.predictor.predict_table(binary.frame).frame
    monkeypatch.setattr("yunque.models.predictor.CHUNK", 7)
    assert binary.predictor.predict_table(binary.frame).frame.equals(whole)


def test_answers_follow_the_threshold_and_confidence_is_that_of_the_answer(binary: World) -> None:
    frame = binary.predictor.predict_table(binary.frame).frame
    positive = frame["probability_yes"] >= 0.4
    assert frame["prediction"].to_list() == ["yes" if p else "no" for p in positive]
    assert frame.filter(positive)["confidence"].min() < 0.5  # honest: below the half, yet answered
    assert frame.filter(positive)["confidence"].equals(
        frame.filter(positive)["probability_yes"], check_names=False
    )
    assert frame.filter(~positive)["confidence"].equals(
        frame.filter(~positive)["probability_no"], check_names=False
    )


def test_classes_come_back_as_they_were(world: World) -> None:
    prediction = world.predictor.predict_row(world.predictor.example)
    expected = {TaskKind.BINARY: str, TaskKind.MULTICLASS: int, TaskKind.REGRESSION: float}[world.kind]
    assert type(prediction.value) is expected
    assert world.predictor.classes == world.leaderboard.task.classes


def test_regression_gives_an_interval_and_no_confidence(world: World) -> None:
    predictor, example = world.predictor, world.predictor.example
    prediction = predictor.predict_row(example)
    if world.kind is not TaskKind.REGRESSION:
        assert prediction.interval is None
        assert prediction.confidence == max(prediction.probabilities or ()) or world.kind is TaskKind.BINARY
        with pytest.raises(UsageError):
            predictor.predict_interval(example)
        return
    value = prediction.value
    assert isinstance(value, float)
    assert prediction.confidence is None and prediction.probabilities is None
    assert prediction.interval == (value - 1.25, value + 1.5)
    assert predictor.predict_interval([example]).tolist() == [[value - 1.25, value + 1.5]]
    assert predictor.predict_interval(example).tolist() == [value - 1.25, value + 1.5]
    assert list(predictor.predict_table(world.frame).frame.columns) == [
        "order id",
        "when",
        "prediction",
        "interval_low",
        "interval_high",
    ]
    with pytest.raises(UsageError, match="interval"):
        predictor.predict_proba(example)


def test_predict_and_predict_proba_take_a_dict_a_list_and_frames(world: World) -> None:
    predictor = world.predictor
    frame = world.frame.head(7)
    rows = frame.select(predictor.fields).to_dicts()
    expected = predictor.predict_table(frame).frame["prediction"].to_list()
    assert predictor.predict(frame).tolist() == expected
    assert predictor.predict(frame.to_pandas()).tolist() == expected
    assert predictor.predict(rows).tolist() == expected
    assert predictor.predict(rows[0]) == expected[0]
    if world.kind is TaskKind.REGRESSION:
        return
    shares = predictor.predict_proba(frame)
    assert shares.shape == (7, len(predictor.classes))
    assert predictor.predict_proba(rows).tobytes() == shares.tobytes()
    assert predictor.predict_proba(rows[0]).tobytes() == shares[0].tobytes()
    assert np.allclose(shares.sum(axis=1), 1.0, atol=1e-12)


def test_no_rows_give_no_answers(world: World) -> None:
    assert world.predictor.predict_rows([]) == []
    assert world.predictor.predict_table(world.frame.clear()).frame.height == 0
    assert len(world.predictor.predict(world.frame.clear())) == 0


def failures(world: World, row: Any) -> dict[str | None, str]:
    with pytest.raises(ContractError) as caught:
        world.predictor.predict_row(row)
    assert caught.value.hint
    return {failure.column: failure.check for failure in caught.value.failures}


def test_wrong_fields_are_named_all_at_once(binary: World) -> None:
    row = {**binary.predictor.example, "amount €": "many", "member?": 7, "clas": 1}
    del row["class"]
    assert failures(binary, row) == {
        "amount €": "unreadable",
        "member?": "unreadable",
        "class": "missing_column",
        "clas": "extra_column",
    }
    with pytest.raises(ContractError, match=r"'clas' is unknown\. Did you mean 'class'"):
        binary.predictor.predict_row({**binary.predictor.example, "clas": 1})


@pytest.mark.parametrize(
    ("field", "value", "check"),
    [
        ("amount €", True, "unreadable"),
        ("amount €", [1.0], "unreadable"),
        ("amount €", {"a": 1}, "unreadable"),
        ("class", 1.5, "unreadable"),
        ("class", 2**70, "unreadable"),
        ("class", None, "missing_value"),
        ("class", "", "missing_value"),
        ("class", float("nan"), "missing_value"),
        ("city", ["Oslo"], "unreadable"),
        ("day", "32/13/2024", "unreadable"),
        ("at", 12.5, "unreadable"),
    ],
)
def test_a_value_of_a_wrong_kind_is_refused(binary: World, field: str, value: Any, check: str) -> None:
    assert failures(binary, {**binary.predictor.example, field: value}) == {field: check}


def test_an_optional_field_may_be_absent_and_is_missing_then(binary: World) -> None:
    row = binary.predictor.example
    without = {name: value for name, value in row.items() if name != "note"}
    assert binary.predictor.predict_row(without) == binary.predictor.predict_row({**row, "note": None})


def test_unknown_fields_are_refused_or_ignored_by_wish(binary: World) -> None:
    row = binary.predictor.example
    assert failures(binary, {**row, "colour": "red"}) == {"colour": "extra_column"}
    plain = binary.predictor.predict_row(row)
    assert binary.predictor.predict_row({**row, "colour": "red"}, extra="ignore") == plain
    assert binary.predictor.predict_row({**row, "order id": "o1", "when": "x", "late": "yes"}) == plain


def test_what_is_no_record_is_refused(binary: World) -> None:
    with pytest.raises(ContractError, match="named fields"):
        binary.predictor.predict_rows([binary.predictor.example, [1, 2]])  # type: ignore[list-item]
    for values in ([1.0], "abcdefg", {}, [None] * 8):
        with pytest.raises(ContractError, match="7 features"):
            binary.predictor.predict_features(values)  # type: ignore[arg-type]


def test_every_bad_row_of_a_list_is_named_with_its_number(binary: World) -> None:
    good = binary.predictor.example
    with pytest.raises(ContractError) as caught:
        binary.predictor.predict_rows([good, {**good, "class": None}, good, {**good, "day": "soon"}])
    assert [(f.rows, f.column) for f in caught.value.failures] == [((1,), "class"), ((3,), "day")]


def test_the_caller_keeps_its_record(binary: World) -> None:
    row = binary.predictor.example
    before = copy.deepcopy(row)
    binary.predictor.predict_row(row)
    assert row == before


def test_rejected_rows_of_a_table_keep_their_place_and_the_reason(world: World) -> None:
    rows = world.frame.head(6).to_dicts()
    rows[1]["class"] = None
    rows[4]["amount €"] = "lots"
    text = pl.DataFrame([{k: None if v is None else str(v) for k, v in row.items()} for row in rows])
    found = world.predictor.predict_table(text)
    assert found.rejected_rows.tolist() == [1, 4]
    assert {(f.column, f.check) for f in found.rejected} == {
        ("class", "missing_value"),
        ("amount €", "unreadable"),
    }
    assert found.frame["prediction"].is_null().to_list() == [False, True, False, False, True, False]
    whole = world.predictor.predict_table(world.frame.head(6)).frame
    kept = [0, 2, 3, 5]
    assert found.frame[kept].drop("when").equals(whole[kept].drop("when"))
    with pytest.raises(ContractError) as caught:
        world.predictor.predict(text)
    assert caught.value.failures == found.rejected


def test_columns_of_a_table_that_it_does_not_know_are_told(binary: World) -> None:
    frame = binary.frame.head(2).with_columns(pl.lit(1).alias("colour"))
    warnings = binary.predictor.predict_table(frame).warnings
    assert [(w.check, w.examples, w.severity) for w in warnings] == [("extra_column", ("colour",), "warning")]


def test_a_table_without_a_required_column_is_refused(binary: World) -> None:
    with pytest.raises(ContractError, match="'class'"):
        binary.predictor.predict_table(binary.frame.drop("class", "city"))


def test_a_table_may_lack_optional_ids_and_columns(binary: World) -> None:
    frame = binary.frame.drop("order id", "when", "late", "note")
    found = binary.predictor.predict_table(frame).frame
    assert found.columns == ["prediction", "confidence", "probability_no", "probability_yes"]
    assert found.height == frame.height


def test_carried_columns_never_hide_an_answer(binary: World) -> None:
    from yunque.models.prediction import beside

    answers = pl.DataFrame({"prediction": [1]})
    assert beside(pl.DataFrame({"prediction": ["x"]}), answers).columns == ["prediction_input", "prediction"]


def test_the_label_says_which_model_answers(binary: World) -> None:
    assert binary.predictor.version_label == f"orders@{binary.bundle.id[:12]}"
    loaded = load_bundle(binary.bundle.folder)
    assert Predictor.from_bundle(loaded, version_label="orders@3").version_label == "orders@3"


def test_the_example_is_a_real_row_that_can_be_sent(world: World) -> None:
    example = world.predictor.example
    assert tuple(example) == world.predictor.fields
    row = world.frame.row(0, named=True)
    for column in world.contract.schema.features:
        if column.kind not in (Kind.DATE, Kind.TIMESTAMP):
            assert example[column.name] == row[column.name]


def test_threads_may_share_a_predictor(world: World) -> None:
    rows = world.frame.select(world.predictor.fields).head(40).to_dicts()
    expected = [world.predictor.predict_row(row) for row in rows]
    found: dict[int, Any] = {}

    def answer(offset: int) -> None:
        for _ in range(5):
            for i in range(offset, len(rows), 4):
                found[i] = world.predictor.predict_row(rows[i])
                assert found[i] == expected[i]

    threads = [threading.Thread(target=answer, args=(offset,)) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[i] for i in range(len(rows))] == expected
