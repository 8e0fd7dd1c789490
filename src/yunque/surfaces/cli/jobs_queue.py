"""`yunque jobs` for operators: where the queue stands, pause, resume, drain, dead letters."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from yunque.surfaces.cli.console import note, say, write_json, write_table
from yunque.surfaces.cli.options import AsJson

if TYPE_CHECKING:
    from yunque.services.job_office import Office

Kind = Annotated[str, typer.Option("--kind", metavar="KIND", help="One kind; all by default.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for whoever looks.")]
POLL_SECONDS = 1.0


def add_to(app: typer.Typer) -> None:
    """Add the operators' commands."""
    for name, command in (
        ("queue", queue), ("pause", pause), ("resume", resume), ("drain", drain), ("dead", dead)
    ):  # fmt: skip
        app.command(name)(command)


def queue(as_json: AsJson = False) -> None:
    """Show how many jobs of each kind stand where, and what is paused."""
    _show(_office(), as_json=as_json)


def pause(kind: Kind = "*", reason: Reason = "", as_json: AsJson = False) -> None:
    """Let no worker begin jobs; running ones go on."""
    from yunque.services import jobs

    here = _office()
    jobs.pause(here, kind, reason)
    _show(here, as_json=as_json)


def resume(kind: Kind = "*", as_json: AsJson = False) -> None:
    """End a pause."""
    from yunque.services import jobs

    here = _office()
    jobs.resume(here, kind)
    _show(here, as_json=as_json)


def drain(
    kind: Kind = "*",
    reason: Reason = "",
    timeout: Annotated[float, typer.Option("--timeout", min=0, help="Seconds to wait.")] = 600.0,
    as_json: AsJson = False,
) -> None:
    """Pause, then wait until nothing runs any more; `yunque jobs resume` ends it."""
    from yunque.services import jobs

    here = _office()
    jobs.pause(here, kind, reason or "drained by an operator")
    until = time.monotonic() + timeout
    while (count := jobs.still_running(here, kind)) and time.monotonic() < until:
        note(f"{count} job(s) still run.")
        time.sleep(POLL_SECONDS)
    _show(here, as_json=as_json)
    if count:
        raise typer.Exit(1)


def dead(
    replay: Annotated[str | None, typer.Option("--replay", metavar="ID", help="Send this one again.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the webhook messages that were given up, or send one again."""
    from yunque.services import jobs
    from yunque.services.job_documents import delivery_document

    here = _office()
    if replay is not None:
        found = [delivery_document(jobs.replay(here, replay))]
    else:
        found = [delivery_document(delivery) for delivery in jobs.dead_letters(here)]
    if as_json:
        write_json({"dead_letters": found} if replay is None else found[0])
    elif found:
        headers = ["id", "tenant", "job_id", "event", "state", "tries", "last_result"]
        write_table("", headers, [[str(it[name]) for name in headers] for it in found], right="tries")
    else:
        say("No webhook message was given up.")


def _office() -> "Office":
    from yunque.surfaces.cli.jobs import office

    return office()


def _show(here: "Office", *, as_json: bool) -> None:
    from yunque.services import jobs

    found = jobs.standing(here)
    if as_json:
        write_json({"counts": found.counts, "paused": found.paused})
        return
    rows = [[kind, state, str(count)] for kind, states in sorted(found.counts.items())
            for state, count in sorted(states.items())]  # fmt: skip
    if rows:
        write_table("", ["kind", "state", "jobs"], rows, right="jobs")
    else:
        say("There are no jobs.")
    for kind, reason in found.paused.items():
        say(f"Paused: {'every kind' if kind == '*' else kind} ({reason})")
