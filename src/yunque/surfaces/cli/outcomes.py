"""`yunque outcomes`: what really happened, known later, against what was answered."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from yunque.surfaces.cli.console import say, write_json, write_table
from yunque.surfaces.cli.options import AsJson, By, source_of

if TYPE_CHECKING:
    from yunque.models.report_facts import Language
    from yunque.models.report_words import Words
    from yunque.services.duel import Judged
    from yunque.services.outcomes import Live
    from yunque.surfaces.bootstrap import Platform

WORSE = 2


class Every(StrEnum):
    """Length of a window of time."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


LENGTHS = {Every.DAY: "1d", Every.WEEK: "1w", Every.MONTH: "1mo"}


def outcomes(
    model: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@VERSION]", help="A model; its champion by default.", show_default=False
        ),
    ],
    tables: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TABLE]",
            help="request_id, outcome (and row), kept and joined to the log; or rows with the target.",
            show_default=False,
        ),
    ] = None,
    every: Annotated[Every, typer.Option("--every", help="Length of a window of time.")] = Every.DAY,
    challenger: Annotated[
        str,
        typer.Option("--challenger", metavar="VERSION", help="Compare it on the same outcomes."),
    ] = "",
    promote: Annotated[
        bool, typer.Option("--promote", help="Make the challenger the champion if it is better; gates stay.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write the report.", dir_okay=False)
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="en|es", help="Language; YUNQUE_LANGUAGE.")] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Measure a model on late labels, window after window; and a challenger on the same ones.

    Without a table, all outcomes that were kept so far are used.
    Exit code 2 when the model does worse than in training, beyond chance.
    """
    from yunque.errors import UsageError
    from yunque.monitoring.drift_words import words as catalogue
    from yunque.services.duel import judge, settle_duel
    from yunque.services.outcomes import live
    from yunque.surfaces.bootstrap import open_platform, person

    platform = open_platform()
    language = lang or platform.settings.language
    if language not in ("en", "es"):
        raise UsageError(f"There is no text in {language!r}.", hint="Languages: en, es.")
    words = catalogue(cast("Language", language))
    version = platform.registry.resolve(model)
    predictor = platform.registry.open(version.label)
    kept, told = _told(platform, predictor, version, tables)
    found = live(predictor, told, LENGTHS[every])
    if html is not None:
        _write(html, found, cast("Language", language), platform.clock.now().date().isoformat())
    judged = None
    if challenger:
        other = platform.registry.resolve(challenger if "@" in challenger else f"{version.name}@{challenger}")
        judged = judge(predictor, platform.registry.open(other.label), told)
        if promote:
            judged = settle_duel(platform.registry, judged, other, by=by or person())
    if as_json:
        extra: dict[str, Any] = {"kept": kept, "challenge": None if judged is None else asdict(judged)}
        write_json(found.to_document() | extra)
    else:
        if kept:
            say(words("outcomes.kept", count=kept))
        _show(found, words)
        if judged is not None:
            _show_duel(judged, words)
    if found.windows[0].has_fallen:
        raise typer.Exit(WORSE)


def _write(path: Path, found: "Live", language: "Language", date: str) -> None:
    from yunque.errors import UsageError
    from yunque.monitoring.live_report import render_live

    try:
        path.write_text(render_live(found.facts(date), language), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The report cannot be written to {path}: {error.strerror}.") from error


def _told(platform: "Platform", predictor: Any, version: Any, tables: list[str] | None) -> tuple[int, Any]:
    from yunque.data.table import read_table
    from yunque.monitoring.outcomes import KEY
    from yunque.services.outcomes import keep_outcomes, kept_outcomes, told_by_log, told_by_table
    from yunque.surfaces.bootstrap import OUTCOMES, PREDICTIONS

    folder, kept = platform.settings.home / OUTCOMES, 0
    if tables:
        frame = read_table(source_of(tables))
        if KEY not in frame.columns and predictor.task.target in frame.columns:
            return 0, told_by_table(predictor, frame)
        kept = keep_outcomes(folder, version.name, frame)
    log = platform.settings.home / PREDICTIONS
    return kept, told_by_log(predictor, version, log, kept_outcomes(folder, version.name))


def _show(found: "Live", words: "Words") -> None:
    whole, before = found.windows[0], found.before
    say(
        words(
            "outcomes.head",
            model=found.model,
            rows=whole.rows,
            metric=before.metric,
            loss=whole.loss,
            error=whole.error,
            before="–" if before.loss is None else f"{before.loss:.4f}",
        )
    )
    if whole.has_fallen:
        say(words("outcomes.fallen"))
    if found.windows[1:]:
        headers = [words(f"outcomes.{name}") for name in ("window", "rows", "loss", "error")]
        rows = [
            [str(each.begin)[:10], f"{each.rows:,}", f"{each.loss:.4f}", f"{each.error:.4f}",
             words("outcomes.worse") if each.has_fallen else ""]
            for each in found.windows[1:]
        ]  # fmt: skip
        write_table("", [*headers, ""], rows, right=",".join(headers[1:]))
    if found.calibration:
        headers = [words(f"outcomes.{name}") for name in ("predicted", "observed", "rows")]
        cells = [
            [f"{each.predicted:.4f}", f"{each.observed:.4f}", f"{each.rows:,}"] for each in found.calibration
        ]
        write_table(words("outcomes.calibration"), headers, cells, right=",".join(headers))
    if found.unreadable:
        say(words("outcomes.unreadable", count=found.unreadable))


def _show_duel(judged: "Judged", words: "Words") -> None:
    duel = judged.duel
    say(
        words(
            "outcomes.duel",
            challenger=judged.challenger, champion=judged.champion, rows=duel.rows, metric=duel.metric,
            a=duel.champion, b=duel.challenger, gain=duel.gain, low=duel.low, high=duel.high,
        )
    )  # fmt: skip
    say(words(f"outcomes.{duel.winner}"))
    if judged.promoted:
        say(words("outcomes.promoted"))
    if judged.shortfalls:
        say(words("outcomes.gates"))
        for shortfall in judged.shortfalls:
            say(f"  - {shortfall.message}")
