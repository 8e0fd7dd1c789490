"""The eight optional features: counterparties, direction, countries and hours, where a file has them."""

import numpy as np
import polars as pl

from yunque.solutions.aml.features.history import History, Ints, Numbers
from yunque.solutions.aml.features.sliding import distinct
from yunque.solutions.aml.law.exact import Flags

INFLOW = ("entrada", "abono", "ingreso", "deposito", "in", "recibida", "recibido", "cobro")
OUTFLOW = ("salida", "cargo", "egreso", "retiro", "out", "enviada", "enviado", "pago")
NIGHT_BEGINS, NIGHT_ENDS = 22, 6


def others(frame: pl.DataFrame, history: History) -> dict[str, Ints | Numbers]:
    """Give the counterparties of windows of 30 and 7 days, the row itself included."""
    has_other = frame["id_contraparte"].is_not_null()
    pairs = (
        frame.select(pl.struct("cliente_n", "id_contraparte").rank("dense") - 1).to_series().cast(pl.Int64)
    )
    codes = pairs.set(~has_other, -1).to_numpy()
    is_new = frame.select(
        pl.struct("cliente_n", "id_contraparte").is_first_distinct() & pl.col("id_contraparte").is_not_null()
    ).to_series()
    inward, outward = direction(frame, INFLOW), direction(frame, OUTFLOW)
    month, week = history.since(30), history.since(7)
    cents = frame["monto_c"].to_numpy()
    received = history.upto(np.where(inward, cents, 0), week)
    sent = history.upto(np.where(outward, cents, 0), week)
    told = (inward | outward).astype(np.int64)
    return {
        "n_contrapartes_30d": distinct(month, codes, True),
        "n_contrapartes_nuevas_30d": history.upto(is_new.cast(pl.Int64).to_numpy(), month),
        "fan_in_7d": distinct(week, np.where(inward, codes, -1), True),
        "fan_out_7d": distinct(week, np.where(outward, codes, -1), True),
        "razon_salida_entrada_7d": np.where(received > 0, sent / np.maximum(received, 1), 0.0),
        "disponible_contraparte": has_other.cast(pl.Int64).to_numpy(),
        "disponible_sentido": told,
    }


def direction(frame: pl.DataFrame, words: tuple[str, ...]) -> Flags:
    """Whether money came in, or went out."""
    return frame["sentido"].is_in(list(words)).fill_null(value=False).to_numpy()


def is_night() -> pl.Expr:
    """Whether the hour is known and lies from 22:00 to 5:59; an unknown hour is never night."""
    hour = pl.col("hora").dt.hour()
    return ((hour >= NIGHT_BEGINS) | (hour < NIGHT_ENDS)).fill_null(value=False)


def add_places(frame: pl.DataFrame, risky: frozenset[str]) -> pl.DataFrame:
    """Add what countries and hours tell."""
    return frame.with_columns(
        es_internacional=pl.col("es_internacional").cast(pl.Int8),
        geo_alto_riesgo=pl.col("pais")
        .str.to_uppercase()
        .is_in(list(risky))
        .fill_null(value=False)
        .cast(pl.Int8),
        hora_inusual=is_night().cast(pl.Int8),
        disponible_pais=pl.col("pais").is_not_null().cast(pl.Int8),
        disponible_hora=pl.col("hora").is_not_null().cast(pl.Int8),
    )
