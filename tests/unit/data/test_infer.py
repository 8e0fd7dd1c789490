"""Inference proposes what a person would: kinds, roles and readings, and says what it assumed."""

import datetime as dt
import random

import polars as pl
import pytest

from yunque.data.contract import Contract
from yunque.data.infer import MOST_LEVELS, Wishes, infer_contract, notes_in_words
from yunque.data.schema import Kind, Reading, Role
from yunque.data.validate import check_table
from yunque.errors import NotFoundError, UsageError

at = dt.datetime.fromisoformat

ROWS = 400
WORDS = ["red", "green", "blue", "fast", "slow", "new", "old", "big", "small", "cat", "dog"]
START = dt.date(2024, 1, 1)


def column_of(make, *, rows=ROWS, seed=3):
    """Make a column of values, the same every time."""
    chance = random.Random(seed)
    return [make(chance, row) for row in range(rows)]


def inferred(values, name="x", wishes=None, **others):
    """Infer the contract of a table with one column, and give that column with its notes."""
    frame = pl.DataFrame({name: pl.Series(values, strict=False), **others})
    contract, notes = infer_contract(frame, wishes)
    return contract.schema.column(name), [note for note in notes if note.column == name]


def day(chance, _):
    return START + dt.timedelta(chance.randint(0, 700))


def spanish(text):
    return text.translate(str.maketrans(",.", ".,"))


@pytest.mark.parametrize(
    ("make", "kind", "reading"),
    [
        (lambda r, _: f"{r.uniform(-5, 5):.3f}", Kind.NUMBER, Reading()),
        (lambda r, _: f"{r.uniform(-5, 5):.2f}".replace(".", ","), Kind.NUMBER, Reading(decimal=",")),
        (lambda r, _: f"{r.randint(0, 5_000_000):,}", Kind.INTEGER, Reading(thousands=",")),
        (lambda r, _: spanish(f"{r.randint(0, 5_000_000):,}"), Kind.INTEGER, Reading(decimal=",", thousands=".")),
        (lambda r, _: spanish(f"{r.uniform(0, 50_000):,.2f}"), Kind.NUMBER, Reading(decimal=",", thousands=".")),
        (lambda r, _: f"${r.uniform(0, 50_000):,.2f}", Kind.NUMBER, Reading(thousands=",", currency="$")),
        (lambda r, _: f"MXN {r.randint(0, 900)}", Kind.INTEGER, Reading(currency="MXN")),
        (lambda r, _: f"{r.uniform(0, 90):.2f} €".replace(".", ","), Kind.NUMBER, Reading(decimal=",", currency="€")),
        (lambda r, _: f"{r.uniform(0, 100):.1f}%", Kind.NUMBER, Reading(percent=True)),
        (lambda r, _: f"{r.randint(0, 5_000_000):,}".replace(",", "'"), Kind.INTEGER, Reading(thousands="'")),
        (lambda r, _: f"{r.uniform(0, 9e6):,.2f}".replace(",", "\u202f").replace(".", ","), Kind.NUMBER, Reading(decimal=",", thousands=" ")),
        (lambda r, _: str(r.randint(0, 20)), Kind.INTEGER, Reading()),
        (lambda r, _: r.choice("01"), Kind.INTEGER, Reading()),
        (lambda r, _: r.choice(["1e-05", "2.5E+10", "3"]), Kind.NUMBER, Reading()),
        (lambda r, _: r.choice(["S", "N"]), Kind.BOOLEAN, Reading(true_words=("s",), false_words=("n",))),
        (lambda r, _: r.choice(["Sí", "SI", "no"]), Kind.BOOLEAN, Reading(true_words=("si", "sí"), false_words=("no",))),
        (lambda r, _: r.choice(["True", "False", ""]), Kind.BOOLEAN, Reading(true_words=("true",), false_words=("false",))),
        (lambda r, _: r.choice(["V", "F"]), Kind.BOOLEAN, Reading(true_words=("v",), false_words=("f",))),
        (lambda r, _: r.choice(["M", "F"]), Kind.CATEGORY, Reading()),
        (lambda r, _: r.choice(["yes", "no", "maybe"]), Kind.CATEGORY, Reading()),
        (lambda r, _: r.choice(["0-5", "5-10"]), Kind.CATEGORY, Reading()),
        (lambda r, _: f"{r.randint(1, 99)} kg", Kind.CATEGORY, Reading()),
        (lambda r, _: f"{r.randint(1, 9)}E{r.randint(1, 9)}", Kind.CATEGORY, Reading()),
        (lambda r, _: str(r.randint(0, 80)).zfill(3), Kind.CATEGORY, Reading()),
        (lambda r, _: " ".join(r.choices(WORDS, k=8)), Kind.TEXT, Reading()),
        (lambda r, i: str(day(r, i)), Kind.DATE, Reading()),
        (lambda r, i: f"{day(r, i)}T00:00:00", Kind.DATE, Reading()),
        (lambda r, i: day(r, i).strftime("%d/%m/%Y"), Kind.DATE, Reading(date_order="dmy")),
        (lambda r, i: day(r, i).strftime("%d.%m.%y"), Kind.DATE, Reading(date_order="dmy")),
        (lambda r, i: day(r, i).strftime("%m/%d/%Y"), Kind.DATE, Reading(date_order="mdy")),
        (lambda r, i: f"{day(r, i)}T10:{r.randint(10, 59)}Z", Kind.TIMESTAMP, Reading()),
        (lambda r, i: day(r, i).strftime("%m/%d/%Y 11:30 PM"), Kind.TIMESTAMP, Reading(date_order="mdy")),
        (lambda r, _: r.choice([True, False]), Kind.BOOLEAN, Reading()),
        (lambda r, _: r.random(), Kind.NUMBER, Reading()),
        (lambda r, _: r.randint(0, 1), Kind.INTEGER, Reading()),
        (day, Kind.DATE, Reading()),
        (lambda r, i: dt.datetime.combine(day(r, i), dt.time()), Kind.DATE, Reading()),
        (lambda r, i: dt.datetime.combine(day(r, i), dt.time(r.randint(0, 23))), Kind.TIMESTAMP, Reading()),
        (lambda r, _: dt.timedelta(seconds=r.randint(0, 99)), Kind.NUMBER, Reading()),
    ],
)  # fmt: skip
def test_kinds_and_readings(make, kind, reading):
    column, _ = inferred(column_of(make))
    assert (column.kind, column.reading) == (kind, reading)
    assert column.role is Role.FEATURE


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_small_tables_are_read_too(rows):
    column, _ = inferred([f"{row},5" for row in range(rows)])
    assert (column.kind, column.reading.decimal) == (Kind.NUMBER, ",")
    assert column.role is Role.FEATURE


