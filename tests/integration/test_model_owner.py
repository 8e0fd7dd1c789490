"""A model's name belongs to the tenant whose job published it first; jobs of others cannot reach it."""

import pytest

from yunque.errors import ConflictError, NotFoundError
from yunque.services.job_office import LOCAL, Office, take_upload
from yunque.services.jobs import Request, submit
from yunque.services.model_owner import may_train, once, owner_of
from yunque.surfaces.bootstrap import Platform
from yunque.surfaces.worker import open_desk

TABLE = b"age,buys\n" + b"".join(b"%d,%s\n" % (n, b"yes" if n % 2 else b"no") for n in range(40))


@pytest.fixture
def office(platform: Platform) -> Office:
    return open_desk(platform).office


def train(office: Office, tenant: str, name: str) -> str:
    upload = take_upload(office, tenant, "t.csv", [TABLE])
    payload = {"target": "buys", "name": name}
    return submit(office, Request(tenant=tenant, kind="train", payload=payload, upload=upload)).job.id


def score(office: Office, tenant: str, model: str) -> str:
    upload = take_upload(office, tenant, "t.csv", [TABLE])
    wish = Request(tenant=tenant, kind="score", payload={"model": model}, upload=upload)
    return submit(office, wish).job.id


def test_a_tenants_model_is_reached_by_its_own_jobs_only(platform: Platform, office: Office) -> None:
    registry, database = platform.registry, platform.database
    job_id = train(office, "acme", "theirs")
    folder = registry.folder_of(registry.resolve("buys@1"))
    registry.publish(folder, by="a job", name="theirs", once=once(job_id))
    assert owner_of(database, registry, "theirs") == "acme"
    assert train(office, "acme", "theirs")  # a second version of its own
    assert score(office, "acme", "theirs@1")
    with pytest.raises(ConflictError, match="taken"):
        train(office, "other", "theirs")
    with pytest.raises(NotFoundError):
        score(office, "other", "theirs@1")
    assert score(office, LOCAL, "theirs@1")  # the operator may


def test_the_houses_models_are_there_for_all_and_changed_by_no_tenant(
    platform: Platform, office: Office
) -> None:
    assert owner_of(platform.database, platform.registry, "buys") is None
    assert score(office, "acme", "buys@1")
    with pytest.raises(ConflictError, match="taken"):
        train(office, "acme", "buys")
    assert train(office, LOCAL, "buys")
    assert may_train(platform.database, platform.registry, "a-free-name", "acme")
