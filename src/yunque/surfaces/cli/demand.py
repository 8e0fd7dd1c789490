"""`yunque demand`: from sales and stock to what to buy, how much, when and why."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yunque.surfaces.cli.console import note, say, write_json, write_table
from yunque.surfaces.cli.demand_options import (
    Budget,
    Company,
    First,
    Language,
    Last,
    Measure,
    Model,
    Nit,
    Service,
    Tenant,
    day,
    language_of,
    open_company,
    wish_of,
)
from yunque.surfaces.cli.options import AsJson, Seed

if TYPE_CHECKING:
    import polars as pl

    from yunque.solutions.demand.plan_values import PurchasePlan

app = typer.Typer(help="Demanda y compras: what to buy, how much, when and why (R2).", rich_markup_mode=None)
MOST_SHOWN = 15


@app.command("generate")
def generate(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to write; made when it is not there.")
    ],
    articles: Annotated[int, typer.Option("--articles", min=1, max=20_000, help="Articles.")] = 120,
    days: Annotated[int, typer.Option("--days", min=60, max=7_300, help="Days of history.")] = 3 * 365,
    nit: Nit = "900123456",
    seed: Seed = 7,
    as_json: AsJson = False,
) -> None:
    """Write the files of a small company whose true demand is known (truth.parquet)."""
    from yunque.solutions.demand.generator import Wish, make_company

    company = make_company(seed, Wish(articles=articles, days=days, nit=nit))
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in company.tables.items():
        table.write_csv(folder / f"{name}.csv")
    company.truth.write_parquet(folder / "truth.parquet")
    sizes = {name: table.height for name, table in company.tables.items()}
    if as_json:
        write_json({"folder": str(folder), "rows": sizes, "today": company.today.isoformat()})
        return
    say(f"{articles} articles, {days} days: {folder}")
    say("  " + ", ".join(f"{name} {rows:,}" for name, rows in sizes.items()))
    say(f"Next: yunque demand train {folder}")


@app.command("train")
def train(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="Folder of tables, a file of movements, or a database URL."),
    ],
    company: Company = "",
    nit: Nit = "",
    first: First = "",
    last: Last = "",
    today: Annotated[str, typer.Option("--today", metavar="DAY", help="Day of the plan.")] = "",
    query: Annotated[
        list[str] | None, typer.Option("--query", metavar="TABLE=SELECT", help="Of a database; repeat it.")
    ] = None,
    algorithm: Annotated[
        str, typer.Option("--algorithm", "--booster", help="lightgbm, xgboost, prophet (extra) or none.")
    ] = "lightgbm",
    country: Annotated[str, typer.Option("--country", help="CO or MX: holidays; none for neither.")] = "CO",
    bulk: Annotated[str, typer.Option("--bulk", help="keep, or separate one-off bulk lines.")] = "keep",
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="Time budget of the forecast.")] = 60.0,
    origins: Annotated[int, typer.Option("--origins", min=1, help="Rolling origins of the backtest.")] = 6,
    tenant: Tenant = "local",
    seed: Seed = 7,
    as_json: AsJson = False,
) -> None:
    """Read a company's tables, forecast its demand, measure it on the past, and keep what comes out."""
    from yunque.services.demand_source import read_company
    from yunque.services.demand_train import TrainAsk, train_demand
    from yunque.solutions.demand.intake import Whose
    from yunque.surfaces.bootstrap import open_platform
    from yunque.surfaces.demand_house import demand_house

    asked: dict[str, Any] = {
        "algorithm": algorithm,
        "bulk": bulk,
        "country": None if country == "none" else country,
    }
    ask = TrainAsk(
        whose=Whose(
            company=company,
            nit=nit,
            first=day(first, "--from"),
            last=day(last, "--to"),
            today=day(today, "--today"),
        ),
        tenant=tenant,
        budget_seconds=seconds,
        origins=origins,
        seed=seed,
        **asked,
    )
    done = train_demand(read_company(source, _queries(query)), ask, demand_house(open_platform()))
    document = done.document()
    if as_json:
        write_json(document)
        return
    for one in done.kept.basis.book.notes:
        note(f"! {one.text['en']}")
    say(
        f"{done.kept.model_id}: {document['total_articulos']} articles, "
        f"{document['filas_entrenamiento']:,} movements"
    )
    _show_backtest(done.kept.basis.forecasts.backtest)
    say(f"Next: yunque demand plan --model {done.kept.model_id}")


@app.command("forecast")
def forecast(
    model: Model = "",
    months: Annotated[int, typer.Option("--months", min=1, max=24, help="Months ahead.")] = 6,
    article: Annotated[list[str] | None, typer.Option("--article", metavar="CODE", help="Repeat it.")] = None,
    tenant: Tenant = "local",
    as_json: AsJson = False,
) -> None:
    """Show the demand of the months ahead with the interval that holds nine in ten."""
    from yunque.services.demand_plan import predict_company

    house, kept = open_company(model, tenant)
    document = predict_company(kept, house, months=months, codes=tuple(article or ()))
    if as_json:
        write_json(document)
        return
    rows = [
        [one["articulo_codigo"], one["articulo_nombre"], one["fecha"][:7],
         *(f"{one[name]:,.1f}" for name in ("minimo", "prediccion", "maximo"))]
        for one in document["predicciones_xgboost"]
    ]  # fmt: skip
    write_table("", ["code", "article", "month", "low", "mean", "high"], rows, right="low,mean,high")


