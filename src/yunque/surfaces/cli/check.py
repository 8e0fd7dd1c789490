"""`yunque check`: what is in a table, and what would fool a model."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from yunque.surfaces.cli.console import say, write_json, write_table
from yunque.surfaces.cli.options import (
    AsJson,
    ContractFile,
    GroupColumn,
    Ids,
    Ignore,
    Seed,
    Tables,
    TimeColumn,
    model_name,
    source_of,
)

if TYPE_CHECKING:
    from yunque.services.check import CheckOutcome

SHOWN_COLUMNS = 60
SHOWN_FINDINGS = 30


def check(
    tables: Tables,
    target: Annotated[
        str | None, typer.Option("--target", "-t", metavar="COLUMN", help="The column to predict.")
    ] = None,
    time_column: TimeColumn = None,
    group_column: GroupColumn = None,
    ignore: Ignore = None,
    ids: Ids = None,
    contract: ContractFile = None,
    write_contract: Annotated[
        str | None,
        typer.Option(
            "--write-contract", metavar="FILE", help="Write the contract as YAML, to read and edit."
        ),
    ] = None,
    seed: Seed = 7,
    as_json: AsJson = False,
) -> None:
    """Check a table before any training: kinds of columns, failures, leaks, duplicates and more.

    Exit code 2 when a finding would stop a training.
    """
    from yunque.data.infer import Wishes
    from yunque.runtime.clock import REAL_CLOCK
    from yunque.services.check import CheckRequest
    from yunque.services.check import check as run_check
    from yunque.surfaces.cli.contract_file import read_contract, save_contract

    outcome = run_check(
        CheckRequest(
            source=source_of(tables),
            wishes=Wishes(
                target=target,
                time_column=time_column,
                group_column=group_column,
                ignore=tuple(ignore or ()),
                ids=tuple(ids or ()),
            ),
            name=model_name(tables, target or "table"),
            contract=read_contract(contract) if contract else None,
            seed=seed,
            as_of=REAL_CLOCK.now(),
        )
    )
    if write_contract:
        save_contract(outcome.contract, write_contract)
    if as_json:
        write_json(document(outcome))
    else:
        _show(outcome, write_contract)
    if outcome.blocking:
        raise typer.Exit(2)


def document(outcome: "CheckOutcome") -> dict[str, Any]:
    """Give the outcome as plain JSON values."""
    return {
        "rows": outcome.checked.frame.height,
        "contract": outcome.contract.to_dict(),
        "failures": [
            {
                "check": f.check,
                "column": f.column,
                "count": f.count,
                "rows": list(f.rows),
                "message": f.message,
            }
            for f in outcome.checked.failures
        ],
        "findings": [finding.to_dict() for finding in outcome.findings],
        "notes": [
            {"column": note.column, "message": note.message, "severity": note.severity}
            for note in outcome.notes
        ],
        "blocking": [finding.id for finding in outcome.blocking],
    }


def _show(outcome: "CheckOutcome", written: str | None) -> None:
    from yunque.data.validate import render_failures

    schema = outcome.contract.schema
    columns = list(schema)
    say(f"{outcome.checked.frame.height:,} rows, {len(columns)} columns.")
    shown = columns[:SHOWN_COLUMNS]
    write_table(
        "",
        ["column", "kind", "role", "why"],
        [[c.name, str(c.kind), str(c.role), c.reason] for c in shown],
    )
    if len(columns) > len(shown):
        say(f"… and {len(columns) - len(shown)} more columns; --json shows all.")
    if outcome.checked.failures:
        say()
        say(render_failures(outcome.checked.failures))
    for note in outcome.notes:
        say(f"Note on {note.column!r}: {note.message}")
    say()
    show_findings(outcome.findings)
    if written:
        say(f"The contract is in {written}; give it to train with --contract {written}")


def show_findings(findings: "tuple[Any, ...]") -> None:
    """Write findings with what to do about each."""
    if not findings:
        say("No findings.")
        return
    write_table(
        "Findings",
        ["severity", "finding", "what", "do"],
        [[f.severity, f.id, f.message, f.suggested_action] for f in findings[:SHOWN_FINDINGS]],
    )
    if len(findings) > SHOWN_FINDINGS:
        say(f"… and {len(findings) - SHOWN_FINDINGS} more, less severe ones; --json and the report show all.")
