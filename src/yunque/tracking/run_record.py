"""What is remembered of a run, in one form for every place where it is kept."""

from typing import Any

import msgspec

Json = dict[str, Any]

FINISHED, FAILED = "finished", "failed"


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the record; what is empty is not written."""


class DatasetFact(_Part, frozen=True, kw_only=True):
    """The table: name, digest of its rows, size, where it came from in words, type by column name."""

    name: str
    digest: str
    rows: int
    columns: int
    source: str = ""
    types: dict[str, str] = {}
    target: str = ""


class ModelFact(_Part, frozen=True, kw_only=True):
    """The model that came out.

    Attributes:
        folder: its bundle, or what `loader` reads, on this machine; kept out of what others are shown.
        name, version: as the registry has them.
        aliases: what points at this version, as `champion`.
        answers: type by name of what it answers.
        example: one row that it can be asked, as JSON values.
        loader: module whose `_load_pyfunc` opens the folder; "" for a bundle.
    """

    folder: str
    name: str
    version: int
    aliases: list[str] = []
    inputs: dict[str, str] = {}
    optional: list[str] = []
    answers: dict[str, str] = {}
    example: Json = {}
    loader: str = ""


class RunRecord(_Part, frozen=True, kw_only=True):
    """One run.

    Attributes:
        experiment: what it belongs to.
        name: in words.
        kind: training, prediction, inference_test …
        started, ended: seconds since 1970, UTC.
        status: finished or failed.
        params: what was asked and chosen, as text.
        metrics: what came out, finite numbers.
        tags: what it is found by.
        files: names of files that lie beside the record.
        children: runs inside it, as the candidates of a training.
    """

    experiment: str
    name: str
    kind: str
    started: float
    ended: float
    status: str = FINISHED
    params: dict[str, str] = {}
    metrics: dict[str, float] = {}
    tags: dict[str, str] = {}
    dataset: DatasetFact | None = None
    model: ModelFact | None = None
    files: list[str] = []
    children: list["RunRecord"] = []
