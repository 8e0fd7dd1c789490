"""`yunque export`: a published model as a file that other runtimes read."""

from pathlib import Path
from typing import Annotated

import typer

from yunque.errors import UsageError, YunqueError
from yunque.surfaces.cli.console import note, say, write_json
from yunque.surfaces.cli.options import AsJson, source_of


def export(
    model: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@VERSION]", help="For example late@3, late@champion.", show_default=False
        ),
    ],
    form: Annotated[str, typer.Option("--format", metavar="F", help="onnx.")] = "onnx",
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of the files.", file_okay=False)
    ] = Path(),
    tables: Annotated[
        list[str] | None,
        typer.Option(
            "--table",
            metavar="TABLE",
            help="Rows to compare on; the model's own table where it still lies. Repeat it.",
        ),
    ] = None,
    precision: Annotated[
        str, typer.Option("--precision", metavar="P", help="float64; float32 for runtimes without it.")
    ] = "float64",
    as_json: AsJson = False,
) -> None:
    """Write a model as ONNX, prove that it answers as the bundle does, and leave a parity report beside it.

    It is refused, and nothing is written, where a step has no equivalent or an answer differs; exit code 2.
    """
    from yunque.data.table import read_table
    from yunque.services.export_model import export_onnx
    from yunque.services.source_memory import recall_source
    from yunque.surfaces.bootstrap import open_platform

    if form != "onnx":
        raise UsageError(
            f"There is no format {form!r}.", hint="Formats: onnx. The bundle itself is the model."
        )
    if output.suffix == ".onnx":
        raise UsageError(
            "--output names a folder: the file in it is called after version and date.",
            hint=f"For example --output {output.parent}",
        )
    platform = open_platform()
    version = platform.registry.resolve(model)
    fingerprint = platform.registry.load(version).manifest.dataset.fingerprint
    source = tables or recall_source(platform.settings.home, fingerprint)
    frame = None
    try:
        frame = read_table(source_of(source)) if source else None
    except YunqueError:
        if tables:
            raise
    if frame is None:
        note("The model's table was not found: golden rows alone are compared. Name it with --table.")
    done = export_onnx(platform.registry, version.label, output, precision=precision, table=frame)
    if as_json:
        write_json(done.to_dict())
        return
    rows = " and ".join(f"{count:,} {name} rows" for name, count in done.parity["rows"].items())
    say(f"{done.version.label} is in {done.file} ({done.size:,} bytes).")
    say(f"It reads {', '.join(done.inputs)}; it answers {', '.join(done.outputs)}.")
    say(
        f"On {rows} no label differs and the largest difference of an answer is "
        f"{done.parity['largest_difference']:.2g}; the report is {done.report.name}."
    )
