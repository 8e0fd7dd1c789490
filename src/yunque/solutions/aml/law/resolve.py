"""Find what the tables say on each operation's day: the row of Article 17, the UMA, the cash limit."""

from datetime import date, timedelta
from functools import cache

import numpy as np
import polars as pl

from yunque.solutions.aml.law.catalogue import CashLimit, Catalogue, Threshold, Uma

# Explicit states: an operation in one of these is never "limpio".
NO_MAPPING = "sin_mapeo"
NO_REGIME = "regimen_no_cargado"
INSUFFICIENT = "informacion_insuficiente"
NO_UMA = "uma_no_disponible"
NO_RULE_YET = "sin_regla_para_la_fecha"
PROFESSIONAL = "revision_profesional"

ONE_DAY = timedelta(days=1)
TERMS = {
    "regla_id": pl.String,
    "ident_tipo": pl.String,
    "ident_uma": pl.Int64,
    "ident_estricto": pl.Boolean,
    "aviso_tipo": pl.String,
    "aviso_uma": pl.Int64,
    "acumula": pl.Boolean,
    "acumula_pronto": pl.Boolean,
    "plazo": pl.String,
}
LIMITS = {
    "limite_fraccion": pl.String,
    "limite_uma": pl.Int64,
    "limite_mensual": pl.Boolean,
    "limite_dudoso": pl.Boolean,
    "limite_con_contribuciones": pl.Boolean,
}


@cache
def boundaries(catalogue: Catalogue) -> tuple[date, ...]:
    """Give every day on which something in the tables begins or has just ended."""
    days: set[date] = set()
    periods: list[Threshold | Uma] = [*catalogue.thresholds, *catalogue.umas]
    for row in periods:
        days.add(row.since)
        if row.until is not None:
            days.add(row.until + ONE_DAY)
    for threshold in catalogue.thresholds:
        if threshold.listed_since is not None:
            days.add(threshold.listed_since)
    for limit in catalogue.cash_limits:
        days |= {limit.since, limit.taxes_since}
    return tuple(sorted(days))


def with_period(frame: pl.DataFrame, catalogue: Catalogue, day: str) -> pl.DataFrame:
    """Add `_periodo`, the number of the stretch between two boundaries that `day` lies in; -1 before all."""
    edges = pl.Series(boundaries(catalogue), dtype=pl.Date).to_physical().to_numpy()
    days = frame[day].to_physical().fill_null(int(edges[0]) - 1).to_numpy()
    found = np.searchsorted(edges, days, side="right") - 1
    return frame.with_columns(_periodo=pl.Series(found.astype(np.int64)))


def terms_of(row: Threshold | None, day: date) -> dict[str, object]:
    """Give the columns of one row of Article 17 on one day, all null where there is none."""
    if row is None:
        return dict.fromkeys(TERMS)
    early = row.listed_since is not None and day < row.listed_since
    return {
        "regla_id": row.id,
        "ident_tipo": row.identify,
        "ident_uma": row.identify_uma,
        "ident_estricto": row.identify_strict,
        "aviso_tipo": row.notice,
        "aviso_uma": row.notice_uma,
        "acumula": row.accumulates,
        "acumula_pronto": early,
        "plazo": row.term,
    }


@cache
def terms_table(catalogue: Catalogue) -> pl.DataFrame:
    """Give Article 17 by period and rule."""
    rows = [
        {"_periodo": period, "regla": rule, **terms_of(catalogue.threshold_on(rule, since), since)}
        for period, since in enumerate(boundaries(catalogue))
        for rule in catalogue.rules
    ]
    return pl.DataFrame(rows, schema={"_periodo": pl.Int64, "regla": pl.String, **TERMS})


def with_terms(frame: pl.DataFrame, catalogue: Catalogue, day: str) -> pl.DataFrame:
    """Add the row of Article 17 in force on `day` for each row's `regla`; nulls where there is none."""
    dated = with_period(frame, catalogue, day)
    return dated.join(
        terms_table(catalogue), on=["_periodo", "regla"], how="left", maintain_order="left"
    ).drop("_periodo")


def with_uma(frame: pl.DataFrame, catalogue: Catalogue, day: str, name: str) -> pl.DataFrame:
    """Add the UMA in centavos on `day` as column `name`; null where no value is in force."""
    values = [catalogue.uma_on(since) for since in boundaries(catalogue)]
    cents = np.array([value.cents if value else 0 for value in values] + [0], dtype=np.int64)
    dated = with_period(frame, catalogue, day)
    found = pl.Series(name, cents[dated["_periodo"].to_numpy()])
    return dated.drop("_periodo").with_columns(found).with_columns(pl.col(name).replace(0, None))


def limits_of(limit: CashLimit | None, rule: str, day: date) -> dict[str, object]:
    """Give the columns of one case of Article 32 on one day, all null where there is none."""
    if limit is None:
        return dict.fromkeys(LIMITS)
    return {
        "limite_fraccion": limit.fraction,
        "limite_uma": limit.uma,
        "limite_mensual": limit.monthly,
        "limite_dudoso": rule in limit.doubtful,
        "limite_con_contribuciones": day >= limit.taxes_since,
    }


@cache
def limits_table(catalogue: Catalogue) -> pl.DataFrame:
    """Give Article 32 by period and rule of Article 17."""
    rows = [
        {"_periodo": period, "regla": rule, **limits_of(catalogue.cash_limit_on(rule, since), rule, since)}
        for period, since in enumerate(boundaries(catalogue))
        for rule in catalogue.rules
    ]
    return pl.DataFrame(rows, schema={"_periodo": pl.Int64, "regla": pl.String, **LIMITS})


def with_limit(frame: pl.DataFrame, catalogue: Catalogue, day: str) -> pl.DataFrame:
    """Add the cash limit in force on `day` for each row's `regla`; nulls where there is none."""
    dated = with_period(frame, catalogue, day)
    return dated.join(
        limits_table(catalogue), on=["_periodo", "regla"], how="left", maintain_order="left"
    ).drop("_periodo")


def bases(catalogue: Catalogue) -> pl.DataFrame:
    """Give what each rule compares, which no reform has changed: `regla`, `regla_n`, `base`."""
    found = {row.rule: row.base for row in catalogue.thresholds}
    return pl.DataFrame(
        {"regla": list(found), "regla_n": range(len(found)), "base": list(found.values())},
        schema={"regla": pl.String, "regla_n": pl.Int64, "base": pl.String},
    )


def state() -> pl.Expr:
    """Say why the law gives no full answer for a row; null where it does."""
    needs_uma = pl.col("ident_tipo").eq("uma") | pl.col("aviso_tipo").is_in(["uma", "uma_efectivo"])
    return (
        pl.when(pl.col("estado_regla").is_not_null())
        .then(pl.col("estado_regla"))
        .when(pl.col("regla_n").is_null())
        .then(pl.lit(NO_MAPPING))
        .when(pl.col("regla_id").is_null())
        .then(pl.lit(NO_RULE_YET))
        .when(pl.col("ident_tipo") == "revision")
        .then(pl.lit(PROFESSIONAL))
        .when(needs_uma & pl.col("acto_uma_c").is_null())
        .then(pl.lit(NO_UMA))
        .when(pl.col("falta_dato").is_not_null())
        .then(pl.lit(INSUFFICIENT))
    )
