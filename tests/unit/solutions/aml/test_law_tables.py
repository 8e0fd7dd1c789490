"""The tables of the law: amounts that the authority published, sources on every row, hashes, readings."""

import csv
import io
import re
from datetime import date, datetime, timedelta, timezone

import pytest
from law_reference import BEFORE, NOW, six_months_before
from rows import cents

from yunque.errors import DataError, NotFoundError
from yunque.solutions.aml.law.catalogue import Catalogue
from yunque.solutions.aml.law.deadlines import (
    is_business_day,
    monthly_due,
    months_before,
    next_business_day,
    suspicion_due,
)
from yunque.solutions.aml.law.evaluate import rules
from yunque.solutions.aml.law.read_catalogue import (
    ALL,
    PROVENANCE,
    catalogue,
    catalogue_of,
    check,
    digest_of,
    package_texts,
    read_rows,
)
from yunque.solutions.aml.law.warning import MEANINGS, Warn
from yunque.solutions.aml.money import cents_of, plain, spoken

# what the SAT's table prints for 2026, in pesos
PUBLISHED = {
    "I": ("38,125.75", "75,664.95"), "II-a": ("94,434.55", "150,743.35"), "II-b": ("75,664.95", "75,664.95"),
    "III": (None, "75,664.95"), "IV": (None, "188,282.55"), "V": (None, "941,412.75"),
    "VI": ("94,434.55", "188,282.55"), "VII": ("282,717.10", "564,847.65"), "VIII": ("376,565.10", "753,130.20"),
    "IX": ("282,717.10", "564,847.65"), "X-a": (None, "376,565.10"), "XII-A-a": (None, "938,480.00"),
    "XII-A-d": (None, "469,240.00"), "XII-B-a": ("941,412.75", "941,412.75"), "XIII": ("188,282.55", "376,565.10"),
    "XIV-d": ("56,895.35", "56,895.35"), "XIV-e": ("564,847.65", "564,847.65"), "XV": ("188,282.55", "376,565.10"),
    "XVI-a": (None, "24,635.10"), "XVI-b": (None, "469.24"),
}  # fmt: skip


@pytest.mark.parametrize("rule", PUBLISHED)
def test_amounts_of_2026_are_those_the_authority_printed(rule):
    row = catalogue().threshold_on(rule, date(2026, 3, 1))
    uma = catalogue().uma_on(date(2026, 3, 1)).cents
    for units, printed in zip((row.identify_uma, row.notice_uma), PUBLISHED[rule], strict=True):
        assert (None if units is None else units * uma) == (None if printed is None else cents(printed))


@pytest.mark.parametrize(("day", "table"), [(date(2026, 1, 1), NOW), (date(2025, 7, 16), BEFORE)])
def test_the_rows_in_force_are_those_of_the_text(day, table):
    for rule, (identify, notice) in table.items():
        row = catalogue().threshold_on(rule, day)
        assert (row.identify_uma or "S") == identify
        if isinstance(notice, int):
            assert row.notice_uma == notice


def test_every_row_says_its_source_and_how_far_it_was_verified():
    for name in ("umbrales.csv", "uma.csv", "efectivo.csv", "inhabiles.csv"):
        for row in read_rows(name):
            assert row["fuente"], row
            assert row["estado"], row
    for name in ("sectores.csv", "lecturas.csv"):
        assert all(row.get("verificacion") or row.get("estado") for row in read_rows(name))


