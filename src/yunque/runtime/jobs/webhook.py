"""Sending a webhook: signed as Standard Webhooks say, only to public addresses, within a few seconds."""

import base64
import hashlib
import hmac
import http.client
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from yunque.errors import UsageError
from yunque.runtime.jobs.outbox import Answer, Delivery, Endpoint

Resolve = Callable[[str, int], Sequence[str]]
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


def resolve(host: str, port: int) -> Sequence[str]:
    """Give every address of `host`, in the system's order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Where webhooks may go and how long one may take.

    Args:
        schemes, ports: allowed ones; the defaults are what the public internet needs.
        allows_private: whether private and local addresses are allowed; only for tests and closed networks.
        timeout_seconds: for the whole exchange, however slowly the other side talks.
        tls: how certificates are checked; None is the system's way.
        resolve: how names become addresses.
    """

    schemes: tuple[str, ...] = ("https",)
    ports: tuple[int, ...] = (443, 8443)
    allows_private: bool = False
    timeout_seconds: float = 10.0
    tls: ssl.SSLContext | None = None
    resolve: Resolve = field(default=resolve)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A checked address: connections go to one of `addresses`, never to a name that is resolved again."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]

    @property
    def host_header(self) -> str:
        """What the Host header says."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return name if self.port == usual else f"{name}:{self.port}"


def check_url(url: str, rules: Rules) -> Target:
    """Check a webhook's URL, at registration and again at every delivery, because names change.

    Raises:
        UsageError: another scheme or port than allowed, a user name in it, a name without address, or a
            name of which any address is not public. The message does not say which address it was.
    """
    hint = f"Use {' or '.join(rules.schemes)}://host/path with a public host name."
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError as error:
        raise UsageError("The webhook's URL cannot be read.", hint=hint) from error
    is_plain = len(url) <= 2000 and url.isascii() and url.isprintable() and " " not in url
    if not is_plain or not parts.hostname or "@" in parts.netloc or "\\" in url:
        raise UsageError("The webhook's URL cannot be used.", hint=hint)
    if parts.scheme not in rules.schemes or port not in rules.ports:
        raise UsageError("The webhook's URL has a scheme or port that is not allowed.", hint=hint)
    addresses = _addresses(parts.hostname, port, rules)
    if not addresses or not (rules.allows_private or all(map(is_public, addresses))):
        raise UsageError("The webhook's host has no public address.", hint=hint)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=parts.hostname, port=port, path=path, addresses=tuple(addresses))


def _addresses(host: str, port: int, rules: Rules) -> Sequence[str]:
    try:
        return rules.resolve(host, port)
    except (OSError, UnicodeError):
        return ()


def is_public(address: str) -> bool:
    """Say whether an IP address belongs to the public internet, whatever it is wrapped in."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        inner = [part for part in wrapped if part is not None]
        if any(ip in network for network in _NAT64) or not all(is_public(str(part)) for part in inner):
            return False
        if ip.ipv4_mapped is not None:
            return True
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def sign(secrets: Sequence[str], message_id: str, at: datetime, body: bytes) -> str:
    """Give the `webhook-signature` header: one signature for each secret, newest first.

    Standard Webhooks: HMAC-SHA256 over "id.timestamp.body", the secret being the base64 after "whsec_".
    """
    signed = f"{message_id}.{int(at.timestamp())}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    digests = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys]
    return " ".join(f"v1,{digest}" for digest in digests)


def deliver(delivery: Delivery, endpoint: Endpoint, rules: Rules, now: datetime) -> Answer:
    """Send one message and say how it went; the other side's words are never read nor kept."""
    body = json.dumps(delivery.body, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "user-agent": "yunque-webhooks/1",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": sign(endpoint.secrets, delivery.id, now, body),
    }
    if not endpoint.is_active:
        return Answer(is_accepted=False, text="the endpoint was removed", is_gone=True)
    try:
        target = check_url(endpoint.url, rules)
        status = _post(target, headers, body, rules)
    except UsageError:
        return Answer(is_accepted=False, text="the address is not allowed")
    except (OSError, http.client.HTTPException) as error:
        kind = "no answer in time" if isinstance(error, TimeoutError) else "no connection or no valid answer"
        return Answer(is_accepted=False, text=kind)
    # A redirect is not followed: it could lead to where a webhook may not go.
    return Answer(is_accepted=200 <= status < 300, text=f"answered {status}", is_gone=status == 410)


def _post(target: Target, headers: dict[str, str], body: bytes, rules: Rules) -> int:
    with _connected(target, rules) as channel:
        connection = http.client.HTTPConnection(target.host, target.port)
        connection.sock = channel
        with closing(connection):
            connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
            for name, value in {"host": target.host_header, **headers}.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            return connection.getresponse().status


@contextmanager
def _connected(target: Target, rules: Rules) -> Iterator[socket.socket]:
    """Connect to a checked address, and cut the line when the time for all of it is over."""
    channel = _connect(target, rules.timeout_seconds / 2)
    if target.scheme == "https":
        context = rules.tls or ssl.create_default_context()
        channel = context.wrap_socket(channel, server_hostname=target.host, do_handshake_on_connect=False)
    is_late = threading.Event()

    def cut() -> None:
        is_late.set()
        with suppress(OSError):
            socket.socket.shutdown(channel, socket.SHUT_RDWR)

    # A socket's own timeout starts again with every byte, so a slow talker could hold us for hours.
    timer = threading.Timer(rules.timeout_seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        if isinstance(channel, ssl.SSLSocket):
            channel.do_handshake()
        yield channel
        if is_late.is_set():  # the end that the other side's words came to was our cut
            raise TimeoutError
    except (OSError, http.client.HTTPException) as error:
        if is_late.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
        channel.close()


def _connect(target: Target, timeout_seconds: float) -> socket.socket:
    failure: OSError = OSError("no address")
    for address in target.addresses[:2]:
        try:
            return socket.create_connection((address, target.port), timeout=timeout_seconds)
        except OSError as error:
            failure = error
    raise failure
