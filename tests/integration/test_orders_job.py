"""The orders pipeline as a durable job: submitted by the command line, done by a real worker in its child."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from yunque.settings import Settings
from yunque.solutions.orders.generator import generate
from yunque.solutions.orders.result import DISTRIBUTIONS, RESULTS, faults
from yunque.surfaces.bootstrap import open_platform

COMMAND = [sys.executable, "-c", "from yunque.surfaces.cli.app import main; main()"]


def yunque(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "YUNQUE_HOME": str(home), "OMP_NUM_THREADS": "1", "YUNQUE_THREADS": "1"}
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_r5s_own_question_runs_as_a_job_of_a_real_worker(tmp_path: Path) -> None:
    generate(6_000, 6).write_parquet(tmp_path / "orders.parquet")
    asked = (
        "solution=orders",
        'options={"question": "given", "budget": "25s", "samples": 6, "max_concurrent": 3}',
    )
    sets = [word for item in asked for word in ("--set", item)]
    submitted = yunque(tmp_path, "jobs", "submit", "pipeline", "orders.parquet", *sets, "--json")
    assert submitted.returncode == 0, submitted.stdout + submitted.stderr
    job = json.loads(submitted.stdout)["job_id"]
    worked = yunque(tmp_path, "worker", "--until-empty")
    assert worked.returncode == 0, worked.stderr
    shown = json.loads(yunque(tmp_path, "jobs", "show", job, "--json").stdout)
    assert shown["status"] == "succeeded", shown
    (result,) = [path.parent for path in (tmp_path / "files").rglob("result.json")]
    document = json.loads((result / "result.json").read_bytes())
    assert document["success"] is True and document["params"]["question"] == "given"
    assert document["model"]["name"] == "digital_orders_xgboost"
    assert document["metrics"]["inference_samples"] == 6
    assert faults(json.loads((result / DISTRIBUTIONS).read_bytes())) == ()
    assert len(json.loads((result / RESULTS).read_bytes())) == 6
    assert not (result / "a_quien_llamar.csv").exists()  # a given order has no next one
    platform = open_platform(Settings(home=tmp_path))
    assert [version.label for version in platform.registry.versions("digital_orders_xgboost")] == [
        "digital_orders_xgboost@1"
    ]
    assert len(list((tmp_path / "runs").iterdir())) == 1
    platform.database.engine.dispose()
