"""`yunque keys`: grant, list, rotate and revoke API keys; a server that runs follows within a second."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yunque.errors import UsageError
from yunque.surfaces.cli.console import say, write_json, write_table
from yunque.surfaces.cli.options import AsJson

if TYPE_CHECKING:
    from yunque.services.access import ApiKey

app = typer.Typer(help="Grant, list, rotate and revoke API keys.", rich_markup_mode=None)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Who holds the key.", show_default=False)]
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_SPAN = re.compile(r"([0-9]{1,6})([mhd])")


@app.command("create")
def create(
    name: Name,
    scopes: Annotated[
        str, typer.Option("--scopes", help="What it opens: predict, read, jobs, train, admin.")
    ] = "predict+read",
    tenant: Annotated[str, typer.Option("--tenant", help="Whose data its holder sees.")] = "",
    expires: Annotated[str, typer.Option("--expires", help="When it ends: 90d, 12h or 2027-01-31.")] = "",
    rate: Annotated[str, typer.Option("--rate", help="How often it may be used: 10/s, 100/m, 1000/h.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a key and show it once; the server keeps only its hash."""
    from yunque.services.access import grant_key, read_scopes
    from yunque.services.key_file import store_key
    from yunque.services.rate import Rate
    from yunque.settings import Settings
    from yunque.surfaces.bootstrap import keys_file

    secret, key = grant_key(
        name,
        scopes=read_scopes(scopes),
        tenant=tenant,
        expires=_moment(expires) if expires else None,
        rate=Rate.read(rate) if rate else None,
    )
    store_key(keys_file(Settings.load()), key)
    _hand_over(secret, key, as_json=as_json)


@app.command("list")
def show(as_json: AsJson = False) -> None:
    """List who holds a key, and what each opens."""
    from yunque.settings import Settings
    from yunque.surfaces.bootstrap import open_keys

    ring = open_keys(Settings.load()).current()
    if as_json:
        write_json({"keys": [_facts(key) for key in ring.keys]})
    elif ring.keys:
        headers = ["holder", "id", "scopes", "tenant", "rate", "expires"]
        rows = [[str(cell) for cell in _row(key)] for key in ring.keys]
        write_table("", headers, rows)
    elif ring.asks:
        say("Every key was revoked: `yunque serve` answers nobody but probes until one is made.")
    else:
        say("Nobody holds a key: `yunque serve` answers this machine only.")


@app.command("rotate")
def rotate(
    name: Name,
    overlap: Annotated[
        str, typer.Option("--overlap", help="How long the old keys still open: 0m, 12h, 7d.")
    ] = "24h",
    expires: Annotated[str, typer.Option("--expires", help="When the new key ends; as the old one.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a holder a new key on the terms of the old one, which ends after the overlap."""
    from yunque.services.key_file import rotate_key
    from yunque.settings import Settings
    from yunque.surfaces.bootstrap import keys_file

    path = keys_file(Settings.load())
    secret, key = rotate_key(path, name, _moment(overlap), _moment(expires) if expires else None)
    _hand_over(secret, key, as_json=as_json)
    if not as_json:
        say(f"Older keys of {name} end at {_text(_moment(overlap))}.")


@app.command("revoke")
def revoke(
    name: Name,
    key_id: Annotated[
        str, typer.Option("--id", help="One key only, by its id in `yunque keys list`.", show_default=False)
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Take the keys of a holder back."""
    from yunque.services.key_file import revoke_keys
    from yunque.settings import Settings
    from yunque.surfaces.bootstrap import keys_file

    removed = revoke_keys(keys_file(Settings.load()), name, key_id or None)
    if as_json:
        write_json({"name": name, "removed": removed})
        return
    say(f"{removed} key(s) of {name} revoked. A server that runs refuses them within a second.")


def _hand_over(secret: str, key: "ApiKey", *, as_json: bool) -> None:
    if as_json:
        write_json({"name": key.name, "key": secret, **_facts(key)})
        return
    say(secret)
    say(f"This is the only time that the key of {key.name} is shown; only its hash is kept.")
    say(f"It opens {', '.join(sorted(key.scopes))}. A server that runs knows it within a second.")


def _facts(key: "ApiKey") -> dict[str, Any]:
    return {
        "name": key.name,
        "id": key.id,
        "scopes": sorted(key.scopes),
        "tenant": key.tenant or None,
        "rate": str(key.rate) if key.rate else None,
        "expires": key.expires.isoformat() if key.expires else None,
    }


def _row(key: "ApiKey") -> tuple[str, ...]:
    expires = _text(key.expires) if key.expires else "never"
    if key.expires and key.expires <= datetime.now(UTC):
        expires += " (expired)"
    scopes = ", ".join(sorted(key.scopes))
    return key.name, key.id, scopes, key.tenant or "-", str(key.rate or "-"), expires


def _moment(text: str) -> datetime:
    """Read a moment: a span from now, or an ISO date or time (UTC unless it says otherwise)."""
    span = _SPAN.fullmatch(text.strip().lower())
    if span:
        now = datetime.now(UTC).replace(microsecond=0)
        return now + timedelta(**{UNITS[span.group(2)]: int(span.group(1))})
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(
            f"{text[:40]!r} is no moment.", hint="Write 90d, 12h or an ISO date such as 2027-01-31."
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
