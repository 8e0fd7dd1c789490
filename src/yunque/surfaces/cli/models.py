"""`yunque models`: what is published, and which version answers."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from yunque.surfaces.cli import trials
from yunque.surfaces.cli.console import say, write_json, write_table
from yunque.surfaces.cli.export import export
from yunque.surfaces.cli.options import AsJson, By, Reason

if TYPE_CHECKING:
    from yunque.models.registry_rows import Version

app = typer.Typer(help="List, show, try, promote and roll back models.", rich_markup_mode=None)
app.command("export")(export)
app.command("shadow")(trials.begin_shadow)
app.command("canary")(trials.begin_canary)
app.command("stop")(trials.stop)
app.command("trials")(trials.show_trials)
Reference = Annotated[
    str,
    typer.Argument(
        metavar="NAME[@VERSION]", help="For example late, late@3, late@champion.", show_default=False
    ),
]


@app.command("list")
def show_all(as_json: AsJson = False) -> None:
    """List every version of every model."""
    from yunque.surfaces.bootstrap import open_platform

    versions = open_platform().registry.all_versions()
    if as_json:
        write_json({"models": [_facts(version) for version in versions]})
    elif not versions:
        say("Nothing is published yet: `yunque train TABLE --target COLUMN` does it.")
    else:
        write_table(
            "",
            ["model", "answers as", "task", "metric", "loss", "rows", "published"],
            [_line(version) for version in versions],
            right="loss,rows",
        )


@app.command("show")
def show(model: Reference, as_json: AsJson = False) -> None:
    """Show one version: scores against the baselines, lineage, fields, and who changed what."""
    from yunque.surfaces.bootstrap import open_platform
    from yunque.surfaces.cli.model_page import document, show_page

    registry = open_platform().registry
    version = registry.resolve(model)
    loaded = registry.load(version)
    history = registry.history(version.name)
    if as_json:
        write_json(
            {
                **_facts(version),
                "folder": str(registry.folder_of(version)),
                **document(loaded.manifest, history),
            }
        )
    else:
        show_page(version, loaded, history, registry.folder_of(version))


@app.command("promote")
def promote(
    model: Reference,
    by: By = "",
    reason: Reason = "",
    override: Annotated[
        str,
        typer.Option(
            "--override", metavar="REASON", help="Promote in spite of its shortfalls, on your word."
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Make a version the champion, if it passes its gates."""
    from yunque.services.publish import promote as run_promote
    from yunque.surfaces.bootstrap import open_platform, person

    version = run_promote(
        open_platform().registry, model, by=by or person(), reason=reason, override=override
    )
    _tell(version, "is the champion now", as_json)


@app.command("rollback")
def rollback(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model.", show_default=False)],
    by: By = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Make the champion before this one the champion again."""
    from yunque.services.publish import roll_back
    from yunque.surfaces.bootstrap import open_platform, person

    version = roll_back(open_platform().registry, name, by=by or person(), reason=reason)
    _tell(version, "is the champion again", as_json)


@app.command("card")
def card(model: Reference, as_json: AsJson = False) -> None:
    """Write a model's card (Markdown) on the screen."""
    from yunque.models.manifest import CARD
    from yunque.surfaces.bootstrap import open_platform

    registry = open_platform().registry
    version = registry.resolve(model)
    text = registry.load(version).read(CARD).decode("utf-8")
    if as_json:
        write_json({"model": version.label, "card": text})
    else:
        say(text)


def _tell(version: "Version", what: str, as_json: bool) -> None:
    if as_json:
        write_json(_facts(version))
    else:
        say(f"{version.label} {what}.")


def _facts(version: "Version") -> dict[str, Any]:
    return {
        "name": version.name,
        "version": version.version,
        "aliases": list(version.aliases),
        "published_at": version.created_at.isoformat(),
        "bundle_id": version.bundle_id,
        "facts": dict(version.facts),
    }


def _line(version: "Version") -> list[str]:
    facts = version.facts
    task, loss = facts.get("task") or {}, facts.get("loss")
    return [
        version.label,
        ", ".join(version.aliases),
        f"{task.get('kind', '')} {task.get('target', '')}".strip(),
        str(facts.get("metric", "")),
        "" if loss is None else f"{loss:.5g}",
        f"{facts.get('dataset_rows', 0):,}",
        version.created_at.strftime("%Y-%m-%d %H:%M"),
    ]
