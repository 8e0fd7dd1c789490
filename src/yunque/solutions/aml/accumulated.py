"""The operations behind each six-month sum, listed without growing with the square of the rows."""

from typing import Any

import polars as pl

BUDGET = 2_000_000  # ids in one document
MOST, FEWEST = 1_000, 10  # ids of one sum


def listed_ids(everything: pl.DataFrame, operations: pl.DataFrame) -> dict[int, dict[str, Any]]:
    """Give, by `orden`, the operations that each sum of several acts counted, oldest first.

    Long lists keep their newest ids and say how many were left out; `ya_avisadas` marks those among the
    listed that an earlier notice covers.
    """
    acts = everything.filter("se_acumula").sort("cliente_n", "regla_n", "orden").with_row_index("_lugar")
    wanted = acts.filter(pl.col("acum_n") > 1).join(operations.select("orden"), on="orden", how="semi")
    if wanted.is_empty():
        return {}
    most = max(FEWEST, min(MOST, BUDGET // wanted.height))
    ids = acts["id_operacion"].to_list()
    told = acts.select(notified()).to_series().to_list()
    cash = (acts["acto_efectivo_neto_c"] > 0).to_list()
    places = {order: place for place, order in enumerate(acts["orden"].to_list())}
    found = {}
    for row in wanted.select("orden", "_lugar", "acum_primero", "acum_n", "aviso_tipo").iter_rows(named=True):
        begin, end = places[row["acum_primero"]], row["_lugar"] + 1
        start = begin if row["acum_n"] <= most else max(begin, end - most)
        chosen = range(start, end)
        if row["aviso_tipo"] == "uma_efectivo" and cash[row["_lugar"]]:  # then the sum is of cash only
            chosen = [place for place in chosen if cash[place]]  # type: ignore[assignment]
        listed = [ids[place] for place in chosen]
        found[row["orden"]] = {
            "ids": listed,
            "ids_omitidos": row["acum_n"] - len(listed),
            "ya_avisadas": [ids[place] for place in chosen if told[place] and place != row["_lugar"]],
        }
    return found


def notified() -> pl.Expr:
    """Whether an act owes a notice, by itself, by its fee or by its sum, or one was filed."""
    summed = (pl.col("acum_n") > 1) & pl.col("acum_alcanza")
    owed = pl.col("cumple_aviso") | pl.col("cumple_contraprestacion") | pl.col("acto_avisado") | summed
    return owed.fill_null(value=False)
