"""The `yunque` command: what a person types, from a raw table to a served model."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from yunque.surfaces.cli import aml, billing, data, demand, jobs, keys, models, monitor, orders, webhooks
from yunque.surfaces.cli.ask import ask
from yunque.surfaces.cli.check import check
from yunque.surfaces.cli.drift import drift
from yunque.surfaces.cli.errors import exit_code_of, show_error
from yunque.surfaces.cli.export import export
from yunque.surfaces.cli.measure import metrics
from yunque.surfaces.cli.notebooks import notebooks
from yunque.surfaces.cli.outcomes import outcomes
from yunque.surfaces.cli.predict import predict
from yunque.surfaces.cli.replay import replay
from yunque.surfaces.cli.serve import serve
from yunque.surfaces.cli.train import train
from yunque.surfaces.cli.worker import worker
from yunque.version import __version__

# The mark \b keeps the lines of a paragraph as they stand.
STORY = """From a raw table to a served, proven model.

\b
1. yunque check TABLE --target COLUMN   what is in the data, and what would
                                        fool a model
2. yunque train TABLE --target COLUMN   the best model in the time given,
                                        proved against baselines, published
3. yunque predict NAME TABLE -o OUT     answers for a file; rows that cannot
                                        be read are explained beside it
4. yunque serve                         answers by HTTP, documented at /docs
5. yunque jobs, yunque worker           the same as durable jobs: submit,
                                        follow, cancel, run again
6. yunque drift, outcomes, monitor      have the rows moved, is it still
                                        right, and who is told

\b
Everything is kept in the folder .yunque (YUNQUE_HOME).
Every command takes --json.
Exit codes: 0 done; 1 usage; 2 the data or the model is not good enough;
3 internal."""

app = typer.Typer(
    name="yunque",
    help=STORY,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
app.command()(check)
app.command()(train)
app.command()(predict)
app.add_typer(models.app, name="models")
app.command()(replay)
app.command()(drift)
app.command()(outcomes)
app.command()(export)
app.command()(notebooks)
app.command()(metrics)
app.command()(serve)
app.command()(worker)
app.add_typer(data.app, name="data")
app.add_typer(jobs.app, name="jobs")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(billing.app, name="billing")
app.add_typer(keys.app, name="keys")
app.add_typer(monitor.app, name="monitor")
app.add_typer(aml.app, name="aml")
app.add_typer(demand.app, name="demand")
app.command()(ask)
app.add_typer(orders.app, name="orders")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"yunque {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code; nothing escapes but what debugging asks for."""
    command = typer.main.get_command(app)
    try:
        code = command.main(args=list(arguments) or ["--help"], prog_name="yunque", standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt) as stopped:
        typer.echo("Stopped.", err=True)
        return exit_code_of(stopped)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - the reader has left
        return 0
    except Exception as error:
        if os.environ.get("YUNQUE_DEBUG", "").lower() in {"1", "true", "yes"}:
            raise
        show_error(error, as_json="--json" in arguments)
        return exit_code_of(error)
    return code if isinstance(code, int) else 0


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))
