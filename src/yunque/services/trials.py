"""Try a version beside the champion: in its shadow, or as a canary for a share of requests; and judge it."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from yunque.errors import ConflictError, ModelError, NotFoundError, UsageError
from yunque.models.golden import check_golden
from yunque.models.registry import Registry
from yunque.models.registry_names import CHAMPION, check_actor, check_name
from yunque.models.registry_rows import Version
from yunque.models.registry_trials import Trial, TrialArm, Trials
from yunque.monitoring.trial_counts import TrialCounts

AUTOMATIC = "yunque"
PARTS = 10_000
SLOWEST_UNHEEDED = 0.002  # seconds: a p99 below this is never a reason to stop


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a canary answers, and when it stops by itself.

    Attributes:
        share: of the requests, above 0 and at most 1.
        most_errors: share of its requests that it may fail (the champion answers those).
        slower: how many times the champion's p99 its own may be.
        most_drift: population stability index between its answers and the champion's.
        least_answers: requests of each side before errors and latency are judged.
        least_rows: rows of each side before drift is judged.
    """

    share: float
    most_errors: float = 0.01
    slower: float = 3.0
    most_drift: float = 0.25
    least_answers: int = 100
    least_rows: int = 1_000

    def __post_init__(self) -> None:
        """Refuse what could never hold.

        Raises:
            UsageError: the share is none, or a bound could never hold.
        """
        if not 0 < self.share <= 1:
            raise UsageError(
                f"{self.share} is no share of requests.", hint="Give one above 0, at most 1: 0.05."
            )
        numbers = asdict(self)
        if any(not math.isfinite(value) or value < 0 for value in numbers.values()) or self.slower < 1:
            raise UsageError(
                "A bound of a canary is no number that it could keep.",
                hint="most_errors, most_drift and the least numbers are 0 or more, slower is 1 or more.",
            )

    @classmethod
    def of(cls, details: Mapping[str, Any]) -> "Terms":
        """Read them from the record of a trial."""
        return cls(**{name: details[name] for name in cls.__dataclass_fields__ if name in details})


def shadow(registry: Registry, trials: Trials, reference: str, *, by: str, reason: str = "") -> Trial:
    """Let a version answer a copy of the champion's requests, off their path, and count the differences.

    Raises:
        NotFoundError: there is no such version.
        ConflictError: it is the champion, or nothing is.
        ModelError: its golden rows do not reproduce here.
    """
    version = _tried(registry, reference)
    return trials.begin(version, "shadow", (check_actor(by), reason), {})


def canary(
    registry: Registry, trials: Trials, reference: str, terms: Terms, *, by: str, reason: str = ""
) -> Trial:
    """Let a version answer a share of the champion's requests, the same keys always.

    Raises:
        NotFoundError: there is no such version.
        ConflictError: it is the champion, or nothing is.
        ModelError: its golden rows do not reproduce here.
    """
    version = _tried(registry, reference)
    return trials.begin(version, "canary", (check_actor(by), reason), asdict(terms))


def stop_trial(trials: Trials, name: str, arm: TrialArm, *, by: str, reason: str = "") -> Trial:
    """End a trial of a model.

    Raises:
        NotFoundError: none of that kind runs.
    """
    actor = check_actor(by)
    for trial in trials.running():
        if (trial.name, trial.arm) == (check_name(name), arm) and trials.stop(trial, by=actor, reason=reason):
            return trial
    raise NotFoundError(f"{name} has no {arm} that runs.", hint=f"See: yunque models trials {name}.")


def _tried(registry: Registry, reference: str) -> Version:
    if "@" not in reference:
        raise UsageError(
            f"{reference!r} names no version.", hint=f"Write {reference}@3 or {reference}@latest."
        )
    version = registry.resolve(reference)
    if CHAMPION in version.aliases:
        raise ConflictError(f"{version.label} is the champion itself.", hint="Try another version.")
    if not any(CHAMPION in other.aliases for other in registry.versions(version.name)):
        raise ConflictError(f"{version.name} has no champion to be tried beside.", hint="Promote one first.")
    if check_golden(registry.open(version.label)):
        raise ModelError(f"The golden rows of {version.label} do not reproduce on this machine.")
    return version


def is_chosen(trial: Trial, key: bytes) -> bool:
    """Say whether a canary answers for a key: the same on every worker and machine, today and tomorrow.

    A larger share keeps the keys of the smaller one.
    """
    digest = hashlib.blake2b(key, digest_size=8, person=trial.name.encode()[:16]).digest()
    return int.from_bytes(digest, "little") % PARTS < round(PARTS * float(trial.details["share"]))


def judge(trial: Trial, counts: TrialCounts) -> str:
    """Give the reason to stop a canary, "" to let it go on."""
    bounds = Terms.of(trial.details)
    tried, champion = counts.tried, counts.champion
    asked = tried.answers + tried.errors
    if asked >= bounds.least_answers and tried.errors > bounds.most_errors * asked:
        because = f": {counts.failure}" if counts.failure else "."
        return f"It failed {tried.errors} of {asked} requests (bound {bounds.most_errors:.2%}){because}"
    if min(tried.answers, champion.answers) >= bounds.least_answers:
        slow, usual = tried.quantile(0.99), champion.quantile(0.99)
        if slow > max(SLOWEST_UNHEEDED, bounds.slower * usual):
            return (
                f"Its p99 is {1e3 * slow:.2f} ms against the champion's {1e3 * usual:.2f} ms "
                f"(bound {bounds.slower:g} times)."
            )
    if min(tried.rows, champion.rows) >= bounds.least_rows and counts.drift > bounds.most_drift:
        return (
            f"Its answers drifted from the champion's: stability index {counts.drift:.2f} over "
            f"{tried.rows} rows (bound {bounds.most_drift:g})."
        )
    return ""
