"""Features of a client's past: against a slow loop, and unchanged by anything that comes later."""

from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.solutions.orders.columns import AMOUNTS, CHANNELS, CLIENT, TARGET, TIME
from yunque.solutions.orders.generator import generate
from yunque.solutions.orders.history import HISTORY, MEANS, SEVERAL, next_moment, with_history
from yunque.solutions.orders.intake import by_client
from yunque.solutions.orders.intake_file import take_in_frame
from yunque.solutions.orders.questions import OWN, Question, to_learn

FIRST = datetime(2024, 1, 1)  # noqa: DTZ001 - the files have no zone


def table(rows: list[tuple[int, int, int, int | None]]) -> pl.DataFrame:
    """Orders of (client, day, channel, cents of the amount)."""
    base = generate(len(rows), 1)
    raw = base.with_columns(
        pl.Series(CLIENT, [f"C{client}" for client, *_ in rows]),
        pl.Series(TIME, [FIRST + timedelta(days=day) for _, day, _, _ in rows]).cast(pl.Datetime("us")),
        pl.Series(TARGET, [CHANNELS[channel] for *_, channel, _ in rows]),
        pl.Series(
            AMOUNTS[0], [None if cents is None else cents / 100 for *_, cents in rows], dtype=pl.Float64
        ),
    )
    return by_client(take_in_frame(raw, "t", FIRST + timedelta(days=2_000)).frame)


orders = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 12), st.integers(0, 2), st.none() | st.integers(0, 10**7)),
    min_size=1,
    max_size=40,
)


def slow(frame: pl.DataFrame, client: str, moment: datetime) -> dict[str, object]:
    """The same features of one row, by looking at every earlier order."""
    past = frame.filter((pl.col(CLIENT).cast(pl.String) == client) & (pl.col(TIME) < moment))
    channels = past[TARGET].cast(pl.String).to_list()
    days = sorted(past[TIME].unique().to_list(), reverse=True)
    last = []
    for day in days[:2]:
        found = set(past.filter(pl.col(TIME) == day)[TARGET].cast(pl.String).to_list())
        last.append(found.pop() if len(found) == 1 else SEVERAL)
    n = len(channels)
    amounts = past[AMOUNTS[0]].drop_nulls().to_list()
    return {
        "canal_pedido_prev": last[0] if last else None,
        "canal_pedido_prev_2": last[1] if len(last) > 1 else None,
        "n_pedidos_prev": n,
        "n_digital_prev": channels.count("DIGITAL"),
        "pct_digital_prev": channels.count("DIGITAL") / n if n else None,
        "dias_desde_ultimo_pedido": float((moment - days[0]).days) if n else None,
        "antiguedad_dias": float((moment - days[-1]).days) if n else None,
        MEANS[0]: pytest.approx(sum(amounts) / len(amounts)) if amounts else None,
    }


@settings(max_examples=40, deadline=None)
@given(orders)
def test_the_past_is_what_a_slow_loop_finds(rows: list[tuple[int, int, int, int | None]]) -> None:
    frame = table(rows)
    for row in with_history(frame).with_columns(pl.col(CLIENT).cast(pl.String)).iter_rows(named=True):
        expected = slow(frame, row[CLIENT], row[TIME])
        assert {name: row[name] for name in expected} == expected


@settings(max_examples=40, deadline=None)
@given(orders, st.integers(0, 12))
def test_no_later_order_and_no_other_client_changes_a_bit(
    rows: list[tuple[int, int, int, int | None]], day: int
) -> None:
    key = [CLIENT, TIME, TARGET, AMOUNTS[0], "cajas_fisicas"]
    frame = table(rows)
    whole = with_history(frame).with_columns(pl.col(CLIENT).cast(pl.String)).sort(key)
    some = (pl.col(TIME) <= FIRST + timedelta(days=day)) & pl.col(CLIENT).cast(pl.String).is_in(["C0", "C2"])
    part = frame.filter(some)
    if part.height:
        alone = with_history(part).with_columns(pl.col(CLIENT).cast(pl.String)).sort(key)
        assert alone.select(HISTORY).equals(whole.filter(some).select(HISTORY), null_equal=True)


def test_the_next_moment_knows_all_orders_of_each_client() -> None:
    frame = table([(0, 0, 0, 100), (0, 3, 1, 300), (1, 5, 2, None)])
    known = next_moment(frame, pl.lit(FIRST + timedelta(days=6))).with_columns(pl.col(CLIENT).cast(pl.String))
    first = known.filter(pl.col(CLIENT) == "C0").row(0, named=True)
    assert (first["n_pedidos_prev"], first["canal_pedido_prev"]) == (2, "TELEFONO")
    assert first["dias_desde_ultimo_pedido"] == 3.0 and first[MEANS[0]] == 2.0
    assert known.height == 2


def test_the_question_decides_rows_and_columns() -> None:
    frame = table([(0, 0, 0, 100), (0, 3, 1, 300), (1, 5, 2, None)])
    assert to_learn(frame, Question()).columns[3:] == list(Question().features)
    clients = to_learn(frame, Question(asked="given", rows="client"))
    assert clients.height == 2 and set(OWN) <= set(clients.columns)
    assert clients.filter(pl.col(CLIENT).cast(pl.String) == "C0")[TARGET].cast(pl.String).item() == "TELEFONO"
    assert clients[f"{TIME}_day_of_week"].to_list() == [3, 5]  # Thursday and Saturday; Monday is 0
