"""Tell the caller how far a run has come."""

from dataclasses import dataclass, field

from yunque.learning.leaderboard import Baseline
from yunque.learning.ledger import Ledger
from yunque.learning.progress import Progress
from yunque.learning.race import Standing, incumbent
from yunque.learning.request import LearnRequest


@dataclass(kw_only=True)
class Reporter:
    """Keeps what the next event must say: the best so far and the baselines."""

    request: LearnRequest
    ledger: Ledger
    baselines: tuple[Baseline, ...] = ()
    standings: dict[str, Standing] = field(default_factory=dict)

    def say(self, stage: str, message: str) -> None:
        """Send one event."""
        best = incumbent(self.standings)
        done = sum(len(each.results) for each in self.standings.values())
        planned = sum(
            len(each.results) + len(each.running) + (each.state is None) for each in self.standings.values()
        )
        self.request.on_progress(
            Progress(
                stage=stage,
                done=done,
                total=max(done, planned),
                best=best.name if best else "",
                best_loss=best.mean_loss if best else None,
                baseline_loss=min((each.loss for each in self.baselines), default=None),
                message=message,
                seconds_left=max(0.0, self.ledger.left()),
            )
        )

    def step(self, standings: dict[str, Standing]) -> None:
        """Tell that a fit has ended."""
        self.standings = standings
        best = incumbent(standings)
        text = "No candidate yet" if best is None else f"Best so far: {best.name} ({best.mean_loss:.5g})"
        self.say("search", text)
