"""Learn alert thresholds from reviewed alerts: tabular Q-learning, with gamma 0 a contextual bandit.

One closed period of one segment is a context; the steps of the threshold are its actions. Every operation's
risk is kept and a draw of the rows below the line is reviewed, so the reward of each step is estimated from
the same period by inverse probability (Horvitz, Thompson 1952), and every step's value is updated, not only
the one that was taken. The law's rules never read a threshold: rows that a rule raised are left out here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yunque.solutions.aml.policy import Cells, PolicySettings

Numbers = npt.NDArray[np.float64]
STEPS = (-0.05, -0.02, 0.0, 0.02, 0.05)
PER = 1_000.0  # rewards are told per so many operations, so that periods of other sizes compare
VOLUME = ((0.8, "bajo"), (1.2, "justo"), (np.inf, "alto"))
PRECISION = ((0.10, "baja"), (0.30, "media"), (np.inf, "alta"))
UNKNOWN_PRECISION = "media"


@dataclass(frozen=True, kw_only=True)
class Period:
    """One segment's operations of one closed period, those that rules raised left out.

    Attributes:
        risk: (n,) of every operation.
        verdict: (n,) 1 suspicious, 0 not, NaN where nobody decided.
        drawn: (n,) whether the row was drawn for review below the line.
        threshold: of "inusual", as it was.
    """

    risk: Numbers
    verdict: Numbers
    drawn: npt.NDArray[np.bool_]
    threshold: float

    @property
    def reviewed(self) -> int:
        """Operations that somebody decided on."""
        return int(np.isfinite(self.verdict).sum())


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a threshold would have done in a period, per thousand operations where weights enter."""

    alerts: int
    hits: float
    false: float
    missed: float
    reward: float

    @property
    def recall(self) -> float:
        """Estimated share of the suspicious operations that are alerts; NaN where none are known."""
        known = self.hits + self.missed
        return self.hits / known if known > 0 else float("nan")

    @property
    def precision(self) -> float:
        """Estimated share of the alerts that are suspicious; NaN where none were reviewed."""
        known = self.hits + self.false
        return self.hits / known if known > 0 else float("nan")


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """The cells after a period, and what it told: its context, and each step's outcome."""

    cells: Cells
    state: str
    outcomes: Mapping[str, Outcome]


def weights(period: Period, settings: PolicySettings) -> Numbers:
    """Say how many operations each reviewed one speaks for.

    Alerts are taken to be reviewed without regard to what they are: each speaks for alerts over reviewed.
    A drawn row speaks for one over the share drawn. Other rows that somebody decided on of his own accord
    speak for themselves only.
    """
    known = np.isfinite(period.verdict)
    alert = period.risk >= period.threshold
    reviewed = int((known & alert).sum())
    each = alert.sum() / reviewed if reviewed else 0.0
    below = np.where(period.drawn, 1.0 / settings.sample_share, 1.0)
    return np.asarray(np.where(known, np.where(alert, each, below), 0.0), dtype=np.float64)


def outcome(period: Period, threshold: float, settings: PolicySettings) -> Outcome:
    """Estimate what a threshold would have done: r = v TP - c_fp FP - c_fn FN - c_exc excess."""
    share = weights(period, settings)
    said = np.nan_to_num(period.verdict)
    alert = period.risk >= threshold
    hits = float((share * said)[alert].sum())
    false = float((share * (1.0 - said))[alert].sum())
    missed = float((share * said)[~alert].sum())
    n = max(1, len(period.risk))
    excess = max(0.0, float(alert.sum()) - settings.budget_share * n)
    gain = settings.hit_value * hits - settings.false_cost * false
    loss = settings.missed_cost * missed + settings.excess_cost * excess
    return Outcome(
        alerts=int(alert.sum()), hits=hits, false=false, missed=missed, reward=(gain - loss) * PER / n
    )


def state_of(segment: str, period: Period, threshold: float, settings: PolicySettings) -> str:
    """Name the context: segment, alerts against the budget, precision of the reviewed alerts."""
    told = outcome(period, threshold, settings)
    budget = settings.budget_share * max(1, len(period.risk))
    precision = told.precision
    which = UNKNOWN_PRECISION if np.isnan(precision) else band(precision, PRECISION)
    return f"{segment}|{band(told.alerts / budget, VOLUME)}|{which}"


def band(value: float, bands: tuple[tuple[float, str], ...]) -> str:
    """Name the band that a value lies in."""
    return next(name for limit, name in bands if value < limit)


def moved(threshold: float, step: float, settings: PolicySettings) -> float:
    """Take one step and stay within the officer's bounds."""
    return round(float(np.clip(threshold + step, settings.lowest, settings.highest)), 4)


def learn(cells: Cells, segment: str, period: Period, settings: PolicySettings) -> Learnt:
    """Update every step of the period's context: Q += (r + gamma * max Q' - Q) / n."""
    state = state_of(segment, period, period.threshold, settings)
    row = dict(cells.get(state, {}))
    outcomes: dict[str, Outcome] = {}
    for step in STEPS:
        after = moved(period.threshold, step, settings)
        told = outcome(period, after, settings)
        outcomes[key(step)] = told
        target = told.reward
        if settings.gamma > 0:
            then = cells.get(state_of(segment, period, after, settings), {})
            target += settings.gamma * max((value for value, _ in then.values()), default=0.0)
        value, seen = row.get(key(step), (0.0, 0))
        row[key(step)] = (value + (target - value) / (seen + 1), seen + 1)
    return Learnt(cells={**cells, state: row}, state=state, outcomes=outcomes)


def choose(cells: Cells, state: str, dispositions: int, settings: PolicySettings) -> float:
    """Give the best step that the evidence allows; of equals the smallest, and down before up.

    Without `least_dispositions` in the cell nothing moves; raising a threshold, which shows fewer alerts,
    needs twice as many.
    """
    row = cells.get(state, {})
    if dispositions < settings.least_dispositions or not row:
        return 0.0
    allowed = [step for step in STEPS if step <= 0 or dispositions >= 2 * settings.least_dispositions]
    return max(allowed, key=lambda step: (row.get(key(step), (-np.inf, 0))[0], -abs(step), -step))


def key(step: float) -> str:
    """Name a step."""
    return f"{step:+.2f}"
