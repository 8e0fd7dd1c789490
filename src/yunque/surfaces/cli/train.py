"""`yunque train`: the best model in the time given, proved, published, and where everything is."""

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, cast

import typer

from yunque.errors import UsageError
from yunque.runtime.guarded import guarded
from yunque.surfaces.cli.config_option import Config, config_targets
from yunque.surfaces.cli.console import write_json
from yunque.surfaces.cli.decision_options import (
    Costs,
    Coverage,
    Latency,
    LeastRecall,
    decision_wish,
    latency_microseconds,
)
from yunque.surfaces.cli.memory_option import DEFAULT_MEMORY, Memory, tell_restart
from yunque.surfaces.cli.options import (
    AsJson,
    By,
    ContractFile,
    GroupColumn,
    Ids,
    Ignore,
    Seed,
    Tables,
    TimeColumn,
    WeightColumn,
    model_name,
    source_name,
    source_of,
)
from yunque.surfaces.cli.unlabelled_options import (
    Clusters,
    Contamination,
    Label,
    Target,
    refuse_missing_target,
    unlabelled_wish,
)

if TYPE_CHECKING:
    from yunque.learning.splits import SplitWish
    from yunque.models.report_facts import Language

SHORT_OF_A_GATE = 2


def train(
    tables: Tables,
    target: Target = None,
    config: Config = None,
    name: Annotated[
        str,
        typer.Option("--name", metavar="N", help="Name of the model; made of table and target when empty."),
    ] = "",
    task: Annotated[
        str,
        typer.Option(
            "--task", help="auto, binary, multiclass, regression; without target anomaly, clusters."
        ),
    ] = "auto",
    metric: Annotated[str, typer.Option("--metric", metavar="M", help="The metric that decides.")] = "auto",
    budget: Annotated[
        str, typer.Option("--budget", metavar="B", help="60s, 5m, 1h, or small, medium, large.")
    ] = "60s",
    time_column: TimeColumn = None,
    group_column: GroupColumn = None,
    weight_column: WeightColumn = None,
    ignore: Ignore = None,
    ids: Ids = None,
    contract: ContractFile = None,
    require: Annotated[
        list[str] | None,
        typer.Option(
            "--require", metavar='"M>=X"', help='A target it must meet: "roc_auc>=0.85"; repeat it.'
        ),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", metavar="FINDING", help="Train in spite of a blocking finding; on record."),
    ] = None,
    holdout: Annotated[
        float | None,
        typer.Option(
            "--holdout", metavar="SHARE", help="Share of the rows kept untouched to judge at the end."
        ),
    ] = None,
    test_from: Annotated[
        str | None,
        typer.Option("--test-from", metavar="DATE", help="Rows from this moment on are kept untouched."),
    ] = None,
    folds: Annotated[int | None, typer.Option("--folds", help="Number of folds.")] = None,
    algorithms: Annotated[
        str | None, typer.Option("--algorithms", "--models", metavar="A,B", help="Choose among these only.")
    ] = None,
    least_recall: LeastRecall = None,
    costs: Costs = "",
    coverage: Coverage = 0.9,
    latency: Latency = "",
    memory: Memory = DEFAULT_MEMORY,
    sensitive: Annotated[
        list[str] | None,
        typer.Option(
            "--sensitive", metavar="COL", help="Compare the model between the groups of a column; repeat it."
        ),
    ] = None,
    keep_rows: Annotated[
        bool,
        typer.Option(
            "--keep-rows/--no-rows",
            help="Keep a sample of up to 5,000 rows in the bundle, for drift; else bins alone.",
        ),
    ] = True,
    clusters: Clusters = "auto",
    contamination: Contamination = 0.01,
    label: Label = None,
    seed: Seed = 7,
    lang: Annotated[
        str, typer.Option("--lang", metavar="en|es", help="Language of report and card; YUNQUE_LANGUAGE.")
    ] = "",
    description: Annotated[
        str, typer.Option("--description", metavar="TEXT", help="What the model is for; stands in its card.")
    ] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Train within a budget, prove the result against baselines, and publish it.

    Exit code 2 when a blocking finding stops it, or when the model falls short of a gate: it is published
    then, but does not answer as the champion. Ctrl-C ends the search and keeps the best so far.
    """
    attempt = guarded(tell_restart)  # before anything that starts threads is imported

    from yunque.data.infer import Wishes
    from yunque.learning.budget import parse_budget
    from yunque.services.fit_memory_store import FolderFits
    from yunque.services.publish import publish
    from yunque.services.source_memory import remember_source
    from yunque.services.tracking import Asked, track_training, with_keys
    from yunque.services.train import TrainRequest
    from yunque.services.train_any import train_any as run_train
    from yunque.surfaces.bootstrap import open_platform, person
    from yunque.surfaces.cli.contract_file import read_contract
    from yunque.surfaces.cli.interrupt import kept_on_interrupt
    from yunque.surfaces.cli.progress import shown_progress
    from yunque.surfaces.cli.train_page import document, show_page, show_record

    refuse_missing_target(task, target)
    platform = open_platform()
    who = by or person()
    wish = decision_wish(least_recall, costs, coverage)
    request = TrainRequest(
        source=source_of(tables),
        source_name=source_name(tables),
        name=name or model_name(tables, target or task),
        wishes=Wishes(
            target=target,
            time_column=time_column,
            group_column=group_column,
            weight_column=weight_column,
            ignore=tuple(ignore or ()),
            ids=tuple(ids or ()),
        ),
        contract=read_contract(contract) if contract else None,
        task=task,
        metric=metric,
        budget=budget,
        split=_split(holdout, test_from, folds),
        requirements=(*config_targets(config), *(require or ())),
        accept=tuple(accept or ()),
        algorithms=tuple(word.strip() for word in algorithms.split(",")) if algorithms else None,
        seed=seed,
        threads=platform.threads,
        by=who,
        language=cast("Language", lang or platform.settings.language),
        description=description,
        decision=wish,
        latency_microseconds=latency_microseconds(latency),
        sensitive=tuple(sensitive or ()),
        keep_rows=keep_rows,
        unlabelled=unlabelled_wish(clusters, contamination, label),
        memory=FolderFits(attempt.folder) if attempt.folder else None,
        memory_limit=memory,
        spent_seconds=platform.clock.monotonic() - attempt.began,
        parallel=platform.parallel,
    )
    run_name = f"entrenamiento_{request.name}" if request.language == "es" else f"training_{request.name}"
    with platform.scratch() as folder, platform.tracking.begin(request.name, run_name) as run:
        began = platform.clock.now()
        with (
            shown_progress(parse_budget(budget), quiet=as_json) as listener,
            kept_on_interrupt() as cancelled,
        ):
            request = replace(request, cancelled=cancelled)
            trained = run_train(request, folder, platform.clock, listener)
        published = publish(platform.registry, folder, name=request.name, by=who)
        asked = Asked(experiment=request.name, name=run_name, by=who, began=began, ended=platform.clock.now())
        tracked = track_training(run, platform.registry, published, asked, trained.leaderboard)
    remember_source(platform.settings.home, trained.bundle.manifest.dataset.fingerprint, tables)
    if as_json:
        write_json(with_keys(document(trained, published), tracked))
    else:
        show_page(trained, published)
        show_record(tracked)
    if not published.promoted:
        raise typer.Exit(SHORT_OF_A_GATE)


def _split(holdout: float | None, test_from: str | None, folds: int | None) -> "SplitWish":
    from yunque.learning.splits import SplitWish

    if holdout is not None and test_from is not None:
        raise UsageError("--holdout and --test-from say two things.", hint="Give one of them.")
    return SplitWish(holdout=_moment(test_from) if test_from else holdout, folds=folds)


def _moment(text: str) -> date | datetime:
    try:
        return date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"--test-from takes a date or moment, not {text!r}.", hint="Write 2013-11-01 or 2013-11-01T06:00."
        ) from error
