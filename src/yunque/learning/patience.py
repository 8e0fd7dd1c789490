"""Early stopping whose patience grows with the best round found so far."""

from dataclasses import dataclass, field

from yunque.learning.algorithm import FitRequest

LEAST_GAIN = 1e-5  # share of the loss that a round waited for must be worth


@dataclass(kw_only=True)
class Patience:
    """Follows the loss on the validation rows and says when waiting has no point.

    The rule is AutoGluon's: wait max(P, 0.3 * best round + 20) rounds, P = 300 up to 10,000 training rows and
    300 * 10,000 / rows beyond, never below 20. Waiting starts anew only when the loss has fallen by a share
    of itself that grows with P: a loss that creeps towards zero for thousands of rounds, as on a small table
    that can be learnt by heart, takes time from candidates that would gain more.

    Attributes:
        rows: training rows.
        share: of P that is used; below 1 when the budget is short.
        best_round: rounds that gave the lowest loss so far (1-based), 0 before the first.
        best_loss: that loss.
        marked_round, marked_loss: when waiting last started anew.
    """

    rows: int
    share: float = 1.0
    best_round: int = 0
    best_loss: float = field(default=float("inf"))
    marked_round: int = 0
    marked_loss: float = field(default=float("inf"))

    def is_over(self, rounds: int, loss: float) -> bool:
        """Take note of the loss after `rounds` rounds; True when none better came for too long."""
        if loss < self.best_loss:
            self.best_loss = loss
            self.best_round = rounds
        floor = 300.0 if self.rows <= 10_000 else max(20.0, 300.0 * 10_000 / self.rows)
        wait = max(floor * self.share, 0.3 * self.marked_round + 20)
        gain = self.marked_loss - self.best_loss
        if gain > 0 and (self.marked_round == 0 or gain > LEAST_GAIN * wait * abs(self.marked_loss)):
            self.marked_loss = self.best_loss
            self.marked_round = self.best_round
        return rounds - self.marked_round >= wait


def patience_of(request: FitRequest) -> Patience:
    """Give the patience of a fit; `params["patience_share"]` shortens it."""
    return Patience(rows=request.train.x.shape[0], share=float(request.params.get("patience_share", 1.0)))
