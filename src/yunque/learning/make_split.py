"""Build the split of a table: first the untouched rows, then the folds of the others."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.schema import Role, Schema
from yunque.errors import DataError
from yunque.learning.fit_size import FitSize
from yunque.learning.split_crossed import blocks_of, crossed, keeps_enough, purged
from yunque.learning.split_group import deal_groups, draw_groups, group_codes
from yunque.learning.split_policy import FoldPolicy, fold_policy
from yunque.learning.split_random import deal, draw, strata
from yunque.learning.split_time import chain, cut_moment, gap_length, moment_text, moments, share_cut
from yunque.learning.splits import Fold, IntArray, Split, SplitWish, column_of, resolve_kind

FEWEST_ROWS = 4
MOST_PREDICTED = 5_000_000  # numbers that one candidate predicts over all folds
LEAST_TIME_SHARE = 0.2  # one block in time judges for all seasons: a short one speaks of its weather only


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The rows to split, as arrays side by side; `position` is their place in the table."""

    position: IntArray
    y: npt.NDArray[Any]
    classification: bool
    outputs: int = 1
    times: npt.NDArray[np.float64] | None = None
    time_type: Any = None
    groups: IntArray | None = None

    def take(self, chosen: npt.NDArray[Any]) -> "Rows":
        """Give some of the rows, by mask or by place."""
        return replace(
            self,
            position=self.position[chosen],
            y=self.y[chosen],
            times=None if self.times is None else self.times[chosen],
            groups=None if self.groups is None else self.groups[chosen],
        )


@dataclass(frozen=True, kw_only=True)
class Means:
    """What may be spent on validation: the budget's seconds and threads; `seed` seeds every draw."""

    seconds: float
    threads: int
    seed: int


def make_split(frame: pl.DataFrame, schema: Schema, usable: Rows, wish: SplitWish, means: Means) -> Split:
    """Split the usable rows of a table.

    Args:
        frame: the checked table.
        schema: names its time and group columns.
        usable: the rows that have a target; times and groups are filled in here.
        wish: what the caller wants.
        means: more of it allows more folds.

    Raises:
        UsageError: the wish does not fit the table.
        DataError: too few rows.
    """
    kind, reason = resolve_kind(wish, schema)
    notes: list[str] = []
    rows = _with_structure(frame, schema, usable, kind, notes)
    if wish.kind == "auto":
        rows = _without_empty_structure(rows, notes)
        kind = _kind_of(rows)
    if len(rows.position) < FEWEST_ROWS:
        raise DataError(
            f"Only {len(rows.position)} rows can be used; at least {FEWEST_ROWS} are needed.",
            hint="Check the missing values of target and time column.",
        )
    rng = np.random.default_rng(means.seed)
    gap = gap_length(wish.gap) if rows.times is not None else 0.0
    held, facts = _hold_out(rows, wish, gap, rng)
    training = rows.take(~held["away"])
    size = FitSize(
        rows=len(training.position),
        columns=max(1, len(schema.features)),
        scores=rows.outputs if rows.outputs > 2 else 1,
    )
    policy = fold_policy(size, 0.8 * means.threads * means.seconds, means.seconds, wish.folds)
    folds, fold_facts = _folds(training, policy, gap, rng, notes)
    return Split(
        kind=kind,
        training=training.position,
        holdout=rows.position[held["holdout"]],
        folds=tuple(folds),
        facts={
            "kind": kind,
            "reason": reason,
            "seed": means.seed,
            "rows": int(frame.height),
            "usable_rows": len(rows.position),
            "training_rows": len(training.position),
            "holdout_rows": int(held["holdout"].sum()),
            "gap": gap,
            **facts,
            **fold_facts,
            "fold_rows": [{"train": len(fold.train), "valid": len(fold.valid)} for fold in folds],
            "notes": notes,
        },
    )


