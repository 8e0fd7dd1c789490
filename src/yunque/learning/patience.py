"""Early stopping whose patience grows with the best round found so far."""

from dataclasses import dataclass, field

from yunque.learning.algorithm import FitRequest


@dataclass(kw_only=True)
class Patience:
    """Follows the loss on the validation rows and says when waiting has no point.

    The rule is AutoGluon's: wait max(P, 0.3 * best round + 20) rounds, P = 300 up to 10,000 training rows and
    300 * 10,000 / rows beyond, never below 20.

    Attributes:
        rows: training rows.
        share: of P that is used; below 1 when the budget is short.
        best_round: rounds that gave the lowest loss so far (1-based), 0 before the first.
        best_loss: that loss.
    """

    rows: int
    share: float = 1.0
    best_round: int = 0
    best_loss: float = field(default=float("inf"))

    def is_over(self, rounds: int, loss: float) -> bool:
        """Take note of the loss after `rounds` rounds; True when none better came for too long."""
        if loss < self.best_loss:
            self.best_loss = loss
            self.best_round = rounds
        floor = 300.0 if self.rows <= 10_000 else max(20.0, 300.0 * 10_000 / self.rows)
        return rounds - self.best_round >= max(floor * self.share, 0.3 * self.best_round + 20)


def patience_of(request: FitRequest) -> Patience:
    """Give the patience of a fit; `params["patience_share"]` shortens it."""
    return Patience(rows=request.train.x.shape[0], share=float(request.params.get("patience_share", 1.0)))
