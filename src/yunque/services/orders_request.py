"""What a run over orders is asked: files, question, split, budget, choice, costs, inference test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from yunque.errors import UsageError
from yunque.learning.budget import parse_budget
from yunque.models.registry_names import check_name
from yunque.models.report_facts import Language
from yunque.solutions.orders.costs import parse_call, read_costs
from yunque.solutions.orders.questions import Question
from yunque.solutions.orders.solution import SOLUTION

MODEL = "digital_orders_xgboost"  # R5's name, whatever the champion is made of
OF_CHAMPION = "champion"  # asks for a name made of the champion's algorithm
CANDIDATES = ("logistic_regression", "xgboost", "logistic_regression_balanced", "xgboost_balanced")
METRICS = {"log_loss": "log_loss", "f1": "f1_macro"}
HOLDOUT = 0.2
SEED = 42  # R5's


@dataclass(frozen=True, kw_only=True)
class OrdersRequest:
    """One run.

    Attributes:
        source: folder of *.parquet, or one table.
        name: of the model; "champion" takes digital_orders_<its algorithm>.
        question: next or given; a row an order or a client.
        split: "time": the last fifth in time is judged; "stratified": a drawn fifth, channels in proportion.
        budget: of the training.
        choice: what chooses the champion: "log_loss", or "f1" as R5 says.
        algorithms: candidates.
        varies: whether hyper-parameters near the best are tried while there is time.
        requirements: targets declared before training.
        has_ceiling: whether a score beyond the known ceiling stops the run.
        costs: what errors cost, a line or a CSV file; all the same when empty.
        call: what a call costs and brings.
        samples, max_concurrent: of the inference test.
        seed: seeds split, training and samples.
        threads: of the training.
        by: who runs it.
        language: of report, card and messages.
    """

    source: Path
    name: str = MODEL
    question: Question = field(default_factory=Question)
    split: Literal["time", "stratified"] = "time"
    budget: str | float = "60s"
    choice: Literal["log_loss", "f1"] = "log_loss"
    algorithms: tuple[str, ...] = CANDIDATES
    varies: bool = True
    requirements: tuple[str, ...] = SOLUTION.policy.requirements
    has_ceiling: bool = True
    costs: str = ""
    call: Mapping[str, float] = field(default_factory=lambda: dict(SOLUTION.policy.costs))
    samples: int = 50
    max_concurrent: int = 10
    seed: int = SEED
    threads: int = 2
    by: str
    language: Language = "en"

    def __post_init__(self) -> None:
        """Refuse before anything long starts what would fail later.

        Raises:
            UsageError: a word or number that cannot be used.
        """
        check_name(self.name)
        parse_budget(self.budget)
        if self.split not in ("time", "stratified"):
            raise UsageError(f"There is no split {self.split!r}.", hint="Split by time, or stratified.")
        if self.choice not in METRICS:
            raise UsageError(f"{self.choice!r} chooses no champion.", hint="Choose by log_loss, or by f1.")
        if not 1 <= self.samples <= 10_000 or not 1 <= self.max_concurrent <= 100:
            raise UsageError("An inference test asks 1 to 10,000 samples, 1 to 100 at a time.")
        if self.costs:
            read_costs(self.costs)


def read_call(text: str) -> dict[str, float]:
    """Read "value=1,cost=0.5" over the solution's own figures."""
    return {**SOLUTION.policy.costs, **(parse_call(text) if text else {})}
