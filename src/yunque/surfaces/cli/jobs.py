"""`yunque jobs`: submit, list, show, follow, cancel, run again."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yunque.errors import UsageError
from yunque.surfaces.cli import jobs_queue
from yunque.surfaces.cli.console import note, say, write_json, write_table
from yunque.surfaces.cli.jobs_ask import payload_of, upload_from
from yunque.surfaces.cli.options import AsJson

if TYPE_CHECKING:
    from yunque.runtime.jobs.job import Job
    from yunque.services.job_office import Office

FAILED = 2
POLL_SECONDS = 0.5

app = typer.Typer(help="Durable jobs: submit, follow, cancel, run again, drain.", rich_markup_mode=None)
JobId = Annotated[str, typer.Argument(metavar="JOB", help="Its id, or the beginning of it.")]
Tenant = Annotated[str, typer.Option("--tenant", metavar="NAME", help="Whose job it is.")]
jobs_queue.add_to(app)


def office() -> "Office":
    """Open the job side of the platform."""
    from yunque.surfaces.bootstrap import open_platform
    from yunque.surfaces.worker import open_desk

    return open_desk(open_platform()).office


@app.command("submit")
def submit(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="train, score or pipeline.")],
    table: Annotated[
        Path | None,
        typer.Argument(metavar="[TABLE]", help="The file to work on; it is copied.", dir_okay=False),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            "-s",
            metavar="NAME=VALUE",
            help="target=churn, budget=60s, models=lightgbm,rf; repeat it.",
        ),
    ] = None,
    upload: Annotated[
        str | None, typer.Option("--upload", metavar="ID", help="An upload instead of a file.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="KEY", help="Idempotency key: repeating it gives the same job."),
    ] = None,
    priority: Annotated[int, typer.Option("--priority", help="Higher runs first; -100 to 100.")] = 0,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it to its end.")] = False,
    tenant: Tenant = "local",
    as_json: AsJson = False,
) -> None:
    """Put a job in line. A worker does it: `yunque worker`, or `yunque serve --worker`."""
    from yunque.services import jobs
    from yunque.services.job_documents import job_document
    from yunque.surfaces.bootstrap import person

    here = office()
    accepted = jobs.submit(
        here,
        jobs.Request(
            tenant=tenant,
            kind=kind,
            payload=payload_of(option or []),
            upload=upload_from(here, tenant, table, upload),
            idempotency_key=key,
            priority=priority,
            by=person(),
            door="cli",
        ),
    )
    if wait:
        _follow(here, tenant, accepted.job.id, quiet=as_json)
    job = jobs.show(here, tenant, accepted.job.id)
    if as_json:
        write_json(job_document(job))
    elif not wait:
        say(job.id)
        word = "In line" if accepted.is_new else "Known already"
        note(f"{word}; `yunque jobs show {job.id[:8]}` tells more.")
    if wait and str(job.state) != "succeeded":
        raise typer.Exit(FAILED)


@app.command("list")
def list_jobs(
    state: Annotated[str | None, typer.Option("--state", help="queued, running, succeeded …")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="train, score or pipeline.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 20,
    tenant: Annotated[
        str | None, typer.Option("--tenant", metavar="NAME", help="Of one tenant; all by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    from yunque.runtime.jobs.job import State
    from yunque.runtime.jobs.queue_view import JobFilter
    from yunque.services import jobs
    from yunque.services.job_documents import job_document, moment

    if state is not None and state not in set(State):
        raise UsageError(f"There is no state {state!r}.", hint=f"States: {', '.join(State)}.")
    wanted = JobFilter(tenant=tenant, state=None if state is None else State(state), kind=kind, limit=limit)
    found = jobs.list_(office(), wanted)
    if as_json:
        write_json({"jobs": [{"tenant": job.tenant, **job_document(job)} for job in found]})
        return
    rows = [
        [job.id[:8], job.tenant, job.kind, str(job.state), f"{job.progress:.0%}", str(job.attempts),
         moment(job.created_at) or "", job.error_message or job.progress_message]
        for job in found
    ]  # fmt: skip
    headers = ["job", "tenant", "kind", "state", "done", "attempts", "created", "last word"]
    if rows:
        write_table("", headers, rows, right="done,attempts")
    else:
        say("There are no such jobs.")


@app.command("show")
def show(job_id: JobId, tenant: Tenant = "local", as_json: AsJson = False) -> None:
    """Show a job: its request, attempts, timings and result."""
    from yunque.services import jobs
    from yunque.services.job_documents import attempt_documents, job_document

    here = office()
    job = _find(here, tenant, job_id)
    tries = jobs.attempts(here, tenant, job.id)
    document = {**job_document(job), "owner": job.owner, "attempt_list": attempt_documents(tries)}
    if as_json:
        write_json(document)
        return
    for name in (
        "job_id",
        "kind",
        "status",
        "message",
        "file_name",
        "created_at",
        "started_at",
        "finished_at",
    ):
        if document[name]:
            say(f"{name:12} {document[name]}")
    say(
        f"{'request':12} "
        + ", ".join(f"{k}={v}" for k, v in document["request"].items() if v not in (None, "", []))
    )
    if document["error"]:
        say(f"{'error':12} {document['error']['code']}: {document['error']['message']}")
    for name, value in (document["summary"] or {}).items():
        if not isinstance(value, dict):
            say(f"  {name:24} {value}")
    if tries:
        rows = [
            [
                str(it["attempt"]),
                str(it["started_at"]),
                str(it["seconds"] or ""),
                str(it["outcome"]),
                it["reason"] or "",
            ]
            for it in document["attempt_list"]
        ]
        write_table("", ["attempt", "started", "seconds", "outcome", "reason"], rows, right="attempt,seconds")


@app.command("logs")
def logs(
    job_id: JobId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job ends.")] = False,
    technical: Annotated[
        bool, typer.Option("--technical", help="The last attempt's own output, tracebacks and all.")
    ] = False,
    tenant: Tenant = "local",
    as_json: AsJson = False,
) -> None:
    """Show what a job has told."""
    from yunque.services import jobs
    from yunque.services.job_documents import event_document

    here = office()
    job = _find(here, tenant, job_id)
    if technical:
        say(jobs.attempt_log(here, tenant, job.id))
    elif as_json:
        write_json(
            {"job_id": job.id, "events": [event_document(e) for e in jobs.follow(here, tenant, job.id)]}
        )
    elif follow:
        _follow(here, tenant, job.id, quiet=False)
    else:
        _tell(here, tenant, job.id, 0)


@app.command("cancel")
def cancel(job_id: JobId, tenant: Tenant = "local", as_json: AsJson = False) -> None:
    """Cancel a job; it is never charged."""
    from yunque.services import jobs
    from yunque.services.job_documents import job_document

    here = office()
    job = jobs.cancel(here, tenant, _find(here, tenant, job_id).id)
    if as_json:
        write_json(job_document(job))
    else:
        say(f"{job.id} is {job.state}" + ("" if job.is_final else "; it stops at its next heartbeat"))


@app.command("retry")
def retry(job_id: JobId, tenant: Tenant = "local", as_json: AsJson = False) -> None:
    """Run a failed or cancelled job again, as a new job."""
    from yunque.services import jobs
    from yunque.services.job_documents import job_document

    here = office()
    job = jobs.retry(here, tenant, _find(here, tenant, job_id).id).job
    if as_json:
        write_json(job_document(job))
    else:
        say(job.id)


def _find(here: "Office", tenant: str, job_id: str) -> "Job":
    """Give the job of that id, or the only one whose id begins so."""
    from yunque.runtime.jobs.queue_view import JobFilter
    from yunque.services import jobs

    if len(job_id) >= 36:
        return jobs.show(here, tenant, job_id)
    newest = jobs.list_(here, JobFilter(tenant=tenant, limit=jobs.MOST_LISTED))
    found = [job for job in newest if job.id.startswith(job_id)] if len(job_id) >= 4 else []
    if len(found) != 1:
        what = "No job" if not found else f"{len(found)} jobs"
        raise UsageError(
            f"{what} of {tenant!r} begin(s) with {job_id!r}.", hint="`yunque jobs list` shows them."
        )
    return found[0]


def _follow(here: "Office", tenant: str, job_id: str, *, quiet: bool) -> None:
    from yunque.services import jobs

    after = 0
    while True:
        after = after if quiet else _tell(here, tenant, job_id, after)
        if jobs.show(here, tenant, job_id).is_final:
            if not quiet:
                _tell(here, tenant, job_id, after)
            return
        time.sleep(POLL_SECONDS)


def _tell(here: "Office", tenant: str, job_id: str, after: int) -> int:
    from yunque.services import jobs

    for event in jobs.follow(here, tenant, job_id, after):
        after = event.number
        share = "" if event.fraction is None else f"{event.fraction:4.0%} "
        reason = event.facts.get("reason", "")
        say(f"{event.at:%H:%M:%S} {event.kind:8} {share}{event.text}{f': {reason}' if reason else ''}")
    return after
