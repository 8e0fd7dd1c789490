"""API keys: hashes are kept, keys are shown once, holders are found; scopes, expiry, rate and tenant travel along."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunque.errors import NotFoundError, UsageError
from yunque.services.access import ApiKey, Caller, Keyring, Scope, grant_key, read_keys, read_scopes
from yunque.services.key_file import KeyFile, revoke_keys, rotate_key, store_key
from yunque.services.rate import Buckets, Rate


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
    ring = read_keys(
        ["# who may come in", "", ana.line, f"  {ben.line.replace(ben.digest, ben.digest.upper())}  "]
    )
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


TERMS = {
    "scopes": frozenset({Scope.JOBS, Scope.TRAIN}),
    "tenant": "acme",
    "expires": datetime(2027, 1, 31, 12, tzinfo=UTC),
    "rate": Rate(requests=100, per="m"),
}


def test_the_terms_of_a_key_read_back_from_its_line() -> None:
    _, key = grant_key("ana", **TERMS)
    assert read_keys([key.line]).keys == (key,)
    assert key.caller == Caller(name="ana", tenant="acme", scopes=TERMS["scopes"])


def test_a_line_of_name_and_hash_alone_grants_predictions_and_reading() -> None:
    _, key = grant_key("ana")
    (read,) = read_keys([f"ana:{key.digest}"]).keys
    assert read == key and read.scopes == {Scope.PREDICT, Scope.READ} and read.expires is None


@pytest.mark.parametrize(
    "terms",
    ["scopes=", "scopes=fly", "scopes=open", "rate=0/s", "rate=5", "expires=soon", "tenant=a/b", "x=1"],
)
def test_terms_that_cannot_be_read_are_refused(terms: str) -> None:
    with pytest.raises(UsageError):
        read_keys([f"ana:{'0' * 64} {terms}"])


def test_admin_opens_everything_and_others_only_their_own() -> None:
    assert all(Caller(scopes=frozenset({Scope.ADMIN})).may(scope) for scope in Scope)
    reader = Caller(scopes=read_scopes("read"))
    assert [scope for scope in Scope if reader.may(scope)] == [Scope.OPEN, Scope.READ]


def test_rotating_gives_a_new_key_on_the_same_terms_and_ends_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "api_keys"
    old_secret, old = grant_key("ana", **TERMS)
    store_key(path, grant_key("ben")[1])
    store_key(path, old)
    until = datetime(2026, 12, 1, tzinfo=UTC)
    secret, key = rotate_key(path, "ana", until)
    ring = KeyFile(path).current()
    assert [found.name for found in ring.keys] == ["ben", "ana", "ana"]
    assert ring.find(secret) == key and (key.scopes, key.tenant, key.rate) == (
        old.scopes,
        old.tenant,
        old.rate,
    )
    ending = ring.find(old_secret)
    assert ending is not None and ending.expires == until
    rotate_key(path, "ana", until + timedelta(days=90))
    again = KeyFile(path).current().find(old_secret)
    assert again is not None and again.expires == until  # never longer than before
    assert revoke_keys(path, "ana", old.id) == 1
    with pytest.raises(NotFoundError):
        revoke_keys(path, "ana", old.id)


class Hand:
    """A clock that is moved by hand."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_revocation_holds_without_a_restart_and_never_leaves_the_door_open(tmp_path: Path) -> None:
    path, clock = tmp_path / "api_keys", Hand()
    keys = KeyFile(path, clock=clock)
    assert not keys.current().asks
    secret, key = grant_key("ana")
    store_key(path, key)
    clock.seconds += 1
    assert keys.current().holder(secret) == "ana"
    revoke_keys(path, "ana")
    clock.seconds += 1
    assert keys.current().holder(secret) is None and keys.current().asks
    path.unlink()
    clock.seconds += 1
    assert keys.current().asks
    store_key(path, key)
    clock.seconds += 1
    path.write_text("broken by an editor\n")
    clock.seconds += 1
    assert keys.current().asks  # what cannot be read changes nothing


def test_a_server_started_after_the_last_key_was_revoked_asks_for_one(tmp_path: Path) -> None:
    path = tmp_path / "api_keys"
    store_key(path, grant_key("ana")[1])
    revoke_keys(path, "ana")
    assert KeyFile(path).current().asks


def test_a_bucket_gives_what_was_promised_and_says_how_long_to_wait() -> None:
    clock = Hand()
    buckets, rate = Buckets(clock), Rate.read("60/m")
    assert [buckets.take("ana", rate) for _ in range(60)] == [0.0] * 60
    assert buckets.take("ana", rate) == pytest.approx(1.0)
    assert buckets.take("ben", rate) == 0.0
    clock.seconds += 1.0
    assert buckets.take("ana", rate) == 0.0 and buckets.take("ana", rate) > 0.9
    clock.seconds += 3600.0
    assert sum(buckets.take("ana", rate) == 0.0 for _ in range(100)) == 60
