"""Contracts as files that people read and edit."""

from pathlib import Path

from yunque.data.contract import Contract
from yunque.errors import StorageError, UsageError

MOST_BYTES = 16 * 2**20


def read_contract(path: Path) -> Contract:
    """Read a contract.yaml.

    Raises:
        UsageError: the file cannot be read as text.
        ContractError: it is no contract.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path.name} is too large to be a contract.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The contract {path.name!r} cannot be read.",
            hint="`yunque check TABLE --write-contract FILE` writes one.",
        ) from error
    return Contract.from_yaml(text)


def save_contract(contract: Contract, path: str) -> None:
    """Write a contract as YAML; the file appears whole or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    wanted = Path(path)
    draft = wanted.with_name(f".{wanted.name}.draft")
    try:
        draft.write_text(contract.to_yaml(), encoding="utf-8")
        draft.replace(wanted)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StorageError(f"The contract cannot be written: {error.strerror}.") from error
