"""`yunque worker`: does jobs until it is asked to stop."""

from typing import Annotated

import typer

from yunque.surfaces.cli.console import note, write_json
from yunque.surfaces.cli.options import AsJson


def worker(
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help="Do jobs of this kind only.")
    ] = None,
    until_empty: Annotated[bool, typer.Option("--until-empty", help="End when no job is left.")] = False,
    parent: Annotated[int | None, typer.Option("--parent", hidden=True)] = None,
    as_json: AsJson = False,
) -> None:
    """Do jobs, one after the other, each in a process of its own; start as many workers as you like.

    Ctrl-C (or SIGTERM) ends it gently: the job at hand goes back in line and loses no attempt. What it
    does is told in lines of JSON on stderr.
    """
    from yunque.surfaces.worker import run_worker

    if not until_empty and parent is None:
        note("Waiting for jobs; Ctrl-C ends.")
    attempts = run_worker(until_empty=until_empty, kind=kind, parent=parent)
    if as_json:
        write_json({"attempts": attempts})
    elif parent is None:
        note(f"{attempts} attempt(s) made.")
