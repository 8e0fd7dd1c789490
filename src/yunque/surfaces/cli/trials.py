"""`yunque models shadow|canary|stop|trials`: try a version beside the champion."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yunque.surfaces.cli.console import say, write_json
from yunque.surfaces.cli.options import AsJson, By, Reason

if TYPE_CHECKING:
    from yunque.surfaces.bootstrap import Platform

Reference = Annotated[
    str, typer.Argument(metavar="NAME@VERSION", help="For example late@3, late@latest.", show_default=False)
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A model.", show_default=False)]
Share = Annotated[float, typer.Option("--share", min=0.0, max=1.0, help="Of the requests, 0.05 for 5 %.")]
MostErrors = Annotated[
    float, typer.Option("--most-errors", min=0.0, max=1.0, help="Share it may fail before it stops.")
]
Slower = Annotated[
    float, typer.Option("--slower", min=1.0, help="How many times the champion's p99 its own may be.")
]
MostDrift = Annotated[
    float, typer.Option("--most-drift", min=0.0, help="Stability index against the champion's answers.")
]


class Arm(StrEnum):
    """How a version is tried."""

    SHADOW = "shadow"
    CANARY = "canary"


def begin_shadow(model: Reference, by: By = "", reason: Reason = "", as_json: AsJson = False) -> None:
    """Let a version answer a copy of the champion's requests, off their path, and count the differences."""
    from yunque.models.registry_trials import Trials
    from yunque.services.trials import shadow
    from yunque.surfaces.bootstrap import open_platform, person

    platform = open_platform()
    trial = shadow(platform.registry, Trials(platform.database), model, by=by or person(), reason=reason)
    _tell(platform, trial.name, f"{trial.label} answers in the champion's shadow now.", as_json)


def begin_canary(
    model: Reference,
    share: Share = 0.05,
    most_errors: MostErrors = 0.01,
    slower: Slower = 3.0,
    most_drift: MostDrift = 0.25,
    by: By = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Let a version answer a share of the requests; it stops by itself on errors, latency or drift."""
    from yunque.models.registry_trials import Trials
    from yunque.services.trials import Terms, canary
    from yunque.surfaces.bootstrap import open_platform, person

    platform = open_platform()
    terms = Terms(share=share, most_errors=most_errors, slower=slower, most_drift=most_drift)
    trial = canary(
        platform.registry, Trials(platform.database), model, terms, by=by or person(), reason=reason
    )
    _tell(platform, trial.name, f"{trial.label} answers {share:.2%} of the requests now.", as_json)


def stop(name: Name, arm: Arm, by: By = "", reason: Reason = "", as_json: AsJson = False) -> None:
    """End a shadow or a canary."""
    from yunque.models.registry_trials import Trials
    from yunque.services.trials import stop_trial
    from yunque.surfaces.bootstrap import open_platform, person

    platform = open_platform()
    trials = Trials(platform.database)
    trial = stop_trial(trials, name, arm.value, by=by or person(), reason=reason)
    _tell(platform, name, f"The {trial.arm} {trial.label} has ended.", as_json)


def show_trials(name: Name, as_json: AsJson = False) -> None:
    """Show the trials of a model: what they showed, and how past ones ended."""
    from yunque.surfaces.bootstrap import open_platform

    document = _document(open_platform(), name)
    if as_json:
        write_json(document)
        return
    if not document["running"] and not document["ended"]:
        say(f"Nothing was ever tried beside the champion of {name}.")
    for trial in document["running"]:
        share = f", {trial['share']:.2%} of the requests" if "share" in trial else ""
        say(f"{trial['arm']} {name}@{trial['version']}{share}, since {trial['since'][:16]} by {trial['by']}")
        for line in _lines(trial["shown"]):
            say(f"  {line}")
    for past in document["ended"]:
        ended = f"{past['arm']} {name}@{past['version']} ended {past['at'][:16]} by {past['by']}"
        say(f"{ended}: {past['reason']}")


def _lines(shown: dict[str, Any]) -> list[str]:
    if "rows" in shown:
        return [
            f"{shown['rows']:,} rows compared, {shown['different']:,} answered otherwise, "
            f"{shown['failed']:,} not answered",
            f"difference of the scores: mean {shown['mean_difference']:.3g}, "
            f"largest {shown['largest_difference']:.3g}",
        ]
    sides = [
        f"{side}: {shown[side]['requests']:,} requests, p50 {shown[side]['p50_milliseconds']:.2f} ms, "
        f"p99 {shown[side]['p99_milliseconds']:.2f} ms"
        for side in ("champion", "canary")
    ]
    return [*sides, f"failed {shown['failed']:,}, drift between the two {shown['drift']:.3f}"]


def _document(platform: "Platform", name: str) -> dict[str, Any]:
    from yunque.models.registry_trials import Trials
    from yunque.monitoring.trial_counts import TrialBook
    from yunque.services.trial_report import all_trials

    book = TrialBook(platform.settings.home / "trials", "")
    return all_trials(platform.registry, Trials(platform.database), name, book)


def _tell(platform: "Platform", name: str, text: str, as_json: bool) -> None:
    if as_json:
        write_json(_document(platform, name))
    else:
        say(text)
