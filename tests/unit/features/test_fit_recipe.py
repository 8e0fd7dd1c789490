"""What recipes learn from training rows, on tables small enough to check by hand."""

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest

from yunque.data.schema import Column, Kind, Role, Schema
from yunque.errors import ContractError, UsageError
from yunque.features.encode import encode
from yunque.features.fit import fit_recipe
from yunque.features.recipe import Recipe

NAN = math.nan


def one_column(kind: Kind, name: str = "c") -> Schema:
    return Schema(columns=(Column(name=name, kind=kind),))


def fitted(view: str, kind: Kind, series: pl.Series) -> tuple[Recipe, np.ndarray]:
    frame = pl.DataFrame({"c": series})
    recipe = fit_recipe(view, one_column(kind), frame)
    return recipe, encode(recipe, frame)


def names(recipe: Recipe) -> list[str]:
    return [output.name for output in recipe.outputs]


def test_category_codes_follow_frequency_and_ties_follow_the_text() -> None:
    training = pl.Series(["b", "a", "c", "c", "c", "a", "b", None, "once"])
    recipe, matrix = fitted("tree", Kind.CATEGORY, training)
    assert recipe.operations[0].learnt == {"levels": ["c", "a", "b"]}
    assert recipe.outputs[0].levels == 4
    assert recipe.categorical == (0,)
    np.testing.assert_array_equal(matrix[:, 0], [3, 2, 1, 1, 1, 2, 3, NAN, 0])
    later = encode(recipe, pl.DataFrame({"c": ["never seen", "C", "c "]}))
    assert later[:, 0].tolist() == [0.0, 0.0, 0.0]


def test_category_levels_are_capped() -> None:
    training = pl.Series([f"level {i}" for i in range(1100) for _ in range(3)])
    recipe, _ = fitted("tree", Kind.CATEGORY, training)
    assert recipe.outputs[0].levels == 1001


def test_frequency_is_the_share_of_training_rows_of_columns_with_many_levels() -> None:
    training = pl.Series(["often"] * 40 + [f"level {i}" for i in range(59)] + [None])
    recipe, matrix = fitted("tree", Kind.CATEGORY, training)
    assert names(recipe) == ["c", "c.frequency"]
    assert matrix[0, 1] == 0.4
    assert matrix[50, 1] == 0.01
    assert np.isnan(matrix[99, 1])
    assert encode(recipe, pl.DataFrame({"c": ["unseen"]}))[0, 1] == 0.0
    few, _ = fitted("tree", Kind.CATEGORY, pl.Series(["a", "b"] * 5))
    assert names(few) == ["c"]


def test_onehot_gives_unseen_levels_zeros_and_missing_its_own_column() -> None:
    recipe, matrix = fitted("linear", Kind.CATEGORY, pl.Series(["a", "a", "b", "b", "b", None, "rare"]))
    assert names(recipe) == ["c=b", "c=a", "c.missing"]
    assert matrix.tolist() == [[0, 1, 0]] * 2 + [[1, 0, 0]] * 3 + [[0, 0, 1], [0, 0, 0]]


def test_onehot_width_is_shared_among_many_categories() -> None:
    rows = [f"level {i % 20}" for i in range(200)]
    frame = pl.DataFrame({f"c{i}": rows for i in range(500)})
    schema = Schema(columns=tuple(Column(name=name, kind=Kind.CATEGORY) for name in frame.columns))
    assert len(fit_recipe("linear", schema, frame).outputs) == 1000


def test_numbers_pass_unchanged_for_trees() -> None:
    training = pl.Series([1.5, None, -0.0, math.inf])
    _, matrix = fitted("tree", Kind.NUMBER, training)
    np.testing.assert_array_equal(matrix[:, 0], [1.5, NAN, -0.0, math.inf])
    _, whole = fitted("tree", Kind.INTEGER, pl.Series([2**53 + 1, None]))
    np.testing.assert_array_equal(whole[:, 0], [2.0**53, NAN])
    _, booleans = fitted("tree", Kind.BOOLEAN, pl.Series([True, None, False]))
    np.testing.assert_array_equal(booleans[:, 0], [1.0, NAN, 0.0])


def test_scaled_numbers_have_mean_zero_deviation_one_and_missing_at_the_median() -> None:
    values = np.random.default_rng(3).normal(loc=50.0, scale=4.0, size=2000)
    recipe, matrix = fitted("linear", Kind.NUMBER, pl.Series(values))
    assert names(recipe) == ["c"]
    assert recipe.operations[0].learnt["roots"] == 0
    assert matrix.mean() == pytest.approx(0.0, abs=1e-9)
    assert matrix.std() == pytest.approx(1.0, abs=1e-9)
    later = encode(recipe, pl.DataFrame({"c": [None, float(np.median(values)), 1e300, math.inf, -math.inf]}))
    assert later[0, 0] == later[1, 0]
    assert later[2, 0] == later[3, 0] == pytest.approx(8.0, abs=0.5)
    assert later[4, 0] == pytest.approx(-8.0, abs=0.5)


def test_heavy_tails_are_drawn_in_by_square_roots() -> None:
    values = np.random.default_rng(3).lognormal(sigma=2.0, size=5000)
    recipe, matrix = fitted("linear", Kind.NUMBER, pl.Series(values))
    assert recipe.operations[0].learnt["roots"] >= 2
    assert abs(float((matrix**3).mean())) < 2.5


