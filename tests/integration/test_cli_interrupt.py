"""Ctrl-C during a training keeps the best so far."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from small_models import clients


def test_ctrl_c_packs_and_publishes_the_best_so_far(tmp_path: Path) -> None:
    table = tmp_path / "clients.parquet"
    clients().drop("spend").write_parquet(table)
    command = [sys.executable, "-c", "from yunque.surfaces.cli.app import main; main()"]
    command += ["train", str(table), "--target", "buys", "--budget", "10m", "--name", "cut"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "YUNQUE_HOME": str(tmp_path / "home")},
    )
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if "against" in line:  # a first model stands beside the baselines: the search has begun
            process.send_signal(signal.SIGINT)
            break
    page, words = process.communicate(timeout=180)
    assert process.returncode in (0, 2), words  # a model of a moment may fall short of a gate
    assert "Press Ctrl-C again" in words
    assert "cancelled" in page
    manifest = json.loads((tmp_path / "home/models/cut/1/bundle/manifest.json").read_text())
    assert manifest["clock"]["budget_used_seconds"] < 500
