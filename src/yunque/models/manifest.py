"""The manifest: what a bundle is, where it came from, and the hash of every file in it."""

import hashlib
from typing import Any

import msgspec

from yunque.errors import BundleError
from yunque.learning.task import Task, TaskKind
from yunque.models.bundle_json import plain, read_json, write_json

FORMAT = 1
MANIFEST = "manifest.json"
CONTRACT = "contract.yaml"
RECIPE = "recipe.json"
BLEND = "blend.json"
INDEX = "arrays.json"
ARRAYS = "arrays.bin"
GOLDEN = "golden.json"
PROFILE = "profile.json"
LEADERBOARD = "leaderboard.csv"
ENVIRONMENT = "environment.txt"
CARD = "MODEL_CARD.md"
REPORT = "report.html"
REFERENCE = "reference/"
FAIRNESS = "fairness.json"  # only where a sensitive column was named
SAMPLE = "sample.json"  # since drift is measured

REQUIRED_FILES = (
    CONTRACT, RECIPE, BLEND, INDEX, ARRAYS, GOLDEN, PROFILE, LEADERBOARD, ENVIRONMENT, CARD, REPORT,
)  # fmt: skip

# Files that tell times or the machine's packages: a replay may give other bytes for them, and no others.
CLOCKED_FILES = (LEADERBOARD, ENVIRONMENT, CARD, REPORT)

Json = dict[str, Any]
Metrics = dict[str, float | None]


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the manifest; fields that it does not know are refused."""


class FileRecord(Record, frozen=True, kw_only=True):
    """One file: its size in bytes and SHA-256 in hex."""

    size: int
    sha256: str


class TaskRecord(Record, frozen=True, kw_only=True):
    """The question (see `learning.task.Task`)."""

    kind: str
    target: str | None
    classes: list[str | int | bool | float]
    metric: str


class DatasetRecord(Record, frozen=True, kw_only=True):
    """The table learnt from: fingerprint of its checked rows, its size, and where it came from in words."""

    fingerprint: str
    rows: int
    columns: int
    source: str = ""


class ContractRecord(Record, frozen=True, kw_only=True):
    """Which contract the rows were checked against."""

    name: str
    version: int
    digest: str


class ChampionRecord(Record, frozen=True, kw_only=True):
    """What is shipped, and its scores on rows that it did not learn from.

    `held_out` is "test" or "out_of_fold"; `members` are candidates by name with their weights.
    """

    members: dict[str, float]
    loss: float | None
    loss_error: float | None
    metrics: Metrics
    held_out: str
    held_out_rows: int
    importance: Metrics


class CandidateRecord(Record, frozen=True, kw_only=True):
    """One line of the leaderboard without its times."""

    name: str
    algorithm: str
    family: str
    params: Json
    state: str
    reason: str
    loss: float | None
    loss_error: float | None
    metrics: Metrics
    fold_losses: list[float | None]
    weight: float
    rounds: int


class BaselineRecord(Record, frozen=True, kw_only=True):
    """What the champion must beat."""

    name: str
    column: str | None
    loss: float | None
    loss_error: float | None
    metrics: Metrics


class AlarmRecord(Record, frozen=True, kw_only=True):
    """A sign that the score is too good to be honest."""

    id: str
    message: str
    evidence: Json


class FindingRecord(Record, frozen=True, kw_only=True):
    """Something noticed in the table before training."""

    id: str
    severity: str
    columns: list[str]
    message: str
    suggested_action: str
    evidence: Json


class Acceptance(Record, frozen=True, kw_only=True):
    """A blocking finding that a person accepted."""

    finding: str
    by: str
    reason: str


class Override(Record, frozen=True, kw_only=True):
    """A named person's reason to promote a model that falls short of its gates."""

    by: str
    reason: str

    def __post_init__(self) -> None:
        """Refuse an override without a name or a reason."""
        if not self.by.strip() or not self.reason.strip():
            raise ValueError("An override needs a person's name and a reason.")


class ClockRecord(Record, frozen=True, kw_only=True):
    """Everything that another run of the same plan would measure differently."""

    created: str
    budget_used_seconds: float
    stage_seconds: Metrics
    fit_seconds: Metrics
    microseconds_per_row: Metrics


