"""Every check finds what it is for, and says nothing about honest tables."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.data.contract import Contract
from yunque.data.finding import Finding
from yunque.data.findings import find, known_checks
from yunque.data.schema import Column, Kind, Role, Schema

KINDS = {
    pl.Float64: Kind.NUMBER,
    pl.Int64: Kind.INTEGER,
    pl.Boolean: Kind.BOOLEAN,
    pl.String: Kind.CATEGORY,
    pl.Date: Kind.DATE,
    pl.Datetime: Kind.TIMESTAMP,
}


def contract_of(frame: pl.DataFrame, target: str | None = "y", **roles: Role) -> Contract:
    """Build the contract of a typed frame: features, but for the target and the roles given by name."""
    columns = tuple(
        Column(
            name=name,
            kind=KINDS[frame.schema[name].base_type()],
            role=Role.TARGET if name == target else roles.get(name, Role.FEATURE),
        )
        for name in frame.columns
    )
    return Contract(name="t", schema=Schema(columns=columns))


def day(year: int, month: int, number: int) -> datetime:
    return datetime(year, month, number, tzinfo=UTC).replace(tzinfo=None)


def found_in(frame: pl.DataFrame, target: str | None = "y", **given) -> dict[str, Finding]:
    roles = {name: role for name, role in given.items() if isinstance(role, Role)}
    options = {name: value for name, value in given.items() if name not in roles}
    found = find(contract_of(frame, target, **roles), frame, **options)
    assert len({finding.id for finding in found}) == len(found)
    for finding in found:
        assert finding.message
        assert finding.suggested_action
        assert json.loads(json.dumps(finding.to_dict()))["id"] == finding.id
    return {finding.id: finding for finding in found}


def honest(rows: int = 2_000, seed: int = 0, kind: str = "binary") -> pl.DataFrame:
    """Draw a table without tricks: five numbers, a category, a target with a good share of noise."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 5))
    level = random.choice(["a", "b", "c"], rows)
    signal = x[:, 0] + x[:, 1] * x[:, 2] + 0.5 * (level == "a") + 0.5 * x[:, 3]
    frame = pl.DataFrame({f"x{i}": x[:, i] for i in range(5)} | {"level": level})
    if kind == "regression":
        return frame.with_columns(y=pl.Series(signal + random.normal(size=rows)))
    if kind == "binary":
        p = 1.0 / (1.0 + np.exp(-2.0 * signal))
        return frame.with_columns(y=pl.Series((random.random(rows) < p).astype(np.int64)))
    labels = np.digitize(signal + 0.5 * random.normal(size=rows), [-1.0, 1.0])
    return frame.with_columns(y=pl.Series(np.array(["low", "mid", "high"])[labels]))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("seed", range(4))
def test_an_honest_table_has_no_findings(kind, seed):
    assert found_in(honest(kind=kind, seed=seed)) == {}


def test_checks_are_found_by_file_and_ordered():
    names = [check.name for check in known_checks()]
    assert len(names) == len(set(names)) == 13
    assert names[0] == "target"


def test_blocking_findings_come_first():
    frame = honest().with_columns(twin=pl.col("y"), again=pl.col("x0"), one=pl.lit(1.0))
    severities = [finding.severity for finding in found_in(frame).values()]
    assert severities[0] == "blocking"
    assert severities == sorted(severities, key=["blocking", "warning", "info"].index)


# target


def test_target_column_absent():
    frame = honest().drop("y")
    contract = contract_of(honest())
    (finding,) = find(contract, frame)
    assert (finding.id, finding.severity) == ("target_missing", "blocking")


def test_target_all_missing_constant_or_partly_missing():
    frame = honest(200)
    none = found_in(frame.with_columns(y=pl.lit(None, dtype=pl.Int64)))
    assert none["target_missing"].severity == "blocking"
    constant = found_in(frame.with_columns(y=pl.lit(1, dtype=pl.Int64)))
    assert constant["target_constant"].severity == "blocking"
    gaps = pl.when(pl.int_range(pl.len()) % 10 == 0).then(None).otherwise(pl.col("y"))
    partly = found_in(frame.with_columns(y=gaps))
    assert partly["target_partly_missing"].evidence == {"rows": 200, "missing": 20}
    assert partly["target_partly_missing"].severity == "warning"


