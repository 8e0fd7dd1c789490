"""`yunque webhooks`: register an address, list, try, change its secret, delete, send again what died."""

from typing import TYPE_CHECKING, Annotated

import typer

from yunque.errors import UsageError
from yunque.surfaces.cli.console import note, say, write_json, write_table
from yunque.surfaces.cli.options import AsJson

if TYPE_CHECKING:
    from yunque.runtime.jobs.outbox import Endpoint
    from yunque.services.job_office import Office

FAILED = 2

app = typer.Typer(help="Webhooks: who is told when jobs end.", rich_markup_mode=None)
EndpointId = Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning of it.")]
Tenant = Annotated[str, typer.Option("--tenant", metavar="NAME", help="Whose jobs it is told of.")]


@app.command("register")
def register(
    url: Annotated[str, typer.Argument(metavar="URL", help="https, a public host, port 443 or 8443.")],
    event: Annotated[
        list[str] | None,
        typer.Option("--event", metavar="EVENT", help="job.succeeded, job.failed, job.cancelled; repeat it."),
    ] = None,
    tenant: Tenant = "",
    as_json: AsJson = False,
) -> None:
    """Register an address and show its secret once; every event is told unless some are named."""
    from yunque.services import webhooks

    made = webhooks.register(_office(), _named(tenant), url, event or None)
    if as_json:
        write_json(webhooks.endpoint_document(made, with_secret=True))
        return
    say(made.id)
    _show_secret(made)


@app.command("list")
def list_endpoints(tenant: Tenant = "", as_json: AsJson = False) -> None:
    """List the addresses, without their secrets."""
    from yunque.services import webhooks

    found = [webhooks.endpoint_document(it) for it in webhooks.list_(_office(), _named(tenant))]
    if as_json:
        write_json({"webhooks": found})
    elif found:
        rows = [[it["id"], it["url"], ", ".join(it["events"]), it["created_at"]] for it in found]
        write_table("", ["id", "url", "events", "created"], rows)
    else:
        say("No address is registered.")


@app.command("test")
def test(endpoint_id: EndpointId, tenant: Tenant = "", as_json: AsJson = False) -> None:
    """Send a signed test message now; exit code 2 when it was not accepted."""
    from yunque.services import webhooks

    here, owner = _office(), _named(tenant)
    trial = webhooks.test(here, owner, _find(here, owner, endpoint_id).id)
    if as_json:
        write_json(webhooks.trial_document(trial))
    else:
        word = "Accepted" if trial.answer.is_accepted else "Not accepted"
        say(f"{word}: {trial.answer.text} (webhook-id {trial.message_id})")
    if not trial.answer.is_accepted:
        raise typer.Exit(FAILED)


@app.command("rotate")
def rotate(endpoint_id: EndpointId, tenant: Tenant = "", as_json: AsJson = False) -> None:
    """Make a new secret and show it once; the one before signs too until the next rotation."""
    from yunque.services import webhooks

    here, owner = _office(), _named(tenant)
    made = webhooks.rotate(here, owner, _find(here, owner, endpoint_id).id)
    if as_json:
        write_json(webhooks.endpoint_document(made, with_secret=True))
    else:
        _show_secret(made)


@app.command("delete")
def delete(endpoint_id: EndpointId, tenant: Tenant = "", as_json: AsJson = False) -> None:
    """Tell an address nothing more."""
    from yunque.services import webhooks

    here, owner = _office(), _named(tenant)
    found = _find(here, owner, endpoint_id)
    webhooks.delete(here, owner, found.id)
    if as_json:
        write_json({"id": found.id, "deleted": True})
    else:
        say(f"{found.url} is told nothing more.")


@app.command("dead")
def dead(tenant: Tenant = "", as_json: AsJson = False) -> None:
    """List the tenant's messages that were given up; `yunque jobs dead` lists those of all."""
    from yunque.services import webhooks
    from yunque.services.job_documents import delivery_document

    found = [delivery_document(it) for it in webhooks.dead_letters(_office(), _named(tenant))]
    if as_json:
        write_json({"dead_letters": found})
    elif found:
        headers = ["id", "job_id", "event", "tries", "last_result", "created_at"]
        write_table("", headers, [[str(it[name]) for name in headers] for it in found], right="tries")
    else:
        say("No webhook message was given up.")


@app.command("replay")
def replay(
    message_id: Annotated[str, typer.Argument(metavar="ID", help="A message, as `dead` lists it.")],
    tenant: Tenant = "",
    as_json: AsJson = False,
) -> None:
    """Send one of the tenant's messages again; a worker does it."""
    from yunque.services import webhooks
    from yunque.services.job_documents import delivery_document

    found = delivery_document(webhooks.replay(_office(), _named(tenant), message_id))
    if as_json:
        write_json(found)
    else:
        say(f"{found['id']} is in line again.")


def _office() -> "Office":
    from yunque.surfaces.cli.jobs import office

    return office()


def _named(tenant: str) -> str:
    from yunque.services.billing import tenant_named

    return tenant_named(tenant)


def _find(here: "Office", tenant: str, endpoint_id: str) -> "Endpoint":
    from yunque.services import webhooks

    found = [it for it in webhooks.list_(here, tenant) if it.id.startswith(endpoint_id)]
    if len(found) != 1 or not endpoint_id:
        what = "No address" if not found else f"{len(found)} addresses"
        raise UsageError(
            f"{what} of {tenant!r} begin(s) with {endpoint_id!r}.", hint="`yunque webhooks list` shows them."
        )
    return found[0]


def _show_secret(made: "Endpoint") -> None:
    say(made.secrets[0])
    note("This is the only time that the secret is shown; messages are signed with it (Standard Webhooks).")
