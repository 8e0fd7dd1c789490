"""Where webhooks may go, how they are signed, and what the other side can do to us (nothing)."""

import base64
import hashlib
import hmac
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from yunque.errors import UsageError
from yunque.runtime.jobs.outbox import Delivery, Endpoint, new_secret
from yunque.runtime.jobs.webhook import Rules, check_url, deliver, is_public, sign

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def to(*addresses: str) -> Rules:
    return Rules(resolve=lambda host, port: addresses)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.1", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b:1::a00:1",
        "::127.0.0.1", "2001:db8::1", "fe80::1%eth0", "2001:0:7f00:1::",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(UsageError, match="public address"):
        check_url("https://example.com/hook", to(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34"])
def test_a_public_address_is_accepted(address: str) -> None:
    target = check_url("https://example.com:8443/hook?a=b", to(address))
    assert (target.addresses, target.path, target.host_header) == (
        (address,),
        "/hook?a=b",
        "example.com:8443",
    )


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(UsageError):
        check_url("https://example.com/", to("93.184.216.34", "10.0.0.1"))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "https://example.com:22/", "https://user@example.com/",
        "https://user:pw@example.com/", "https:///path", "example.com", "", "https://exa mple.com/",
        "https://example.com/\r\nX-Evil: 1", "https://ex\u00e4mple.com/", "https://example.com:99999/",
        "https://[::1", "https://example.com\\@evil.com/", "https://example.com/" + "x" * 2000,
    ],
)  # fmt: skip
def test_a_url_that_could_mean_something_else_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        check_url(url, to("93.184.216.34"))


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost"])
def test_odd_spellings_of_this_machine_are_refused(host: str) -> None:
    """The system's resolver understands them; what it makes of them is what is checked."""
    with pytest.raises(UsageError):
        check_url(f"https://{host}/", Rules())


def test_a_name_without_address_is_refused() -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise socket.gaierror("no such host")

    with pytest.raises(UsageError):
        check_url("https://example.com/", Rules(resolve=nowhere))


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example of the specification's reference libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at = datetime.fromtimestamp(1614265330, UTC)
    body = b'{"test": 2432232314}'
    assert sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
    assert len(sign([new_secret(), new_secret()], "id", at, body).split(" ")) == 2


# -- delivering to a real socket --------------------------------------------------------------------------

Talk = Callable[[socket.socket], None]
LOCAL = {"schemes": ("http",), "allows_private": True}


def read_request(channel: socket.socket) -> bytes:
    found = b""
    while b"\r\n\r\n" not in found:
        found += channel.recv(65536)
    head, _, body = found.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += channel.recv(65536)
    return head + b"\r\n\r\n" + body