# Missing words and bad cells ----------------------------------------------------------------------------------


def test_phrases_for_missing_among_numbers_are_learnt_and_said():
    column, notes = inferred(column_of(lambda r, row: "Sin dato" if row % 3 else str(r.randint(0, 99))))
    assert column.kind is Kind.INTEGER
    assert column.reading.missing_words == ("sin dato",)
    assert "'Sin dato' among numbers is read as missing" in notes[0].message


def test_a_repeated_word_among_many_numbers_is_missing_but_a_level_is_not():
    many, _ = inferred(column_of(lambda r, row: "ninguno" if row % 9 == 0 else str(r.randint(0, 99))))
    assert many.reading.missing_words == ("ninguno",)
    few, _ = inferred(column_of(lambda r, _: r.choice(["2", "4", "more"])))
    assert few.kind is Kind.CATEGORY


def test_a_few_bad_cells_do_not_hide_numbers():
    values = column_of(lambda r, row: f"oops{row}" if row % 100 == 0 else str(r.randint(0, 9999)))
    column, notes = inferred(values)
    assert column.kind is Kind.INTEGER
    assert notes[0].severity == "warning"
    assert "1.00% of the cells are not" in notes[0].message


def test_mixed_columns_are_categories():
    column, _ = inferred(column_of(lambda r, row: r.choice(WORDS) if row % 2 else str(r.randint(0, 50))))
    assert column.kind is Kind.CATEGORY


