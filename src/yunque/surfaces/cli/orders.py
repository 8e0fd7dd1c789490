"""`yunque orders`: the channel of the next order, from files to a served model and a call list."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from yunque.surfaces.cli.console import note, say, write_json, write_table
from yunque.surfaces.cli.options import AsJson, By

if TYPE_CHECKING:
    from yunque.services.orders_artifacts import OrdersRun

app = typer.Typer(
    help="Pedidos: the channel of a client's next order (R5), and whom to call.", rich_markup_mode=None
)
SHORT_OF_A_GATE = 2
STEPS = {
    "en": {
        "etl": "Reading and checking the files",
        "train": "Choosing columns and training",
        "register": "Registering the model",
        "inference_test": "Asking it over the network",
        "who_to_call": "Ranking the clients",
    },
    "es": {
        "etl": "Leyendo y revisando los archivos",
        "train": "Eligiendo columnas y entrenando",
        "register": "Registrando el modelo",
        "inference_test": "Preguntándole por la red",
        "who_to_call": "Ordenando a los clientes",
    },
}


@app.command("generate")
def generate(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to write; made when it is not there.")
    ],
    rows: Annotated[int, typer.Option("--rows", min=1_000, help="Orders.")] = 500_000,
    files: Annotated[int, typer.Option("--files", min=1, max=1_000, help="Files.")] = 8,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same orders.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Write orders with the marginals of real ones, whose best possible model is known."""
    from yunque.solutions.orders.generator import bayes_ceiling
    from yunque.solutions.orders.generator import generate as make

    folder.mkdir(parents=True, exist_ok=True)
    table, size = make(rows, seed), -(-rows // files)
    names = [f"orders-{number}.parquet" for number in range(files)]
    for name, part in zip(names, table.iter_slices(size), strict=False):
        part.write_parquet(folder / name)
    best = bayes_ceiling()
    if as_json:
        write_json({"folder": str(folder), "rows": rows, "files": names, "ceiling": best.__dict__})
        return
    say(f"{rows:,} orders in {files} files: {folder}")
    say(f"Best possible: log-loss {best.log_loss:.4f}, accuracy {best.accuracy:.4f}, lift {best.lift:.2f}")


@app.command("run")
def run(
    data_dir: Annotated[Path, typer.Argument(metavar="DATA_DIR", help="Folder of *.parquet, or one table.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="Folder to write; under the home when left out."),
    ] = None,
    question: Annotated[
        str, typer.Option("--question", help="next: an order not placed yet; given: one with its amounts.")
    ] = "next",
    rows: Annotated[
        str, typer.Option("--rows", help="One row an order, or a client (its last order).")
    ] = "order",
    split: Annotated[str, typer.Option("--split", help="time, or stratified.")] = "time",
    budget: Annotated[str, typer.Option("--budget", metavar="B", help="Of the training: 60s, 5m.")] = "60s",
    choice: Annotated[str, typer.Option("--choose-by", help="log_loss, or f1 as R5 says.")] = "log_loss",
    name: Annotated[
        str, typer.Option("--name", metavar="N", help='Of the model; "champion" names it by its algorithm.')
    ] = "digital_orders_xgboost",
    algorithms: Annotated[
        str, typer.Option("--algorithms", metavar="A,B", help="Candidates; four when left out.")
    ] = "",
    require: Annotated[
        list[str] | None,
        typer.Option(
            "--require", metavar='"M>=X"', help="A target instead of the solution's own; repeat it."
        ),
    ] = None,
    ceiling: Annotated[
        bool, typer.Option("--ceiling/--no-ceiling", help="Stop at a score that these data cannot give.")
    ] = True,
    costs: Annotated[
        str,
        typer.Option("--costs", metavar="C", help='"VENDEDOR>DIGITAL=3,…" (true>answered), or a CSV file.'),
    ] = "",
    call: Annotated[str, typer.Option("--call", metavar="C", help='"value=1,cost=0.5" of one call.')] = "",
    samples: Annotated[int, typer.Option("--samples", help="Orders asked over the network.")] = 50,
    max_concurrent: Annotated[int, typer.Option("--max-concurrent", help="At a time.")] = 10,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seeds every random choice.")] = 42,
    lang: Annotated[str, typer.Option("--lang", metavar="en|es", help="Of messages, card and reasons.")] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Run the whole pipeline: files, split, columns, candidates, registration, inference test, call list.

    Exit code 2 when the files cannot be used, when the model falls short of a gate, or when its score is
    beyond what an honest model of these data can reach.
    """
    from yunque.errors import UsageError
    from yunque.learning.budget import parse_budget
    from yunque.services.orders_request import CANDIDATES, OrdersRequest, read_call
    from yunque.services.orders_run import OrdersHouse, run_orders
    from yunque.solutions.orders.questions import Question
    from yunque.solutions.orders.solution import SOLUTION
    from yunque.surfaces.bootstrap import open_platform, person
    from yunque.surfaces.cli.progress import shown_progress
    from yunque.surfaces.loopback import loopback_server

    platform = open_platform()
    language = lang or platform.settings.language
    if language not in STEPS:
        raise UsageError(f"There is no report in {language!r}.", hint="Languages: en, es.")
    request = OrdersRequest(
        source=data_dir,
        name=name,
        question=Question(asked=cast("Any", question), rows=cast("Any", rows)),
        split=cast("Any", split),
        budget=budget,
        choice=cast("Any", choice),
        algorithms=tuple(word.strip() for word in algorithms.split(",")) if algorithms else CANDIDATES,
        requirements=SOLUTION.policy.requirements if require is None else tuple(require),
        has_ceiling=ceiling,
        costs=costs,
        call=read_call(call),
        samples=samples,
        max_concurrent=max_concurrent,
        seed=seed,
        threads=platform.threads,
        by=by or person(),
        language=cast("Any", language),
    )
    with (
        platform.scratch() as scratch,
        shown_progress(parse_budget(budget), quiet=as_json) as listener,
    ):
        house = OrdersHouse(
            registry=platform.registry,
            clock=platform.clock,
            serve=lambda: loopback_server(platform.settings),
            place=platform.settings.home / "orders",
            scratch=scratch,
            tracking=platform.tracking,
        )
        done = run_orders(
            request,
            house,
            out,
            listener,
            lambda text: None if as_json else note(STEPS[language][text]),
        )
    show(done, as_json=as_json)
    if not done.published.promoted:
        raise typer.Exit(SHORT_OF_A_GATE)


def show(done: "OrdersRun", *, as_json: bool) -> None:
    """Tell the outcome: one JSON document, or a page of text."""
    from yunque.solutions.orders.report import gap_text
    from yunque.surfaces.cli.train_page import show_record

    if as_json:
        record = done.record(sorted(path.name for path in done.folder.rglob("*") if path.is_file()))
        notices = [notice.to_dict() for notice in done.etl.intake.notices]
        write_json({**record, "folder": str(done.folder), "notices": notices})
        return
    language = done.request.language
    for notice in done.etl.intake.notices:
        note(f"! {notice.text(language)}")
    for doubt in done.made.doubts:
        say(f"{doubt.column}: {doubt.text(language)}")
    scores, constant = done.made.scores, done.made.trained.leaderboard.baselines[0].metrics
    rows = [
        [name, f"{scores.metrics[name]:.4f}", f"{constant[name]:.4f}"]
        for name in ("log_loss", "accuracy", "f1_macro", "ece")
    ]
    rows.append(["lift_10pct_DIGITAL", "" if scores.lift is None else f"{scores.lift:.3f}", "1.000"])
    write_table(
        f"{done.published.version.label} on {scores.rows:,} held-out orders",
        ["metric", "champion", "constant"],
        rows,
        right="champion,constant",
    )
    test = done.tested.metrics()
    say(
        f"Inference test: {test['inference_samples']:.0f} samples, "
        f"{test['inference_success_rate']:.0%} answered, {test['inference_avg_time_ms']:.1f} ms on average"
    )
    for shortfall in done.published.shortfalls:
        say(f"- {gap_text(shortfall, language)}")
    if done.alarmed:
        say("LEAK ALARM: the score is beyond what an honest model of these data can reach; not put to use.")
    say("In use." if done.published.promoted else "Not in use.")
    if done.tracked is not None:
        show_record(done.tracked)
    say(f"Everything is in {done.folder}")
