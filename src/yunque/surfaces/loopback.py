"""A server of one's own on loopback, for as long as it is held: what an inference test asks."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from urllib.error import URLError
from urllib.request import Request, urlopen

from yunque.errors import OperationError
from yunque.runtime.database import sqlite_url
from yunque.services.access import Scope, grant_key
from yunque.services.pipeline_house import Served
from yunque.settings import Settings

START_SECONDS, STOP_SECONDS = 300.0, 30.0
COMMAND = (
    "-c",
    "from yunque.surfaces.cli.app import main; main()",
    "serve",
    "--port",
    "0",
    "--no-log",
    "--json",
)


@contextmanager
def loopback_server(settings: Settings) -> Iterator[Served]:
    """Start `yunque serve` in a process of its own over the same models; it ends with the block.

    It opens to one key that was made for it and dies with it, so keys that are configured need not be known.

    Raises:
        OperationError: it does not start within five minutes.
    """
    secret, key = grant_key("inference-test", scopes=frozenset({Scope.PREDICT}))
    url = settings.database_url.get_secret_value() if settings.database_url else None
    environment = {
        **os.environ,
        "YUNQUE_HOME": str(settings.home.absolute()),
        "YUNQUE_DATABASE_URL": url or sqlite_url(settings.home.absolute() / "yunque.db"),
        "YUNQUE_API_KEYS": f"{key.name}:{key.digest} scopes=predict",
    }
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, *COMMAND],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as process:
        try:
            address = _address(process)
            _wait(address, process)
            yield Served(address=address, headers={"X-API-Key": secret})
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: "subprocess.Popen[str]") -> str:
    """Read the address that the server tells; a thread reads, so that silence ends as well."""
    lines: list[str] = []
    reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
    reader.start()
    reader.join(START_SECONDS)
    try:
        return str(json.loads("".join(lines))["address"])
    except (ValueError, KeyError) as error:
        raise _silent() from error


def _read(stream: IO[str] | None, lines: list[str]) -> None:
    while stream is not None and (line := stream.readline()):
        lines.append(line)
        if line.rstrip() == "}":
            return


def _wait(address: str, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(Request(f"{address}/health/live"), timeout=5) as answer:  # noqa: S310 - loopback
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise _silent()


def _silent() -> OperationError:
    return OperationError(
        "The server for the inference test did not start.", hint="`yunque serve` tells what is in its way."
    )