def test_none_and_dash_are_values_among_categories():
    column, notes = inferred(column_of(lambda r, _: r.choice(["none", "co-applicant", "-"])))
    assert column.reading.kept_words == ("-", "none")
    assert set(column.levels) == {"none", "co-applicant", "-"}
    assert "kept as a value" in notes[0].message
    sign, _ = inferred(column_of(lambda r, _: r.choice("+-")), wishes=Wishes(target="x"))
    assert set(sign.levels) == {"+", "-"}


def test_yes_and_none_are_two_categories_but_yes_no_none_are_a_boolean():
    assert inferred(column_of(lambda r, _: r.choice(["yes", "none"])))[0].levels
    column, _ = inferred(column_of(lambda r, _: r.choice(["yes", "no", "none"])))
    assert column.kind is Kind.BOOLEAN


def test_na_is_namibia_among_countries_and_missing_elsewhere():
    countries, _ = inferred(column_of(lambda r, _: r.choice(["NA", "ES", "MX"])))
    assert "NA" in countries.levels
    grades, _ = inferred(column_of(lambda r, _: r.choice(["NA", "Good", "Fair"])))
    assert "NA" not in grades.levels


# Doubt --------------------------------------------------------------------------------------------------------


def test_dates_that_nothing_settles_are_reported():
    column, notes = inferred(column_of(lambda r, _: f"{r.randint(1, 12):02}/{r.randint(1, 12):02}/2024"))
    assert column.reading.date_order == "dmy"
    assert notes[0].severity == "warning"
    assert "day/month/year was assumed" in notes[0].message


def test_the_order_of_rows_settles_doubtful_dates():
    days = sorted(column_of(lambda r, _: dt.date(2024, r.randint(1, 12), r.randint(1, 12))))
    column, notes = inferred([day.strftime("%m/%d/%Y") for day in days])
    assert column.reading.date_order == "mdy"
    assert "rows are sorted so" in notes[0].message


def test_one_day_beyond_twelve_settles_the_order():
    column, notes = inferred(["03/04/2024", "05/06/2024", "03/13/2024", "07/08/2024", "01/02/2024"])
    assert column.reading.date_order == "mdy"
    assert not notes


def test_points_before_three_digits_are_reported():
    column, notes = inferred(column_of(lambda r, _: f"{r.randint(1, 999)}.{r.randint(0, 999):03}"))
    assert column.reading == Reading()
    assert "taken as a decimal sign" in notes[0].message


def test_another_column_settles_the_decimal_sign():
    doubtful = column_of(lambda r, _: f"{r.randint(1, 999)}.{r.randint(0, 999):03}")
    certain = column_of(lambda r, _: f"{r.random():.2f}".replace(".", ","))
    column, notes = inferred(doubtful, certain=certain)
    assert column.reading == Reading(decimal=",", thousands=".")
    assert column.kind is Kind.INTEGER
    assert not notes


# Roles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("key", [f"{number:032x}" for number in range(ROWS)]),
        ("who", [f"Name Surname{number}" for number in range(ROWS)]),
        ("PassengerId", random.Random(1).sample(range(10**6), ROWS)),
        ("id_cliente", [str(number) for number in random.Random(1).sample(range(10**6), ROWS)]),
        ("n", list(range(ROWS))),
        ("n", [str(number + 1) for number in range(ROWS)]),
        ("n", random.Random(1).sample(range(ROWS), ROWS)),
        ("unnamed_1", list(range(7))),
        ("long", [str(10**25 + number) for number in range(ROWS)]),
    ],
)
def test_ids_are_set_aside_with_a_reason(name, values):
    column, notes = inferred(values, name=name)
    assert column.role is Role.ID
    assert column.reason
    assert not column.required
    assert any("carried as an id" in note.message for note in notes)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("price", random.Random(1).sample(range(10**6), ROWS)),
        ("price", sorted(random.Random(1).sample(range(10**6), ROWS))),
        ("year", list(range(1600, 1600 + ROWS))),
        ("n", list(range(1900, 1900 + 100))),
        ("age", random.Random(1).sample(range(20, 60), 30)),
        ("customer_id", [0.5 + number for number in range(ROWS)]),
        ("rank", [float(number) for number in range(ROWS)]),
        ("epoch", [1_700_000_000 + 3600 * number for number in range(ROWS)]),
    ],
)
def test_numbers_that_may_say_something_are_features(name, values):
    assert inferred(values, name=name)[0].role is Role.FEATURE


