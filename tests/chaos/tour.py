"""One run that visits every kill point: each fires until it has fired some times, then the next one does."""

from collections import Counter
from pathlib import Path

from chaos_setting import Setting
from harness import Run
from kill_points import FOCUS, KILLS, POINTS

CHILD_POINTS = ("child_half_written", "child_published")
# Clients submit at the beginning only. A lease is only taken back from a worker that died holding it.
ORDER = tuple(
    point if "reap" not in point else f"{point} after_claim_commit" for point in POINTS + CHILD_POINTS
)


class Tour(Run):
    """A run in whose setting every point has a chance; which of them may fire is told by a file.

    Args:
        times: how often each fires.
    """

    def __init__(self, setting: Setting, *, times: int = 2, workers: int = 3, clients: int = 2) -> None:
        super().__init__(setting, workers=workers, clients=clients)
        self._times = times
        self._left = list(ORDER)
        self._before: Counter[str] = Counter()
        self._focus = Path(setting.folder) / FOCUS
        self._focus.write_text(self._left[0])

    @property
    def is_over(self) -> bool:
        """Whether every point has fired often enough."""
        return not self._left

    def look(self) -> None:
        """Go on to the next point once this one has fired often enough; after the last none fires."""
        if not self._left:
            return
        point = self._left[0].split()[0]
        if self.kills()[point] - self._before[point] >= self._times:
            self._left.pop(0)
            self._before = self.kills()
            part = self._focus.with_suffix(".part")
            part.write_text(self._left[0] if self._left else "none")
            part.replace(self._focus)

    def kills(self) -> Counter[str]:
        """Count how often each point has fired."""
        notes = Path(self.setting.folder) / KILLS
        return Counter(notes.read_text().split() if notes.exists() else ())
