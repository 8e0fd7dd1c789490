"""The application that uvicorn serves: `uvicorn --factory yunque.surfaces.asgi:build`."""

import sys

from starlette.types import ASGIApp

from yunque.runtime.logs import configure_logs
from yunque.services.score import Shelf
from yunque.surfaces.bootstrap import open_keys, open_platform
from yunque.surfaces.http.access_log import AccessLog
from yunque.surfaces.http.app import create_app
from yunque.surfaces.http.limits import Limits
from yunque.surfaces.http.metrics_share import SharedCounts
from yunque.surfaces.http.serving import Serving


def build() -> ASGIApp:
    """Build the application from the settings; each worker builds its own."""
    configure_logs()
    platform = open_platform()
    settings = platform.settings
    return create_app(
        Serving(
            shelf=Shelf(platform.registry, default=settings.default_model),
            limits=Limits(
                body_bytes=settings.max_body_bytes,
                body_seconds=settings.body_timeout_seconds,
                rows=settings.max_rows,
            ),
            keyring=open_keys(settings),
            cors_origins=settings.cors_origins,
            poll_seconds=settings.poll_seconds,
            shared=SharedCounts(settings.counters_folder),
            access_log=AccessLog(sys.stderr),
        )
    )
