"""Operations become acts: instalments are joined, months are summed, and the act has a date of its own."""

import polars as pl

CARD_MONTH = "gasto_mensual_cuenta"
RENT_MONTH = "renta_mensual"
HIGHEST = "mayor_valor"
PIECE = "valor_individual"
ACT = ("cliente_n", "regla_n", "acto")


def net_cents() -> pl.Expr:
    """The amount of a row without taxes where it is known (Reglamento 6)."""
    return pl.coalesce("monto_sin_c", "monto_c")


def row_cents() -> pl.Expr:
    """The amount of a row that Article 17 compares, before acts are joined."""
    piece = pl.coalesce("valor_individual_c", net_cents())
    highest = pl.max_horizontal(net_cents(), "valor_mayor_c")
    return (
        pl.when(pl.col("base") == PIECE)
        .then(piece)
        .when(pl.col("base") == HIGHEST)
        .then(highest)
        .otherwise(net_cents())
    )


def is_joined() -> pl.Expr:
    """Whether a row may share its act with others: a month of a card or a rent, or an `id_acto`."""
    monthly = pl.col("base").is_in([CARD_MONTH, RENT_MONTH])
    return (monthly | (pl.col("id_acto").is_not_null() & (pl.col("base") != PIECE))).fill_null(value=False)


def act_key() -> pl.Expr:
    """Name the act of a joined row within its client and rule: what one comparison with Article 17 covers.

    The month of the account for cards (RCG 24 Bis 1), the month of the contract for rents (Reglamento 31),
    else the instalments that share `id_acto`.
    """
    month = pl.col("fecha").dt.strftime("%Y-%m")
    account = pl.coalesce("cuenta", "id_acto", pl.lit(""))
    return (
        pl.when(pl.col("base") == CARD_MONTH)
        .then(pl.concat_str(month, pl.lit(":"), account))
        .when(pl.col("base") == RENT_MONTH)
        .then(pl.concat_str(month, pl.lit(":"), pl.col("id_acto").fill_null("")))
        .otherwise(pl.col("id_acto"))
    )


def of_act(name: str, own: str) -> pl.Expr:
    """Take the act's fact for joined rows, even where it is null, and the row's own for others."""
    return pl.when("_unido").then(name).otherwise(own)


def joined_facts(rows: pl.DataFrame) -> pl.DataFrame:
    """Give one row per joined act: total, highest value, cash, number of rows, last row and date."""
    net = pl.col("_neto").sum()
    facts = rows.group_by(ACT, maintain_order=True).agg(
        acto_c=pl.when(pl.col("base").first() == HIGHEST)
        .then(pl.max_horizontal(net, pl.col("fila_c").max()))
        .otherwise(pl.col("fila_c").sum()),
        acto_total_c=pl.col("monto_c").sum(),
        acto_efectivo_c=pl.col("monto_c").filter("es_efectivo").sum(),
        acto_efectivo_neto_c=pl.col("_neto").filter("es_efectivo").sum(),
        acto_filas=pl.len().cast(pl.Int64),
        acto_cierre=pl.col("orden").last(),
        acto_fecha=pl.col("fecha").last(),
        acto_contraprestacion_c=known_fee(),
        acto_sin_contraprestacion=pl.col("contraprestacion_c").is_null().any(),
        acto_representa=on_behalf(),
        acto_avisado=pl.col("aviso_presentado").any(),
        _mes=(pl.col("base").first() == CARD_MONTH),
    )
    month_end = pl.col("acto_fecha").dt.month_end()
    return facts.with_columns(acto_fecha=pl.when("_mes").then(month_end).otherwise("acto_fecha")).drop("_mes")


def known_fee() -> pl.Expr:
    """Sum what is known of the fee of one act; null where no row tells any.

    Fees of different operations are never added (RCG 24 Bis 5): the rows of one act are one operation.
    """
    fee = pl.col("contraprestacion_c")
    return pl.when(fee.is_not_null().any()).then(fee.sum())


def on_behalf() -> pl.Expr:
    """Whether some row of an act was done in the client's name; null where none was and some do not say."""
    said = pl.col("en_representacion")
    return (
        pl.when(said.fill_null(value=False).any())
        .then(pl.lit(value=True))
        .when(said.is_not_null().all())
        .then(pl.lit(value=False))
    )


def join_acts(rows: pl.DataFrame) -> pl.DataFrame:
    """Add to each row its act's facts and whether the row is the act's last, where obligations stand.

    Args:
        rows: operations that happened, in the order of the law, with `regla_n` and `base`.

    Returns:
        the same rows with `fila_c`, `acto_fecha`, `acto_c` (what Article 17 compares), `acto_total_c` (with
        taxes), `acto_efectivo_c` and `acto_efectivo_neto_c` (its cash with and without taxes), `acto_filas`,
        `acto_contraprestacion_c` and `acto_sin_contraprestacion` (its fee, and whether some row tells none),
        `acto_representa`, `acto_avisado`, `acto_cierre` (order of the closing row) and `es_cierre`.
    """
    keyed = rows.with_columns(fila_c=row_cents(), _neto=net_cents(), _unido=is_joined())
    joined = keyed.filter("_unido").with_columns(acto=act_key())
    facts = joined_facts(joined)
    by_row = joined.select("orden", *ACT).join(facts, on=ACT, how="left", maintain_order="left").drop(ACT)
    paid_in_cash = pl.when("es_efectivo")
    return (
        keyed.join(by_row, on="orden", how="left", maintain_order="left")
        .with_columns(
            acto_c=pl.coalesce("acto_c", "fila_c"),
            acto_total_c=pl.coalesce("acto_total_c", "monto_c"),
            acto_efectivo_c=pl.coalesce("acto_efectivo_c", paid_in_cash.then("monto_c").otherwise(0)),
            acto_efectivo_neto_c=pl.coalesce("acto_efectivo_neto_c", paid_in_cash.then("_neto").otherwise(0)),
            acto_filas=pl.coalesce("acto_filas", pl.lit(1, pl.Int64)),
            acto_cierre=pl.coalesce("acto_cierre", "orden"),
            acto_fecha=pl.coalesce("acto_fecha", "fecha"),
            acto_contraprestacion_c=of_act("acto_contraprestacion_c", "contraprestacion_c"),
            acto_sin_contraprestacion=pl.coalesce(
                "acto_sin_contraprestacion", pl.col("contraprestacion_c").is_null()
            ),
            acto_representa=of_act("acto_representa", "en_representacion"),
            acto_avisado=pl.coalesce("acto_avisado", "aviso_presentado"),
        )
        .with_columns(es_cierre=pl.col("acto_cierre") == pl.col("orden"))
        .drop("_neto", "_unido")
    )
