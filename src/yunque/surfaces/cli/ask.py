"""`yunque ask`: a question in plain language about purchases, sales and stock."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from yunque.surfaces.cli.console import say, write_json
from yunque.surfaces.cli.demand_options import Tenant
from yunque.surfaces.cli.options import AsJson

CONTEXT = "ask"  # folder of the last question of each tenant, under the home


def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="In Spanish or English.")],
    company: Annotated[
        str,
        typer.Option(
            "--company", metavar="ID", help="Number, NIT or empresa_<nit>; left out for the only one."
        ),
    ] = "",
    accountant: Annotated[
        bool, typer.Option("--accountant", help="The arithmetic for an accountant, not the child's words.")
    ] = False,
    new: Annotated[
        bool, typer.Option("--new", help="Begin anew: do not go on from the question before.")
    ] = False,
    tenant: Tenant = "local",
    as_json: AsJson = False,
) -> None:
    """Ask what to buy, how much, when and why: `yunque ask "¿Qué artículos debo comprar el próximo mes?"`.

    A question such as "¿y para diciembre?" goes on from the one before it.
    """
    from yunque.services.ask import Asked
    from yunque.services.ask import ask as answer
    from yunque.surfaces.ask_desks import ask_desks
    from yunque.surfaces.bootstrap import open_platform

    platform = open_platform()
    place = platform.settings.home / CONTEXT / f"{_safe(tenant)}.json"
    before = None if new else _read(place)
    document = answer(
        Asked(question=question, tenant=tenant, company=company, before=before), ask_desks(platform)
    )
    _keep(place, document.get("contexto"))
    if as_json:
        write_json(document)
        return
    say(document["explicacion_contador" if accountant else "explicacion_nino_inteligente"])


def _safe(tenant: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in tenant)[:80] or "local"


def _read(place: Path) -> dict[str, Any] | None:
    """Give the context of the question before; None where there is none that can be read."""
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _keep(place: Path, context: dict[str, Any] | None) -> None:
    """Keep the context for the next question; a disk that refuses only ends the conversation."""
    if context is None:
        return
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(context, ensure_ascii=False, default=str), encoding="utf-8")
    except OSError:
        return
