"""Options that several demand commands take, and the company they mean."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yunque.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from yunque.services.demand_store import Kept
    from yunque.services.demand_train import DemandHouse
    from yunque.solutions.demand.wish import PlanWish

Model = Annotated[
    str, typer.Option("--model", metavar="ID", help="empresa_<nit>; may be left out when there is one.")
]
Tenant = Annotated[str, typer.Option("--tenant", metavar="NAME", help="Whose companies these are.")]
Company = Annotated[str, typer.Option("--company", metavar="N", help="empresa_servidor_id.")]
Nit = Annotated[str, typer.Option("--nit", metavar="NIT", help="The company's tax number.")]
First = Annotated[str, typer.Option("--from", metavar="DAY", help="First day (fecha_inicio), YYYY-MM-DD.")]
Last = Annotated[str, typer.Option("--to", metavar="DAY", help="Last day (fecha_fin), YYYY-MM-DD.")]
Service = Annotated[float, typer.Option("--service", metavar="X", help="Service level, 0.5 to 0.999.")]
Measure = Annotated[
    str,
    typer.Option(
        "--measure", metavar="M", help="cycle: orders without a stock-out; fill: share of units served."
    ),
]
Budget = Annotated[float | None, typer.Option("--budget", metavar="MONEY", help="Most money to spend.")]
Language = Annotated[str, typer.Option("--lang", metavar="en|es", help="Of messages, drafts and report.")]


def day(text: str, option: str) -> Any:
    """Read a day; None for "".

    Raises:
        UsageError: it is none.
    """
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is no day.", hint="Write it as 2026-01-31.") from error


def language_of(text: str, settled: str) -> Any:
    """Give the language that was asked for, else that of the settings.

    Raises:
        UsageError: there is no such language here.
    """
    found = text or settled
    if found not in ("en", "es"):
        raise UsageError(f"There is no text in {found!r}.", hint="Languages: en, es.")
    return found


def open_company(model: str, tenant: str) -> tuple["DemandHouse", "Kept"]:
    """Open the company that was named, or the only one there is.

    Raises:
        NotFoundError: none was trained, or several and none was named.
    """
    from yunque.services.demand_store import models, open_kept
    from yunque.surfaces.bootstrap import open_platform
    from yunque.surfaces.demand_house import demand_house

    house = demand_house(open_platform())
    there = models(house.place, tenant)
    if not there:
        raise NotFoundError("No company was trained yet.", hint="yunque demand train FOLDER")
    if not model and len(there) > 1:
        raise NotFoundError(
            "Several companies were trained.", hint="Name one: --model " + " | ".join(there[:5])
        )
    return house, open_kept(house.place, tenant, model or there[0])


def wish_of(service: float, measure: str, **more: Any) -> "PlanWish":
    """Make the wish of a plan from options."""
    from yunque.solutions.demand.wish import PlanWish

    return PlanWish(service=service, measure=measure, **more)  # type: ignore[arg-type]