class Manifest(Record, frozen=True, kw_only=True):
    """What a bundle is; `manifest.json` in canonical form, whose SHA-256 is the bundle's id."""

    format: int
    name: str
    task: TaskRecord
    dataset: DatasetRecord
    contract: ContractRecord
    split: Json
    seed: int
    champion: ChampionRecord
    candidates: list[CandidateRecord]
    baselines: list[BaselineRecord]
    alarms: list[AlarmRecord]
    findings: list[FindingRecord]
    accepted: list[Acceptance]
    requirements: list[str]
    overrides: list[Override]
    budget_seconds: float
    plan: Json
    versions: dict[str, str]
    clock: ClockRecord
    files: dict[str, FileRecord]

    def to_bytes(self) -> bytes:
        """Give the canonical document."""
        return write_json(self)

    def with_files(self, files: dict[str, FileRecord]) -> "Manifest":
        """Give the manifest with the records of its files."""
        return msgspec.structs.replace(self, files=files)

    @property
    def question(self) -> Task:
        """The task as a value.

        Raises:
            BundleError: its kind is unknown, or its classes do not fit it.
        """
        return _read_task(self.task)

    @property
    def replayable_digest(self) -> str:
        """SHA-256 of all that the same data, seed, plan and versions must give again.

        Times (`clock`), package versions and the files that show them are left out; `replay_differences`
        names what differs between two manifests.
        """
        return hashlib.sha256(write_json(_replayable(self))).hexdigest()


class _Header(msgspec.Struct):
    format: int


def read_manifest(raw: bytes) -> Manifest:
    """Read `manifest.json`; the format number is looked at before anything else.

    Raises:
        BundleError: unknown format number, malformed, or with fields this release does not know.
    """
    header = read_json(raw, _Header, file=MANIFEST)
    if header.format != FORMAT:
        raise BundleError(
            f"The bundle has format {header.format}; this release reads format {FORMAT}.",
            hint="Use the release that packed it, or train again.",
            place={"file": MANIFEST},
        )
    return read_json(raw, Manifest, file=MANIFEST)


def replay_differences(left: Manifest, right: Manifest) -> tuple[str, ...]:
    """Name what differs between two manifests, times aside; versions come last, as a likely cause."""
    one, other = _replayable(left), _replayable(right)
    parts = [part for part in one if part != "files" and one[part] != other[part]]
    names = sorted(set(one["files"]) | set(other["files"]))
    parts += [f"file {name}" for name in names if one["files"].get(name) != other["files"].get(name)]
    packages = sorted(set(left.versions) | set(right.versions))
    parts += [
        f"version of {package}: {left.versions.get(package)} against {right.versions.get(package)}"
        for package in packages
        if left.versions.get(package) != right.versions.get(package)
    ]
    return tuple(parts)


def _replayable(manifest: Manifest) -> Json:
    document: Json = plain(manifest)
    del document["clock"], document["versions"]
    document["files"] = {n: r for n, r in document["files"].items() if n not in CLOCKED_FILES}
    return document


def _read_task(record: TaskRecord) -> Task:
    classes = tuple(record.classes)
    if record.kind not in set(TaskKind):
        raise _bad_task(f"The task kind {record.kind[:40]!r} is unknown.")
    kind = TaskKind(record.kind)
    expected = {TaskKind.BINARY: len(classes) == 2, TaskKind.MULTICLASS: len(classes) >= 2}
    if not expected.get(kind, not classes):
        raise _bad_task(f"A {kind} task cannot have {len(classes)} classes.")
    if len({type(label) for label in classes}) > 1 or len(set(classes)) != len(classes):
        raise _bad_task("The classes are not distinct labels of one type.")
    task = Task(kind=kind, target=record.target, classes=classes, metric=record.metric)
    if task.has_target != (record.target is not None):
        raise _bad_task(f"A {kind} task {'needs' if task.has_target else 'cannot have'} a target column.")
    return task


def _bad_task(message: str) -> BundleError:
    return BundleError(
        message, hint="The manifest was altered; fetch the bundle again.", place={"file": MANIFEST}
    )
