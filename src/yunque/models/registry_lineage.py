"""What the registry's rows tell about a version without opening its bundle."""

from typing import Any

from yunque.models.bundle_json import plain
from yunque.models.manifest import Manifest


def lineage_facts(manifest: Manifest) -> dict[str, Any]:
    """Pick where a version came from and its headline numbers."""
    return {
        "dataset_fingerprint": manifest.dataset.fingerprint,
        "dataset_rows": manifest.dataset.rows,
        "source": manifest.dataset.source,
        "contract": plain(manifest.contract),
        "task": plain(manifest.task),
        "metric": manifest.task.metric,
        "loss": manifest.champion.loss,
        "metrics": manifest.champion.metrics,
        "created": manifest.clock.created,
        "replayable_digest": manifest.replayable_digest,
    }
