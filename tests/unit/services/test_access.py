"""API keys: hashes are kept, keys are shown once, holders are found."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunque.errors import NotFoundError, UsageError
from yunque.services.access import ApiKey, Keyring, grant_key, read_keys, revoke_keys, store_key


def test_a_granted_key_opens_and_its_record_does_not_hold_it() -> None:
    secret, key = grant_key("ana")
    assert secret.startswith("yq_") and len(secret) > 40
    assert secret not in key.line
    assert Keyring(keys=(key,)).holder(secret) == "ana"


def test_two_keys_are_never_the_same() -> None:
    assert grant_key("ana")[0] != grant_key("ana")[0]


@given(st.text())
def test_any_other_text_opens_nothing(guess: str) -> None:
    _, key = grant_key("ana")
    assert Keyring(keys=(key,)).holder(guess) is None


def test_nobody_holds_a_key_of_an_empty_ring() -> None:
    assert Keyring().holder("") is None


def test_lines_read_back_with_comments_and_blanks() -> None:
    _, ana = grant_key("ana")
    _, ben = grant_key("ben")
    ring = read_keys(["# who may come in", "", ana.line, f"  {ben.line.upper().replace('BEN', 'ben')}  "])
    assert ring.keys == (ana, ben)


@pytest.mark.parametrize("line", ["yq_secretsecretsecret", "ana:yq_secretsecretsecret", "a b:" + "0" * 64])
def test_a_line_that_is_no_hash_is_refused_without_repeating_it(line: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_keys([line])
    assert "secretsecret" not in str(caught.value)
    assert "keys create" in str(caught.value) or "letters" in str(caught.value)


def test_a_name_cannot_break_out_of_its_line() -> None:
    with pytest.raises(UsageError):
        grant_key("ana:x\nben")
    with pytest.raises(UsageError):
        ApiKey(name="", digest="0" * 64)


def test_keys_are_stored_for_their_owner_only_and_revoked_by_name(tmp_path: Path) -> None:
    path = tmp_path / "home" / "api_keys"
    secret, ana = grant_key("ana")
    _, ben = grant_key("ben")
    for key in (ana, ben, grant_key("ana")[1]):
        store_key(path, key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_keys(path.read_text().splitlines()).holder(secret) == "ana"
    assert revoke_keys(path, "ana") == 2
    assert read_keys(path.read_text().splitlines()).keys == (ben,)
    with pytest.raises(NotFoundError):
        revoke_keys(path, "ana")
    assert [found.name for found in path.parent.iterdir()] == ["api_keys"]
