"""Print how well demand is forecast: M3 monthly, Online Retail, car parts.

    python benchmarks/demand.py FOLDER [--parts m3 retail carparts] [--series 200] [--budget 600] [--no-lift]

FOLDER holds m3/, online_retail/ and carparts/ as Parquet. Models, weights and calibration are chosen at
rolling origins of the training part; the test part is read once, to score. `--series` takes a seeded sample,
`--no-lift` leaves the common correction of all articles out.
"""

import argparse
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from yunque.forecasting import engine
from yunque.forecasting.forecast import forecast, roll
from yunque.forecasting.lift import NONE
from yunque.forecasting.local_models import fit_many
from yunque.forecasting.panel import FloatArray, Panel, make_panel, step, to_matrix
from yunque.forecasting.request import ForecastRequest

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98)
STOCKED = (0.5, 0.9, 0.95)  # the levels that the goal of car parts names
ENOUGH = 200  # sums of a class, from which its coverage is judged
SEED = 42
RIVALS = ("SES", "TSB", "IMAPA")
RETAIL_ITEMS, RETAIL_ORIGINS, RETAIL_LEAD, RETAIL_REVIEW = 500, 15, 2.0, 1.0
RETAIL_CLOSED = date(2011, 12, 4)  # the last whole week; the table ends on Friday, 9 December


def sample(ids: list[str], count: int | None) -> list[str]:
    """Take a seeded sample of series, all without a count."""
    if count is None or count >= len(ids):
        return sorted(ids)
    return sorted(np.random.default_rng(SEED).choice(np.array(sorted(ids)), count, replace=False).tolist())


def is_seasonal(y: FloatArray, season: int) -> bool:
    """Test for a season as the M4 organisers did: the autocorrelation at its lag, at 90 %."""
    if len(y) < 3 * season:
        return False
    centred = y - y.mean()
    acf = [1.0] + [
        float((centred[lag:] * centred[:-lag]).sum() / (centred**2).sum()) for lag in range(1, season + 1)
    ]
    limit = 1.645 * np.sqrt((1 + 2 * sum(value**2 for value in acf[1:season])) / len(y))
    return abs(acf[season]) > limit


def naive2(y: FloatArray, season: int, horizon: int) -> FloatArray:
    """Forecast by the last value, after classical multiplicative adjustment where there is a season."""
    if not is_seasonal(y, season):
        return np.full(horizon, y[-1])
    kernel = np.r_[0.5, np.ones(season - 1), 0.5] / season
    trend = np.convolve(y, kernel, mode="valid")
    half = season // 2
    ratio = y[half : half + len(trend)] / trend
    index = np.array(
        [ratio[np.arange(len(ratio)) % season == (at - half) % season].mean() for at in range(season)]
    )
    index /= index.mean()
    places = np.arange(len(y), len(y) + horizon) % season
    return y[-1] / index[(len(y) - 1) % season] * index[places]


def scores(actual: FloatArray, predicted: FloatArray, y: FloatArray, season: int) -> tuple[float, float]:
    """Give sMAPE (per cent) and MASE of one series."""
    smape = float(np.mean(200 * np.abs(actual - predicted) / (np.abs(actual) + np.abs(predicted))))
    return smape, float(np.mean(np.abs(actual - predicted)) / np.mean(np.abs(y[season:] - y[:-season])))


def m3(folder: Path, count: int | None, budget: float) -> None:
    """Print sMAPE, MASE and OWA on the monthly series of M3."""
    info = pl.read_parquet(folder / "m3_info.parquet").filter(pl.col("period") == "MONTHLY")
    ids = sample(info["unique_id"].to_list(), count)
    train = _by_id(pl.read_parquet(folder / "m3_train.parquet"), ids)
    test = _by_id(pl.read_parquet(folder / "m3_test.parquet"), ids)
    end = date(2000, 12, 1)
    sales = pl.concat(
        pl.DataFrame({"unique_id": name, "date": step(end, "month", range(1 - len(y), 1)), "quantity": y})
        for name, y in train.items()
    )
    panel = make_panel(sales, frequency="month", as_of=date(2000, 12, 31))
    request = ForecastRequest(
        horizon_periods=18, default_protection=(9.0, 9.0), budget_seconds=budget, origins=3
    )
    began, used = time.perf_counter(), time.process_time()
    answer = forecast(panel, request)
    seconds, processor = time.perf_counter() - began, time.process_time() - used
    by_id = answer.periods.group_by("unique_id", maintain_order=True)
    means = {key[0]: part["mean"].to_numpy()[:18] for key, part in by_id}
    theta = dict(zip(ids, fit_many("Theta2", 12, [train[i] for i in ids], 18), strict=True))
    lines = {
        "Naive2": {i: naive2(train[i], 12, 18) for i in ids},
        "Theta, by statsforecast (published entrant: 13.85)": theta,
        "Yunque": means,
    }
    print(f"## M3 monthly, {len(ids)} series ({seconds:.0f} s, {processor:.0f} s of processor)")
    reference: tuple[float, float] | None = None
    for name, forecasts in lines.items():
        each = np.array([scores(test[i], forecasts[i], train[i], 12) for i in ids])
        smape, mase = each.mean(axis=0)
        reference = reference or (smape, mase)
        owa = (smape / reference[0] + mase / reference[1]) / 2
        print(f"  {name:52s} sMAPE {smape:6.2f}  MASE {mase:.3f}  OWA {owa:.3f}")
    print(f"  {'our first mean of three models, all series':52s} sMAPE  13.50  MASE 0.814  OWA 0.795")
    print(f"  goal OWA <= .785: {'yes' if owa <= 0.785 else 'NO'}")
    came = pl.DataFrame({"unique_id": ids, "quantity": [float(test[name].sum()) for name in ids]})
    sums = answer.sums.table(dict.fromkeys(ids, 18.0), LEVELS).join(came, on="unique_id")
    _report(sums.join(answer.items.select("unique_id", kind="demand_class"), on="unique_id"))
    _weights(answer.weights)


