"""What is bought for an asked period: more for longer ones, a later one on its own, and said in words."""

from datetime import timedelta

import numpy as np
import pytest
from demand_case import small_basis
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.errors import UsageError
from yunque.solutions.demand.cover import SOON_DAYS
from yunque.solutions.demand.plan import make_plan
from yunque.solutions.demand.plan_values import PurchasePlan
from yunque.solutions.demand.questions.answer import Answer, answer
from yunque.solutions.demand.questions.desk import Desk
from yunque.solutions.demand.wish import PlanWish


def plan(first: float = 0.0, last: float | None = None) -> PurchasePlan:
    return make_plan(small_basis(), PlanWish(cover_from=first, cover_to=last))


def needed(made: PurchasePlan) -> np.ndarray:
    return np.array([line.needed for line in sorted(made.lines, key=lambda line: line.article.code)])


@settings(max_examples=12, deadline=None)
@given(st.integers(7, 200), st.integers(1, 120))
def test_a_longer_period_never_needs_less(days: int, more: int) -> None:
    assert (needed(plan(last=float(days))) <= needed(plan(last=float(days + more))) + 1e-9).all()


def test_an_asked_period_changes_what_is_bought() -> None:
    costs = [plan(last=days).cost for days in (7.0, 14.0, 30.0, 60.0, 90.0)]
    assert costs == sorted(costs) and len(set(costs)) == len(costs)


def test_a_later_period_is_bought_for_on_its_own() -> None:
    alone = plan(first=SOON_DAYS + 20, last=SOON_DAYS + 50)
    whole = plan(last=SOON_DAYS + 50)
    assert alone.cost < whole.cost
    for line in alone.lines:
        assert line.left_then is not None and 0 <= line.left_then <= max(line.position.total, 0.0) + 1e-9
        assert line.needed == pytest.approx(max(line.levels.order_up_to - line.left_then, 0.0))
        assert line.levels.days == 30.0


def test_a_period_that_is_over_cannot_be_bought_for() -> None:
    with pytest.raises(UsageError):
        PlanWish(cover_from=5.0, cover_to=5.0)


def test_outcomes_that_were_drawn_before_are_the_same_as_fresh_ones() -> None:
    wishes = (PlanWish(demand_factor=1.3), PlanWish(extra_lead_days=5.0), PlanWish(budget=1e6), PlanWish())
    warm = small_basis()
    kept = [make_plan(warm, wish) for wish in (*wishes, *wishes)]
    assert kept[:4] == kept[4:]
    assert kept[3] == make_plan(small_basis.__wrapped__(), PlanWish())


def asked(question: str) -> Answer:
    basis = small_basis()

    def replan(changes: object) -> PurchasePlan:
        return make_plan(basis, PlanWish(**changes))  # type: ignore[arg-type]

    return answer(Desk(plan=make_plan(basis), movements=basis.book.movements, replan=replan), question)


def test_the_period_is_named_and_resizes_every_answer_about_purchases() -> None:
    short, long = "las próximas 2 semanas", "los próximos 3 meses"
    for ask in ("¿Qué compro para {}?", "¿Cuánto tengo que invertir en {}?"):
        first, second = asked(ask.format(short)), asked(ask.format(long))
        assert first.found and second.found and first.found.plan and second.found.plan
        assert first.found.plan.cost < second.found.plan.cost
        last = small_basis().book.today + timedelta(days=13)
        assert f"alcance hasta el {last.day} de " in first.child and "14 días" in first.child
        assert first.child != second.child


def test_this_week_is_the_plan_itself() -> None:
    found = asked("¿Qué compro esta semana?")
    assert found.found and found.found.plan and found.found.plan.covers is None
