"""Whom to call: every client ranked by what a call is expected to bring, the first ones with reasons."""

from datetime import timedelta

import numpy as np
import polars as pl

from yunque.models.explanation import Explanation
from yunque.models.predictor import Predictor
from yunque.solutions.orders.columns import CLIENT, DIGITAL, TIME
from yunque.solutions.orders.costs import Costs
from yunque.solutions.orders.history import next_moment
from yunque.solutions.orders.notice import Language, words
from yunque.solutions.orders.report import REASONS

FILE = "a_quien_llamar.csv"
EXPLAINED = 1_000
MOST_REASONS = 3
LEAST_SHARE = 0.05  # of a row's contributions; smaller ones are no reason
RANK, GAIN, CALL = "puesto", "ganancia_esperada", "llamar"


def rank_clients(predictor: Predictor, orders: pl.DataFrame, costs: Costs, threads: int = 1) -> pl.DataFrame:
    """Rank the clients by the expected gain of a call the day after the last order.

    Args:
        predictor: answers the question "next".
        orders: sorted by client and moment.
        costs: what a digital order brings, and what a call costs.
        threads: of the compiled part.

    Returns:
        One row a client, best first: puesto, cliente_id, probabilidad_<canal>, ganancia_esperada, llamar, and
        for the first 1,000 the reasons, in Spanish (motivos) and English (reasons). Empty where no client can
        order by DIGITAL.
    """
    if DIGITAL not in predictor.classes:
        return pl.DataFrame()
    day_after = pl.lit(orders[TIME].max()) + pl.lit(timedelta(days=1))
    asked = next_moment(orders, day_after)
    answered = predictor.predict_table(asked, threads=threads)
    likely = pl.col(f"probability_{DIGITAL}")
    ranked = answered.frame.select(
        pl.col(CLIENT).cast(pl.String),
        *(pl.col(f"probability_{each}").alias(f"probabilidad_{each}") for each in predictor.classes),
        (likely * costs.call_value - costs.call_cost).alias(GAIN),
    ).with_row_index("place")
    ranked = ranked.sort(GAIN, CLIENT, descending=[True, False], nulls_last=True)
    first = ranked.head(EXPLAINED)["place"]
    reasons = _reasons(predictor, answered.typed[first])
    return ranked.select(
        pl.int_range(1, pl.len() + 1).alias(RANK),
        pl.exclude("place"),
        (pl.col(GAIN) > 0).alias(CALL),
        *(
            pl.Series(name, [*reasons[language], *([""] * (ranked.height - len(first)))], dtype=pl.String)
            for language, name in REASONS.items()
        ),
    )


def _reasons(predictor: Predictor, typed: pl.DataFrame) -> dict[Language, list[str]]:
    explained = predictor.explain_typed(typed)
    place = explained.outputs.index(DIGITAL) if len(explained.base) > 1 else 0
    sign = 1.0 if DIGITAL in explained.outputs else -1.0  # two classes: the positive one is explained
    values = _against_others(explained, place) * sign
    rows = typed.select(explained.columns).rows()
    return {
        language: [_in_words(explained.columns, row, values[i], language) for i, row in enumerate(rows)]
        for language in REASONS
    }


def _against_others(
    explained: Explanation, place: int
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Give what each column adds to a class over the mean of the others: scores differ by a common number."""
    values = explained.values
    if values.shape[2] == 1:
        return np.asarray(values[:, :, 0])
    others = [k for k in range(values.shape[2]) if k != place]
    return np.asarray(values[:, :, place] - values[:, :, others].mean(axis=2))


def _in_words(
    columns: tuple[str, ...],
    row: tuple[object, ...],
    values: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    language: Language,
) -> str:
    t = words(language)
    whole = float(np.abs(values).sum())
    order = np.argsort(-np.abs(values), kind="stable")[:MOST_REASONS]
    told = []
    for k in order.tolist():
        if whole == 0.0 or abs(values[k]) < LEAST_SHARE * whole:
            break
        shown = t("reason.unknown") if row[k] is None else _shown(row[k])
        told.append(t("reason.up" if values[k] > 0 else "reason.down", column=columns[k], value=shown))
    return "; ".join(told)


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