def _with_structure(frame: pl.DataFrame, schema: Schema, usable: Rows, kind: str, notes: list[str]) -> Rows:
    rows = usable
    if "group" in kind:
        rows = replace(rows, groups=group_codes(column_of(frame, schema, Role.GROUP)[usable.position]))
    if "time" in kind:
        column = column_of(frame, schema, Role.TIME)
        times = moments(column[usable.position])
        known = np.isfinite(times)
        rows = replace(rows, times=times, time_type=column.dtype).take(known)
        if not known.all():
            notes.append(f"{int((~known).sum())} rows without a time are used for nothing")
    return rows


def _without_empty_structure(rows: Rows, notes: list[str]) -> Rows:
    """Forget a time or group that is the same in every row; only a split nobody asked for may do so."""
    if rows.times is not None and len(np.unique(rows.times)) < 2:
        notes.append("all rows have the same time, so the split is not by time")
        rows = replace(rows, times=None)
    if rows.groups is not None and len(rows.groups) and rows.groups.max() == 0:
        notes.append("all rows are of one group, so the split is not by group")
        rows = replace(rows, groups=None)
    return rows


def _kind_of(rows: Rows) -> str:
    if rows.times is None:
        return "random" if rows.groups is None else "group"
    return "time" if rows.groups is None else "group_time"


def _hold_out(
    rows: Rows, wish: SplitWish, gap: float, rng: np.random.Generator
) -> tuple[dict[str, npt.NDArray[np.bool_]], dict[str, Any]]:
    """Give masks: `holdout` is untouched, `away` is that and what lies in the gap before it."""
    nothing = np.zeros(len(rows.position), dtype=np.bool_)
    if not wish.holdout:
        return {"holdout": nothing, "away": nothing}, {"holdout": None}
    if rows.times is not None:
        moment = isinstance(wish.holdout, date)
        cut = cut_moment(wish.holdout) if moment else share_cut(rows.times, float(wish.holdout))  # type: ignore[arg-type]
        holdout = rows.times >= cut
        away = rows.times >= cut - gap if gap else holdout
        if rows.groups is not None:
            away = away | np.isin(rows.groups, np.unique(rows.groups[holdout]))
        _refuse_empty(holdout, away, moment_text(cut, rows.time_type))
        return {"holdout": holdout, "away": away}, {"holdout": {"from": moment_text(cut, rows.time_type)}}
    share = float(wish.holdout)  # type: ignore[arg-type]
    if rows.groups is not None:
        holdout = draw_groups(rows.groups, share, rng)
    else:
        holdout = draw(strata(rows.y, classification=rows.classification), share, rng)
    _refuse_empty(holdout, holdout, f"{share:g} of the rows")
    return {"holdout": holdout, "away": holdout}, {"holdout": {"share": share}}


def _refuse_empty(holdout: npt.NDArray[np.bool_], away: npt.NDArray[np.bool_], asked: str) -> None:
    if not holdout.any() or (~away).sum() < FEWEST_ROWS:
        raise DataError(
            f"A holdout from {asked} leaves {int(holdout.sum())} rows to judge and "
            f"{int((~away).sum())} to learn from.",
            hint="Choose another moment or share; rows of one group never stand on both sides.",
        )


