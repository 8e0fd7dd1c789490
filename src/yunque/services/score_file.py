"""Score a file: batches in, answers and reasons out; no row is dropped, and a killed run goes on."""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import polars as pl

from yunque.data.table import scan_batches, write_table
from yunque.models.predictor import Predictor
from yunque.runtime.parallel import Parallel, map_tasks
from yunque.services.parts import Outputs, Part, PartsFolder
from yunque.services.parts_join import format_of
from yunque.services.score_part import PartReference, score_batch, score_part


@dataclass(frozen=True, kw_only=True)
class ScoreFileRequest:
    """What to score, and where to.

    Attributes:
        source: a path, a glob, or several of them.
        output: file to write; its suffix tells the format.
        batch_rows: rows held in memory at a time.
        threads: threads of the compiled part.
        explain: whether to put what each column adds beside each answer.
        sets: whether to put the set of classes that holds the truth beside each answer.
        plan: where the parts are done; elsewhere must reach the model's folder and the output's.
        key: tells this piece of work from others for a later run; made of the files as they are when empty.
    """

    source: object
    output: Path
    batch_rows: int = 100_000
    threads: int = 1
    explain: bool = False
    sets: bool = False
    plan: Parallel = field(default_factory=Parallel)
    key: str = ""

    @property
    def parts_at_a_time(self) -> int:
        """How many parts are sent at once: enough for the slowest not to be waited for too long."""
        return max(16, 4 * self.plan.workers)

    @property
    def rejected_output(self) -> Path:
        """Where the reasons of rejected rows go."""
        return self.output.with_name(f"{self.output.name}.rejected.csv")


@dataclass(frozen=True, kw_only=True)
class ScoredFile:
    """What came of it.

    Attributes:
        rows: rows of the source; the output has as many.
        rejected: rows without an answer.
        rejected_output: where their reasons are; None when there are none.
        warnings: what was noticed without harm, each once.
        resumed_rows: rows that an earlier run of the same had scored before it was stopped.
    """

    rows: int
    rejected: int
    rejected_output: Path | None
    warnings: tuple[str, ...]
    resumed_rows: int = 0


def score_file(
    predictor: Predictor, request: ScoreFileRequest, on_rows: Callable[[int], None] | None = None
) -> ScoredFile:
    """Answer every row of a file; the outputs appear whole or not at all.

    Finished batches are kept in a hidden folder beside the output until then. A run that was killed leaves
    it, and the next one of the same source, model and output goes on after the last finished batch.

    Args:
        predictor: the model.
        request: what and where to.
        on_rows: told the number of rows done so far.

    Raises:
        UsageError: the output's suffix or folder cannot be used.
        ConflictError: another process writes the same output.
        TableError: the source cannot be read.
        ContractError: required columns are missing.
    """
    format_of(request.output)
    outputs = Outputs(answers=request.output, reasons=request.rejected_output)
    with PartsFolder(outputs, _key(predictor, request)) as folder:
        rows = resumed = sum(part.rows for part in folder.parts)
        batches = scan_batches(request.source, batch_rows=request.batch_rows)
        for part in _scored(predictor, request, folder, _skip(batches, len(folder.parts))):
            rows += part.rows
            if on_rows is not None:
                on_rows(rows)
        parts = list(folder.parts)
        has_reasons = folder.finish()
    return ScoredFile(
        rows=rows,
        rejected=sum(part.rejected for part in parts),
        rejected_output=request.rejected_output if has_reasons else None,
        warnings=tuple(dict.fromkeys(warning for part in parts for warning in part.warnings)),
        resumed_rows=resumed,
    )


def _scored(
    predictor: Predictor, request: ScoreFileRequest, folder: PartsFolder, batches: Iterable[pl.DataFrame]
) -> Iterator[Part]:
    """Score batch after batch, or some at a time elsewhere; give each part once the folder has it."""
    rows = sum(part.rows for part in folder.parts)
    if request.plan.where == "here":
        for batch in batches:
            scored = score_batch(
                predictor,
                batch,
                first_row=rows,
                threads=request.threads,
                explain=request.explain,
                sets=request.sets,
            )
            folder.add(scored.answers, scored.reasons, scored.part)
            rows += batch.height
            yield scored.part
        return
    waiting = iter(batches)
    while references := _wave(predictor, request, folder, waiting):
        parts = map_tasks(score_part, references, request.plan)
        for reference, part in zip(references, parts, strict=True):
            folder.adopt(part)
            Path(reference.batch).unlink(missing_ok=True)
            yield part


def _wave(
    predictor: Predictor, request: ScoreFileRequest, folder: PartsFolder, batches: Iterator[pl.DataFrame]
) -> list[PartReference]:
    """Write the rows of the next parts where other processes find them, as many as are done at a time."""
    number, rows = len(folder.parts), sum(part.rows for part in folder.parts)
    references = []
    for place, batch in enumerate(itertools.islice(batches, request.parts_at_a_time), start=number):
        files = folder.files_of(place)
        write_table(batch, files.batch)
        references.append(
            PartReference(
                bundle=str(predictor.bundle.folder.absolute()),
                bundle_id=predictor.bundle.id,
                label=predictor.version_label,
                batch=str(files.batch.absolute()),
                answers=str(files.answers.absolute()),
                reasons=str(files.reasons.absolute()),
                first_row=rows,
                threads=request.threads,
                explain=request.explain,
                sets=request.sets,
            )
        )
        rows += batch.height
    return references


def _skip(batches: Iterable[pl.DataFrame], count: int) -> Iterator[pl.DataFrame]:
    for number, batch in enumerate(batches):
        if number >= count:
            yield batch


def _key(predictor: Predictor, request: ScoreFileRequest) -> str:
    """Tell this piece of work from others: the files as they are now, the model, and the size of batches."""
    if request.key:
        return request.key
    files = _files(request.source)
    if files is None:
        return uuid4().hex  # a frame in memory is no file that a later run could find again
    facts = [predictor.bundle.id, predictor.version_label, request.batch_rows, request.explain, request.sets]
    for path in files:
        status = path.stat()
        facts += [str(path.resolve()), status.st_size, status.st_mtime_ns]
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _files(source: object) -> list[Path] | None:
    """Give the files of a source when all of them are there by name; None otherwise."""
    paths: list[Path] = []
    for item in source if isinstance(source, list | tuple) else [source]:
        if not isinstance(item, str | Path):
            return None
        path = Path(item)
        found = [path] if path.is_file() else sorted(path.parent.glob(path.name))
        if not found or not all(entry.is_file() for entry in found):
            return None
        paths += found
    return paths