def test_target_nearly_unique_many_classes_and_rare_class():
    frame = honest(400)
    unique = found_in(frame.with_columns(y=pl.Series([f"name {i}" for i in range(400)])))
    assert unique["target_nearly_unique"].severity == "blocking"
    many = found_in(frame.with_columns(y=pl.Series([f"c{i % 150}" for i in range(400)])))
    assert many["target_many_classes"].severity == "warning"
    rare = found_in(frame.with_columns(y=pl.Series(["rare"] * 3 + ["a", "b"] * 198 + ["a"])), folds=5)
    assert rare["class_too_rare"].evidence["classes"] == ["rare"]
    assert rare["class_too_rare"].evidence["fewest_rows"] == 3
    assert "class_too_rare" not in found_in(frame.with_columns(y=pl.Series(["x"] * 5 + ["y"] * 395)), folds=5)


def test_too_few_rows_and_no_rows():
    assert (
        found_in(honest(400).filter(pl.col("y").is_first_distinct()))["too_few_rows"].severity == "blocking"
    )
    assert found_in(honest(10).head(0))["target_missing"].severity == "blocking"


def test_without_a_target_the_other_checks_still_run():
    frame = honest().drop("y").with_columns(one=pl.lit("same"))
    assert set(found_in(frame, target=None)) == {"constant_columns"}


# copies and sums


@pytest.mark.parametrize(
    "twin",
    [
        pl.col("y"),
        pl.col("y") * 3.25 - 7,
        pl.col("y").exp(),
        -(pl.col("y") ** 3),
        pl.when(pl.int_range(pl.len()) % 7 == 0).then(None).otherwise(pl.col("y")),
    ],
    ids=["equal", "affine", "exp", "reversed", "with gaps"],
)
def test_copies_of_a_value(twin):
    found = found_in(honest(kind="regression").with_columns(twin=twin))
    assert found["copy_of_target:twin"].severity == "blocking"
    assert "single_column_leak:twin" not in found


def test_copies_of_a_class():
    frame = honest(kind="multiclass")
    recoded = pl.col("y").replace_strict({"low": 7, "mid": 3, "high": 5}, return_dtype=pl.Int64)
    assert "copy_of_target:twin" in found_in(frame.with_columns(twin=recoded))
    flag = found_in(honest().with_columns(twin=pl.col("y") == 0))
    assert flag["copy_of_target:twin"].severity == "blocking"


def test_a_noisy_copy_is_no_exact_copy():
    frame = honest(kind="regression")
    noise = np.random.default_rng(1).normal(size=frame.height) * 1e-3
    found = found_in(frame.with_columns(twin=pl.col("y") + pl.Series(noise)))
    assert "copy_of_target:twin" not in found
    assert found["single_column_leak:twin"].severity == "blocking"


@pytest.mark.parametrize("parts", [2, 3])
def test_the_target_is_a_sum_of_columns(parts):
    frame = honest(3_000, kind="regression")
    random = np.random.default_rng(3)
    pieces = {f"part{i}": pl.Series(random.gamma(2.0, 1.0 + i, frame.height)) for i in range(parts)}
    frame = frame.with_columns(**pieces).with_columns(y=pl.sum_horizontal(*pieces))
    finding = found_in(frame)["target_is_combination"]
    assert set(finding.columns) == set(pieces)
    assert finding.severity == "blocking"


def test_the_target_is_a_product_of_columns():
    frame = honest(3_000, kind="regression")
    random = np.random.default_rng(3)
    price, pieces = random.gamma(2.0, 3.0, 3_000).round(2) + 1, random.integers(1, 30, 3_000)
    frame = frame.with_columns(price=price, pieces=pl.Series(pieces), y=pl.Series((price * pieces).round(2)))
    assert set(found_in(frame)["target_is_combination"].columns) == {"price", "pieces"}


def test_a_noisy_linear_target_is_no_sum():
    frame = honest(3_000, kind="regression").with_columns(y=pl.sum_horizontal("x0", "x1", "x2"))
    noise = pl.Series(np.random.default_rng(5).normal(size=3_000) * 0.01)
    assert "target_is_combination" in found_in(frame)
    assert "target_is_combination" not in found_in(frame.with_columns(y=pl.col("y") + noise))


# leaks


def test_a_column_written_after_the_outcome():
    frame = honest()
    status = pl.when(pl.col("y") == 0).then(pl.lit("closed")).when(pl.col("x0") > 0).then(pl.lit("late"))
    found = found_in(frame.with_columns(status=status.otherwise(pl.lit("lost"))))
    finding = found["single_column_leak:status"]
    assert finding.severity == "blocking"
    assert finding.evidence["roc_auc"] == 1.0
    assert finding.evidence["skill_of_others_together"] < 0.8


def test_a_decisive_column_of_an_easy_question_only_warns():
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 3_000)
    x = y[:, None] * 8.0 + random.normal(size=(3_000, 6))
    frame = pl.DataFrame({f"x{i}": x[:, i] for i in range(6)}).with_columns(y=pl.Series(y))
    found = found_in(frame)
    assert all(finding.severity == "warning" for finding in found.values())


