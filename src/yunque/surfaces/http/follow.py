"""What a worker does between requests: follow the registry, empty the ring, judge canaries, share counts."""

import asyncio
import logging

import msgspec
from starlette.concurrency import run_in_threadpool

from yunque.errors import YunqueError
from yunque.services.trials import AUTOMATIC, judge
from yunque.surfaces.http.serving import Serving

logger = logging.getLogger("yunque.http")


async def follow(serving: Serving) -> None:
    """Follow until cancelled."""
    while True:
        await asyncio.sleep(serving.poll_seconds)
        await follow_once(serving)


async def follow_once(serving: Serving) -> None:
    """Follow the registry; one that does not answer leaves what is served as it is."""
    for step in (_refresh, _watch, _judge):
        try:
            await run_in_threadpool(step, serving)
        except YunqueError as error:
            logger.warning("The registry could not be read: %s", error.message)
        except Exception:  # the surface: a server goes on with what it serves, and says so
            logger.exception("The registry could not be followed.")
    await run_in_threadpool(share, serving)


def share(serving: Serving) -> None:
    """Write the counts of this worker for those beside it."""
    serving.watch.fill(serving.metrics.counts)
    serving.shared.save(serving.metrics.counts)


def _refresh(serving: Serving) -> None:
    if not serving.shelf.refresh():
        return
    view = serving.shelf.view
    logger.info(
        "models changed",
        extra={
            "champions": {name: model.version for name, model in view.champions.items()},
            "trials": {found.trial.arm: found.trial.label for found in view.trials},
            "troubles": dict(view.troubles),
        },
    )


def _watch(serving: Serving) -> None:
    serving.watch.flush(serving.shelf.view)


def _judge(serving: Serving) -> None:
    """Stop trials that have a reason to end: bounds that are broken, a version that does not open."""
    view, trials = serving.shelf.view, serving.shelf.trials
    has_stopped = False
    for found in view.trials:
        trial = found.trial
        champion = view.champions.get(trial.name)
        reason = found.trouble
        if champion is not None and champion.version == trial.version:
            reason = "It became the champion."
        elif not reason and trial.arm == "canary":
            try:
                reason = judge(trial, serving.watch.book.total(trial.id))
            except (OSError, msgspec.DecodeError) as error:
                logger.warning("The counts of the canary %s cannot be read: %s", trial.label, error)
        if not reason or trials is None:
            continue
        if trials.stop(trial, by=AUTOMATIC, reason=reason, automatic=True):
            logger.warning("trial stopped", extra={"trial": trial.label, "arm": trial.arm, "reason": reason})
        has_stopped = True
    if has_stopped:
        _refresh(serving)
