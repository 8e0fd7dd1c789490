"""Answers that leave in one write are the answers that leave the ordinary way, on real connections."""

import json
import socket
from contextlib import closing

from test_http_wire import HEAD, ROW, WHOLE, connect, everything, served

from yunque.surfaces.at_once import WholeExchange
from yunque.surfaces.http.app import create_app
from yunque.surfaces.http.serving import Serving

CLOSING = WHOLE.replace(b"Host", b"Connection: close\r\nHost")


def split(answer: bytes) -> tuple[set[bytes], bytes]:
    """Give the names of the headers, and the body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return {line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:]}, body


def one_answer(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data or len(data.partition(b"\r\n\r\n")[2]) < length(data):
        data += connection.recv(65536)
    return data


def length(data: bytes) -> int:
    head = data.partition(b"\r\n\r\n")[0].lower()
    return int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])


def test_both_ways_give_the_same_answer(serving: Serving) -> None:
    """A connection that is to be closed is answered the ordinary way."""
    with served(create_app(serving)) as address:
        with closing(connect(address)) as connection:
            connection.sendall(WHOLE)
            names, body = split(one_answer(connection))
        with closing(connect(address)) as connection:
            connection.sendall(CLOSING)
            other_names, other_body = split(everything(connection))
    assert json.loads(body) == json.loads(other_body)
    assert other_names - names == {b"connection"}
    assert {b"date", b"x-request-id", b"content-type", b"content-length"} <= names


def test_an_answer_comes_in_one_piece(serving: Serving) -> None:
    with served(create_app(serving)) as address, closing(connect(address)) as connection:
        for _ in range(20):
            connection.sendall(WHOLE)
            piece = connection.recv(65536)
            assert len(piece.partition(b"\r\n\r\n")[2]) == length(piece)


def test_requests_sent_together_are_answered_in_their_order(serving: Serving) -> None:
    rows = [json.dumps({**json.loads(ROW), "class": number}).encode() for number in range(1, 9)]
    requests = [
        HEAD + b"X-Request-Id: number-%d\r\nContent-Length: %d\r\n\r\n%s" % (number, len(row), row)
        for number, row in enumerate(rows)
    ]
    with served(create_app(serving)) as address, closing(connect(address)) as connection:
        connection.sendall(b"".join(requests) + CLOSING)
        answer = everything(connection)
    assert answer.count(b"HTTP/1.1 200") == len(rows) + 1
    places = [answer.index(b"x-request-id: number-%d\r\n" % number) for number in range(len(rows))]
    assert places == sorted(places)


def test_a_body_in_pieces_and_one_that_asks_first_are_answered(serving: Serving) -> None:
    with served(create_app(serving)) as address:
        with closing(connect(address)) as connection:
            connection.sendall(WHOLE[:-10])
            connection.sendall(WHOLE[-10:])
            assert one_answer(connection).startswith(b"HTTP/1.1 200")
        with closing(connect(address)) as connection:
            head = HEAD + b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(
                ROW
            )
            connection.sendall(head)
            assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.sendall(ROW)
            assert everything(connection).startswith(b"HTTP/1.1 200")


class _Cycle:
    more_body = disconnected = waiting_for_100_continue = False
    body = bytearray(b"{}")
    response_started = True


def test_what_was_begun_is_not_answered_again() -> None:
    cycle = _Cycle()
    exchange = WholeExchange(cycle)
    assert exchange.body(2) == b"{}" and exchange.body(1) is None
    assert not exchange.answer((), b"{}")
    cycle.more_body = True
    assert exchange.body(2) is None
