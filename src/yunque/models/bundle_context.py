"""What a bundle is told about the run that a leaderboard does not know."""

import importlib.metadata
import platform
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from yunque.data.finding import Finding
from yunque.errors import UsageError
from yunque.models.manifest import Acceptance, Override
from yunque.models.report_facts import Language

# Packages whose version can change a number in a bundle.
DECIDING = ("yunque", "numpy", "polars", "numba", "llvmlite", "lightgbm", "catboost", "xgboost-cpu",
            "scikit-learn", "scipy", "optuna")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PackContext:
    """The circumstances of a run.

    Attributes:
        name: name of the model.
        frame: the checked table that was learnt from, the target included; golden rows, profile and
            fingerprint are taken from it.
        created: moment of packing, with a time zone; the only clock that a bundle sees.
        source: where the table came from, in words; no path of this machine.
        findings: all findings of the table.
        accepted: blocking findings that a person accepted, who and why.
        requirements: as declared before training, for example "roc_auc>=0.85".
        budget_seconds, budget_used_seconds: asked and used.
        overrides: named reasons given before packing to promote in spite of a shortfall.
        language: of report and card.
        author: who made the model.
        description: what it is for, in the user's words; "" lets the question speak for itself.
        sensitive: columns of `frame` whose groups are compared on the held-out rows.
        keep_rows: whether a sample of the rows goes into the bundle, for drift to be measured against.
        environment: "package==version" lines; those of this interpreter when None.
    """

    name: str
    frame: pl.DataFrame
    created: datetime
    source: str = ""
    findings: tuple[Finding, ...] = ()
    accepted: tuple[Acceptance, ...] = ()
    requirements: tuple[str, ...] = ()
    budget_seconds: float = 0.0
    budget_used_seconds: float = 0.0
    overrides: tuple[Override, ...] = ()
    language: Language = "en"
    author: str = "Yunque"
    description: str = ""
    sensitive: tuple[str, ...] = ()
    keep_rows: bool = True
    environment: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse a moment without a time zone."""
        if self.created.tzinfo is None:
            raise UsageError("The moment of packing needs a time zone.")


def installed() -> tuple[str, ...]:
    """Give the installed packages as sorted "name==version" lines, each once."""
    found: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(name.lower().replace("_", "-"), distribution.version)
    return tuple(f"{name}=={version}" for name, version in sorted(found.items()))


def deciding_versions(environment: tuple[str, ...]) -> dict[str, str]:
    """Pick the versions that can change a number, and that of Python."""
    versions = dict(line.split("==", 1) for line in environment if "==" in line)
    picked = {name: versions[name] for name in DECIDING if name in versions}
    return {"python": platform.python_version(), **picked}
