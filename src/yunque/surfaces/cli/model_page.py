"""What `yunque models show` tells about one version."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from yunque.models.manifest import CARD, REPORT, Manifest
from yunque.models.registry_rows import Event, Version
from yunque.models.trusted_load import LoadedBundle
from yunque.surfaces.cli.console import say, write_table

SHOWN_METRICS = 12
AVERAGES = ("_macro", "_weighted", "_at_10pct")


def document(manifest: Manifest, history: Sequence[Event]) -> dict[str, Any]:
    """Give the facts as plain JSON values."""
    return {
        "members": manifest.champion.members,
        "metrics": manifest.champion.metrics,
        "held_out": manifest.champion.held_out,
        "held_out_rows": manifest.champion.held_out_rows,
        "baselines": [
            {"name": item.name, "column": item.column, "loss": item.loss, "metrics": item.metrics}
            for item in manifest.baselines
        ],
        "requirements": manifest.requirements,
        "accepted": [
            {"finding": item.finding, "by": item.by, "reason": item.reason} for item in manifest.accepted
        ],
        "history": [
            {
                "at": event.at.isoformat(),
                "event": event.event,
                "version": event.version,
                "by": event.actor,
                "reason": why(event),
            }
            for event in history
        ],
    }


def show_page(version: Version, loaded: LoadedBundle, history: Sequence[Event], folder: Path) -> None:
    """Write the page."""
    manifest = loaded.manifest
    champion = manifest.champion
    aliases = f" ({', '.join(version.aliases)})" if version.aliases else ""
    of = "" if manifest.task.target is None else f" of {manifest.task.target!r}"
    say(f"{version.label}{aliases}: {manifest.task.kind}{of}")
    say(f"Learnt from {manifest.dataset.rows:,} rows of {manifest.dataset.source or 'a table'}")
    say(f"Made of {', '.join(f'{name} ({share:.2f})' for name, share in champion.members.items())}")
    say()
    kind = "untouched test rows" if champion.held_out == "test" else "rows of the folds"
    write_table(
        f"Scores on {champion.held_out_rows:,} {kind}",
        ["metric", "champion", *(_title(item.name, item.column) for item in manifest.baselines)],
        [
            [
                name,
                _shown(champion.metrics.get(name)),
                *(_shown(b.metrics.get(name)) for b in manifest.baselines),
            ]
            for name in headline(champion.metrics)
        ],
        right=",".join(["champion", *(_title(item.name, item.column) for item in manifest.baselines)]),
    )
    write_table("Fields", ["field", "kind"], [[c.name, str(c.kind)] for c in loaded.contract.schema.features])
    write_table(
        "History",
        ["when", "what", "version", "who", "why"],
        [[e.at.strftime("%Y-%m-%d %H:%M"), e.event, str(e.version), e.actor, why(e)] for e in history],
    )
    say(f"Report: {folder / REPORT}")
    say(f"Card:   {folder / CARD}")


def why(event: Event) -> str:
    """Give the reason of a change, that of an override included."""
    overrides = [f"override: {taken['reason']}" for taken in event.details.get("overrides", ())]
    return "; ".join(part for part in (event.reason, *overrides) if part)


def headline(metrics: Mapping[str, Any]) -> list[str]:
    """Give the metrics of the whole answer first; those of single classes are in the report."""
    return [name for name in metrics if "[" not in name and not name.endswith(AVERAGES)][:SHOWN_METRICS]


def _title(name: str, column: str | None) -> str:
    return name.replace("_", " ") if column is None else f"best column {column}"


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
