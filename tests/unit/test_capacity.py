"""The capacity plan is the same at every run, and says what it is asked."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "capacity.py"


def plan(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=True
    ).stdout


def test_the_plan_is_deterministic_and_grows_with_demand() -> None:
    small = plan("--users", "500", "--rows", "5e7")
    assert small == plan("--users", "500", "--rows", "5e7")
    assert "| 500 | 50,000,000 |" in small
    jobs = [
        int(text.split("jobs in the day: ")[1].split(";")[0].replace(",", "")) for text in (small, plan())
    ]
    assert jobs[1] > 10 * jobs[0]


def test_the_published_table_is_what_the_script_prints() -> None:
    page = (SCRIPT.parents[1] / "docs" / "scale.md").read_text(encoding="utf-8")
    rows = [line for line in plan().splitlines() if line.startswith("|")]
    assert [line for line in rows if line not in page] == []
