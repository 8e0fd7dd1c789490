"""What is done to a run from outside: workers killed and stopped, databases locked, stores and receivers broken."""

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from servers import Postgres

if TYPE_CHECKING:
    from harness import Run

Fault = Callable[["Run"], None]


def kill_worker(run: "Run") -> None:
    """Kill a worker with -9."""
    run.kill_one()


def stop_worker(run: "Run") -> None:
    """Stop a worker past its lease (SIGSTOP); it wakes up later."""
    run.stop_one()


def lock_database(run: "Run") -> None:
    """Hold the write lock for longer than a lease (SQLite)."""
    with run.database.writing():
        time.sleep(1.5 * run.setting.lease_seconds)


def restart_postgres(server: Postgres) -> Fault:
    def kill_postgres(run: "Run") -> None:
        server.kill()
        server.start_again()

    return kill_postgres


@contextmanager
def webhook_receiver(*, seed: int = 0) -> Iterator[tuple[int, Counter[str]]]:
    """A receiver that hangs, breaks or accepts by chance; gives its port and what it has accepted."""
    chance = random.Random(seed)
    accepted: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            draw = chance.random()
            if draw < 0.2:
                time.sleep(2.0)  # longer than the sender waits
            if draw < 0.4:
                self.send_response(500)
            else:
                accepted[self.headers["webhook-id"]] += 1
                self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], accepted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class FaultyLine:
    """A line to a real server that breaks by chance: an answer 503, a hang-up, or a pause; or is cut on demand.

    Args:
        target: where the server listens: a host and a port, or the path of a Unix socket.
        chances: of a 503, a hang-up, and a pause of half a second, for each new connection.
    """

    def __init__(
        self,
        target: tuple[str, int] | str,
        *,
        seed: int = 0,
        chances: tuple[float, float, float] = (0, 0, 0),
    ) -> None:
        self._target = target
        self._random = random.Random(seed)
        self._chances = chances
        self._open: set[socket.socket] = set()
        self._is_cut = threading.Event()
        self.faults: Counter[str] = Counter()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @classmethod
    def to_http(
        cls, address: str, *, seed: int, chances: tuple[float, float, float] = (0.12, 0.08, 0.1)
    ) -> "FaultyLine":
        parts = urlsplit(address)
        return cls((parts.hostname or "", parts.port or 80), seed=seed, chances=chances)

    def cut(self) -> None:
        """Break every connection and let no new one through, until `mend`."""
        self._is_cut.set()
        for line in list(self._open):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._is_cut.clear()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        busy, gone, slow = self._chances
        draw = self._random.random()
        with client, suppress(OSError):
            if self._is_cut.is_set():
                return
            if draw < busy:
                self.faults["store_503"] += 1
                client.recv(65536)
                client.sendall(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            if draw < busy + gone:
                self.faults["store_hang_up"] += 1
                return
            if draw < busy + gone + slow:
                self.faults["store_slow"] += 1
                time.sleep(0.5)
            self._pass_on(client)

    def _pass_on(self, client: socket.socket) -> None:
        with self._connected() as server:
            self._open |= {client, server}
            try:
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join(30)
            finally:
                self._open -= {client, server}

    def _connected(self) -> socket.socket:
        if isinstance(self._target, tuple):
            return socket.create_connection(self._target, timeout=30)
        line = socket.socket(socket.AF_UNIX)
        line.connect(self._target)
        return line


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
