"""A training that the system kills is begun again by its guard, and ends with a model."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from small_models import clients


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_killed_training_goes_on_and_publishes(tmp_path: Path) -> None:
    table = tmp_path / "clients.parquet"
    clients().drop("spend").write_parquet(table)
    command = [sys.executable, "-c", "from yunque.surfaces.cli.app import main; main()"]
    command += ["train", str(table), "--target", "buys", "--budget", "12s", "--name", "killed"]
    process = subprocess.Popen(
        [*command, "--memory", "4GB"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "YUNQUE_HOME": str(tmp_path / "home")},
    )
    with process:
        try:
            page, words = killed_once(process)
        finally:
            process.kill()
    assert process.returncode in (0, 2), words
    assert "The system killed the training" in words
    assert "killed" in page
    assert (tmp_path / "home/models/killed/1/bundle/manifest.json").is_file()


def killed_once(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """Kill the child once a first model stands beside the baselines: the search has begun."""
    assert process.stderr is not None
    for line in process.stderr:
        if "against" in line:
            (child,) = psutil.Process(process.pid).children()
            child.send_signal(signal.SIGKILL)
            break
    return process.communicate(timeout=240)
