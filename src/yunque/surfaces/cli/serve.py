"""`yunque serve`: answers by HTTP."""

import gc
import os
import socket
import tempfile
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yunque.errors import UsageError
from yunque.surfaces.cli.console import say, write_json
from yunque.surfaces.cli.options import AsJson
from yunque.surfaces.cli.worker_beside import worker_beside

if TYPE_CHECKING:
    from yunque.settings import Settings
    from yunque.surfaces.bootstrap import Platform

APPLICATION = "yunque.surfaces.asgi:build"
GRACE_SECONDS = 20
BACKLOG = 2048
LOCAL = ("127.0.0.1", "localhost", "::1")


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes that answer.")] = 1,
    log: Annotated[
        bool | None,
        typer.Option(
            "--log/--no-log",
            help="Record every answered row (features, answer, request id) under the home; "
            "YUNQUE_LOG_LEAVE_OUT names features that are not. Off unless YUNQUE_PREDICTION_LOG says so.",
            show_default=False,
        ),
    ] = None,
    worker: Annotated[
        bool, typer.Option("--worker", help="Do jobs too, in a worker process beside the server.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Answer by HTTP: predictions, jobs, health, metrics, and documentation of every model at /docs.

    Without API keys it listens on this machine only. A newly promoted champion is picked up while it serves.
    Jobs are taken always and done by workers: `yunque worker` elsewhere, or one beside it with --worker.
    """
    if log is not None:
        os.environ["YUNQUE_PREDICTION_LOG"] = "true" if log else "false"  # the workers read it too
    gc.disable()  # starting leaves little garbage; looking for it took a tenth of the start
    try:
        _serve((host, port), workers, with_worker=worker, as_json=as_json)
    finally:
        gc.enable()


def _serve(place: tuple[str, int], workers: int, *, with_worker: bool, as_json: bool) -> None:
    """Listen, say so, and answer until stopped."""
    host, port = place
    import uvicorn

    from yunque.surfaces.bootstrap import open_keys, open_platform, open_tokens

    platform = open_platform()
    settings = platform.settings
    has_keys = open_keys(settings).current().asks or open_tokens(settings) is not None
    if not has_keys and not _is_local(host):
        raise UsageError(
            f"Without API keys the server listens on this machine only, not on {host}.",
            hint="Make a key with `yunque keys create NAME`, then serve again.",
        )
    listener = _listen(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    _announce(platform, address, has_keys=has_keys, as_json=as_json)
    if not with_worker and not as_json:
        say("Jobs wait until `yunque worker` runs somewhere; --worker starts one beside this server.")
    options = {
        "factory": True,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": GRACE_SECONDS,
        "ws": "none",
        "http": _wire(settings),
    }
    if workers == 1:
        server = uvicorn.Server(uvicorn.Config(APPLICATION, **options))
        with worker_beside(with_worker):
            _collect_once_started(server)
            server.run(sockets=[listener])
        return
    gc.enable()
    port = listener.getsockname()[1]
    listener.close()  # the supervisor of the workers takes the port itself
    counters = tempfile.TemporaryDirectory(prefix="counters-", dir=platform.settings.home)
    with worker_beside(with_worker), counters as folder:
        os.environ["YUNQUE_COUNTERS_FOLDER"] = folder
        uvicorn.run(APPLICATION, host=host, port=port, workers=workers, **options)


def _collect_once_started(server: Any) -> None:
    """Let garbage be looked for from when the server listens, and never among what it was started with."""
    start = server.startup

    async def startup(sockets: list[socket.socket] | None = None) -> None:
        await start(sockets=sockets)
        gc.freeze()
        gc.enable()

    server.startup = startup


def _wire(settings: "Settings") -> Any:
    """Give uvicorn a protocol that slow clients do not hold up; its own where httptools is not to be had."""
    if find_spec("httptools") is None:
        return "auto"
    from yunque.surfaces.wire import Wire, WireLimits

    return Wire(
        WireLimits(
            head_seconds=settings.head_timeout_seconds,
            stall_seconds=settings.stall_timeout_seconds,
            connections=settings.max_connections,
        )
    )


def _is_local(host: str) -> bool:
    return host in LOCAL or host.startswith("127.")


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is started.

    Raises:
        UsageError: it is taken, or the address is none of this machine's.
    """
    listener: socket.socket | None = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(found[0], socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(found[4])
        listener.listen(BACKLOG)
        listener.set_inheritable(True)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise UsageError(
            f"Cannot listen on {host}, port {port}: {error.strerror or error}.",
            hint="Choose another with --port, or 0 for any free one.",
        ) from error
    return listener


def _announce(platform: "Platform", address: str, *, has_keys: bool, as_json: bool) -> None:
    champions = [v.label for v in platform.registry.all_versions() if "champion" in v.aliases]
    if as_json:
        document = {"address": address, "docs": f"{address}/docs", "models": champions, "api_keys": has_keys}
        write_json({**document, "prediction_log": platform.settings.prediction_log})
        return
    say(f"Yunque answers at {address}   documentation: {address}/docs")
    say(f"Models: {', '.join(champions) or 'none yet; it takes up what `yunque train` publishes'}")
    if platform.settings.prediction_log:
        left_out = ", ".join(platform.settings.log_leave_out) or "nothing"
        days = platform.settings.log_keep_days
        say(f"Every answered row is recorded for {days} days; left out: {left_out}.")
    else:
        say("Answered rows are not recorded; --log records them.")
    if not has_keys:
        say(
            "No API key is configured, so only this machine is answered. `yunque keys create NAME` makes one."
        )
