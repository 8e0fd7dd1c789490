"""`yunque drift`: whether the rows of today have moved away from those that a model learnt from."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from yunque.errors import UsageError
from yunque.surfaces.cli.console import note, say, write_json, write_table
from yunque.surfaces.cli.options import AsJson, source_name, source_of

if TYPE_CHECKING:
    from yunque.models.report_facts import Language
    from yunque.services.drift import Measured

MOVED = 2


def drift(
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
            help="Rows of today, with or without the target; the prediction log when left out.",
            show_default=False,
        ),
    ] = None,
    days: Annotated[
        float, typer.Option("--days", min=0.001, help="Of the prediction log, back from its newest row.")
    ] = 7.0,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write the report.", dir_okay=False)
    ] = None,
    together: Annotated[
        bool,
        typer.Option("--together/--no-together", help="Also look at all columns together; takes seconds."),
    ] = True,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seeds samples and parts.")] = 7,
    lang: Annotated[
        str, typer.Option("--lang", metavar="en|es", help="Language of text and report; YUNQUE_LANGUAGE.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Hold rows against the table that a model was made from: which columns moved, and which of them matter.

    Where nothing moved, at most 1 of 100 runs says otherwise, whatever the number of rows.
    Exit code 2 when something moved.
    """
    from yunque.monitoring.drift import DriftWish
    from yunque.services.drift import drift_of_log, drift_of_table
    from yunque.surfaces.bootstrap import PREDICTIONS, open_platform

    platform = open_platform()
    language = lang or platform.settings.language
    if language not in ("en", "es"):
        raise UsageError(f"There is no report in {language!r}.", hint="Languages: en, es.")
    wish = DriftWish(is_together=together, seed=seed, threads=platform.threads)
    version = platform.registry.resolve(model)
    predictor = platform.registry.open(version.label)
    if tables:
        measured = drift_of_table(predictor, source_of(tables), source_name(tables), wish)
    else:
        folder, window = platform.settings.home / PREDICTIONS, timedelta(days=days)
        measured = drift_of_log(predictor, folder, version, window, wish)
    if html is not None:
        write_report(measured, html, cast("Language", language), platform.clock.now().date().isoformat())
    if as_json:
        write_json(measured.to_document() | ({"report": str(html)} if html else {}))
    else:
        show(measured, cast("Language", language), html)
    if measured.drift.alarms:
        raise typer.Exit(MOVED)


def write_report(measured: "Measured", path: Path, language: "Language", date: str) -> None:
    """Write the HTML report.

    Raises:
        UsageError: the file cannot be written.
    """
    from yunque.monitoring.drift_report import render_drift

    try:
        path.write_text(render_drift(measured.facts(date), language), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The report cannot be written to {path}: {error.strerror}.") from error


def show(measured: "Measured", language: "Language", html: Path | None) -> None:
    """Tell the outcome as text."""
    from yunque.models.report_numbers import count, percent
    from yunque.models.report_words import words as model_words
    from yunque.monitoring.drift_report import notes, question
    from yunque.monitoring.drift_words import findings, p_text, words

    t, found = words(language), measured.drift
    made = t("made", rows=count(found.rows), source=measured.source,
             reference=count(found.reference_rows), date=measured.model)  # fmt: skip
    say(f"{question(found, t)}\n{made}")
    moved = [each for each in found.columns if each.is_alarm]
    if moved:
        rows = [
            [each.name, percent(each.importance), "; ".join(findings(each, t)), p_text(each.verdicts)]
            for each in moved
        ]
        headers = t("cli.headers").split(",")
        write_table("", headers, rows, right=f"{headers[1]},{headers[3]}")
    for each in found.answers:
        for text in findings(each, t):
            say(f"{t('score' if each.name == '(score)' else 'answer')}: {text}")
    if found.together is not None and found.together.verdict.is_alarm:
        names = ", ".join(list(found.together.shares)[:3])
        say(f"{t('finding.together')}: {found.together.verdict.effect:.3f} ({names})")
    for estimated in measured.estimates:
        before = "–" if estimated.before is None else f"{estimated.before:.4f}"
        fallen = f": {t('fallen')}" if estimated.has_fallen else ""
        value = f"{estimated.value:.4f} ± {2 * estimated.error:.4f}"
        name = model_words(language).metric(estimated.metric)
        say(t("cli.estimated", metric=name, value=value, before=before, fallen=fallen))
    if measured.estimates:
        say(t("assumption"))
    for text in notes(found, measured.rejected, t):
        note(f"! {text}")
    if html is not None:
        say(t("cli.report", path=html))
