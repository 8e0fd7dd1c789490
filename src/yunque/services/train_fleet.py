"""Where the fits of a training are made when a Dask cluster is named: on it, or here when nobody answers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from yunque.errors import OperationError
from yunque.runtime.fleet import Fleet, open_fleet
from yunque.runtime.parallel import Parallel

NOBODY = "The Dask cluster does not answer; all fits are made on this machine."


@contextmanager
def fleet_of(plan: Parallel, folder: Path, tell: Callable[[str], None]) -> Iterator[Fleet | None]:
    """Open the cluster of a plan, with a folder of its own below `folder`; None makes all fits here.

    A cluster that cannot be reached is told of: a training that takes longer is better than none.

    Raises:
        UsageError: Dask is not installed.
    """
    with ExitStack() as stack:
        fleet = None
        if plan.where == "dask":
            try:
                fleet = stack.enter_context(open_fleet(str(plan.dask_address), folder))
            except OperationError as error:
                tell(f"{NOBODY} ({error.message})")
        yield fleet
