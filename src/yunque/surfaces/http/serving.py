"""What the HTTP surface is given: models, limits, keys and counters."""

from dataclasses import dataclass, field

from yunque.services.access import Keyring
from yunque.services.score import Shelf
from yunque.surfaces.http.limits import Limits
from yunque.surfaces.http.metrics import Metrics
from yunque.surfaces.http.metrics_share import SharedCounts


@dataclass(frozen=True, kw_only=True)
class Serving:
    """Everything a server needs; built by `surfaces/asgi.py`.

    Attributes:
        shelf: open models.
        limits: what one request may ask for.
        keyring: accepted API keys; with none, only this machine is answered.
        cors_origins: origins that browsers may call from; none when empty.
        poll_seconds: how often the registry is asked for new champions.
        metrics: counters of this worker.
        shared: counters of the workers beside it.
    """

    shelf: Shelf
    limits: Limits
    keyring: Keyring = field(default_factory=Keyring)
    cors_origins: tuple[str, ...] = ()
    poll_seconds: float = 2.0
    metrics: Metrics = field(default_factory=Metrics)
    shared: SharedCounts = field(default_factory=lambda: SharedCounts(None))
