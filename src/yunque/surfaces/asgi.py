"""The application that uvicorn serves: `uvicorn --factory yunque.surfaces.asgi:build`."""

import os
import sys
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from starlette.types import ASGIApp

from yunque.models.registry_trials import Trials
from yunque.monitoring.prediction_log import PredictionLog
from yunque.monitoring.trial_counts import TrialBook
from yunque.runtime.logs import configure_logs
from yunque.services.score import Shelf
from yunque.surfaces.bootstrap import PREDICTIONS, Platform, open_keys, open_platform, open_tokens
from yunque.surfaces.http.access_log import AccessLog
from yunque.surfaces.http.app import create_app
from yunque.surfaces.http.limits import Limits
from yunque.surfaces.http.metrics_share import SharedCounts
from yunque.surfaces.http.serving import Serving
from yunque.surfaces.http.watch import Watch
from yunque.surfaces.worker import open_desk

if TYPE_CHECKING:
    from yunque.services.ask import AskDesks
    from yunque.services.demand_door import DemandDoor

TRIALS = "trials"  # folder under the home


def build() -> ASGIApp:
    """Build the application from the settings; each worker builds its own."""
    configure_logs()
    platform = open_platform()
    settings = platform.settings
    app = create_app(
        Serving(
            shelf=Shelf(platform.registry, default=settings.default_model, trials=Trials(platform.database)),
            limits=Limits(
                body_bytes=settings.max_body_bytes,
                body_seconds=settings.body_timeout_seconds,
                rows=settings.max_rows,
                upload_bytes=settings.max_upload_bytes,
                upload_seconds=settings.upload_timeout_seconds,
            ),
            keyring=open_keys(settings),
            tokens=open_tokens(settings),
            cors_origins=settings.cors_origins,
            poll_seconds=settings.poll_seconds,
            shared=SharedCounts(settings.counters_folder),
            access_log=AccessLog(sys.stderr),
            watch=_open_watch(platform),
            office=open_desk(platform).office,
            demand=partial(_open_demand, platform),
            ask=partial(_open_ask, platform),
        )
    )
    if settings.traces_url is None:
        return app
    from yunque.surfaces.http.traces import Traced, open_traces

    return Traced(app, open_traces(settings.traces_url, settings.traces_share))


def _open_demand(platform: Platform) -> "DemandDoor":
    """Open what R2's endpoints need, when the first of them is asked."""
    from yunque.surfaces.demand_house import demand_door

    return demand_door(platform)


def _open_ask(platform: Platform) -> "AskDesks":
    """Open what questions are answered from, when the first of them is asked."""
    from yunque.surfaces.ask_desks import ask_desks

    return ask_desks(platform)


def _open_watch(platform: Platform) -> Watch:
    """Open the log, when there is to be one, and the counts of trials."""
    settings = platform.settings
    worker = f"{os.getpid()}-{uuid4().hex[:8]}"
    log = PredictionLog(
        settings.home / PREDICTIONS if settings.prediction_log else None,
        worker,
        platform.clock,
        keep_days=settings.log_keep_days,
        leave_out=settings.log_leave_out,
    )
    return Watch(log, TrialBook(settings.home / TRIALS, worker))
