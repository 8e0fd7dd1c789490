"""What a report of late labels is made from: measurements and their circumstances."""

from dataclasses import dataclass

from yunque.monitoring.live import Before, Tenth, Window


@dataclass(frozen=True, kw_only=True)
class LiveFacts:
    """What the report is made from.

    Attributes:
        model: label of the version.
        date: of the measurement.
        before: what was measured in training.
        windows: all rows together, then each window.
        calibration: probabilities against what came true.
    """

    model: str
    date: str
    before: Before
    windows: tuple[Window, ...]
    calibration: tuple[Tenth, ...]
