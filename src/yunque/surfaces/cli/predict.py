"""`yunque predict`: answers for a file."""

from pathlib import Path
from typing import Annotated

import typer

from yunque.surfaces.cli.console import note, say, write_json
from yunque.surfaces.cli.options import AsJson, Tables, source_of


def predict(
    model: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@VERSION]", help="A model; its champion by default.", show_default=False
        ),
    ],
    tables: Tables,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="OUT", help="Where to: .csv, .parquet, .ndjson or .arrow."),
    ],
    batch_rows: Annotated[
        int, typer.Option("--batch-rows", min=1, help="Rows held in memory at a time.")
    ] = 100_000,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Say beside each answer what every column adds to its score."),
    ] = False,
    sets: Annotated[
        bool,
        typer.Option(
            "--set", help="Give beside each answer the classes that hold the truth, as a JSON list."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Answer every row of a file; memory does not grow with the file.

    The output appears whole or not at all. Run again after an interruption, it goes on where it was. Rows
    that cannot be read keep their place with empty answers, and stand with their row numbers (counted from 1)
    and reasons in OUT.rejected.csv.
    """
    from yunque.services.score_file import ScoreFileRequest, score_file
    from yunque.surfaces.bootstrap import open_platform
    from yunque.surfaces.cli.progress import shown_rows

    platform = open_platform()
    predictor = platform.registry.open(model)
    request = ScoreFileRequest(
        source=source_of(tables),
        output=output,
        batch_rows=batch_rows,
        threads=platform.threads,
        explain=explain,
        sets=sets,
        plan=platform.parallel,
    )
    with shown_rows(quiet=as_json) as listener:
        scored = score_file(predictor, request, listener)
    if as_json:
        write_json(
            {
                "model_version": predictor.version_label,
                "rows": scored.rows,
                "answered": scored.rows - scored.rejected,
                "rejected": scored.rejected,
                "resumed": scored.resumed_rows,
                "output": str(output),
                "rejected_output": str(scored.rejected_output) if scored.rejected_output else None,
                "warnings": list(scored.warnings),
            }
        )
        return
    if scored.resumed_rows:
        note(f"Note: {scored.resumed_rows:,} rows were answered by an earlier run that was stopped.")
    for warning in scored.warnings:
        note(f"Note: {warning}")
    say(f"{scored.rows - scored.rejected:,} rows answered by {predictor.version_label} in {output}")
    if scored.rejected_output:
        say(f"{scored.rejected:,} rows could not be read: reasons in {scored.rejected_output}")
