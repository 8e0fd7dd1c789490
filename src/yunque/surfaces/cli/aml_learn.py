"""`yunque aml train | base-model | policy …`: what is learnt beside the law, and who puts it in force."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yunque.surfaces.cli.console import note, say, write_json, write_table
from yunque.surfaces.cli.options import AsJson

if TYPE_CHECKING:
    from yunque.services.aml_desk import Desk
    from yunque.solutions.aml.store.policies import PolicyEvent

app = typer.Typer(
    help="Umbrales de alerta: aprenderlos, verlos, aprobarlos, revertirlos.", rich_markup_mode=None
)
Tenant = Annotated[str, typer.Option("--tenant", metavar="NAME", help="Whose layers these are.")]
Budget = Annotated[str, typer.Option("--budget", metavar="TIME", help="For all trainings: 60s, 5m.")]
Seed = Annotated[int, typer.Option("--seed", help="Seeds every random choice.")]
Actor = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it; the user of this machine.")]
Version = Annotated[str, typer.Argument(metavar="VERSION", help="A proposal: v7.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it stands in the audit log.")]


def learnt_desk(tenant: str, actor: str = "") -> "Desk":
    """Build the desk with the layers that score it, in somebody's name."""
    from yunque.surfaces.cli.aml import scored_desk

    desk = scored_desk(None, tenant)
    return replace(desk, actor=actor.strip()) if actor.strip() else desk


def add_to(commands: typer.Typer) -> None:
    """Add the commands to `yunque aml`."""
    commands.command("train")(train)
    commands.command("base-model")(base_model)
    commands.add_typer(app, name="policy")


def train(
    budget: Budget = "120s",
    seed: Seed = 7,
    alert_share: Annotated[
        float, typer.Option("--alert-share", help="Share of the operations that can be reviewed.")
    ] = 0.01,
    tenant: Tenant = "local",
    as_json: AsJson = False,
) -> None:
    """Train the layers on the officer's decisions and adopt them if they pass every gate."""
    from yunque.services.aml_learn import LearnRequest, learn_stack
    from yunque.surfaces.bootstrap import open_platform, person

    platform = open_platform()
    desk = learnt_desk(tenant)
    request = LearnRequest(
        by=person(), budget=budget, seed=seed, alert_share=alert_share, threads=platform.threads
    )
    with platform.scratch() as folder:
        folder.mkdir(parents=True)
        found = learn_stack(desk, platform.registry, folder, request)
    facts = {
        "adoptada": found.adopted,
        "version": found.version or None,
        "pila": found.stack.label,
        "modelos": dict(found.stack.models),
        "metricas": dict(found.stack.metrics),
        "pr_auc_en_uso": found.incumbent if found.incumbent == found.incumbent else None,
        "faltas": list(found.shortfalls),
    }
    if as_json:
        write_json(facts)
    else:
        say(json.dumps(facts["metricas"], ensure_ascii=False, indent=1))
        for gap in found.shortfalls:
            note(gap)
        say(
            f"En uso desde ahora: {found.stack.label} ({found.version})."
            if found.adopted
            else "No se adopta: siguen las capas que estaban en uso."
        )
    if not found.adopted:
        raise typer.Exit(2)


def base_model(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it; it must not exist.")],
    rows: Annotated[int, typer.Option("--rows", help="Operations of the generator.")] = 80_000,
    budget: Budget = "60s",
    seed: Seed = 7,
    as_json: AsJson = False,
) -> None:
    """Train the base model on the seeded generator: modelo_base_sintetico, as it ships."""
    from yunque.services.aml_base import BaseRequest, make_base
    from yunque.solutions.aml.law.read_catalogue import catalogue

    wanted = BaseRequest(by="yunque", budget=budget, rows=rows, seed=seed)
    made = make_base(folder, catalogue(), wanted)
    facts = {"path": str(folder), "pila": made.stack.label, "metricas": dict(made.stack.metrics)}
    if as_json:
        write_json(facts)
        return
    say(json.dumps(facts, ensure_ascii=False, indent=1))


@app.command("show")
def show(tenant: Tenant = "local", as_json: AsJson = False) -> None:
    """Show the layers in use, the thresholds in force, and the proposal that waits, with its shadow."""
    from yunque.services.aml_policy_status import policy_status

    facts = policy_status(learnt_desk(tenant))
    if as_json:
        write_json(facts)
        return
    capas = facts["capas"]
    say(f"Capas: {capas['id']}, entrenadas el {capas['entrenado']}.")
    rows = [
        [name, f"{line['inusual']:.4f}", f"{line['preocupante']:.4f}", facts["en_vigor"]["politica"]]
        for name, line in facts["umbrales"].items()
    ]
    write_table("", ["segmento", "inusual", "preocupante", "versión"], rows, right="inusual, preocupante")
    if facts["propuesta"] is not None:
        say(json.dumps(facts["propuesta"], ensure_ascii=False, indent=1))


@app.command("propose")
def propose(tenant: Tenant = "local", actor: Actor = "", as_json: AsJson = False) -> None:
    """Learn from the periods that closed and propose thresholds; nothing changes until one is approved."""
    from yunque.services.aml_policy import propose as make

    desk = learnt_desk(tenant, actor)
    told(make(desk, by=desk.actor), as_json)


@app.command("approve")
def approve(version: Version, tenant: Tenant = "local", actor: Actor = "", as_json: AsJson = False) -> None:
    """Put another person's proposal in force, once its shadow has its days and decisions."""
    from yunque.services.aml_policy import approve as put

    desk = learnt_desk(tenant, actor)
    told(put(desk, version, by=desk.actor), as_json)


@app.command("rollback")
def rollback(reason: Reason, tenant: Tenant = "local", actor: Actor = "", as_json: AsJson = False) -> None:
    """Put back in force what was before the policy in force."""
    from yunque.services.aml_policy import roll_back

    desk = learnt_desk(tenant, actor)
    told(roll_back(desk, by=desk.actor, reason=reason), as_json)


@app.command("freeze")
def freeze(
    reason: Reason,
    thaw: Annotated[bool, typer.Option("--thaw", help="Allow proposals and approvals again.")] = False,
    tenant: Tenant = "local",
    as_json: AsJson = False,
) -> None:
    """Stop proposals and approvals; the policy in force stays."""
    from yunque.services.aml_policy import freeze as stop

    desk = learnt_desk(tenant)
    told(stop(desk, by=desk.actor, reason=reason, thaw=thaw), as_json)


@app.command("settings")
def settings(
    change: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=NUMBER", help="lowest=0.3; repeatable.")
    ] = None,
    tenant: Tenant = "local",
    as_json: AsJson = False,
) -> None:
    """Show or set bounds, costs, periods and the draw below the line, for the proposals to come."""
    from yunque.services.aml_policy import change_settings, read_settings, settings_of
    from yunque.solutions.aml.store.policies import read_events

    desk = learnt_desk(tenant)
    now = settings_of(read_events(desk.database, desk.tenant))
    if change:
        told(change_settings(desk, read_settings(now, tuple(change)), by=desk.actor), as_json)
    elif as_json:
        write_json(vars(now))
    else:
        for name, value in vars(now).items():
            say(f"{name} = {value}")


def told(event: "PolicyEvent", as_json: bool) -> None:
    """Tell an event that was added."""
    from yunque.services.aml_policy_status import event_document

    if as_json:
        write_json(event_document(event))
        return
    say(f"{event.label}: {event.event}, por {event.actor}.")
    evidence = event.content.get("evidencia") or event.content.get("evidence")
    if evidence:
        say(json.dumps(evidence, ensure_ascii=False, indent=1))