@pytest.mark.parametrize(
    "values", [[7.0] * 4, [None] * 4, [1e308, -1e308, 1e308, 5.0], [5e-324, 0.0, 0.0, 0.0]]
)
def test_scaling_survives_constants_emptiness_and_extremes(values: list[float | None]) -> None:
    _, matrix = fitted("linear", Kind.NUMBER, pl.Series(values, dtype=pl.Float64))
    assert np.isfinite(matrix).all()


def test_missing_flags_only_where_training_rows_have_both() -> None:
    recipe, matrix = fitted("linear", Kind.NUMBER, pl.Series([1.0, None, 3.0]))
    assert names(recipe) == ["c", "c.missing"]
    assert matrix[:, 1].tolist() == [0.0, 1.0, 0.0]
    complete, _ = fitted("linear", Kind.NUMBER, pl.Series([1.0, 2.0, 3.0]))
    assert names(complete) == ["c"]


def test_dates_give_the_parts_that_vary() -> None:
    days = [dt.date(2024, 2, 29), dt.date(2024, 3, 1), None]
    recipe, matrix = fitted("tree", Kind.DATE, pl.Series(days))
    expected = {"c.month": [2, 3], "c.day": [29, 1], "c.weekday": [4, 5], "c.day_of_year": [60, 61]}
    expected["c.epoch_days"] = [19782, 19783]
    assert names(recipe) == list(expected)
    np.testing.assert_array_equal(matrix, np.array([[*v, NAN] for v in expected.values()]).T)


def test_timestamps_give_clock_parts_and_epoch_seconds() -> None:
    moments = [dt.datetime.fromisoformat(t) for t in ("1969-12-31T23:59:59.250000", "2024-01-01T00:30:00")]
    recipe, matrix = fitted("tree", Kind.TIMESTAMP, pl.Series(moments))
    row = dict(zip(names(recipe), matrix.T.tolist(), strict=True))
    assert row["c.hour"] == [23, 0]
    assert row["c.minute_of_day"] == [1439, 30]
    assert row["c.epoch_seconds"] == [-0.75, 1704069000.0]


def test_cycles_put_december_next_to_january() -> None:
    recipe, matrix = fitted(
        "linear", Kind.DATE, pl.Series([dt.date(2023, month, 15) for month in range(1, 13)])
    )
    at = [names(recipe).index(f"c.month.{part}") for part in ("sine", "cosine")]
    circle = matrix[:, at]
    steps = np.linalg.norm(circle - np.roll(circle, 1, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0])


def test_text_is_counted_in_code_points_and_ascii_classes() -> None:
    recipe, matrix = fitted("tree", Kind.TEXT, pl.Series(["Hola, MUNDO 22", "ñandú 🙂", None, "é"]))
    row = dict(zip(names(recipe), matrix.T.tolist(), strict=True))
    assert row["c.length"][:2] == [14.0, 7.0]
    assert row["c.words"][:2] == [3.0, 2.0]
    assert row["c.digit_share"][0] == 2 / 14
    assert row["c.upper_share"][0] == 6 / 14
    assert row["c.symbol_share"][:2] == [1 / 14, 0.0]
    assert np.isnan(matrix[2]).all()


def test_only_feature_columns_are_inputs() -> None:
    roles = [role for role in Role if role is not Role.FEATURE]
    columns = [Column(name=str(role), kind=Kind.TIMESTAMP, role=role) for role in roles]
    schema = Schema(columns=(*columns, Column(name="x", kind=Kind.NUMBER)))
    frame = pl.DataFrame({"x": [1.0, 2.0]})
    for view in ("tree", "linear"):
        assert {c for op in fit_recipe(view, schema, frame).operations for c in op.columns} == {"x"}


def test_outputs_keep_unique_names_when_columns_imitate_them() -> None:
    schema = Schema(columns=tuple(Column(name=n, kind=Kind.NUMBER) for n in ("a", "a.missing")))
    frame = pl.DataFrame({"a": [1.0, None], "a.missing": [1.0, 2.0]})
    assert names(fit_recipe("linear", schema, frame)) == ["a", "a.missing", "a.missing#2"]


def test_clear_errors() -> None:
    schema = one_column(Kind.NUMBER, "x")
    frame = pl.DataFrame({"x": [1.0]})
    with pytest.raises(UsageError, match="no feature column"):
        fit_recipe("tree", Schema(columns=(Column(name="t", kind=Kind.NUMBER, role=Role.TARGET),)), frame)
    with pytest.raises(UsageError, match="view"):
        fit_recipe("neural", schema, frame)
    with pytest.raises(ContractError, match="'x'"):
        fit_recipe("tree", schema, pl.DataFrame({"y": [1.0]}))
    with pytest.raises(ContractError, match="'x'"):
        encode(fit_recipe("tree", schema, frame), pl.DataFrame({"y": [1.0]}))


def test_no_rows_give_an_empty_matrix() -> None:
    frame = pl.DataFrame({"c": [1.0, 2.0]})
    recipe = fit_recipe("tree", one_column(Kind.NUMBER), frame)
    assert encode(recipe, frame.clear()).shape == (0, 1)
