"""What a search works with: the question, the rows, the clock, and the memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from yunque.learning.admission import OUTSIDE_SHARE, bytes_needed, committed
from yunque.learning.candidate import Candidate
from yunque.learning.fold_data import ALL_ROWS, FoldData, Table
from yunque.learning.fold_fit import FitJob
from yunque.learning.fold_memory import FoldMemory, fold_facts
from yunque.learning.ledger import Ledger
from yunque.learning.memory_limit import MemoryLimit
from yunque.learning.outside import Outside
from yunque.learning.race import Standing
from yunque.learning.splits import Split
from yunque.learning.task import Task

PROCESS_BYTES = 300 * 2**20  # that a process of its own holds before its fit begins


@dataclass(frozen=True, kw_only=True)
class Arena:
    """What a search works with.

    Attributes:
        slot: seconds that one fit of an ordinary candidate may take before it is cut.
        longest: seconds that no fit may exceed, so that it can be made again at the end.
        folds: number of folds to run.
        cancelled: asked often; True means stop and keep what is there.
        on_step: called after every finished fit with the standings.
        more: gives another candidate when all have run and there is time left, or None.
        memory: finished fits of a run that was lost.
        memory_limit: what the process may hold; None watches nothing.
        poll_seconds: how often running fits are looked at.
        outside: where fits run that this process must survive; None runs them here.
        fleet: where every fit runs, if not here.
        wants_all_rows: whether members are trained again on all rows though a bag of the folds' could serve.
        halted: (candidate, fold) of fits that were stopped for what the process held; changed by the search.
    """

    task: Task
    table: Table
    split: Split
    data: FoldData
    ledger: Ledger
    seed: int
    threads: int
    slot: float
    longest: float
    folds: int
    cancelled: Callable[[], bool]
    on_step: Callable[[dict[str, Standing]], None]
    more: Callable[[dict[str, Standing]], Candidate | None] = lambda standings: None  # noqa: ARG005
    memory: FoldMemory | None = None
    memory_limit: MemoryLimit | None = None
    poll_seconds: float = 0.05
    outside: Outside | None = None
    fleet: Outside | None = None
    wants_all_rows: bool = False
    halted: set[tuple[str, int]] = field(default_factory=set)

    def limit(self, candidate: Candidate) -> float:
        """Give the seconds that one fit of a candidate may take."""
        return min(self.slot * candidate.share, self.longest)

    def job(self, candidate: Candidate, fold: int) -> FitJob:
        """Give a fit to make now: until when, with what it needs of memory, and where."""
        held = 0 if self.memory_limit is None else self.memory_limit.used()
        needs = self.needs(candidate, fold)
        job = FitJob(
            candidate=candidate,
            fold=fold,
            task=self.task,
            seed=self.seed,
            deadline=min(self.ledger.clock() + self.limit(candidate), self.ledger.search_end),
            needs=needs,
            held=held,
        )
        return replace(job, is_outside=True, needs=needs + PROCESS_BYTES) if self._goes_outside(job) else job

    def needs(self, candidate: Candidate, fold: int) -> int:
        """Give the bytes that a fit is expected to need here at its peak; none when it is made elsewhere."""
        if self.fleet is not None and fold != ALL_ROWS:
            return 0
        scores = self.task.n_outputs if self.task.n_outputs > 2 else 1
        return bytes_needed(candidate, fold, self.split, self.data, scores)

    def has_room(self, needed: int, running: Sequence[FitJob]) -> bool:
        """Tell whether a fit and all that run fit together into the memory."""
        limit = self.memory_limit
        return limit is None or committed(limit, running) + needed <= limit.limit_bytes

    def _goes_outside(self, job: FitJob) -> bool:
        """Tell whether a fit needs much of the memory, or may be what ended an earlier run."""
        limit = self.memory_limit
        if self.outside is None or job.fold == ALL_ROWS:
            return False
        left = 0 if limit is None else limit.left()
        if limit is not None and OUTSIDE_SHARE * left < job.needs <= left - PROCESS_BYTES:
            return True
        return self.memory is not None and self.memory.was_lost(fold_facts(job, self.split))
