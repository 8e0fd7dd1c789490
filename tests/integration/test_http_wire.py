"""Clients that are slow, endless or talk no HTTP, on real connections: each is given up, and others are answered."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp, Receive, Scope, Send

from yunque.surfaces.http.app import create_app
from yunque.surfaces.http.serving import Serving
from yunque.surfaces.wire import Wire, WireLimits

LIMITS = WireLimits(head_seconds=0.5, stall_seconds=0.5, head_bytes=8192, connections=20)
HEAD = b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ROW = json.dumps(
    {"class": 33, "income €": 20000.5, "city 🏙": "Cali", "since": "2021-02-03", "member": True}
).encode()
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(ROW), ROW)


@contextmanager
def served(app: ASGIApp, limits: WireLimits = LIMITS) -> Iterator[tuple[str, int]]:
    """Run uvicorn with our protocol in a thread."""
    config = uvicorn.Config(
        app, port=0, http=Wire(limits), ws="none", log_config=None, server_header=False, timeout_keep_alive=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def address(serving: Serving) -> Iterator[tuple[str, int]]:
    with served(create_app(serving)) as found:
        yield found


def connect(address: tuple[str, int]) -> socket.socket:
    return socket.create_connection(address, timeout=20)


def everything(connection: socket.socket) -> bytes:
    """Read until the server closes; a reset ends it too."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


def is_answered(address: tuple[str, int]) -> bool:
    with closing(connect(address)) as connection:
        connection.sendall(WHOLE.replace(b"Host", b"Connection: close\r\nHost"))
        return everything(connection).startswith(b"HTTP/1.1 200")


def problem(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head.lower(), answer
    document = json.loads(body)
    assert head.split()[1] == str(document["status"]).encode()
    return document["status"], document["code"]


def trickle(connection: socket.socket, content: bytes, pause: float = 0.1) -> None:
    """Send a byte at a time until the server has enough."""
    try:
        for byte in content:
            connection.sendall(bytes([byte]))
            time.sleep(pause)
    except OSError:  # closed, by the server or by the end of the test
        pass


def test_a_connection_that_says_nothing_is_closed(address: tuple[str, int]) -> None:
    with closing(connect(address)) as connection:
        assert everything(connection) == b""


def test_a_head_that_trickles_in_is_given_up(address: tuple[str, int]) -> None:
    """Slowloris: every byte is progress, and the whole is none."""
    with closing(connect(address)) as connection:
        connection.sendall(HEAD)
        threading.Thread(target=trickle, args=(connection, b"X-A: b\r\n" * 20)).start()
        assert problem(everything(connection)) == (408, "head_too_slow")
    assert is_answered(address)


def test_blank_lines_do_not_keep_a_connection_open(address: tuple[str, int]) -> None:
    with closing(connect(address)) as connection:
        connection.sendall(WHOLE)
        threading.Thread(target=trickle, args=(connection, b"\r\n" * 100)).start()
        answer = everything(connection)
        assert answer.startswith(b"HTTP/1.1 200") and answer.count(b"HTTP/1.1") == 1


def test_a_head_without_end_is_refused(address: tuple[str, int]) -> None:
    with closing(connect(address)) as connection:
        connection.sendall(HEAD + b"X-Long: " + b"a" * 20_000)
        assert problem(everything(connection)) == (431, "head_too_large")
    with closing(connect(address)) as connection:
        connection.sendall(b"GET /" + b"a" * 20_000)
        assert problem(everything(connection)) == (431, "head_too_large")


def test_many_small_headers_and_endless_chunk_extensions_are_refused(address: tuple[str, int]) -> None:
    with closing(connect(address)) as connection:
        connection.sendall(HEAD + b"".join(b"X-%d: a\r\n" % i for i in range(3000)))
        assert problem(everything(connection)) == (431, "head_too_large")
    with closing(connect(address)) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;")
        time.sleep(0.1)
        connection.sendall(b"a" * 20_000)
        everything(connection)
    assert is_answered(address)


def test_a_body_that_trickles_in_is_given_up(serving: Serving) -> None:
    from dataclasses import replace

    hurried = replace(serving, limits=replace(serving.limits, body_seconds=0.4))
    with served(create_app(hurried)) as address:
        for path in (b"/api/v1/predict", b"/api/v1/predict?longer"):
            with closing(connect(address)) as connection:
                connection.sendall(HEAD.replace(b"/api/v1/predict", path) + b"Content-Length: 500\r\n\r\n")
                threading.Thread(target=trickle, args=(connection, b" " * 40)).start()
                assert problem(everything(connection)) == (408, "body_too_slow")


def test_a_body_that_nobody_reads_does_not_hold_the_connection(address: tuple[str, int]) -> None:
    with closing(connect(address)) as connection:
        connection.sendall(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
        threading.Thread(target=trickle, args=(connection, b" " * 60)).start()
        assert problem(everything(connection)) == (404, "not_found")


def test_one_who_does_not_read_the_answer_is_cut_off() -> None:
    """The answer waits in memory as long as the client likes, unless somebody looks."""
    closed = threading.Event()

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(64):
            await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
        await receive()
        closed.set()

    with served(large) as address, closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(address)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert closed.wait(20)


def test_what_is_no_http_is_refused_with_problem_details(address: tuple[str, int]) -> None:
    for content in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"hello there\r\n\r\n",
                    HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", HEAD + b"Content-Length: -1\r\n\r\n"):  # fmt: skip
        with closing(connect(address)) as connection:
            connection.sendall(content)
            assert problem(everything(connection))[0] == 400, content


def test_connections_beyond_the_limit_are_refused_and_those_within_answered(address: tuple[str, int]) -> None:
    held = [connect(address) for _ in range(LIMITS.connections)]
    time.sleep(0.1)
    with closing(connect(address)) as connection:
        assert problem(everything(connection)) == (503, "too_many_connections")
    for connection in held:
        connection.close()
    time.sleep(0.1)
    assert is_answered(address)


@FEW
@given(
    content=st.binary(max_size=300)
    | st.lists(st.sampled_from([HEAD, WHOLE, ROW, b"\r\n", b"\x00", b"Content-Length: 9999999\r\n\r\n", b"0\r\n\r\n",
                                b"Transfer-Encoding: chunked\r\n\r\n", b"ffffffffffffffffffff\r\n"])).map(b"".join)
)  # fmt: skip
def test_any_bytes_on_the_wire_end_in_answers_or_a_closed_connection(
    address: tuple[str, int], content: bytes
) -> None:
    with closing(connect(address)) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        answer = everything(connection)
    statuses = [int(line.split()[1]) for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    assert all(status < 500 for status in statuses), answer