def test_keys_that_repeat_are_categories():
    for values in ([7, 8, 9] * 100, ["17850", "12345", "99"] * 100):
        column, _ = inferred(values, name="customer_id")
        assert (column.kind, column.role) == (Kind.CATEGORY, Role.FEATURE)
    assert set(column.levels) == {"17850", "12345", "99"}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["x"] * 9, "every value is 'x'"),
        ([2013] * 9, "every value is '2013'"),
        ([None] * 9, "every value is missing"),
        (["", " ", "NA"] * 3, "every value is missing"),
        ([float("nan")] * 9, "every value is missing"),
        ([[1], [2]] * 5, "list"),
        ([{"a": 1}] * 9, "struct"),
        ([b"x"] * 9, "binary"),
        (column_of(lambda r, _: f"{r.randint(0, 23):02}:{r.randint(0, 59):02}"), "times of day"),
    ],
)
def test_what_cannot_be_learnt_from_is_set_aside_with_a_reason(values, reason):
    column, notes = inferred(values)
    assert column.role is Role.IGNORE
    assert reason in column.reason
    assert any(reason in note.message for note in notes)


def test_one_row_has_no_constants():
    assert inferred(["x"])[0].role is Role.FEATURE


def test_a_value_or_nothing_is_a_feature():
    assert inferred(["x", None] * 20)[0].role is Role.FEATURE


def test_levels_come_most_frequent_first_and_open_when_many():
    column, _ = inferred(["b"] * 3 + ["a"] * 3 + ["c"] * 5 + ["d"])
    assert column.levels == ("c", "a", "b", "d")
    many, _ = inferred([f"v{number % (MOST_LEVELS + 1)}" for number in range(3 * MOST_LEVELS)])
    assert many.kind is Kind.CATEGORY
    assert many.levels == ()


def test_ranges_are_those_of_the_table():
    column, _ = inferred([3, None, -2, 8])
    assert (column.minimum, column.maximum) == (-2.0, 8.0)


# Wishes -------------------------------------------------------------------------------------------------------


def test_wished_roles_are_given():
    frame = pl.DataFrame(
        {
            "y": ["a", "b"],
            "t": ["2024-01-01", "2024-01-02"],
            "g": [1, 2],
            "w": [1.0, 2.0],
            "i": [5, 6],
            "z": [1, 2],
        }
    )
    wishes = Wishes(
        target="y", time_column="t", group_column="g", weight_column="w", ids=("i",), ignore=("z",)
    )
    contract, _ = infer_contract(frame, wishes, name="mine")
    assert contract.name == "mine"
    assert {column.name: column.role for column in contract.schema} == {
        "y": Role.TARGET, "t": Role.TIME, "g": Role.GROUP, "w": Role.WEIGHT, "i": Role.ID, "z": Role.IGNORE,
    }  # fmt: skip
    assert not contract.schema.target.nullable
    assert contract.schema.column("z").reason == "asked to be ignored"
    assert contract.schema.column("g").maximum is None  # new groups are no surprise


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["yes", "no"] * 20, Kind.CATEGORY),
        (["0", "1"] * 20, Kind.INTEGER),
        ([True, False] * 20, Kind.BOOLEAN),
        ([0, 1] * 20, Kind.INTEGER),
        ([f"{number},5" for number in range(40)], Kind.NUMBER),
        ([f"class {number}" for number in range(40)], Kind.CATEGORY),
        ([" ".join(WORDS[:5]) + str(number) for number in range(40)], Kind.CATEGORY),
        (list(range(40)), Kind.INTEGER),
        (["x"] * 40, Kind.CATEGORY),
    ],
)
def test_targets_keep_their_labels(values, kind):
    column, _ = inferred(values, wishes=Wishes(target="x"))
    assert (column.kind, column.role) == (kind, Role.TARGET)