@pytest.mark.parametrize("table", ALL)
def test_any_fact_that_changes_changes_the_hash(table):
    texts = package_texts()
    rows = list(csv.DictReader(texts[table].splitlines()))
    assert digest_of(texts) == catalogue().sha256
    known = [catalogue().sha256]
    for at in (0, len(rows) // 2, len(rows) - 1):
        for column in rows[at]:
            changed = [row | {column: f"{row[column]}1"} if n == at else row for n, row in enumerate(rows)]
            known.append(digest_of(texts | {table: csv_text(changed)}))
        known.append(digest_of(texts | {table: csv_text([row for n, row in enumerate(rows) if n != at])}))
    assert len(set(known)) == len(known)


def csv_text(rows):
    """Rows as the text of a table."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize(("table", "columns"), PROVENANCE.items())
def test_a_row_without_source_or_state_is_refused(table, columns):
    texts = package_texts()
    for column in columns:
        rows = list(csv.DictReader(texts[table].splitlines()))
        rows[1][column] = " "
        with pytest.raises(DataError, match=column) as told:
            catalogue_of(texts | {table: csv_text(rows)})
        assert told.value.place == {"file": table, "row": "3", "column": column}


def test_there_is_no_value_before_or_after_the_series():
    assert catalogue().uma_on(date(2020, 1, 31)) is None
    assert catalogue().uma_on(date(2027, 2, 1)) is None
    assert catalogue().uma_on(date(2027, 1, 31)).cents == 11731


def test_an_unknown_rule_is_named_with_its_neighbours():
    with pytest.raises(NotFoundError, match="XII-A-z"):
        catalogue().threshold_on("XII-A-z", date(2026, 1, 1))


def test_readings_change_the_hash_and_refuse_what_does_not_exist():
    anchored = catalogue().with_readings(ventana="ancla_primera_operacion")
    assert anchored != catalogue()
    assert catalogue().with_readings() == catalogue()
    assert re.fullmatch("[0-9a-f]{64}", anchored.sha256)
    with pytest.raises(NotFoundError):
        catalogue().with_readings(ventana="siempre")
    with pytest.raises(NotFoundError):
        catalogue().with_readings(ventanas="movil")


def test_an_edition_of_before_the_list_of_countries_reads_as_it_was():
    texts = package_texts()
    older = {name: text for name, text in texts.items() if name != "jurisdicciones.csv"}
    assert catalogue_of(older).jurisdictions == ()
    assert catalogue_of(older).sha256 != catalogue().sha256
    assert catalogue().with_readings(criterio="umas").jurisdictions == catalogue().jurisdictions


def test_tables_that_contradict_themselves_are_refused():
    known = catalogue()
    twice = {
        **{name: getattr(known, name) for name in Catalogue.__dataclass_fields__},
        "umas": (*known.umas, known.umas[0]),
    }
    with pytest.raises(DataError, match="overlap"):
        check(Catalogue(**twice))


def test_day_17_of_the_next_month():
    assert monthly_due(date(2026, 12, 31)) == date(2027, 1, 17)
    assert monthly_due(date(2026, 1, 1)) == date(2026, 2, 17)


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2026-04-17", "2026-04-17"),
        ("2026-05-17", "2026-05-18"),
        ("2025-03-17", "2025-03-18"),  # third Monday of March
        ("2025-11-17", "2025-11-18"),  # third Monday of November
        ("2026-10-17", "2026-10-19"),
    ],
)
def test_holidays_that_fall_on_the_17th_move_the_business_day(day, working):
    assert next_business_day(date.fromisoformat(day), catalogue().holidays) == date.fromisoformat(working)
    assert is_business_day(date.fromisoformat(working), catalogue().holidays)


def test_a_year_without_holidays_in_the_table_has_no_business_day():
    assert next_business_day(date(2040, 1, 17), catalogue().holidays) is None


def test_24_hours_run_from_the_moment_of_knowledge():
    known = datetime(2026, 3, 10, 18, 30, tzinfo=timezone(timedelta(hours=-6)))
    assert suspicion_due(known) == known + timedelta(hours=24)
    with pytest.raises(ValueError, match="time zone"):
        suspicion_due(known.replace(tzinfo=None))


def test_months_go_back_as_a_calendar_does():
    day = date(2020, 1, 1)
    while day < date(2028, 1, 1):
        assert months_before(day, 6) == six_months_before(day)
        day += timedelta(days=1)


def test_fourteen_rules_each_versioned_cited_and_explained():
    found = rules()
    assert [rule.id[:3] for rule in found] == [f"R{n:02d}" for n in range(1, 15)]
    for rule in found:
        assert rule.cited == f"{rule.id}@{rule.version}"
        assert rule.citation
        assert rule.reason.endswith(".")
        assert "cumple" not in (rule.title + rule.reason).lower()


def test_every_warning_has_a_code_and_a_text():
    assert set(MEANINGS) == set(Warn)
    assert len({meaning.code for meaning in MEANINGS.values()}) == len(Warn)


def test_money_is_read_and_written_exactly():
    assert cents_of("117.31") == 11731
    assert cents_of("5") == 500
    assert cents_of("5.1") == 510
    for wrong in ("", "1.234", "1,5", "-1", "1e3", "٣"):
        with pytest.raises(DataError):
            cents_of(wrong)
    assert plain(7566495) == "75664.95"
    assert plain(-5) == "-0.05"
    assert spoken(7566495) == "$75,664.95"