def _folds(
    rows: Rows, policy: FoldPolicy, gap: float, rng: np.random.Generator, notes: list[str]
) -> tuple[list[Fold], dict[str, Any]]:
    if rows.times is not None:
        parts, facts = _time_parts(rows, policy, gap, rng, notes)
    else:
        parts, facts = _dealt_parts(rows, policy, rng, notes)
    most = min(policy.most_validation_rows, max(100, MOST_PREDICTED // (rows.outputs * len(parts))))
    folds = []
    for train, valid in parts:
        shown = valid
        if len(valid) > most:
            shown = np.sort(rng.choice(valid, most, replace=False))
            notes.append(f"validation uses {len(shown)} of {len(valid)} rows")
        folds.append(Fold(train=rows.position[train], valid=rows.position[shown]))
    return folds, {"folds": len(folds), **facts}


def _time_parts(
    rows: Rows, policy: FoldPolicy, gap: float, rng: np.random.Generator, notes: list[str]
) -> tuple[list[tuple[IntArray, IntArray]], dict[str, Any]]:
    assert rows.times is not None  # noqa: S101 - told by the caller
    parts, cuts = _blocks(rows, policy.folds, policy, gap, notes)
    if rows.groups is None:
        return parts, {"cuts": cuts}
    if keeps_enough(parts, rows.groups):
        return [purged(part, rows.groups) for part in parts], {"cuts": cuts}
    wider, wider_cuts = _blocks(rows, blocks_of(policy.folds), policy, gap, [])
    stratum = strata(rows.y, classification=rows.classification)
    found = crossed(wider, rows.groups, stratum, rng)
    if len(found) < len(wider) or any(len(train) < FEWEST_ROWS for train, _ in found):
        notes.append("groups go on through time and are too few to be kept apart: split in time only")
        return parts, {"cuts": cuts}
    notes.append(
        f"groups go on through time: each of {len(wider)} blocks is divided by groups, and every part is "
        "judged by the earlier rows of other groups"
    )
    return found, {"cuts": wider_cuts, "group_parts": -(-len(found) // len(wider))}


def _blocks(
    rows: Rows, folds: int, policy: FoldPolicy, gap: float, notes: list[str]
) -> tuple[list[tuple[IntArray, IntArray]], list[str]]:
    """Give forward blocks in time, groups not yet kept apart, and where each begins."""
    assert rows.times is not None  # noqa: S101 - told by the caller
    share = max(policy.share, LEAST_TIME_SHARE)
    found = chain(rows.times, folds, gap, share) or chain(rows.times, 1, 0.0, share)
    if len(found) < folds:
        notes.append(f"{len(found)} instead of {folds} blocks in time: too few distinct moments")
    return [(train, valid) for train, valid, _ in found], [
        moment_text(cut, rows.time_type) for *_, cut in found
    ]


def _dealt_parts(
    rows: Rows, policy: FoldPolicy, rng: np.random.Generator, notes: list[str]
) -> tuple[list[tuple[IntArray, IntArray]], dict[str, Any]]:
    stratum = strata(rows.y, classification=rows.classification)
    if policy.folds == 1:
        mask = (
            draw_groups(rows.groups, policy.share, rng)
            if rows.groups is not None
            else draw(stratum, policy.share, rng)
        )
        return [(np.flatnonzero(~mask), np.flatnonzero(mask))], {"repeats": 1}
    count, pinned = _fold_count(rows, policy.folds, notes)
    parts = []
    for _ in range(policy.repeats):
        part = (
            deal_groups(rows.groups, stratum, count, rng)
            if rows.groups is not None
            else deal(stratum, count, rng)
        )
        for number in range(count):
            judged = (part == number) & ~pinned
            if judged.any():
                parts.append((np.flatnonzero(~judged), np.flatnonzero(judged)))
    return parts, {"repeats": policy.repeats}


def _fold_count(rows: Rows, wanted: int, notes: list[str]) -> tuple[int, npt.NDArray[np.bool_]]:
    """Give the folds that every class allows, and the mask of rows that are only ever learnt from."""
    pinned = np.zeros(len(rows.position), dtype=np.bool_)
    count = wanted
    if rows.groups is not None:
        count = min(count, int(rows.groups.max()) + 1)
    elif rows.classification:
        sizes = np.bincount(rows.y.astype(np.int64))
        rare = sizes[(sizes > 1)]
        count = max(3, min(count, int(rare.min(initial=count)))) if count > 3 else count
        pinned = sizes[rows.y.astype(np.int64)] == 1
        if pinned.any():
            notes.append(f"{int(pinned.sum())} classes with one row are learnt from but never judged")
    count = max(2, min(count, len(rows.position)))
    if count < wanted:
        notes.append(f"{count} instead of {wanted} folds: the rarest class or the groups allow no more")
    return count, pinned
