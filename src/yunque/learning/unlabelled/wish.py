"""What a person asks where rows have no answer: how many clusters, how many flags, a label to judge by."""

from dataclasses import dataclass

from yunque.errors import UsageError

MOST_CLUSTERS = 200
HIGHEST_CONTAMINATION = 0.5


@dataclass(frozen=True, kw_only=True)
class UnlabelledWish:
    """What is asked.

    Attributes:
        clusters: number of clusters; None lets the rows decide.
        contamination: share of the training rows that is flagged as unusual.
        label: a column that says what is right, for judging only; no model learns from it and none is
            chosen by it.
    """

    clusters: int | None = None
    contamination: float = 0.01
    label: str | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing."""
        if self.clusters is not None and not 2 <= self.clusters <= MOST_CLUSTERS:
            raise UsageError(
                f"{self.clusters} clusters cannot be looked for.",
                hint=f"Give 2 to {MOST_CLUSTERS}, or auto.",
            )
        if not 0.0 < self.contamination <= HIGHEST_CONTAMINATION:
            raise UsageError(
                f"A contamination of {self.contamination} is no share of rows to flag.",
                hint=f"Give a share above 0 and up to {HIGHEST_CONTAMINATION}, for example 0.01.",
            )


def parse_clusters(text: str) -> int | None:
    """Read the number of clusters: "auto" or a whole number.

    Raises:
        UsageError: it is neither.
    """
    word = text.strip().lower()
    if word == "auto":
        return None
    try:
        return int(word)
    except ValueError as error:
        raise UsageError(f"{text!r} is no number of clusters.", hint="Write auto, or 5.") from error
