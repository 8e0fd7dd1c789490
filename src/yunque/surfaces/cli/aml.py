"""`yunque aml`: take files of operations in, run what is pending, verify the log."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yunque.surfaces.cli import aml_learn, aml_officer
from yunque.surfaces.cli.console import note, say, write_json, write_table
from yunque.surfaces.cli.options import AsJson

if TYPE_CHECKING:
    from yunque.services.aml_desk import Desk
    from yunque.services.aml_run import Outcome

app = typer.Typer(
    help="Prevención de lavado de dinero (LFPIORPI): obligations by the law, row by row.",
    rich_markup_mode=None,
)
aml_officer.add_to(app)
aml_learn.add_to(app)
Tenant = Annotated[str, typer.Option("--tenant", metavar="NAME", help="Whose operations these are.")]
Folder = Annotated[
    Path | None,
    typer.Option("--folder", metavar="DIR", help="Holds pending/, processed/, failed/; aml under the home."),
]
AnalysisId = Annotated[str | None, typer.Option("--analysis-id", metavar="ID", help="Name of the analysis.")]


def desk_of(folder: Path | None, tenant: str) -> "Desk":
    """Build the desk from the settings."""
    from yunque.services.aml_desk import LOCAL, Desk
    from yunque.surfaces.bootstrap import open_platform, person

    platform = open_platform()
    home = folder or platform.settings.home / "aml"
    return Desk(
        folder=home if tenant == LOCAL else home / "tenants" / tenant,
        database=platform.database,
        tenant=tenant,
        actor=person(),
        clock=platform.clock,
    )


def scored_desk(folder: Path | None, tenant: str) -> "Desk":
    """Build the desk with the learnt layers that score its files: the tenant's own, else the base model."""
    from dataclasses import replace

    from yunque.services.aml_layers import scorer_of
    from yunque.surfaces.bootstrap import open_platform

    platform = open_platform()
    scorer = scorer_of(platform.database, platform.registry, tenant)
    return replace(desk_of(folder, tenant), scorer=scorer)


@app.command("enrich")
def enrich(
    table: Annotated[Path, typer.Argument(metavar="CSV", help="Operations: CSV of any dialect, or XLSX.")],
    analysis_id: AnalysisId = None,
    training: Annotated[
        bool, typer.Option("--training", help="Keep the label; nothing is analysed.")
    ] = False,
    folder: Folder = None,
    tenant: Tenant = "local",
    as_json: AsJson = False,
) -> None:
    """Read a file, keep its operations, and put it enriched among the pending."""
    from yunque.services.aml_enrich import enrich_file

    desk = desk_of(folder, tenant)
    done = enrich_file(desk, table, analysis_id=analysis_id, training_mode=training)
    facts = {
        "analysis_id": done.analysis_id,
        "path": str(done.path),
        "filas": done.rows,
        "aceptadas": done.accepted,
        "rechazadas": done.rejected,
        "notas": list(done.notes),
    }
    if as_json:
        write_json(facts)
        return
    for text in done.notes:
        note(text)
    say(f"{done.accepted} de {done.rows} filas leídas, {done.rejected} rechazadas: {done.path}")
    if not training:
        say(f"Siga con: yunque aml run {done.analysis_id}")


@app.command("run")
def run(
    analysis_id: Annotated[
        str | None, typer.Argument(metavar="[ANALYSIS_ID]", help="All pending ones without.")
    ] = None,
    folder: Folder = None,
    tenant: Tenant = "local",
    as_json: AsJson = False,
) -> None:
    """Run one pending analysis, or all: processed/ID.json and .csv, or failed/ID_error.json."""
    from yunque.services.aml_run import run_pending

    outcomes = run_pending(scored_desk(folder, tenant), analysis_id)
    if as_json:
        write_json(
            [
                {
                    "analysis_id": outcome.analysis_id,
                    "state": outcome.state,
                    "path": str(outcome.path),
                    "resumen": outcome.summary,
                    "error": outcome.error or None,
                }
                for outcome in outcomes
            ]
        )
    elif not outcomes:
        say("No hay análisis pendientes.")
    else:
        show(outcomes)
    if any(outcome.state == "failed" for outcome in outcomes):
        raise typer.Exit(2)


def show(outcomes: "tuple[Outcome, ...]") -> None:
    """Write one line an analysis."""
    names = (
        "total_transacciones",
        "preocupante",
        "inusual",
        "relevante",
        "limpio",
        "avisos",
        "prohibiciones",
    )
    rows = [
        [o.analysis_id, o.state, *(str(o.summary.get(name, "")) for name in names), o.error or str(o.path)]
        for o in outcomes
    ]
    headers = ["analysis_id", "estado", "filas", *names[1:], "resultado"]
    write_table("", headers, rows, right=", ".join(headers[2:-1]))


@app.command("rerun")
def rerun(
    analysis_id: Annotated[str, typer.Argument(metavar="ANALYSIS_ID", help="A kept analysis.")],
    folder: Folder = None,
    tenant: Tenant = "local",
) -> None:
    """Give a kept analysis again on stdout, as of then: the bytes of its result file. Nothing is written."""
    from yunque.services.aml_run import rerun_bytes

    sys.stdout.write(rerun_bytes(scored_desk(folder, tenant), analysis_id).decode())


@app.command("verify")
def verify(tenant: Tenant = "local", as_json: AsJson = False) -> None:
    """Check the audit log, as `yunque aml audit verify` does."""
    aml_officer.verify(tenant, None, as_json)
