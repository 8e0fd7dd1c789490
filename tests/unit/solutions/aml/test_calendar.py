"""What is due when, and the report of nothing."""

from datetime import date

from rows import Said, op

from yunque.solutions.aml.calendar import to_send
from yunque.solutions.aml.law.read_catalogue import catalogue


def test_a_month_with_notices_and_one_without():
    said = Said(
        op("VIII", "2026-04-10", 800_000),
        op("VIII", "2026-04-11", 800_000, cliente_id="b"),
        op("XII-A-c", "2026-05-02", 1),
    )
    april = to_send(said.all, date(2026, 4, 30), ["VIII", "XII"], catalogue())
    assert [(due.fraction, due.what, due.acts) for due in april] == [
        ("VIII", "avisos", 2),
        ("XII", "informe_en_ceros", 0),
    ]
    assert {due.due for due in april} == {date(2026, 5, 17)}
    assert {due.working for due in april} == {date(2026, 5, 18)}
    may = to_send(said.all, date(2026, 5, 1), ["VIII", "XII", "VIII"], catalogue())
    assert [(due.fraction, due.what) for due in may] == [("VIII", "informe_en_ceros"), ("XII", "avisos")]


def test_nothing_at_all_is_a_report_of_nothing():
    due = to_send(Said(op("VIII", "2026-04-10", 1)).all, date(2026, 12, 5), ["VIII"], catalogue())
    assert [(item.what, item.due, item.working) for item in due] == [
        ("informe_en_ceros", date(2027, 1, 17), date(2027, 1, 18))
    ]
