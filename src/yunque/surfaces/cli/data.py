"""`yunque data`: versions of tables, kept by their content."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from yunque.errors import UsageError
from yunque.surfaces.cli.console import say, write_json, write_table
from yunque.surfaces.cli.options import AsJson, By, ContractFile, Tables, model_name

if TYPE_CHECKING:
    from yunque.data.compare_words import Language
    from yunque.runtime.storage import Storage

app = typer.Typer(help="Keep, list, compare and fetch versions of tables.", rich_markup_mode=None)
Version = Annotated[str, typer.Argument(metavar="NAME[@VERSION]", help="Or the start of a fingerprint.")]


@app.command("snapshot")
def snapshot(
    tables: Tables,
    name: Annotated[
        str, typer.Option("--name", metavar="N", help="Of the table; made of the file's name when empty.")
    ] = "",
    target: Annotated[
        str | None, typer.Option("--target", metavar="C", help="Read the columns as a training on it would.")
    ] = None,
    contract: ContractFile = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why, for the record.")] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Keep a table as the next version of its name; the same rows again make no new version."""
    import msgspec

    from yunque.services.data_snapshot import SnapshotRequest, take_snapshot
    from yunque.services.dvc_file import resolve_tables
    from yunque.surfaces.bootstrap import open_platform, person
    from yunque.surfaces.cli.contract_file import read_contract

    platform = open_platform()
    request = SnapshotRequest(
        tables=resolve_tables(tables),
        name=name or model_name(tables, "table").removesuffix("-table"),
        contract=read_contract(contract) if contract else None,
        target=target,
        note=note,
        by=by or person(),
        at=platform.clock.now(),
    )
    kept, is_new = take_snapshot(_storage(), request)
    if as_json:
        write_json({**msgspec.to_builtins(kept), "label": kept.label, "is_new": is_new})
        return
    say(f"{kept.label} {'is kept' if is_new else 'holds these very rows already'}: {kept.fingerprint}")
    say(f"{kept.rows:,} rows, {kept.columns} columns, {kept.unreadable:,} unreadable cells.")


@app.command("list")
def show_all(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="One table only.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the versions of every table."""
    import msgspec

    from yunque.services.data_snapshot import SHORT, list_snapshots

    found = list_snapshots(_storage(), name)
    if as_json:
        write_json({"snapshots": [{**msgspec.to_builtins(each), "label": each.label} for each in found]})
    elif not found:
        say("Nothing is kept yet: `yunque data snapshot TABLE` does it.")
    else:
        write_table(
            "",
            ["version", "rows", "columns", "fingerprint", "source", "taken", "note"],
            [
                [
                    each.label,
                    f"{each.rows:,}",
                    str(each.columns),
                    each.digest[:SHORT],
                    ", ".join(each.source[:3]),
                    each.taken_at[:16].replace("T", " "),
                    each.note,
                ]
                for each in found
            ],
            right="rows,columns",
        )


@app.command("diff")
def diff(
    before: Version,
    after: Version,
    lang: Annotated[str, typer.Option("--lang", metavar="en|es", help="Of the text; YUNQUE_LANGUAGE.")] = "",
    as_json: AsJson = False,
) -> None:
    """Compare two versions: columns, rows, and how the values of each column are spread."""
    from yunque.data.compare_words import WORDS, lines
    from yunque.services.data_snapshot import diff_snapshots
    from yunque.settings import Settings

    language = lang or Settings.load().language
    if language not in WORDS:
        raise UsageError(f"There are no words in {language!r}.", hint="Languages: en, es.")
    one, other, change = diff_snapshots(_storage(), before, after)
    if as_json:
        write_json({"before": one.label, "after": other.label, **change.to_dict()})
        return
    say(f"{one.label} ({one.taken_at[:10]}) -> {other.label} ({other.taken_at[:10]})")
    for line in lines(change, cast("Language", language)):
        say(line)


@app.command("get")
def get(
    version: Version,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="Where to: .parquet, .csv …", dir_okay=False),
    ],
    as_json: AsJson = False,
) -> None:
    """Write the rows of a version to a file; their fingerprint is checked."""
    from yunque.data.table_write import write_table as write_file
    from yunque.services.data_snapshot import open_snapshot

    found, frame = open_snapshot(_storage(), version)
    write_file(frame, output)
    if as_json:
        write_json({"label": found.label, "fingerprint": found.fingerprint, "file": str(output)})
    else:
        say(f"{found.label} is in {output}: {found.rows:,} rows.")


def _storage() -> "Storage":
    from yunque.runtime.storage import open_storage
    from yunque.settings import Settings
    from yunque.surfaces.worker import storage_address

    return open_storage(storage_address(Settings.load()))
