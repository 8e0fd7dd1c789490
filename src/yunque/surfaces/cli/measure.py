"""`yunque metrics`: how good answers were, from a table where they stand beside the truth."""

from typing import Annotated

import typer

from yunque.errors import UsageError
from yunque.surfaces.cli.console import write_json, write_table
from yunque.surfaces.cli.options import AsJson, Tables, source_of


def metrics(
    tables: Tables,
    truth: Annotated[str, typer.Option("--truth", metavar="C", help="What came true.", show_default=False)],
    prediction: Annotated[str, typer.Option("--prediction", metavar="C", help="Numbers or labels.")] = "",
    score: Annotated[str, typer.Option("--score", metavar="C", help="A ranking sorts by it.")] = "",
    positive: Annotated[
        str, typer.Option("--positive", metavar="V", help="The relevant truth; else a number says how much.")
    ] = "",
    by: Annotated[str, typer.Option("--by", metavar="C", help="Ranked apart: queries, clients.")] = "",
    k: Annotated[int, typer.Option("--k", help="First rows of a ranking that count.")] = 10,
    time: Annotated[str, typer.Option("--time", metavar="C", help="Orders the rows of series.")] = "",
    series: Annotated[str, typer.Option("--series", metavar="C", help="Tells series apart.")] = "",
    season: Annotated[int, typer.Option("--season", help="Steps of a season, for MASE.")] = 1,
    quantile: Annotated[
        list[str] | None,
        typer.Option("--quantile", metavar="L=C", help="Level and column: 0.9=high; repeat it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure rankings (NDCG, MAP, precision, recall at k), forecasts (MASE, sMAPE, WAPE, pinball), labels.

    Rows without a prediction, before the first one of their series, are the history that MASE compares with.
    """
    from yunque.data.table import read_table
    from yunque.services.measure import MeasureRequest, measure

    found = measure(
        MeasureRequest(
            table=read_table(source_of(tables)),
            truth=truth,
            prediction=prediction,
            score=score,
            positive=positive,
            by=by,
            k=k,
            time=time,
            series=series,
            season=season,
            quantiles=_levels(quantile or []),
        )
    )
    if as_json:
        write_json({"metrics": found})
        return
    rows = [[name, "not defined" if value is None else f"{value:.6g}"] for name, value in found.items()]
    write_table("", ["metric", "value"], rows, right="value")


def _levels(given: list[str]) -> dict[float, str]:
    found: dict[float, str] = {}
    for text in given:
        level, _, column = text.partition("=")
        try:
            found[float(level)] = column
        except ValueError as error:
            raise UsageError(f"{text!r} is no level with a column.", hint="Write 0.9=high.") from error
    return found
