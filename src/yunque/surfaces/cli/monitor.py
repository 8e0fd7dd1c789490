"""`yunque monitor`: what is watched by itself, and measuring it now."""

from typing import TYPE_CHECKING, Annotated

import typer

from yunque.surfaces.cli.console import say, write_json, write_table
from yunque.surfaces.cli.options import AsJson, By

if TYPE_CHECKING:
    from yunque.services.watch_file import RuleEntry, Watched
    from yunque.surfaces.bootstrap import Platform

app = typer.Typer(
    help="Vigilancia: models that are watched by jobs, by the rules in monitoring.yaml under the home.",
    rich_markup_mode=None,
)


@app.command("check")
def check(as_json: AsJson = False) -> None:
    """Read monitoring.yaml and say what is watched; every mistake is named with its place."""
    from yunque.surfaces.bootstrap import open_platform

    found = _watches(open_platform())
    if as_json:
        import msgspec

        write_json({"watch": [msgspec.to_builtins(each) for each in found]})
        return
    if not found:
        say("Nothing is watched: there is no monitoring.yaml under the home, or it names no model.")
    rows = [
        [each.model, each.every or "on request", f"{each.days:g}", "; ".join(map(_rule, each.rules))]
        for each in found
    ]
    if rows:
        write_table("", ["model", "every", "days", "rules"], rows)


@app.command("run")
def run(
    model: Annotated[
        str, typer.Argument(metavar="[NAME]", help="One model; all that are watched by default.")
    ] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Submit the watches as jobs now; a worker does them (yunque worker, yunque jobs show ID)."""
    from yunque.errors import NotFoundError
    from yunque.services.schedule import submit_watch
    from yunque.surfaces.bootstrap import open_platform, person
    from yunque.surfaces.worker import open_desk

    platform = open_platform()
    watches = _watches(platform)
    chosen = [each for each in watches if not model or each.model.partition("@")[0] == model]
    if not chosen:
        raise NotFoundError.among("watched model", model, [each.model for each in watches])
    office = open_desk(platform).office
    jobs = [(each.model, submit_watch(office, each, by=by or person()).id) for each in chosen]
    if as_json:
        write_json({"jobs": [{"model": name, "job_id": job} for name, job in jobs]})
        return
    for name, job in jobs:
        say(f"{name}: job {job}")


def _watches(platform: "Platform") -> tuple["Watched", ...]:
    from yunque.services.watch_file import read_watch_file
    from yunque.surfaces.bootstrap import WATCH_FILE

    return read_watch_file(platform.settings.home / WATCH_FILE)


def _rule(entry: "RuleEntry") -> str:
    pairs = (("over", entry.over), ("under", entry.under))
    bounds = " or ".join(f"{word} {value:g}" for word, value in pairs if value is not None)
    return f"{entry.name}: {entry.measure} {bounds}{', retrain' if entry.retrain else ''}"