def test_a_column_that_stands_out_far_warns():
    frame = honest(5_000, kind="regression")
    late = pl.col("y") + pl.Series(np.random.default_rng(2).normal(size=5_000))
    rest = frame.select(pl.col("x3", "x4", "level")).with_columns(
        frame["y"], late=frame.select(late).to_series()
    )
    found = found_in(rest)
    assert found["column_stands_out:late"].severity == "warning"


def test_plan_and_actual_give_themselves_away_by_their_difference():
    random = np.random.default_rng(0)
    planned, delay = random.uniform(0, 1_440, 4_000), random.gamma(1.0, 20.0, 4_000) - 10
    frame = pl.DataFrame(
        {
            "planned": planned,
            "actual": planned + delay + random.normal(size=4_000),
            "distance": random.uniform(100, 3_000, 4_000),
            "y": delay > 15,
        }
    )
    finding = found_in(frame)["difference_leak:planned-actual"]
    assert finding.evidence["skill"] > 0.8 > 0.1 > finding.evidence["skill_of_better_alone"]


def test_a_share_computed_over_all_rows_of_a_client():
    random = np.random.default_rng(0)
    client = np.sort(random.integers(0, 800, 6_000))
    y = (random.random(6_000) < random.beta(3.0, 3.0, 800)[client]).astype(np.int64)
    share = np.bincount(client, weights=y, minlength=800) / np.maximum(1, np.bincount(client, minlength=800))
    keys = pl.Series([f"C{key:04d}" for key in client])
    frame = honest(6_000).with_columns(client=keys, share=share[client], y=pl.Series(y))
    finding = found_in(frame, client=Role.ID)["computed_from_outcomes:share"]
    assert finding.severity == "warning"
    assert finding.columns == ("share", "client")
    assert finding.evidence["dispersion"] < 0.3
    honest_frame = frame.with_columns(share=pl.Series(random.beta(3.0, 3.0, 800)[client]))
    assert "computed_from_outcomes:share" not in found_in(honest_frame, client=Role.ID)


def test_missingness_that_knows_the_outcome():
    frame = honest()
    late = pl.when((pl.col("y") == 1) | (pl.int_range(pl.len()) % 10 == 0)).then(pl.col("x4"))
    found = found_in(frame.with_columns(refund=late))
    assert found["missingness_predicts_target:refund"].severity == "warning"
    gaps = pl.when(pl.int_range(pl.len()) % 3 > 0).then(pl.col("x4"))
    assert found_in(frame.with_columns(x4=gaps)) == {}


# columns


def test_ids_constants_and_codes_of_rows():
    frame = honest().with_columns(
        code=pl.Series([f"C{i:05d}" for i in range(2_000)]),
        key=pl.Series([f"K{i:05d}" for i in range(2_000)]),
        one=pl.lit("same"),
        empty=pl.lit(None, dtype=pl.Float64),
        note=pl.Series([f"the customer number {i} asked for a refund" for i in range(2_000)]),
    )
    found = found_in(frame, key=Role.ID)
    assert set(found) == {"id_like:code", "id_columns", "constant_columns"}
    assert set(found["constant_columns"].columns) == {"one", "empty"}


def test_duplicate_columns():
    words = {"a": "A1", "b": "B2", "c": "C3"}
    frame = honest().with_columns(twin=pl.col("x1"), other_words=pl.col("level").replace_strict(words))
    found = found_in(frame)
    assert found["duplicate_columns:x1"].severity == "warning"
    assert found["duplicate_columns:level"].severity == "info"
    assert found["duplicate_columns:level"].columns == ("level", "other_words")


# rows


def test_duplicate_rows_are_counted():
    frame = honest(1_000)
    found = found_in(pl.concat([frame, frame.head(150)]))
    assert found["duplicate_rows"].evidence == {"repeated": 150, "rows": 1_150, "share": 0.1304}
    assert "conflicting_labels" not in found


def test_conflicting_labels_bound_the_accuracy():
    frame = honest(1_000)
    flipped = frame.head(100).with_columns(y=1 - pl.col("y"))
    finding = found_in(pl.concat([frame, flipped]))["conflicting_labels"]
    assert finding.evidence["rows"] == 200
    assert finding.evidence["best_possible_accuracy"] == pytest.approx(1_000 / 1_100, abs=1e-4)


# time


