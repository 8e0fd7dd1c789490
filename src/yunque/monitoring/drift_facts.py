"""What a drift report is made from: a measurement and its circumstances."""

from dataclasses import dataclass

from yunque.monitoring.drift_values import Drift
from yunque.monitoring.estimated import Estimate


@dataclass(frozen=True, kw_only=True)
class DriftFacts:
    """What a report is made from.

    Attributes:
        model: label of the version.
        source: of the rows, in words; no path of a machine.
        date: of the measurement.
        drift, estimates: what was found.
        rejected: rows that could not be read.
    """

    model: str
    source: str
    date: str
    drift: Drift
    estimates: tuple[Estimate, ...] = ()
    rejected: int = 0
