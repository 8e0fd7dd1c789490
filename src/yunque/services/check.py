"""Check a table before any training: its contract, what it cannot say, and what would fool a model."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

from yunque.data.contract import Contract
from yunque.data.findings import Finding, find
from yunque.data.infer import Note, Wishes, infer_contract
from yunque.data.table import read_table
from yunque.data.validate import CheckedTable, check_table
from yunque.errors import ContractError, DataError, FindingsError, UsageError

CONTRACT_BROKEN = "contract_broken"


@dataclass(frozen=True, kw_only=True)
class CheckRequest:
    """What to check.

    Attributes:
        source: a path, a glob, several of them, or a frame.
        wishes: target, roles and kinds that the user names.
        name: name of the contract.
        contract: a contract to hold the table against; inferred from the table when None.
        seed: seeds the folds of the leak checks.
        as_of: the present, for dates that lie in the future; None leaves that check out.
        is_regression: whether the target is a value; worked out from the column when None.
    """

    source: object
    wishes: Wishes = field(default_factory=Wishes)
    name: str = "table"
    contract: Contract | None = None
    seed: int = 7
    as_of: datetime | None = None
    is_regression: bool | None = None


@dataclass(frozen=True, kw_only=True)
class CheckOutcome:
    """What a check found.

    Attributes:
        contract: given or inferred.
        checked: the typed table with every failed check.
        findings: blocking ones first.
        notes: what inference was not sure of.
    """

    contract: Contract
    checked: CheckedTable
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...]

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that stop a training unless they are accepted."""
        return tuple(finding for finding in self.findings if finding.severity == "blocking")


def check(request: CheckRequest) -> CheckOutcome:
    """Read a table, settle its contract, check every cell, and look for what would fool a model.

    Raises:
        TableError: the source cannot be read as a table.
        NotFoundError: a wish names a column that is not there.
        ContractError: a column of the given contract is missing.
    """
    frame = read_table(request.source)
    contract, notes = settle_contract(request, frame)
    checked = check_table(contract, frame, need_target=contract.schema.target is not None)
    findings = find(
        contract,
        checked.frame,
        seed=request.seed,
        as_of=request.as_of,
        is_regression=request.is_regression,
    )
    return CheckOutcome(contract=contract, checked=checked, findings=findings, notes=notes)


def settle_contract(request: CheckRequest, frame: pl.DataFrame) -> tuple[Contract, tuple[Note, ...]]:
    """Take the contract that was given, with the roles that were wished for; or infer one."""
    if request.contract is None:
        return infer_contract(frame, request.wishes, name=request.name)
    contract = request.contract
    schema = contract.schema
    for name, role in request.wishes.roles().items():
        if schema.column(name).role is not role:
            schema = schema.with_role(name, role, "named by the user")
    return replace(contract, schema=schema), ()


def refuse_blocking(outcome: CheckOutcome, accepted: Sequence[str]) -> tuple[Finding, ...]:
    """Stop at what nobody accepted; give the blocking findings that somebody did.

    Raises:
        UsageError: an accepted id is none of the findings.
        ContractError: the table breaks a contract that a person wrote, and that was not accepted.
        FindingsError: a blocking finding was not accepted.
    """
    known = {finding.id for finding in outcome.findings} | {CONTRACT_BROKEN}
    unknown = [name for name in accepted if name not in known]
    if unknown:
        raise UsageError(
            f"--accept names no finding of this table: {', '.join(unknown)}.",
            hint=f"Findings: {', '.join(sorted(known - {CONTRACT_BROKEN})) or 'none'}.",
        )
    open_ones = [finding for finding in outcome.blocking if finding.id not in accepted]
    if open_ones:
        names = " ".join(f"--accept {finding.id}" for finding in open_ones)
        raise FindingsError(
            f"{len(open_ones)} blocking finding(s) stop the training.",
            findings=open_ones,
            hint=f"Follow the suggested actions, or accept them by name: {names}",
        )
    return tuple(finding for finding in outcome.blocking if finding.id in accepted)


def refuse_broken(outcome: CheckOutcome, accepted: Sequence[str]) -> None:
    """Stop when a table breaks the contract that a person gave, unless that was accepted.

    Raises:
        ContractError: it does; carries the failures.
    """
    errors = [failure for failure in outcome.checked.failures if failure.severity == "error"]
    if errors and CONTRACT_BROKEN not in accepted:
        raise ContractError(
            f"The table breaks its contract in {len(errors)} way(s).",
            failures=errors,
            hint=f"Correct table or contract; to read such cells as missing: --accept {CONTRACT_BROKEN}",
        )


def require_target(contract: Contract) -> str:
    """Give the name of the target.

    Raises:
        DataError: the contract has none.
    """
    target = contract.schema.target
    if target is None:
        raise DataError("There is no target column.", hint="Name it with --target COLUMN.")
    return target.name
