"""Six calendar months of acts per client and rule, summed exactly: in UMA across values, and in pesos."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from yunque.solutions.aml.law.catalogue import Catalogue
from yunque.solutions.aml.law.exact import (
    Exact,
    Flags,
    Ints,
    as_numbers,
    denominator,
    in_umas,
    running,
    window_starts,
    windowed,
)

MONTHS = "-6mo"
GROUPS = 64  # more than rules of Article 17; a client and a rule make one number
SUMS = {
    "acum_desde": pl.Date,
    "acum_primero": pl.Int64,
    "acum_n": pl.Int64,
    "acum_c": pl.Int64,
    "acum_umas": pl.Float64,
    "acum_por_umas": pl.Boolean,
    "acum_por_pesos": pl.Boolean,
    "acum_alcanza": pl.Boolean,
    "acum_nuevo_c": pl.Int64,
    "acum_nuevo_umas": pl.Float64,
    "acum_avisados_n": pl.Int64,
}


@dataclass(frozen=True, kw_only=True)
class Acts:
    """Acts as arrays, sorted by client, rule, date and order of the law."""

    group: Ints
    day: Ints
    since: Ints
    cents: Ints
    uma: Ints
    units: Ints

    @classmethod
    def of(cls, frame: pl.DataFrame, cents: str) -> "Acts":
        """Take the arrays from a sorted frame of acts."""
        facts = frame.select(
            group=pl.col("cliente_n") * GROUPS + pl.col("regla_n"),
            day=pl.col("acto_fecha").to_physical().cast(pl.Int64),
            since=pl.col("acto_fecha").dt.offset_by(MONTHS).to_physical().cast(pl.Int64),
            cents=pl.col(cents),
            uma=pl.col("acto_uma_c"),
            units=pl.col("aviso_uma").fill_null(0),
        )
        return cls(**{name: facts[name].to_numpy() for name in facts.columns})


def anchored_starts(acts: Acts) -> Ints:
    """Give windows that begin at a first act and last six months; the act after them begins the next one."""
    begins = np.flatnonzero(np.r_[True, acts.group[1:] != acts.group[:-1]])
    ends = np.r_[begins[1:], len(acts.group)]
    first = np.empty(len(acts.group), dtype=np.int64)
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        here = begin
        while here < end:
            # since(i) <= day(here) says that act i lies within six months of act `here`
            inside = np.searchsorted(acts.since[here:end], acts.day[here], side="right")
            first[here : here + int(inside)] = here
            here += int(inside)
    return first


def fresh_starts(first: Ints, summed: Flags) -> Ints:
    """Give each window's first act after the last earlier notice by sum, which covers all up to it."""
    marks = np.where(summed, np.arange(len(first)), -1)
    last = np.maximum.accumulate(np.r_[-1, marks[:-1]])
    return np.where(last >= first, last + 1, first)


def add_sums(frame: pl.DataFrame, acts: Acts, catalogue: Catalogue) -> pl.DataFrame:
    """Add the columns of `SUMS` to a sorted frame of acts."""
    whole = denominator(catalogue)
    scaled = in_umas(acts.cents, acts.uma, whole)
    anchored = catalogue.reading("ventana") == "ancla_primera_operacion"
    first = anchored_starts(acts) if anchored else window_starts(acts.group, acts.day, acts.since)
    sums, pesos = running(scaled), running(acts.cents.astype(object))
    umas, cents = windowed(sums, first), windowed(pesos, first)
    threshold = acts.units > 0
    by_umas = np.asarray(umas >= acts.units.astype(object) * whole, dtype=np.bool_) & threshold
    by_pesos = np.asarray(cents >= (acts.units * acts.uma).astype(object), dtype=np.bool_) & threshold
    alone = frame["_avisa"].to_numpy()
    reached = {"umas": by_umas, "pesos": by_pesos}.get(catalogue.reading("criterio"), by_umas | by_pesos)
    covered = reached & (np.arange(len(first)) > first) & ~alone
    fresh = fresh_sums(fresh_starts(first, covered), first, alone, (sums, pesos))
    return frame.with_columns(
        acum_desde=pl.Series(acts.day[first]).cast(pl.Int32).cast(pl.Date)
        if anchored
        else pl.col("acto_fecha").dt.offset_by(MONTHS),
        acum_primero=pl.Series(frame["orden"].to_numpy()[first]),
        acum_n=pl.Series(np.arange(len(first)) - first + 1),
        acum_c=pl.Series(cents.astype(np.int64)),
        acum_umas=pl.Series(as_numbers(umas, whole)),
        acum_por_umas=pl.Series(by_umas),
        acum_por_pesos=pl.Series(by_pesos),
        acum_alcanza=pl.Series(reached),
        acum_nuevo_c=pl.Series(fresh[1].astype(np.int64)),
        acum_nuevo_umas=pl.Series(as_numbers(fresh[0], whole)),
        acum_avisados_n=pl.Series(fresh[2]),
    )


def fresh_sums(
    begin: Ints, first: Ints, alone: Flags, sums: tuple[Exact, Exact]
) -> tuple[Exact, Exact, Ints]:
    """Sum each window without the acts that an earlier notice covered, the act itself always included.

    A notice by accumulation covers everything up to it (`begin` is after it); a notice of one act covers that
    act.

    Returns:
        the sums in UMA and in centavos, and how many acts were left out.
    """
    here = np.arange(len(first))
    parts = []
    for total in sums:
        told = running(np.where(alone, total[1:] - total[:-1], 0).astype(object))
        parts.append(total[here + 1] - total[begin] - (told[here] - told[begin]))
    singles = np.concatenate(([0], np.cumsum(alone)))
    return parts[0], parts[1], (begin - first) + singles[here] - singles[begin]


def accumulate(acts: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Add the six-month sums to acts that count.

    Where the notice of the day binds cash only (fraction VI before July 2025) the sum is of cash only.

    Args:
        acts: one row an act that counts, sorted by client, rule, date and order of the law, with `cliente_n`,
            `regla_n`, `acto_fecha`, `acto_c`, `acto_efectivo_neto_c`, `acto_uma_c`, `aviso_tipo`, `aviso_uma`
            and `_avisa` (it owes a notice by itself).

    Returns:
        the acts with the columns of `SUMS`: `acum_primero` is the order of the window's first act, `acum_n`
        how many acts it holds, `acum_c` centavos, `acum_nuevo_*` the sums without what was already notified.
    """
    if acts.is_empty():
        return acts.with_columns(**{name: pl.lit(None, kind) for name, kind in SUMS.items()})
    summed = add_sums(acts, Acts.of(acts, "acto_c"), catalogue)
    in_cash = acts.filter((pl.col("aviso_tipo") == "uma_efectivo") & (pl.col("acto_efectivo_neto_c") > 0))
    if not acts["aviso_tipo"].eq("uma_efectivo").any():
        return summed
    cash = add_sums(in_cash, Acts.of(in_cash, "acto_efectivo_neto_c"), catalogue) if in_cash.height else None
    others = summed.filter(pl.col("aviso_tipo") != "uma_efectivo")
    free = summed.filter((pl.col("aviso_tipo") == "uma_efectivo") & (pl.col("acto_efectivo_neto_c") <= 0))
    silent = free.with_columns(
        pl.lit(value=False).alias(name) for name, kind in SUMS.items() if kind == pl.Boolean
    )
    return pl.concat([part for part in (others, silent, cash) if part is not None])