def retail(folder: Path, count: int | None, budget: float) -> None:
    """Print WAPE and bias of three-week sums at fifteen origins, and the coverage of their quantiles."""
    panel = retail_panel(folder, count or RETAIL_ITEMS)
    spread = int(RETAIL_LEAD + RETAIL_REVIEW)
    origins = step(panel.last, "week", range(1 - spread - RETAIL_ORIGINS, 1 - spread))
    request = ForecastRequest(
        horizon_periods=spread,
        default_protection=(RETAIL_LEAD, RETAIL_REVIEW),
        budget_seconds=budget,
        origins=8,
    )
    began = time.perf_counter()
    answers = roll(panel, request, origins)
    kinds = dict(
        forecast(panel.until(origins[0]), _quick(request))
        .items.select("unique_id", "demand_class")
        .iter_rows()
    )
    parts = []
    for origin, sums, _ in answers:
        ahead = step(origin, "week", range(1, spread + 1))
        came = (
            panel.frame.filter(pl.col("period").is_in(ahead))
            .group_by("unique_id")
            .agg(pl.col("quantity").sum())
        )
        begun = panel.frame.filter(pl.col("period") <= origin).select("unique_id").unique()
        table = sums.table(dict.fromkeys(panel.ids, float(spread)), LEVELS)
        parts.append(table.join(came, on="unique_id").join(begun, on="unique_id", how="semi"))
    seconds = time.perf_counter() - began
    print(f"## Online Retail, {len(panel.ids)} items, {len(origins)} origins ({seconds:.0f} s)")
    table = pl.concat(parts).with_columns(
        pl.col("unique_id").replace_strict(kinds, default="new").alias("kind")
    )
    wape, bias = _report(table)
    _references(panel, spread)
    reached = ["yes" if is_reached else "NO" for is_reached in (wape <= 0.49, abs(bias) <= 0.05)]
    print(f"  goal WAPE <= .49: {reached[0]}, |bias| <= 5 %: {reached[1]}")


def _references(panel: Panel, spread: int) -> None:
    """Print plain rules on the same items and origins."""
    values, _ = to_matrix(panel)
    wrong: dict[str, float] = {}
    signed: dict[str, float] = {}
    total = 0.0
    for back in range(RETAIL_ORIGINS):
        end = values.shape[1] - 1 - spread - back
        rows = np.flatnonzero(~np.isnan(values[:, end]))
        histories = [values[row, : end + 1][~np.isnan(values[row, : end + 1])] for row in rows.tolist()]
        came = values[rows, end + 1 : end + 1 + spread].sum(axis=1)
        total += float(came.sum())
        names = ("SES", "TSB", "IMAPA", "Average")
        single = {name: fit_many(name, 1, histories, spread).sum(axis=1) for name in names}
        rules = {
            "mean of SES, TSB, IMAPA": (single["SES"] + single["TSB"] + single["IMAPA"]) / 3,
            "average x 1.2": 1.2 * single["Average"],
        }
        for name, forecasts in rules.items():
            wrong[name] = wrong.get(name, 0.0) + float(np.abs(forecasts - came).sum())
            signed[name] = signed.get(name, 0.0) + float((forecasts - came).sum())
    for name in wrong:
        print(f"    {name:24s} WAPE {wrong[name] / total:.3f}  bias {signed[name] / total:+.1%}")


