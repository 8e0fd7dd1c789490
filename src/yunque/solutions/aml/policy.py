"""A threshold policy as a value: from which risk on an operation is an alert, by segment and in bounds."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

import polars as pl

from yunque.errors import BundleError, UsageError
from yunque.solutions.aml.store.policies import IN_FORCE, PolicyEvent, newest

Segment = Literal["alto", "medio", "bajo"]
SEGMENTS: tuple[Segment, ...] = get_args(Segment)
Cells = Mapping[str, Mapping[str, tuple[float, int]]]
DEFAULT_VERSION = "umbrales_del_modelo"
OTHER_STACK = "politica_de_otro_modelo"
UNREADABLE = "politica_ilegible"


@dataclass(frozen=True, kw_only=True)
class PolicySettings:
    """What the officer sets; a policy never leaves these bounds.

    Attributes:
        hit_value, false_cost, missed_cost, excess_cost: v, c_fp, c_fn and c_exc of the reward.
        budget_share: alerts that can be reviewed, as a share of the operations.
        lowest, highest: bounds of every threshold of "inusual".
        least_dispositions: in a cell before it may act; twice as many before a threshold is raised.
        period_days: length of a period.
        shadow_days: how long a proposal runs beside the policy in force before it may be approved.
        shadow_decisions: and how many operations analysed in that time somebody must have decided on.
        sample_share: share of the rows below the line that is drawn for review.
        gamma: weight of the next period's value; 0 makes Q-learning a contextual bandit.
        seed: of the draw.
    """

    hit_value: float = 10.0
    false_cost: float = 1.0
    missed_cost: float = 10.0
    excess_cost: float = 2.0
    budget_share: float = 0.01
    lowest: float = 0.05
    highest: float = 0.95
    least_dispositions: int = 50
    period_days: int = 30
    shadow_days: int = 7
    shadow_decisions: int = 30
    sample_share: float = 0.01
    gamma: float = 0.0
    seed: int = 7

    def __post_init__(self) -> None:
        """Refuse settings under which nothing safe can be learnt.

        Raises:
            UsageError: a number is out of its range.
        """
        ranges = {
            "lowest": (0.0, self.highest),
            "highest": (self.lowest, 1.0),
            "sample_share": (0.001, 0.2),
            "budget_share": (0.0001, 0.5),
            "gamma": (0.0, 0.99),
            "least_dispositions": (10, 1_000_000),
            "period_days": (1, 366),
            "shadow_days": (0, 366),
            "shadow_decisions": (0, 1_000_000),
        }
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise UsageError(
                    f"The policy's {name} cannot be {getattr(self, name)}.", hint=f"From {low:g} to {high:g}."
                )


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Thresholds in force, or proposed.

    Attributes:
        version: how results cite it.
        stack: name of the learnt layers whose scores it cuts; with other layers it is not used.
        thresholds: segment -> ("inusual", "preocupante"); a segment that is not there keeps the model's own.
        cells: what was learnt: "segment|volume|precision" -> step -> (value, times seen).
        counts: dispositions seen in each cell.
        learnt_until: ISO moment up to which periods were learnt from; "" for none.
        settings: as they were.
        evidence: what the proposal rests on: steps, rewards, replay.
        approved_by: who put it in force.
    """

    version: str = DEFAULT_VERSION
    stack: str = ""
    thresholds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    cells: Cells = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    learnt_until: str = ""
    settings: PolicySettings = field(default_factory=PolicySettings)
    evidence: Mapping[str, Any] = field(default_factory=dict)
    approved_by: str | None = None

    def __post_init__(self) -> None:
        """Refuse thresholds that no row could be held against.

        Raises:
            BundleError: a threshold is out of range, or the two of a segment are in the wrong order.
        """
        for low, high in self.thresholds.values():
            if not 0.0 <= low <= high <= 1.0:
                raise BundleError("A threshold of the policy is out of range.")

    def facts(self) -> dict[str, object]:
        """What a result says of it."""
        return {
            "politica": self.version,
            "aprobada_por": self.approved_by,
            "por_segmento": {
                name: {"inusual": low, "preocupante": high} for name, (low, high) in self.thresholds.items()
            },
            "muestra_bajo_umbral": self.settings.sample_share,
        }

    def document(self) -> dict[str, Any]:
        """Give it as JSON, without its version, which the record numbers."""
        told = asdict(self)
        return {name: told[name] for name in told if name not in ("version", "approved_by")}


def read_policy(document: Mapping[str, Any], *, version: str, approved_by: str | None) -> Policy:
    """Read what `Policy.document` gave.

    Raises:
        BundleError: it is not such a document.
    """
    try:
        return Policy(
            version=version,
            approved_by=approved_by,
            stack=str(document["stack"]),
            thresholds={name: (float(a), float(b)) for name, (a, b) in document["thresholds"].items()},
            cells={
                state: {step: (float(value), int(n)) for step, (value, n) in row.items()}
                for state, row in document["cells"].items()
            },
            counts={state: int(n) for state, n in document["counts"].items()},
            learnt_until=str(document["learnt_until"]),
            settings=PolicySettings(**document["settings"]),
            evidence=dict(document["evidence"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, UsageError) as error:
        raise BundleError("The record of the threshold policy cannot be read.") from error


def active_policy(events: tuple[PolicyEvent, ...], stack: str) -> tuple[Policy, str]:
    """Give the policy in force and why another is not used: the model's own thresholds stand in then."""
    found = newest(events, *IN_FORCE)
    if found is None:
        return Policy(stack=stack), ""
    try:
        policy = read_policy(found.content, version=found.label, approved_by=found.actor)
    except BundleError:
        return Policy(stack=stack), UNREADABLE
    if policy.thresholds and policy.stack != stack:
        return Policy(stack=stack, settings=policy.settings), OTHER_STACK
    return policy, ""


def segments(enriched: pl.DataFrame) -> pl.Series:
    """Give each row's segment: the house's high-risk list; identification from the first peso; the rest."""
    named = (
        pl.when(pl.col("sector_alto_riesgo") == 1)
        .then(pl.lit("alto"))
        .when(pl.col("razon_umbral_identificacion") == 1.0)
        .then(pl.lit("medio"))
        .otherwise(pl.lit("bajo"))
    )
    return enriched.select(named.alias("segmento")).to_series()
