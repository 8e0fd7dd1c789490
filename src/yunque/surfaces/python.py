"""The Python door: `yunque.check`, `yunque.train`, `yunque.load`."""

import shutil
import uuid
import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TypedDict, Unpack

from yunque.data.contract import Contract
from yunque.data.finding import Finding
from yunque.data.infer import Wishes
from yunque.errors import UsageError
from yunque.learning.decide_wish import COVERAGE, read_wish
from yunque.learning.leaderboard import Leaderboard
from yunque.learning.memory_limit import DEFAULT_MEMORY
from yunque.learning.progress import Progress, ignore
from yunque.learning.splits import SplitWish
from yunque.learning.unlabelled.task import is_without_target
from yunque.learning.unlabelled.wish import UnlabelledWish
from yunque.models.manifest import CARD, REPORT
from yunque.models.predictor import Predictor
from yunque.models.report_facts import Language
from yunque.models.trusted_load import load_bundle
from yunque.runtime.clock import REAL_CLOCK
from yunque.services.check import CheckOutcome, CheckRequest
from yunque.services.check import check as run_check
from yunque.services.publish import Published
from yunque.services.publish import publish as run_publish
from yunque.services.train import Trained, TrainRequest
from yunque.services.train_any import train_any as run_train
from yunque.surfaces.bootstrap import Platform, open_platform, person


class ColumnOptions(TypedDict, total=False):
    """What the caller knows about the columns."""

    time_column: str | None
    group_column: str | None
    weight_column: str | None
    ignore: Sequence[str]
    ids: Sequence[str]
    contract: Contract | None


class TrainOptions(ColumnOptions, total=False):
    """What a training may be told; the same words as on the command line.

    `require` are targets declared before training ("roc_auc>=0.85"), `accept` blocking findings by name,
    `holdout` a share of the rows or the first moment that is kept untouched, `sensitive` columns whose groups
    are compared in report and card. `least_recall` (0.9, or {"fraud": 0.9}) and `costs` ("cat>dog=3", or
    {"cat": {"dog": 3}}) say how classes are answered, `coverage` how often intervals and sets of classes hold
    the truth, `latency_microseconds` what one row may take, `memory` what this process may hold ("4GB", or a
    share of what is free, "75%").
    """

    name: str
    task: str
    metric: str
    require: Sequence[str]
    accept: Sequence[str]
    holdout: float | date | datetime | None
    folds: int | None
    algorithms: Sequence[str] | None
    seed: int
    threads: int
    by: str
    language: Language
    description: str
    sensitive: Sequence[str]
    keep_rows: bool
    least_recall: float | Mapping[str, float]
    costs: str | Mapping[str, Mapping[str, float]]
    coverage: float
    latency_microseconds: float
    memory: str | float
    clusters: int | None
    contamination: float
    label: str | None
    on_progress: Callable[[Progress], None]


class TrainedModel:
    """A trained model that is not published yet.

    Attributes:
        leaderboard: everything the run found.
        contract: what its rows must look like.
        findings: what was found in the table before training.
        folder: its bundle; it goes away with this object unless it is published.
    """

    def __init__(self, trained: Trained, platform: Platform, by: str) -> None:
        self.leaderboard: Leaderboard = trained.leaderboard
        self.contract: Contract = trained.outcome.contract
        self.findings: tuple[Finding, ...] = trained.outcome.findings
        self.folder: Path = trained.bundle.folder
        self._name = trained.name
        self._platform = platform
        self._by = by
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    @property
    def report(self) -> Path:
        """The report, one HTML file."""
        return self.folder / REPORT

    @property
    def card(self) -> Path:
        """The model card, Markdown."""
        return self.folder / CARD

    def predictor(self) -> Predictor:
        """Open the model for answering, from its bundle, as a server would."""
        return Predictor.from_bundle(load_bundle(self.folder, private=True))

    def publish(self, name: str = "", *, override: str = "") -> Published:
        """Publish it as the next version of `name`, and make it the champion if it passes its gates.

        Args:
            name: the model; the name it was trained under when empty.
            override: your reason to promote it in spite of what it falls short of, kept on record.
        """
        return run_publish(
            self._platform.registry, self.folder, name=name or self._name, by=self._by, override=override
        )


