"""Countries that the dated list holds to be of high risk (RCG 23 Bis 4 and 41 fr. V)."""

import polars as pl

from yunque.solutions.aml.law.catalogue import Catalogue


def with_jurisdiction(rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Add `jurisdiccion_lista`, the code of the listed country of each row on its day; null where none is.

    Args:
        rows: operations, attempts too, with `fecha` and `jurisdiccion`, a country's simple name or code.
    """
    found = pl.lit(None, pl.String)
    for row in catalogue.jurisdictions:
        inside = pl.col("jurisdiccion").is_in(list(row.names)) & (pl.col("fecha") >= row.since)
        if row.until is not None:
            inside &= pl.col("fecha") <= row.until
        found = pl.when(inside).then(pl.lit(row.code)).otherwise(found)
    return rows.with_columns(jurisdiccion_lista=found)
