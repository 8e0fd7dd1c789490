"""How well questions are understood, and what one costs: `python -m benchmarks.ask`.

Prints, for each set of test questions, the share of intents and of whole slots that are right, and the time
of reading a question and of answering it from a plan made by hand. Warm, one thread; times are the machine's.
"""

import argparse
import platform
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import yaml

TESTS = Path(__file__).parents[1] / "tests" / "unit" / "solutions"
sys.path.insert(0, str(TESTS))
SETS = ("first", "second", "third", "fourth", "fifth")


def plain(slots: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in slots.items()}


def main() -> None:
    from demand_shop import TODAY, make_desk

    from yunque.errors import UsageError
    from yunque.solutions.demand.questions.answer import answer
    from yunque.solutions.demand.questions.understand import Names, make_reader, understand

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--articles", type=int, default=2000, help="articles of the catalogue that is read against"
    )
    articles = parser.parse_args().articles
    desk = make_desk()
    names = desk.names
    more = {f"X-{at:05d}": f"Repuesto {at % 97} modelo {at}" for at in range(articles - len(names.articles))}
    large = Names(
        articles={**names.articles, **more},
        categories=names.categories,
        suppliers=names.suppliers,
        warehouses=["Bodega Norte", "Bodega Centro", "Bodega Sur"],
        cities=["Bogotá", "Medellín", "Cali"],
    )
    reader = make_reader(large, "CO")
    understand(reader, "¿Qué compro?", TODAY)
    answer(desk, "¿Qué vendí?")
    reading, answering = [], []
    print(f"{'set':8} {'questions':>9} {'intent':>8} {'slots':>8} {'refused':>8}")
    for name in SETS:
        rows = yaml.safe_load((TESTS / "demand_questions" / f"{name}.yaml").read_text("utf-8"))
        right = whole = refused = unanswerable = 0
        for row in rows:
            began = time.perf_counter()
            found = understand(reader, row["q"], TODAY)
            reading.append(time.perf_counter() - began)
            right += found.intent == row["i"]
            slots = found.query.slots if found.query else {}
            whole += slots == plain(row["s"]) and found.intent == row["i"]
            unanswerable += row["i"] == "unknown"
            refused += row["i"] == "unknown" and found.query is None
            began = time.perf_counter()
            try:
                answer(desk, row["q"])
            except UsageError:
                continue
            answering.append(time.perf_counter() - began)
        shares = f"{right / len(rows):8.1%} {whole / len(rows):8.1%}"
        print(f"{name:8} {len(rows):9} {shares} {refused:>4}/{unanswerable}")
    for label, times in (
        (f"read against {articles:,} articles", reading),
        ("read and answered, 25 articles", answering),
    ):
        times.sort()
        middle, high, most = (1000 * times[at] for at in (len(times) // 2, int(len(times) * 0.99), -1))
        print(f"{label}: median {middle:.1f} ms, 99 % {high:.1f} ms, most {most:.1f} ms")
    print(f"{platform.machine()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