def test_wished_kinds_win_and_their_reading_is_found():
    wishes = Wishes(kinds={"x": Kind.CATEGORY})
    assert inferred([1, 2, 3] * 20, wishes=wishes)[0].levels == ("1", "2", "3")
    dates, _ = inferred(["13/01/2024", "soon", "late"], wishes=Wishes(kinds={"x": Kind.DATE}))
    assert (dates.kind, dates.reading.date_order) == (Kind.DATE, "dmy")
    numbers, _ = inferred(["1,5", "a", "b"], wishes=Wishes(kinds={"x": Kind.NUMBER}))
    assert numbers.reading.decimal == ","


def test_a_target_said_to_be_a_quantity_is_read_as_numbers():
    values = column_of(lambda r, row: str(r.randint(0, 99)).zfill(3) if row % 4 else "withheld by owner")
    assert inferred(values, wishes=Wishes(target="x"))[0].kind is Kind.CATEGORY
    assert inferred(values, wishes=Wishes(target="x", task_is_regression=True))[0].kind is Kind.NUMBER
    words = column_of(lambda r, _: r.choice(WORDS))
    assert inferred(words, wishes=Wishes(target="x", task_is_regression=True))[0].kind is Kind.CATEGORY


def test_impossible_wishes_are_refused():
    frame = pl.DataFrame({"amount": [1, 2], "name": ["a", "b"], "list": [[1], [2]]})
    with pytest.raises(NotFoundError, match="'amont'") as error:
        infer_contract(frame, Wishes(target="amont"))
    assert "'amount'" in error.value.hint
    with pytest.raises(NotFoundError):
        infer_contract(frame, Wishes(kinds={"nope": Kind.DATE}))
    with pytest.raises(UsageError, match="both target and ignore"):
        infer_contract(frame, Wishes(target="amount", ignore=("amount",)))
    with pytest.raises(UsageError, match="neither dates nor numbers"):
        infer_contract(frame, Wishes(time_column="name"))
    with pytest.raises(UsageError, match="does not hold numbers"):
        infer_contract(frame, Wishes(weight_column="name"))
    with pytest.raises(UsageError, match="cannot be the target"):
        infer_contract(frame, Wishes(target="list"))


def test_notes_are_said_in_words_warnings_first():
    frame = pl.DataFrame({"const": ["x"] * 30, "when": ["01/02/2024", "03/04/2024", "02/01/2024"] * 10})
    _, notes = infer_contract(frame)
    lines = list(notes_in_words(notes))
    assert lines[0].startswith("Column 'when': ")
    assert lines[1] == "Column 'const' is not used: every value is 'x'."


def test_hard_names_are_kept():
    names = ["class", "dos palabras", "😀", "año", "", " x ", "self", "name"]
    contract, _ = infer_contract(pl.DataFrame({name: [1.5, 2.5] for name in names}))
    assert list(contract.schema.names) == names
    assert Contract.from_yaml(contract.to_yaml()) == contract


def test_big_tables_are_sampled_and_the_rest_is_found_by_the_check():
    values = [str(number) for number in range(250_000)]
    values[123_457] = "oops"
    frame = pl.DataFrame({"amount": values})
    contract, _ = infer_contract(frame)
    assert contract.schema.column("amount").kind is Kind.INTEGER
    checked = check_table(contract, frame, need_target=False)
    assert checked.bad_rows.tolist() == [123_457]


def test_the_same_table_from_text_and_from_typed_columns_gives_the_same_kinds():
    typed = pl.DataFrame(
        {
            "n": [1, 2, None] * 30,
            "x": [0.5, None, 2.0] * 30,
            "d": [START, None, dt.date(2024, 5, 6)] * 30,
            "t": [at("2024-01-01T10:00:00"), None, at("2024-01-02T00:00:00")] * 30,
            "c": ["a", "b", None] * 30,
            "b": [True, False, None] * 30,
            "customer_id": [1, 2, 3] * 30,
        }
    )
    text = pl.read_csv(typed.write_csv().encode(), infer_schema=False)
    kinds = [
        [(column.name, column.kind, column.role, column.levels) for column in infer_contract(frame)[0].schema]
        for frame in (typed, text)
    ]
    assert kinds[0] == kinds[1]
