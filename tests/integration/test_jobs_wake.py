"""A submission tells the broker, when there is one, which job waits."""

from pathlib import Path

import pytest

from yunque.services import jobs
from yunque.services.job_office import take_upload
from yunque.surfaces.bootstrap import open_platform
from yunque.surfaces.worker import open_desk


def test_a_broker_is_told_that_a_job_waits(
    tmp_path: Path, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    celery = pytest.importorskip("yunque.surfaces.celery")
    monkeypatch.setenv("YUNQUE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("YUNQUE_BROKER_URL", valkey_url)
    celery._platform.cache_clear()
    platform = open_platform()
    office = open_desk(platform).office
    upload = take_upload(office, "local", "t.csv", [b"a,b\n1,2\n"])
    before = celery._depth(celery.app)
    jobs.submit(office, jobs.Request(tenant="local", kind="train", payload={}, upload=upload))
    assert celery._depth(celery.app) == before + 1
    celery._platform.cache_clear()
    platform.database.engine.dispose()
