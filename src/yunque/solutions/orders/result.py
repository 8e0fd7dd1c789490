"""The shape of a run's results: R5's two documents of the inference test, and the metrics by R5's names."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

RESULTS, DISTRIBUTIONS = "inference_results.json", "inference_distributions.json"
NEEDED = ("predictions", "ground_truth_aligned")


def distributions(answered: Sequence[str], truth: Sequence[str], classes: Sequence[str]) -> dict[str, Any]:
    """Count answers and truths by class; both name every class, in one order."""
    return {
        "predictions": {name: sum(each == name for each in answered) for name in classes},
        "ground_truth_aligned": {name: sum(each == name for each in truth) for name in classes},
    }


def from_answers(table: pl.DataFrame) -> dict[str, Any]:
    """Make the document of distributions from a model's table of answers, truth beside where it is known."""
    answered = table["prediction"].drop_nulls().cast(pl.String).to_list()
    truth = table["truth"].drop_nulls().cast(pl.String).to_list() if "truth" in table.columns else []
    classes = sorted({*answered, *truth})
    return distributions(answered, truth, classes)


def faults(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what is wrong with a document of distributions; () when it has R5's shape."""
    found = [f"{name!r} is not there" for name in NEEDED if not isinstance(document.get(name), Mapping)]
    if found:
        return tuple(found)
    answered, truth = document["predictions"], document["ground_truth_aligned"]
    if list(answered) != list(truth):
        found.append("answers and truths do not name the same classes in one order")
    for part in (answered, truth):
        found += [f"{name!r} is counted {count!r}" for name, count in part.items() if _is_no_count(count)]
    return tuple(found)


def _is_no_count(value: Any) -> bool:
    return not isinstance(value, int) or isinstance(value, bool) or value < 0
