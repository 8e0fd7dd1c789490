"""How well questions are understood, and what one costs: `python -m benchmarks.ask`.

Prints, for each set of test questions, the share of intents and of whole slots that are right and how many
of the unanswerable ones are refused; the time of reading a question; and the time of whole answers about
generated companies, each kind of question by itself, those that plan anew among them. Warm, one thread.
"""

import argparse
import platform
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1] / "tests" / "unit" / "solutions"
sys.path[:0] = [str(TESTS), str(TESTS / "demand")]
ASKED = (
    "¿Qué compro?", "¿Qué artículos debo comprar el próximo mes?", "¿Qué compro para diciembre?",
    "Tengo 5 millones, ¿qué compro primero?", "¿Qué pasa si el proveedor tarda 10 días más?",
    "What if demand rises 20 %?", "¿Qué pasa si los precios suben 13 %?",
    "¿Qué compro con un nivel de servicio del 90 %?",
    "¿Cuánto tengo que invertir en los próximos 3 meses?", "¿Cuánto voy a vender el próximo trimestre?",
    "¿Qué se va a agotar esta semana?", "¿Qué me sobra en bodega?", "¿Qué artículos están creciendo?",
    "Compara las ventas de este mes con las del mes pasado", "Muéstrame la clasificación ABC",
)  # fmt: skip


def plain(slots: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in slots.items()}


def told(label: str, times: list[float]) -> None:
    times.sort()
    middle, high, most = (1000 * times[at] for at in (len(times) // 2, int(len(times) * 0.99), -1))
    print(f"{label}: median {middle:.1f} ms, 99 % {high:.1f} ms, most {most:.1f} ms")


def understanding(articles: int) -> None:
    from demand_sets import SETS, asked, make_test_reader
    from demand_shop import TODAY, make_desk

    from yunque.solutions.demand.questions.understand import Names, make_reader, understand

    names = make_desk().names
    more = {f"X-{at:05d}": f"Repuesto {at % 97} modelo {at}" for at in range(articles - len(names.articles))}
    large = Names(
        articles={**names.articles, **more},
        categories=names.categories,
        suppliers=names.suppliers,
        warehouses=["Bodega Norte", "Bodega Centro", "Bodega Sur"],
        cities=["Bogotá", "Medellín", "Cali"],
    )
    reader = make_reader(large, "CO")
    understand(make_test_reader(), "¿Qué compro?", TODAY)
    times = []
    print(f"{'set':8} {'questions':>9} {'intent':>8} {'slots':>8} {'refused':>8}")
    for name in SETS:
        rows = asked(name)
        right = whole = refused = unanswerable = 0
        for row in rows:
            before = None
            for question in row.get("b", ()):
                before = understand(reader, question, TODAY, before).query or before
            began = time.perf_counter()
            found = understand(reader, row["q"], TODAY, before)
            times.append(time.perf_counter() - began)
            right += found.intent == row["i"]
            slots = found.query.slots if found.query else {}
            whole += slots == plain(row["s"]) and found.intent == row["i"]
            unanswerable += row["i"] == "unknown"
            refused += row["i"] == "unknown" and found.query is None
        shares = f"{right / len(rows):8.1%} {whole / len(rows):8.1%}"
        print(f"{name:8} {len(rows):9} {shares} {refused:>4}/{unanswerable}")
    told(f"read against {articles:,} articles", times)


def answering(articles: int, clock: Callable[[], float]) -> None:
    from demand_case import small_basis

    from yunque.solutions.demand.plan import make_plan
    from yunque.solutions.demand.questions.answer import answer
    from yunque.solutions.demand.questions.desk import Desk
    from yunque.solutions.demand.wish import PlanWish

    basis = small_basis(articles=articles)

    def replan(changes: Mapping[str, Any]) -> Any:
        return make_plan(basis, PlanWish(**changes))

    desk = Desk(plan=make_plan(basis), movements=basis.book.movements, replan=replan)
    answer(desk, ASKED[0])
    every = []
    for question in ASKED:
        times = []
        for at in range(6):
            desk._plans.clear()  # so that the plan is made anew each time
            began = clock()
            answer(desk, question)
            times += [clock() - began] if at else []
        every += times
        print(f"  {1000 * sorted(times)[len(times) // 2]:7.1f} ms  {question}")
    told(f"answered, {articles:,} articles", every)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=2000, help="articles of the catalogue read against")
    parser.add_argument(
        "--companies", type=int, nargs="*", default=[300, 2000], help="articles of each company"
    )
    parser.add_argument("--cpu", action="store_true", help="processor time instead of the clock's")
    wish = parser.parse_args()
    understanding(wish.articles)
    for articles in wish.companies:
        answering(articles, time.process_time if wish.cpu else time.perf_counter)
    print(f"{platform.machine()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