def test_future_dates_and_dates_after_their_own_row():
    random = np.random.default_rng(0)
    start = day(2024, 1, 1)
    begin = [start + timedelta(hours=int(h)) for h in random.integers(0, 5_000, 2_000)]
    end = [
        moment + timedelta(days=int(d))
        for moment, d in zip(begin, random.integers(-3, 3, 2_000), strict=True)
    ]
    frame = honest().with_columns(
        pl.Series("begin", begin, dtype=pl.Datetime("us")), pl.Series("end", end, dtype=pl.Datetime("us"))
    )
    found = found_in(frame, begin=Role.TIME, as_of=datetime(2024, 6, 1, tzinfo=UTC))
    late = sum(moment > day(2024, 6, 1) for moment in begin)
    assert found["future_dates:begin"].evidence["rows"] == late > 0
    assert 0.2 < found["known_later:end"].evidence["share"] < 0.5
    assert not any(name.startswith("future") for name in found_in(frame, begin=Role.TIME))


def drifting(rows: int = 4_000) -> pl.DataFrame:
    random = np.random.default_rng(0)
    days = np.sort(random.integers(0, 365, rows))
    frame = honest(rows).drop("y")
    y = random.random(rows) < 0.2 + 0.6 * days / 365
    return frame.with_columns(
        pl.Series("day", [day(2024, 1, 1) + timedelta(days=int(d)) for d in days], dtype=pl.Datetime("us")),
        pl.Series("price", days / 100 + random.normal(size=rows)),
        y=pl.Series(y),
    )


def test_order_in_time_suggests_a_time_split():
    finding = found_in(drifting())["order_in_time:day"]
    assert finding.severity == "warning"
    assert "--time-column 'day'" in finding.suggested_action
    assert set(finding.evidence["moved_features"]) == {"price"}
    assert found_in(drifting(), day=Role.TIME)["order_in_time:day"].severity == "info"


def test_order_of_rows_without_a_date():
    found = found_in(drifting().drop("day", "price"))
    assert found["order_of_rows"].severity == "info"
    shuffled = drifting().drop("day", "price").sample(fraction=1.0, shuffle=True, seed=1)
    assert "order_of_rows" not in found_in(shuffled)


# groups


def test_groups_that_straddle_a_random_split():
    random = np.random.default_rng(0)
    client = random.integers(0, 400, 4_000)
    habit = random.beta(0.5, 0.5, 400)
    keys = pl.Series([f"C{key:04d}" for key in client])
    frame = honest(4_000).with_columns(client=keys, y=pl.Series(random.random(4_000) < habit[client]))
    finding = found_in(frame)["groups_straddle_split:client"]
    assert finding.evidence["correlation_within_key"] == pytest.approx(0.5, abs=0.1)
    assert "groups_straddle_split:client" in found_in(frame, client=Role.ID)
    assert "groups_straddle_split:client" not in found_in(frame, client=Role.GROUP)
    shuffled = frame.with_columns(pl.col("y").shuffle(seed=1))
    assert "groups_straddle_split:client" not in found_in(shuffled)


def test_a_whole_number_that_measures_is_no_group():
    random = np.random.default_rng(0)
    area = random.integers(500, 1_500, 5_000)
    frame = honest(5_000, kind="regression").with_columns(
        area=pl.Series(area), y=pl.Series(area + 100 * random.normal(size=5_000))
    )
    assert not any(name.startswith("groups") for name in found_in(frame))


# the whole


def test_the_same_seed_gives_the_same_findings():
    frame = drifting(25_000)
    contract = contract_of(frame)
    first, second = (find(contract, frame, seed=3) for _ in range(2))
    assert [finding.to_dict() for finding in first] == [finding.to_dict() for finding in second]


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 80), st.sampled_from(["number", "word", "flag", "count"]))
def test_any_table_is_examined_without_an_error(seed, rows, target):
    random = np.random.default_rng(seed)
    levels = int(random.integers(1, 5))
    columns = {
        "number": [None, float("inf"), -1e6, 0.25, 3.0, *random.normal(size=20)],
        "word": [None, "a", "b", "", "ñ"],
        "flag": [None, True, False],
        "count": [None, -3, 0, 1, 2],
        "day": [None, date(1900, 1, 1), date(2024, 2, 29), date(2999, 12, 31)],
    }
    picks = {
        name: random.integers(0, max(1, len(values) * levels // 4), rows) for name, values in columns.items()
    }
    frame = pl.DataFrame(
        {
            name: pl.Series([values[pick] for pick in picks[name]], dtype=TYPES[name])
            for name, values in columns.items()
        }
    )
    found_in(frame, target=target, as_of=day(2024, 1, 1))


TYPES = {"number": pl.Float64, "word": pl.String, "flag": pl.Boolean, "count": pl.Int64, "day": pl.Date}