def retail_panel(folder: Path, count: int) -> Panel:
    """Give weekly sales of seeded items sold in at least twelve weeks, known half a year before the end."""
    lines = pl.read_parquet(folder / "item_day_sales.parquet").rename({"ds": "date", "y": "quantity"})
    lines = lines.with_columns(pl.col("date").cast(pl.Date)).filter(pl.col("date") <= RETAIL_CLOSED)
    weeks = (
        lines.filter(pl.col("quantity") > 0)
        .group_by("unique_id")
        .agg(weeks=pl.col("date").dt.truncate("1w").n_unique(), first=pl.col("date").min())
    )
    usual = weeks.filter((pl.col("weeks") >= 12) & (pl.col("first") <= RETAIL_CLOSED - timedelta(days=182)))
    ids = sample(usual["unique_id"].to_list(), count)
    kept = lines.filter(pl.col("unique_id").is_in(ids))
    price = kept.group_by("unique_id").agg(pl.col("price").median())
    return make_panel(kept, frequency="week", as_of=RETAIL_CLOSED, items=price)


def carparts_panel(folder: Path, count: int | None) -> tuple[Panel, pl.DataFrame]:
    """Give the months up to half a year before the end of parts known by then, and what followed."""
    table = pl.read_parquet(folder / "carparts_monthly.parquet").rename({"ds": "date", "y": "quantity"})
    table = table.drop_nulls().with_columns(pl.col("date").cast(pl.Date))
    whole = table.group_by("unique_id").agg(
        months=pl.len(), sold=(pl.col("quantity") > 0).sum(), early=(pl.col("quantity").head(45) > 0).sum()
    )
    ids = sample(
        whole.filter((pl.col("months") == 51) & (pl.col("early") >= 1))["unique_id"].to_list(), count
    )
    table = table.filter(pl.col("unique_id").is_in(ids))
    cut = sorted(table["date"].unique().to_list())[-7]
    came = table.filter(pl.col("date") > cut).group_by("unique_id").agg(pl.col("quantity").sum())
    closed = step(cut, "month", (1,))[0] - timedelta(days=1)
    panel = make_panel(table.filter(pl.col("date") <= cut), frequency="month", as_of=closed)
    return panel, came


def carparts(folder: Path, count: int | None, budget: float) -> None:
    """Print the scaled pinball loss of six-month sums beside single models.

    Each single model stands there twice: with the lift and calibration that ours has, which is the harder
    rival, and with a conformal interval from its own past errors of the same series, as statsforecast has it.
    """
    panel, came = carparts_panel(folder, count)
    print(f"## Car parts, {len(panel.ids)} series, sums of 6 months")
    losses: dict[str, tuple[float, float]] = {}
    for name in (*RIVALS, None):
        request = ForecastRequest(
            horizon_periods=6,
            default_protection=(3.0, 3.0),
            budget_seconds=budget,
            only=(name,) if name else (),
        )
        answer = forecast(panel, request)
        sums = answer.sums.table(dict.fromkeys(panel.ids, 6.0), LEVELS).join(came, on="unique_id")
        kinds = answer.items.select("unique_id", kind="demand_class")
        print(f"  {name or 'Yunque'}{', calibrated as ours' if name else ''}")
        losses[name or "Yunque"] = _pinball(sums, STOCKED), _pinball(sums)
        _report(sums.join(kinds, on="unique_id"), by_kind=name is None)
    for name in RIVALS:
        sums = _plain_conformal(panel, name).join(came, on="unique_id")
        print(f"  {name}, conformal by series: scaled pinball {_pinball(sums):.4f}")
        losses[f"{name} alone"] = _pinball(sums, STOCKED), _pinball(sums)
    for at, levels in enumerate((STOCKED, LEVELS)):
        print(
            f"  scaled pinball at {levels}: {', '.join(f'{n} {loss[at]:.4f}' for n, loss in losses.items())}"
        )
    for suffix, words in ((" alone", "with its own interval"), ("", "calibrated as ours")):
        best = min(losses[name + suffix][0] for name in RIVALS)
        print(f"  better than each single model {words}: {'yes' if losses['Yunque'][0] < best else 'NO'}")
    _weights(answer.weights)


