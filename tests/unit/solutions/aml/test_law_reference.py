"""The engine and a slow second reading of the law owe the same on random portfolios."""

import pytest
from law_reference import owed
from portfolios import EVERY_RULE, a_portfolio, frame_of

from yunque.solutions.aml.law.evaluate import evaluate
from yunque.solutions.aml.law.read_catalogue import catalogue

COMPARED = ("R01", "R02", "R03", "R04", "R05", "R06", "R07", "R08", "R09", "R10", "R11", "R12", "R13", "R14")


def apart(rows, seed):
    """The rows of a portfolio with clients and payers of its own."""
    return [
        row
        | {
            "cliente_id": f"{seed}:{row['cliente_id']}",
            "id_pagador": None if row["id_pagador"] is None else f"{seed}:{row['id_pagador']}",
        }
        for row in rows
    ]


def by_engine(rows):
    """What the engine owes, in the words of the reference, and the evaluation."""
    found = evaluate(frame_of(rows), catalogue())
    records = found.obligations.filter(found.obligations["regla"].str.slice(0, 3).is_in(COMPARED)).to_dicts()
    answer = {(r["cliente_id"], r["id_operacion"], r["regla"][:3], r["vence"]) for r in records}
    assert len(answer) == len(records)
    sums = {(r["cliente_id"], r["id_operacion"]): r["orden"] for r in records if r["regla"].startswith("R03")}
    return answer, sums, found


def compare(seeds, lists_of):
    """Compare many portfolios at once, and the operations behind the sums of the first few."""
    rows = [row for seed in seeds for row in apart(a_portfolio(seed, among=EVERY_RULE), seed)]
    mine, sums, found = by_engine(rows)
    theirs, lists = owed(rows)
    assert mine == theirs, sorted(map(str, mine ^ theirs))[:10]
    assert sums.keys() == lists.keys()
    for name in sorted(sums)[:lists_of]:
        assert list(found.accumulated_ids(sums[name])) == lists[name], name
    return {rule for _, _, rule, _ in mine}


def test_two_hundred_and_fifty_random_portfolios_owe_the_same():
    assert compare(range(250), lists_of=150) == set(COMPARED)


def test_a_portfolio_alone_owes_the_same():
    for seed in range(1000, 1005):
        compare([seed], lists_of=5)


@pytest.mark.slow
def test_a_thousand_random_portfolios_owe_the_same():
    compare(range(10_000, 11_000), lists_of=1_000)