class Receiver:
    """A server on this machine that lets `talk` answer each connection."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.received = b""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                channel, _ = self._listener.accept()
            except OSError:
                return
            with closing(channel):
                try:
                    self.received = read_request(channel)
                    self._talk(channel)
                except OSError:
                    pass

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


@pytest.fixture
def receive() -> Iterator[Callable[[Talk], Receiver]]:
    opened: list[Receiver] = []

    def open_it(talk: Talk) -> Receiver:
        opened.append(Receiver(talk))
        return opened[-1]

    yield open_it
    for receiver in opened:
        receiver.close()


def answer(status: str, *headers: str) -> Talk:
    text = "\r\n".join([f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "", ""])
    return lambda channel: channel.sendall(text.encode())


def message() -> Delivery:
    return Delivery(
        id="m1", tenant="t", job_id="j1", event="job.succeeded", body={"type": "job.succeeded", "año": 1},
        created_at=NOW, state="waiting", tries=1, next_at=NOW, last_result=None,
    )  # fmt: skip


def endpoint(port: int, **more: object) -> Endpoint:
    facts = {"id": "e1", "tenant": "t", "secrets": (new_secret(),), "is_active": True} | more
    return Endpoint(url=f"http://hooks.test:{port}/in", **facts)  # type: ignore[arg-type]


def rules(port: int, timeout_seconds: float = 5.0) -> Rules:
    return Rules(
        ports=(port,), timeout_seconds=timeout_seconds, resolve=lambda host, p: ["127.0.0.1"], **LOCAL
    )  # type: ignore[arg-type]


def test_a_message_arrives_signed_and_whole(receive: Callable[[Talk], Receiver]) -> None:
    receiver = receive(answer("204 No Content"))
    target = endpoint(receiver.port)
    assert deliver(message(), target, rules(receiver.port), NOW).is_accepted
    head, _, body = receiver.received.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "post /in http/1.1"
    assert f"host: hooks.test:{receiver.port}" in lines
    assert "webhook-id: m1" in lines
    key = base64.b64decode(target.secrets[0].removeprefix("whsec_"))
    signed = f"m1.{int(NOW.timestamp())}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert f"webhook-signature: v1,{expected}" in head.decode()
    assert "año".encode() in body


@pytest.mark.parametrize(
    ("status", "headers", "is_accepted", "is_gone"),
    [
        ("200 OK", (), True, False),
        ("299 Odd", (), True, False),
        ("302 Found", ("Location: http://169.254.169.254/",), False, False),
        ("410 Gone", (), False, True),
        ("429 Too Many", (), False, False),
        ("500 Broken", ("X-Secret: shown to nobody",), False, False),
    ],
)
def test_what_an_answer_means(
    receive: Callable[[Talk], Receiver],
    status: str,
    headers: tuple[str, ...],
    is_accepted: bool,
    is_gone: bool,
) -> None:
    receiver = receive(answer(status, *headers))
    found = deliver(message(), endpoint(receiver.port), rules(receiver.port), NOW)
    assert (found.is_accepted, found.is_gone) == (is_accepted, is_gone)
    assert found.text == f"answered {status.split()[0]}"


def hang(channel: socket.socket) -> None:
    time.sleep(30)


def drip(channel: socket.socket) -> None:
    """One byte of an endless header at a time: each one would start a socket's own timeout again."""
    channel.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        channel.sendall(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize("talk", [hang, drip])
def test_a_receiver_that_holds_the_line_is_cut_off(
    receive: Callable[[Talk], Receiver], talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    if talk is hang:
        wait = threading.Event()
        talk = lambda channel: wait.wait(20) and None  # noqa: E731
    receiver = receive(talk)
    started = time.monotonic()
    found = deliver(message(), endpoint(receiver.port), rules(receiver.port, timeout_seconds=0.5), NOW)
    assert (found.is_accepted, found.text) == (False, "no answer in time")
    assert time.monotonic() - started < 10
    if "wait" in locals():
        wait.set()


@pytest.mark.parametrize("words", [b"", b"hello\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"x" * 70_000 + b"\r\n"])
def test_nonsense_is_a_failed_try(receive: Callable[[Talk], Receiver], words: bytes) -> None:
    receiver = receive(lambda channel: channel.sendall(words))
    found = deliver(message(), endpoint(receiver.port), rules(receiver.port), NOW)
    assert not found.is_accepted
    assert "hello" not in found.text


def test_nobody_there_is_a_failed_try() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found = deliver(message(), endpoint(port), rules(port), NOW)
    assert not found.is_accepted and not found.is_gone


def test_a_name_that_has_become_private_is_refused_at_delivery(receive: Callable[[Talk], Receiver]) -> None:
    receiver = receive(answer("200 OK"))
    strict = Rules(schemes=("http",), ports=(receiver.port,), resolve=lambda host, port: ["127.0.0.1"])
    found = deliver(message(), endpoint(receiver.port), strict, NOW)
    assert (found.is_accepted, found.text) == (False, "the address is not allowed")
    assert receiver.received == b""


def test_a_removed_endpoint_is_told_nothing(receive: Callable[[Talk], Receiver]) -> None:
    receiver = receive(answer("200 OK"))
    found = deliver(message(), endpoint(receiver.port, is_active=False), rules(receiver.port), NOW)
    assert found.is_gone
    assert receiver.received == b""
