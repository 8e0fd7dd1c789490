"""`yunque notebooks`: exploration, features and experiments of a table, as notebooks to go on from."""

from pathlib import Path
from typing import Annotated, cast

import typer

from yunque.surfaces.cli.console import say, write_json
from yunque.surfaces.cli.options import AsJson, GroupColumn, Ids, Ignore, Tables, TimeColumn, model_name


def notebooks(
    tables: Tables,
    target: Annotated[
        str, typer.Option("--target", "-t", metavar="C", help="The column to predict.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of the notebooks.", file_okay=False)
    ] = Path("notebooks"),
    name: Annotated[str, typer.Option("--name", metavar="N", help="Name of the model.")] = "",
    budget: Annotated[str, typer.Option("--budget", metavar="B", help="Of the training: 60s, 5m.")] = "60s",
    time_column: TimeColumn = None,
    group_column: GroupColumn = None,
    ignore: Ignore = None,
    ids: Ids = None,
    lang: Annotated[str, typer.Option("--lang", metavar="en|es", help="Of the texts; YUNQUE_LANGUAGE.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write 01_eda, 02_feature_engineering and 03_model_experiments for a table (R4).

    They run from top to bottom with `pip install 'yunque[notebooks]'`.
    """
    from yunque.errors import UsageError
    from yunque.services.dvc_file import resolve_tables
    from yunque.services.notebook_cells import Language
    from yunque.services.notebooks import NotebookRequest, write_notebooks
    from yunque.settings import Settings

    language = lang or Settings.load().language
    if language not in ("en", "es"):
        raise UsageError(f"There are no notebooks in {language!r}.", hint="Languages: en, es.")
    written = write_notebooks(
        NotebookRequest(
            tables=resolve_tables(tables),
            target=target,
            columns={
                "time_column": time_column,
                "group_column": group_column,
                "ignore": list(ignore or ()),
                "ids": list(ids or ()),
            },
            name=name or model_name(tables, target),
            budget=budget,
            language=cast("Language", language),
            output=output,
        )
    )
    if as_json:
        write_json({"notebooks": [str(path) for path in written]})
        return
    for path in written:
        say(str(path))
