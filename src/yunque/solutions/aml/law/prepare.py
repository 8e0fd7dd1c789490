"""Compute, for every operation, the numbers that rules compare: exact integers, no rule and no class here."""

import polars as pl

from yunque.solutions.aml.law.accumulate import SUMS, accumulate
from yunque.solutions.aml.law.acts import join_acts
from yunque.solutions.aml.law.cash import with_cash
from yunque.solutions.aml.law.catalogue import Catalogue
from yunque.solutions.aml.law.flags import with_warnings
from yunque.solutions.aml.law.jurisdictions import with_jurisdiction
from yunque.solutions.aml.law.operations import complete
from yunque.solutions.aml.law.resolve import bases, state, with_terms, with_uma
from yunque.solutions.aml.law.series import with_game_series
from yunque.solutions.aml.law.splitting import with_splitting

FEE_RULE = "XVI-b"
ASSET_RULES = ("XVI-a", FEE_RULE)


def prepare(operations: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Compute every number the rules compare.

    Args:
        operations: all operations of the tenant, history included, with the columns of `operations.COLUMNS`
            that exist; attempts that never happened are kept, yet count in no sum.

    Returns:
        one row an operation, in the order of the law, with `orden` numbering them.
    """
    known = with_jurisdiction(complete(operations), catalogue)
    rows = known.join(bases(catalogue), on="regla", how="left", maintain_order="left")
    attempts = rows.filter(pl.col("intento")).with_columns(acto_fecha=pl.col("fecha"))
    acts = join_acts(rows.filter(~pl.col("intento")))
    judged = judge(acts, catalogue)
    summed = with_accumulation(with_cash(judged, catalogue), catalogue)
    counted = with_splitting(with_game_series(summed, catalogue), catalogue)
    flagged = with_warnings(counted)
    tried = stated(with_uma(with_terms(attempts, catalogue, "fecha"), catalogue, "fecha", "acto_uma_c"))
    return pl.concat([flagged, tried], how="diagonal").sort("orden")


def judge(acts: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Compare each act with the row of the law and the UMA of the act's own date."""
    dated = with_uma(with_terms(acts, catalogue, "acto_fecha"), catalogue, "acto_fecha", "acto_uma_c")
    paid = with_uma(dated, catalogue, "fecha", "uma_c")
    compared = with_fee(paid.with_columns(**thresholds()), catalogue)
    return stated(compared.with_columns(falta_dato=missing_fact()))


def stated(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `estado`."""
    known = rows if "falta_dato" in rows.columns else rows.with_columns(falta_dato=pl.lit(None, pl.String))
    return known.with_columns(estado=state())


def thresholds() -> dict[str, pl.Expr]:
    """Thresholds in centavos on the day of the act, and whether the act reaches them."""
    identify = pl.col("ident_uma") * pl.col("acto_uma_c")
    notice = pl.col("aviso_uma") * pl.col("acto_uma_c")
    strict = pl.col("ident_estricto").fill_null(value=False)
    over = pl.when(strict).then(pl.col("acto_c") > identify).otherwise(pl.col("acto_c") >= identify)
    notified = (
        pl.when(pl.col("aviso_tipo") == "siempre")
        .then(pl.lit(value=True))
        .when(pl.col("aviso_tipo") == "uma")
        .then(pl.col("acto_c") >= notice)
        .when(pl.col("aviso_tipo") == "uma_efectivo")
        .then(pl.col("acto_efectivo_neto_c") >= notice)
        .when(pl.col("aviso_tipo") == "condicion")
        .then(pl.col("acto_representa"))
    )
    identified = (
        pl.when(pl.col("ident_tipo") == "siempre")
        .then(pl.lit(value=True))
        .when(pl.col("ident_tipo") == "uma")
        .then(over)
    )
    fee_only = pl.col("base") == "contraprestacion"  # fraction XVI b is judged by its fee
    return {
        "ident_min_c": identify,
        "aviso_min_c": pl.when(~fee_only).then(notice),
        "cumple_identificacion": identified.fill_null(value=False),
        "cumple_aviso": (notified & ~fee_only).fill_null(value=False),
    }


def missing_fact() -> pl.Expr:
    """Name the fact that the law needs and the row lacks; null when nothing is missing."""
    fee_decides = pl.col("contraprestacion_min_c").is_not_null() & ~pl.col("cumple_aviso")
    return (
        pl.when((pl.col("aviso_tipo") == "condicion") & pl.col("acto_representa").is_null())
        .then(pl.lit("en_representacion"))
        .when(fee_decides & pl.col("acto_sin_contraprestacion") & ~pl.col("cumple_contraprestacion"))
        .then(pl.lit("contraprestacion"))
    )


def with_fee(rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Add whether the fee of a virtual-asset operation reaches its own threshold (Article 17 XVI b)."""
    needed = pl.lit(None, dtype=pl.Int64)
    for row in catalogue.thresholds:
        if row.rule == FEE_RULE and row.notice_uma is not None:
            inside = pl.col("acto_fecha") >= row.since
            if row.until is not None:
                inside &= pl.col("acto_fecha") <= row.until
            needed = pl.when(inside).then(pl.lit(row.notice_uma, dtype=pl.Int64)).otherwise(needed)
    minimum = pl.when(pl.col("regla").is_in(ASSET_RULES)).then(needed * pl.col("acto_uma_c"))
    return rows.with_columns(contraprestacion_min_c=minimum).with_columns(
        cumple_contraprestacion=(pl.col("acto_contraprestacion_c") >= minimum).fill_null(value=False)
    )


def with_accumulation(rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Add the six-month sums to the closing rows of acts that count, and `se_acumula` to say which do."""
    allowed = pl.col("acumula").fill_null(value=False)
    if catalogue.reading("acumula_antes_de_rcg_2026") == "no":
        allowed &= ~pl.col("acumula_pronto").fill_null(value=False)
    closing, uma = pl.col("es_cierre") & allowed, pl.col("acto_uma_c")
    marked = rows.with_columns(
        se_acumula=closing & pl.col("cumple_identificacion") & uma.is_not_null(),
        _sin_uma=closing & pl.col("regla_id").is_not_null() & uma.is_null(),
    )
    acts = (
        marked.filter("se_acumula")
        .select(
            "orden",
            "cliente_n",
            "regla_n",
            "acto_fecha",
            "acto_c",
            "acto_efectivo_neto_c",
            "acto_uma_c",
            "aviso_tipo",
            "aviso_uma",
            _avisa=pl.col("cumple_aviso") | pl.col("cumple_contraprestacion") | pl.col("acto_avisado"),
        )
        .sort("cliente_n", "regla_n", "acto_fecha", "orden")
    )
    summed = accumulate(acts, catalogue).select("orden", *SUMS)
    return marked.join(summed, on="orden", how="left", maintain_order="left")
