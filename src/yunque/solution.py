"""What a ready-made solution is: contract, question, gates, policy, generator and ways in, as one value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from yunque.data.contract import Contract
from yunque.data.validate import check_table
from yunque.errors import UsageError

REASONS = {"row": pl.Int64, "column": pl.String, "value": pl.String, "reason": pl.String}


@dataclass(frozen=True, kw_only=True)
class TakenIn:
    """A table that met its solution.

    Attributes:
        accepted: typed rows that can be used.
        rejected: the reasons of all others: row (from 1), column, value, reason; a row may have several.
    """

    accepted: pl.DataFrame
    rejected: pl.DataFrame


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page that a solution adds to the portal: where it stands, its title by language, its template."""

    path: str
    title: Mapping[str, str]
    template: str


@dataclass(frozen=True, kw_only=True)
class Route:
    """A way in by HTTP: method and path as its document has them, and "module:function" that makes it."""

    method: str
    path: str
    entry: str


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What is decided about a solution's answers, apart from learning.

    Attributes:
        requirements: targets declared before training ("log_loss<=0.99").
        ceilings: what no honest model of this data reaches ("accuracy<=0.512"); beyond it the run stops.
        ceiling_column: a column that is known to be all that can be learnt; a model may tie with it then,
            which is told in its manifest in the name of who ran it.
        costs: what an error costs, by the solution's own words; {} when all cost the same.
        facts: where these numbers come from, in words.
    """

    requirements: tuple[str, ...] = ()
    ceilings: tuple[str, ...] = ()
    ceiling_column: str | None = None
    costs: Mapping[str, float] = field(default_factory=dict)
    facts: tuple[str, ...] = ()


def _same(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


def _nothing_wrong(document: Mapping[str, Any]) -> tuple[str, ...]:  # noqa: ARG001 - a solution without results
    return ()


@dataclass(frozen=True, kw_only=True)
class Solution:
    """One ready-made solution; `solutions/<name>/solution.py` ends with SOLUTION = Solution(...).

    A solution that learns names a target; one that applies rules only leaves it empty and is not trained.

    Attributes:
        name: the folder's name, and the command's.
        title: in words, by language ("en", "es").
        contract: what a raw table must look like.
        generate: rows and seed -> a table that meets the contract, with the answer where one is learnt.
        take_in: raw table -> usable rows, and the reasons of the others; by the contract when None.
        enrich: usable rows -> table to learn from, point in time: a row's features never change when later
            rows are appended.
        learnt: contract of the enriched table; the raw contract when None.
        target: the column that is learnt; "" when nothing is.
        task, metric: the kind of question and what decides it; "auto" works them out.
        policy: gates, ceiling and costs.
        result_faults: a result document -> what is wrong with it, in words; () when it has its shape.
        make_result: model's table of answers -> that document; None where a service makes it.
        pages, routes: what it adds to portal and HTTP.
        jobs: what it does as a durable job: name -> "module:function" taking a context and a house.
        trainer: "module:function" of a solution whose models are learnt of more than rows, as forecasts are
            of series: raw table, seed and an empty folder -> a result document, the same for the same seed.
            "" where `services.train` learns the target, or nothing is learnt.
        job_options: "module:function" that refuses options which its job does not know (UsageError), in a
            module that a server may import; "" where a job has no options.
    """

    name: str
    title: Mapping[str, str]
    contract: Contract
    generate: Callable[[int, int], pl.DataFrame]
    take_in: Callable[[pl.DataFrame], TakenIn] | None = None
    enrich: Callable[[pl.DataFrame], pl.DataFrame] = _same
    learnt: Contract | None = None
    target: str = ""
    task: str = "auto"
    metric: str = "auto"
    policy: Policy = field(default_factory=Policy)
    result_faults: Callable[[Mapping[str, Any]], tuple[str, ...]] = _nothing_wrong
    make_result: Callable[[pl.DataFrame], Mapping[str, Any]] | None = None
    pages: tuple[Page, ...] = ()
    routes: tuple[Route, ...] = ()
    jobs: Mapping[str, str] = field(default_factory=dict)
    job_options: str = ""
    trainer: str = ""

    def __post_init__(self) -> None:
        """Refuse a solution that nobody could call, or whose target it does not know.

        Raises:
            UsageError: the name is no word, a language lacks its title, or the target is no column.
        """
        if not self.name.isidentifier() or not self.name.islower():
            raise UsageError(f"A solution's name is a word in lower case, not {self.name!r}.")
        if missing := {"en", "es"} - set(self.title):
            raise UsageError(f"The solution {self.name!r} has no title in {', '.join(sorted(missing))}.")
        if self.target and self.target not in self.to_learn.schema.names:
            raise UsageError(f"The solution {self.name!r} learns {self.target!r}, which its contract lacks.")

    @property
    def learns(self) -> bool:
        """Whether there is something to train."""
        return bool(self.target)

    @property
    def to_learn(self) -> Contract:
        """The contract of the table that is learnt from."""
        return self.learnt or self.contract

    def accept(self, table: pl.DataFrame) -> TakenIn:
        """Take a raw table in: usable rows, and the reasons of the others.

        Raises:
            ContractError: required columns are missing.
        """
        return self.take_in(table) if self.take_in else take_in_by(self.contract, table)


def take_in_by(contract: Contract, table: pl.DataFrame) -> TakenIn:
    """Take a table in by its contract alone: rows with an unreadable or a forbidden empty cell are left out.

    Raises:
        ContractError: required columns are missing.
    """
    checked = check_table(contract, table, need_target=contract.schema.target is not None)
    bad = set(checked.bad_rows.tolist())
    told: list[dict[str, Any]] = []
    for column in contract.schema:
        if column.name not in table.columns or column.name not in checked.frame.columns:
            continue
        empty = checked.frame[column.name].is_null()
        for row in empty.arg_true().to_list():
            if row not in bad:
                continue
            value = table[column.name][row]
            reason = "unreadable" if value is not None else "missing"
            if reason == "unreadable" or not column.nullable:
                told.append({"row": row + 1, "column": column.name, "value": str(value), "reason": reason})
    good = pl.Series([row not in bad for row in range(table.height)], dtype=pl.Boolean)
    return TakenIn(accepted=checked.frame.filter(good), rejected=pl.DataFrame(told, schema=REASONS))
