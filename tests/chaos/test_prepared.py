"""Statements are prepared where the server's own process answers, and never behind a pooler."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from test_cut_off import target_of

from yunque.runtime.database import Database, open_database
from yunque.runtime.jobs.kind import Kind, kinds_by_name
from yunque.runtime.jobs.queue import Queue, claim
from yunque.runtime.jobs.queue_submit import Submission, submit

pytestmark = pytest.mark.pg
KEY_DATA = b"K\x00\x00\x00\x0c"  # how a server's message with its process number and a secret begins


@contextmanager
def pooler(target: tuple[str, int] | str) -> Iterator[int]:
    """A line to Postgres that greets with a process number of its own, as poolers do; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, target), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def _serve(listener: socket.socket, target: tuple[str, int] | str) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            family = socket.AF_UNIX if isinstance(target, str) else socket.AF_INET
            server = socket.socket(family)
            server.connect(target)
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with source, suppress(OSError):
        while data := source.recv(65536):
            at = data.find(KEY_DATA)
            if at >= 0:
                start = at + len(KEY_DATA)
                data = data[:start] + b"\x00\x00\x00\x01" + data[start + 4 :]
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def prepared_after_some_work(database: Database) -> int:
    """Submit and claim a few jobs, and count the statements that the server keeps for this connection."""
    queue = Queue(database=database, kinds=kinds_by_name(Kind(name="a", entry="m:f")))
    for number in range(5):
        submit(queue, Submission(tenant="t", kind="a", payload={"n": number}, idempotency_key=str(number)))
        assert claim(queue, "w") is not None
    with database.reading() as connection:
        kept = sa.text("SELECT count(*) FROM pg_prepared_statements")
        count: int = connection.execute(kept).scalar_one()
    database.engine.dispose()
    return count


def test_statements_are_prepared_on_a_direct_line(postgres_url: str) -> None:
    assert prepared_after_some_work(open_database(postgres_url)) > 0


def test_nothing_is_prepared_behind_a_pooler(postgres_url: str) -> None:
    with pooler(target_of(make_url(postgres_url))) as port:
        url = make_url(postgres_url).set(host="127.0.0.1", port=port, query={})
        assert prepared_after_some_work(open_database(url)) == 0