@app.command("plan")
def plan(
    model: Model = "",
    service: Service = 0.95,
    measure: Measure = "cycle",
    budget: Budget = None,
    warehouse: Annotated[str, typer.Option("--warehouse", metavar="CODE", help="Only that one.")] = "",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Folder for plan, drafts, report.")
    ] = None,
    lang: Language = "",
    tuned: Annotated[
        bool, typer.Option("--tuned", help="At the level that achieved the service when it was simulated.")
    ] = False,
    tenant: Tenant = "local",
    as_json: AsJson = False,
) -> None:
    """Say what to buy; with -o, write the plan, a purchase order a supplier, and the report."""
    from yunque.services.demand_plan import page, plan_company, write_plan
    from yunque.services.demand_simulate import tune
    from yunque.settings import Settings

    house, kept = open_company(model, tenant)
    language = language_of(lang, Settings.load().language)
    wish = wish_of(service, measure, budget=budget, warehouse=warehouse)
    if tuned:
        wish = tune(kept, wish)
    done = plan_company(kept, wish, house)
    files = write_plan(done.plan, out, language, page(done.plan, kept, language)) if out else []
    if as_json:
        write_json({**done.document, "files": files})
        return
    show_plan(done.plan, language)
    if out:
        say(f"{len(files)} files: {out}")


@app.command("simulate")
def simulate(
    model: Model = "",
    periods: Annotated[int, typer.Option("--periods", min=0, help="Of the past; 0 for the usual.")] = 0,
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="Time budget of the forecasts.")] = 60.0,
    tenant: Tenant = "local",
    as_json: AsJson = False,
) -> None:
    """Live through the last periods again under this plan, R2's rule, the textbook and the buyer's orders."""
    from yunque.services.demand_simulate import simulate_company

    house, kept = open_company(model, tenant)
    curve = simulate_company(kept, house, tenant, periods=periods or None, seconds=seconds)
    if as_json:
        write_json(curve.to_dicts())
        return
    rows = [
        [one["rule"], f"{one['setting']:g}", f"{one['fill']:.1%}", f"{one['cycle']:.1%}",
         f"{one['stock_value']:,.0f}", str(one["orders"]), f"{one['cover']:.1f}"]
        for one in curve.iter_rows(named=True)
    ]  # fmt: skip
    headers = ["rule", "setting", "fill (units)", "cycle", "stock value", "orders", "cover"]
    write_table("", headers, rows, right="setting,fill (units),cycle,stock value,orders,cover")
    say("Past demand is what was sold. Next: yunque demand plan --tuned -o DIR")


@app.command("backtest")
def backtest(model: Model = "", tenant: Tenant = "local", as_json: AsJson = False) -> None:
    """Show what the forecasts' past says: errors, bias and coverage by class, and the models' weights."""
    _, kept = open_company(model, tenant)
    forecasts = kept.basis.forecasts
    if as_json:
        write_json({"backtest": forecasts.backtest.to_dicts(), "weights": forecasts.weights.to_dicts()})
        return
    _show_backtest(forecasts.backtest)
    weights = forecasts.weights
    rows = [[_cell(value) for value in row] for row in weights.iter_rows()]
    write_table("Weights", weights.columns, rows)


def show_plan(found: "PurchasePlan", language: str) -> None:
    """Tell a plan on the terminal."""
    words = {"cycle": "cycle service (orders without a stock-out)", "fill": "fill rate (units served)"}
    for one in found.warnings:
        note(f"! {one.text[language]}")
    say(f"{len(found.bought)} of {len(found.lines)} articles, {found.cost:,.0f} {found.currency}")
    say(f"As of {found.as_of}, {words[found.measure]} {found.service:.0%}")
    rows = [
        [
            line.article.code, line.article.name, f"{line.quantity:g}", str(line.packs), f"{line.cost:,.0f}",
            f"{line.position.on_hand:g}+{line.position.on_order:g}-{line.position.reserved:g}",
            f"{line.levels.order_up_to:g}", f"{line.risk.stockout_probability:.0%}",
            str(line.risk.latest_order_date or ""),
        ]
        for line in found.bought[:MOST_SHOWN]
    ]  # fmt: skip
    headers = [
        "code",
        "article",
        "units",
        "packs",
        "cost",
        "hand+coming-reserved",
        "target",
        "runs out",
        "order by",
    ]
    write_table("", headers, rows, right="units,packs,cost,target,runs out")
    if len(found.bought) > MOST_SHOWN:
        say(f"… and {len(found.bought) - MOST_SHOWN} more; -o DIR writes all of them")
    cap = found.budget
    if cap.cap is not None:
        say(f"Budget {cap.cap:,.0f}: left out {cap.left_out_cost:,.0f} ({cap.method})")


def _show_backtest(table: "pl.DataFrame") -> None:
    write_table("Backtest", table.columns, [[_cell(value) for value in row] for row in table.iter_rows()])


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "" if value is None else str(value)


def _queries(texts: list[str] | None) -> dict[str, str] | None:
    if not texts:
        return None
    return {name.strip(): query.strip() for name, _, query in (text.partition("=") for text in texts)}
