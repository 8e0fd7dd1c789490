"""The demand solution as a durable job of a real worker: an upload of movements becomes a plan and its files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from yunque.solutions.demand.generator import Wish, make_company
from yunque.solutions.demand.result import faults

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def yunque(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from yunque.surfaces.cli.app import main; main()", *arguments]
    environment = {**os.environ, "YUNQUE_HOME": str(home), "OMP_NUM_THREADS": "1", "YUNQUE_THREADS": "1"}
    return subprocess.run(
        command, cwd=home, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def test_an_upload_of_movements_becomes_a_plan(tmp_path: Path) -> None:
    company = make_company(7, Wish(articles=10, days=300))
    company.tables["movements"].write_csv(tmp_path / "movimientos.csv")
    options = 'options={"nivel_servicio": 0.9, "meses": 2, "algoritmo": "none", "segundos": 60}'
    sets = ("--set", "solution=demand", "--set", options)
    submitted = yunque(tmp_path, "jobs", "submit", "pipeline", "movimientos.csv", *sets, "--json")
    assert submitted.returncode == 0, submitted.stdout + submitted.stderr
    worked = yunque(tmp_path, "worker", "--until-empty")
    assert worked.returncode == 0, worked.stderr
    shown = json.loads(
        yunque(tmp_path, "jobs", "show", json.loads(submitted.stdout)["job_id"], "--json").stdout
    )
    assert shown["status"] == "succeeded", shown
    (result,) = [path.parent for path in (tmp_path / "files").rglob("result.json")]
    document = json.loads((result / "result.json").read_bytes())
    assert faults(document) == () and document["entrenamiento"]["modelo_id"] == "empresa_900123456"
    assert document["nivel_servicio"] == 0.9
    assert {"plan.csv", "informe.html"} <= {path.name for path in result.iterdir()}
    later = yunque(tmp_path, "demand", "plan", "--service", "0.9", "--json")  # what the job trained is kept
    assert later.returncode == 0, later.stderr
    bought = json.loads(later.stdout)["recomendaciones"]
    assert [one["cantidad_recomendada"] for one in bought] == [
        one["cantidad_recomendada"] for one in document["recomendaciones"]
    ]
    asked = yunque(tmp_path, "ask", "¿Qué debo comprar el próximo mes?", "--json")
    assert asked.returncode == 0 and "explicacion_nino_inteligente" in asked.stdout, asked.stderr