def _plain_conformal(panel: Panel, name: str) -> pl.DataFrame:
    """Give quantiles of six-month sums: a model's forecast, and its absolute errors at six origins."""
    values, _ = to_matrix(panel)
    length = values.shape[1]

    def ask(end: int) -> FloatArray:
        histories = [row[: end + 1][~np.isnan(row[: end + 1])] for row in values]
        known = [one if len(one) else np.zeros(1) for one in histories]
        return fit_many(name, 1, known, 6).sum(axis=1)

    errors = []
    for end in range(length - 7 - 10, length - 6, 2):
        came = np.where(np.isnan(values[:, end]), np.nan, np.nansum(values[:, end + 1 : end + 7], axis=1))
        errors.append(np.abs(came - ask(end)))
    missed = np.array(errors)
    missed = np.where(np.isnan(missed), np.nanmean(missed), missed)
    mean = ask(length - 1)
    columns = {
        f"q{level:g}": np.maximum(
            mean + np.sign(level - 0.5) * np.quantile(missed, abs(2 * level - 1), axis=0), 0
        )
        for level in LEVELS
    }
    return pl.DataFrame({"unique_id": panel.ids, "mean": mean, **columns})


def _quick(request: ForecastRequest) -> ForecastRequest:
    return ForecastRequest(
        horizon_periods=1,
        default_protection=request.default_protection,
        booster="none",
        origins=1,
        only=("SES",),
    )


def _by_id(frame: pl.DataFrame, ids: list[str]) -> dict[str, FloatArray]:
    kept = frame.filter(pl.col("unique_id").is_in(ids)).sort("unique_id", "t")
    return {key[0]: part["y"].to_numpy() for key, part in kept.group_by("unique_id", maintain_order=True)}


def _pinball(table: pl.DataFrame, levels: tuple[float, ...] = LEVELS) -> float:
    actual = table["quantity"].to_numpy()
    losses = [
        np.maximum(level * (actual - q), (level - 1) * (actual - q)).mean()
        for level, q in ((level, table[f"q{level:g}"].to_numpy()) for level in levels)
    ]
    return float(np.mean(losses) / actual.mean())


def _report(table: pl.DataFrame, *, by_kind: bool = True) -> tuple[float, float]:
    actual, mean = table["quantity"].to_numpy(), table["mean"].to_numpy()
    wape, bias = (
        float(np.abs(actual - mean).sum() / actual.sum()),
        float((mean - actual).sum() / actual.sum()),
    )
    print(f"    WAPE {wape:.3f}  bias {bias:+.1%}  scaled pinball {_pinball(table):.4f}")
    kinds = ["all", *(sorted(table["kind"].unique().to_list()) if by_kind else [])]
    for kind in kinds:
        part = table if kind == "all" else table.filter(pl.col("kind") == kind)
        covered = [float((part["quantity"] <= part[f"q{level:g}"]).mean()) for level in LEVELS]
        shown = "  ".join(f"{level:g}: {share:.3f}" for level, share in zip(LEVELS, covered, strict=True))
        print(f"    coverage {kind:13s} {len(part):6d} sums  {shown}")
    if by_kind:
        judged = [kind for kind in kinds[1:] if (table["kind"] == kind).sum() >= ENOUGH]
        worst = {kind: _missed(table.filter(pl.col("kind") == kind)) for kind in judged}
        print(
            f"    coverage error, points: all {100 * _missed(table):.1f}, classes of {ENOUGH} sums or more:",
            ", ".join(f"{kind} {100 * missed:.1f}" for kind, missed in worst.items()),
        )
    return wape, bias


def _missed(table: pl.DataFrame) -> float:
    """Give the greatest distance of coverage from its level above the median.

    Where many outcomes lie on a quantile, as zeros on zero, any level from the share below it to the share at
    or below it is right (Czado, Gneiting and Held, Predictive model assessment for count data, 2009).
    """
    missed = []
    for level in LEVELS[1:]:
        within = (table["quantity"] <= table[f"q{level:g}"]).mean()
        below = (table["quantity"] < table[f"q{level:g}"]).mean()
        missed.append(max(level - float(within), float(below) - level, 0.0))  # type: ignore[arg-type]
    return max(missed)


def _weights(weights: pl.DataFrame) -> None:
    for row in weights.filter(pl.col("weight") > 0).iter_rows(named=True):
        loss = "" if row["relative_loss"] is None else f"{row['relative_loss']:.3f}"
        pool = f"{row['route']:8s} {row['demand_class']:13s}"
        print(f"    {pool} {row['model']:16s} {row['weight']:.2f}  loss {loss}")


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", nargs="+", default=["m3", "retail", "carparts"])
    parser.add_argument("--series", type=int)
    parser.add_argument("--budget", type=float, default=600.0)
    parser.add_argument("--no-lift", action="store_true")
    asked = parser.parse_args()
    if asked.no_lift:
        engine.choose_lift = lambda *_: NONE
    parts = {"m3": (m3, "m3"), "retail": (retail, "online_retail"), "carparts": (carparts, "carparts")}
    for name in asked.parts:
        function, folder = parts[name]
        function(asked.folder / folder, asked.series, asked.budget)


if __name__ == "__main__":
    main()