def check(table: object, target: str | None = None, **options: Unpack[ColumnOptions]) -> CheckOutcome:
    """Check a table before any training.

    Args:
        table: a path, a glob, several of them, or a polars, pandas or pyarrow frame.
        target: the column to predict.
        options: what is known about the columns.

    Raises:
        TableError: the table cannot be read.
        NotFoundError: a named column does not exist.
    """
    return run_check(
        CheckRequest(
            source=table,
            wishes=_wishes(target, options),
            contract=options.get("contract"),
            as_of=REAL_CLOCK.now(),
        )
    )


def train(
    table: object,
    *,
    target: str | None = None,
    budget: str | float = "60s",
    **options: Unpack[TrainOptions],
) -> TrainedModel:
    """Find the best model in the time given, and prove it against baselines.

    With `task="anomaly"` or `task="clusters"` there is no target.

    Args:
        table: a path, a glob, several of them, or a polars, pandas or pyarrow frame.
        target: the column to predict.
        budget: "60s", "5m", small, medium, large, or seconds.
        options: see `TrainOptions`.

    Raises:
        UsageError: an option names what does not exist.
        FindingsError: blocking findings that were not accepted.
        DataError: the table cannot be used.
        TrainingError: no candidate could be trained.
    """
    if target is None and not is_without_target(options.get("task", "auto")):
        raise UsageError(
            "There is no target column.", hint='Give target=, or task="anomaly" or task="clusters".'
        )
    platform = open_platform()
    by = options.get("by") or person()
    folder = platform.settings.home / "work" / uuid.uuid4().hex
    folder.parent.mkdir(parents=True, exist_ok=True)
    request = TrainRequest(
        source=table,
        source_name=Path(table).name if isinstance(table, str | Path) else "",
        name=options.get("name", "model"),
        wishes=_wishes(target, options),
        contract=options.get("contract"),
        task=options.get("task", "auto"),
        metric=options.get("metric", "auto"),
        budget=budget,
        split=SplitWish(holdout=options.get("holdout"), folds=options.get("folds")),
        requirements=tuple(options.get("require", ())),
        accept=tuple(options.get("accept", ())),
        algorithms=None if options.get("algorithms") is None else tuple(options["algorithms"] or ()),
        seed=options.get("seed", 7),
        threads=options.get("threads", platform.threads),
        parallel=platform.parallel,
        by=by,
        language=options.get("language", platform.settings.language),
        description=options.get("description", ""),
        sensitive=tuple(options.get("sensitive", ())),
        keep_rows=bool(options.get("keep_rows", True)),
        unlabelled=UnlabelledWish(
            clusters=options.get("clusters"),
            contamination=options.get("contamination", 0.01),
            label=options.get("label"),
        ),
        decision=read_wish(
            options.get("least_recall"), options.get("costs"), options.get("coverage", COVERAGE)
        ),
        latency_microseconds=options.get("latency_microseconds", 1_000.0),
        memory_limit=options.get("memory", DEFAULT_MEMORY),
    )
    trained = run_train(request, folder, platform.clock, options.get("on_progress", ignore))
    return TrainedModel(trained, platform, by)


def load(reference: str | Path) -> Predictor:
    """Open a published model ("late", "late@3", "late@champion"), or the folder of a bundle.

    Raises:
        NotFoundError: there is no such model, version or folder.
        BundleError: the bundle is corrupt or not the one that was published.
    """
    if isinstance(reference, Path):
        return Predictor.from_bundle(load_bundle(reference, private=True))
    return open_platform().registry.open(reference)


def _wishes(target: str | None, options: ColumnOptions) -> Wishes:
    return Wishes(
        target=target,
        time_column=options.get("time_column"),
        group_column=options.get("group_column"),
        weight_column=options.get("weight_column"),
        ignore=tuple(options.get("ignore", ())),
        ids=tuple(options.get("ids", ())),
    )
