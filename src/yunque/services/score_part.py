"""Score one part of a file: here, or wherever `runtime.parallel` does it, from references alone."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from yunque.data.table import write_table
from yunque.errors import ContractError
from yunque.models.prediction import TablePrediction
from yunque.models.predictor import Predictor
from yunque.models.trusted_load import load_bundle
from yunque.services.explain_rows import with_explanations
from yunque.services.parts import Part
from yunque.services.set_rows import with_sets

REASONS = {"row": pl.Int64, "column": pl.String, "check": pl.String, "reason": pl.String}


@dataclass(frozen=True, kw_only=True)
class PartReference:
    """Everything that another process needs to score a part: paths that it must reach, and a few words.

    Attributes:
        bundle: folder of the model's bundle; `bundle_id` is what must lie there.
        label: which model answers, for example "channel@3".
        batch: Parquet file with the part's rows.
        answers: file to write; its suffix tells the format.
        reasons: file to write when rows were rejected.
        first_row: rows of the source before this part.
        threads: threads of the compiled part.
        explain: whether to put what each column adds beside each answer.
        sets: whether to put the set of classes that holds the truth beside each answer.
    """

    bundle: str
    bundle_id: str
    label: str
    batch: str
    answers: str
    reasons: str
    first_row: int
    threads: int
    explain: bool
    sets: bool = False


@dataclass(frozen=True, kw_only=True)
class ScoredPart:
    """The answers of a part, the reasons of its rows without one, and what is known of it."""

    answers: pl.DataFrame
    reasons: pl.DataFrame
    part: Part


def score_part(reference: PartReference) -> Part:
    """Score the part that `reference` names and write its files; doing it twice writes the same bytes.

    Raises:
        BundleError: another bundle lies there.
        ContractError: required columns are missing.
        StorageError: the disk refuses.
    """
    predictor = _predictor(reference.bundle, reference.bundle_id, reference.label)
    batch = pl.read_parquet(reference.batch)
    scored = score_batch(
        predictor,
        batch,
        first_row=reference.first_row,
        threads=reference.threads,
        explain=reference.explain,
        sets=reference.sets,
    )
    write_table(scored.answers, Path(reference.answers))
    if scored.part.has_reasons:
        write_table(scored.reasons, Path(reference.reasons))
    return scored.part


@functools.lru_cache(2)  # a worker scores many parts with one model
def _predictor(folder: str, bundle_id: str, label: str) -> Predictor:
    return Predictor.from_bundle(load_bundle(Path(folder), expected_id=bundle_id), version_label=label)


def score_batch(
    predictor: Predictor,
    batch: pl.DataFrame,
    *,
    first_row: int,
    threads: int,
    explain: bool,
    sets: bool = False,
) -> ScoredPart:
    """Answer every row of a batch that starts after `first_row` rows of its source."""
    prediction = predictor.predict_table(batch, threads=threads)
    reasons = explain_rejections(predictor, batch, prediction, first_row=first_row)
    part = Part(
        rows=batch.height,
        rejected=len(prediction.rejected_rows),
        has_reasons=reasons.height > 0,
        warnings=tuple(warning.message for warning in prediction.warnings),
    )
    answers = with_explanations(predictor, prediction) if explain else prediction.frame
    answers = with_sets(predictor, prediction, answers) if sets else answers
    return ScoredPart(answers=answers, reasons=reasons, part=part)


def explain_rejections(
    predictor: Predictor, batch: pl.DataFrame, prediction: TablePrediction, *, first_row: int
) -> pl.DataFrame:
    """Give every reason of every rejected row, with row numbers counted from 1 over the whole source."""
    known = [name for name in predictor.fields if name in batch.columns]
    records: list[dict[str, Any]] = []
    for position in prediction.rejected_rows.tolist():
        row = batch.select(known).row(position, named=True)
        records += [{"row": first_row + position + 1, **reason} for reason in _reasons(predictor, row)]
    return pl.DataFrame(records, schema=REASONS)


def _reasons(predictor: Predictor, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    try:
        predictor.predict_row(row)
    except ContractError as error:
        return [
            {"column": failure.column, "check": failure.check, "reason": failure.message}
            for failure in error.failures
        ]
    return [{"column": None, "check": "unreadable", "reason": "The row breaks the contract of the table."}]
