"""`yunque keys`: grant and revoke API keys."""

from typing import Annotated

import typer

from yunque.surfaces.cli.console import say, write_json, write_table
from yunque.surfaces.cli.options import AsJson

app = typer.Typer(help="Grant and revoke API keys.", rich_markup_mode=None)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Who holds the key.", show_default=False)]


@app.command("create")
def create(name: Name, as_json: AsJson = False) -> None:
    """Make a key and show it once; the server keeps only its hash."""
    from yunque.services.access import grant_key, store_key
    from yunque.settings import Settings
    from yunque.surfaces.bootstrap import keys_file

    secret, key = grant_key(name)
    path = keys_file(Settings.load())
    store_key(path, key)
    if as_json:
        write_json({"name": name, "key": secret})
        return
    say(secret)
    say(f"This is the only time that the key of {name} is shown; its hash is in {path}.")
    say("A server that runs already knows it after a restart.")


@app.command("list")
def show(as_json: AsJson = False) -> None:
    """List who holds a key."""
    from yunque.settings import Settings
    from yunque.surfaces.bootstrap import read_keyring

    names = [key.name for key in read_keyring(Settings.load()).keys]
    if as_json:
        write_json({"keys": names})
    elif names:
        write_table("", ["holder"], [[name] for name in names])
    else:
        say("Nobody holds a key: `yunque serve` answers this machine only.")


@app.command("revoke")
def revoke(name: Name, as_json: AsJson = False) -> None:
    """Take the keys of a holder back."""
    from yunque.services.access import revoke_keys
    from yunque.settings import Settings
    from yunque.surfaces.bootstrap import keys_file

    removed = revoke_keys(keys_file(Settings.load()), name)
    if as_json:
        write_json({"name": name, "removed": removed})
        return
    say(f"{removed} key(s) of {name} revoked. A server that runs already takes them until it is restarted.")
