"""Hold rows against the table that a model was made from: every column, its answers, all columns together.

A run that looks at many columns asks many questions. Each answer is a p-value that is right for its size of
sample; Holm's correction over all of them keeps the chance of any alarm at 1 % where nothing moved, whatever
the number of rows or columns. In large samples a move of no consequence is sure, too: an alarm must also
reach a floor (see `drift_values.Floors`), and a stability index what is usual at this size.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from yunque.models.bundle_reference import measured_frame
from yunque.monitoring.domain_classifier import FEWEST_ROWS, classify_domains
from yunque.monitoring.drift_answers import compare_answers
from yunque.monitoring.drift_columns import compare_column
from yunque.monitoring.drift_reference import EMPTY, DriftReference, outputs_of
from yunque.monitoring.drift_tests import holm
from yunque.monitoring.drift_values import ALPHA, Drift, Floors, Moved, Together, Verdict


@dataclass(frozen=True, kw_only=True)
class DriftWish:
    """How to measure.

    Attributes:
        floors: effects below which nothing is an alarm.
        alpha: how often a run may alarm although nothing moved.
        is_together: also learn to tell today's rows from those of training; takes seconds.
        seed: of samples and parts.
        threads: that may be used.
    """

    floors: Floors = field(default_factory=Floors)
    alpha: float = ALPHA
    is_together: bool = True
    seed: int = 7
    threads: int = 1


def measure_drift(
    reference: DriftReference, frame: pl.DataFrame, answers: pl.DataFrame, wish: DriftWish | None = None
) -> Drift:
    """Measure how rows differ from the table that the model was made from.

    Args:
        reference: what the bundle remembers.
        frame: typed features of today, as `TablePrediction.typed` holds them; columns may be missing.
        answers: the model's answers to rows of today, as `models.prediction` names them; may be empty.
        wish: how to measure.
    """
    asked = wish or DriftWish()
    today = measured_frame(reference.contract.schema, frame)
    notes: list[tuple[str, dict[str, object]]] = []
    columns = [
        compare_column(reference, column, frame[column.name], today[column.name], asked.floors)
        for column in reference.contract.schema.features
        if column.name in frame.columns
    ]
    absent = [c.name for c in reference.contract.schema.features if c.name not in frame.columns]
    if absent:
        notes.append(("absent", {"columns": ", ".join(absent[:10]), "count": len(absent)}))
    if reference.sample is None:
        notes.append(("no_sample", {}))
    outputs = outputs_of(reference.task, answers) if answers.width else EMPTY
    judged = compare_answers(reference, outputs, asked.floors) if outputs.size else ()
    together = _together(reference, today, asked, notes) if asked.is_together else None
    return _corrected(
        Drift(
            rows=frame.height,
            reference_rows=reference.rows,
            sample_rows=reference.sample.frame.height if reference.sample else 0,
            columns=tuple(column for column in columns if column.verdicts),
            answers=judged,
            together=together,
            notes=tuple(notes),
            alpha=asked.alpha,
        )
    )


def _together(
    reference: DriftReference,
    today: pl.DataFrame,
    asked: DriftWish,
    notes: list[tuple[str, dict[str, object]]],
) -> Together | None:
    if reference.sample is None:
        return None
    found = classify_domains(reference.sample.frame, today, seed=asked.seed, threads=asked.threads)
    if found is None:
        notes.append(("too_few_together", {"fewest": FEWEST_ROWS}))
        return None
    floor = max(asked.floors.together, found.usual)
    verdict = Verdict(question="together", effect=found.auc, floor=floor, p=found.p)
    order = sorted(found.shares.items(), key=lambda item: -item[1])
    return Together(verdict=verdict, shares=dict(order))


def _corrected(drift: Drift) -> Drift:
    """Correct every p-value for the number of questions, and decide what is an alarm."""
    verdicts = list(_verdicts(drift))
    corrected = holm(np.array([verdict.p for verdict in verdicts]))
    decided = iter(
        [
            replace(v, corrected=float(p), is_alarm=bool(p <= drift.alpha and v.effect >= v.floor))
            for v, p in zip(verdicts, corrected, strict=True)
        ]
    )

    def again(moved: Sequence[Moved]) -> list[Moved]:
        return [replace(each, verdicts=tuple(next(decided) for _ in each.verdicts)) for each in moved]

    columns, answers = again(drift.columns), again(drift.answers)
    together = replace(drift.together, verdict=next(decided)) if drift.together else None
    columns.sort(key=lambda each: (-each.weight, -each.strength, -each.importance, each.name))
    return replace(drift, columns=tuple(columns), answers=tuple(answers), together=together)


def _verdicts(drift: Drift) -> Iterable[Verdict]:
    for moved in (*drift.columns, *drift.answers):
        yield from moved.verdicts
    if drift.together:
        yield drift.together.verdict
