"""What a bundle says to people: the model card and the report."""

import html

from yunque.models.bundle_json import write_json
from yunque.models.manifest import CARD, REPORT, Manifest


def words(manifest: Manifest) -> dict[str, bytes]:
    """Give the model card and the report of a run, by file name."""
    facts = write_json(manifest).decode()
    return {
        CARD: f"# {manifest.name}\n\n```json\n{facts}```\n".encode(),
        REPORT: f"<!doctype html><title>{manifest.name}</title><pre>{html.escape(facts)}</pre>\n".encode(),
    }
