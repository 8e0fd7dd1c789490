"""The deployment keeps its rules, and each rule can fail."""

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import lint_deployment as lint  # noqa: E402

COMPOSE = yaml.safe_load(lint.COMPOSE.read_text())
SMALL = yaml.safe_load(lint.SMALL.read_text())
DOCKERFILE = (lint.DEPLOYMENT / "Dockerfile").read_text()
SETTINGS = lint.known_settings()


def test_the_deployment_keeps_every_rule() -> None:
    assert lint.check_compose(COMPOSE, SETTINGS) == []
    assert lint.check_compose(SMALL, SETTINGS, lint.NEEDED_OF_SMALL) == []
    for path in lint.DEPLOYMENT.rglob("Dockerfile*"):
        assert lint.check_dockerfile(path.read_text()) == [], path


@pytest.mark.parametrize("name", ["fastapi", "mlflow"])
def test_the_images_of_r5_watch_their_own_health_and_run_as_nobody_special(name: str) -> None:
    stage = lint.read_stages((lint.DEPLOYMENT / name / "Dockerfile").read_text())[-1]
    steps = {step.word: step.rest for step in stage.steps}
    assert "urlopen" in steps["HEALTHCHECK"] and steps["USER"] not in ("root", "0")
    assert f"deployment/{name}/Dockerfile" in {
        each["build"]["dockerfile"] for each in SMALL["services"].values()
    }


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("up", "docker compose -f deployment/docker-compose.small.yaml up --build --detach"),
        ("down", "docker compose -f deployment/docker-compose.small.yaml down"),
        ("logs", "docker compose -f deployment/docker-compose.small.yaml logs --follow"),
        ("train TABLE=a.csv TARGET=b CONFIG=c.yaml", 'yunque train "a.csv" --target "b" --config "c.yaml"'),
        ("mlflow-ui", "mlflow server --host 127.0.0.1"),
        ("run-orders", "YUNQUE_LOG_FILE=logs/app.log .venv/bin/yunque orders run"),
        ("coverage", "--cov-fail-under=70"),
    ],
)
def test_make_does_what_it_says(target: str, told: str) -> None:
    command = ["make", "--dry-run", "--old-file=.make/run", "--old-file=.make/dev", *target.split()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert told in done.stdout


def test_make_train_asks_for_a_table() -> None:
    command = ["make", "--old-file=.make/run", "train"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "make train TABLE=clients.csv TARGET=buys" in done.stdout


def changed(*path: str, value: Any) -> dict[str, Any]:
    compose: dict[str, Any] = copy.deepcopy(COMPOSE)
    place = compose
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return compose


@pytest.mark.parametrize(
    ("compose", "why"),
    [
        (changed("services", "postgres", "image", value="registry.example.com/postgres:18"), "names a registry"),
        (changed("services", "valkey", "image", value="valkey/valkey"), "names no version"),
        (changed("services", "worker", "healthcheck", value={}), "has no health check"),
        (changed("services", "celery", "command", value="celery worker"), "does not run"),
        (changed("services", "api", "environment", "PGPASSWORD", value="hunter2"), "would hold a secret"),
        (changed("services", "api", "environment", "YUNQUE_HOUSE", value="x"), "there is no setting"),
        (changed("services", "api", "environment", "YUNQUE_DATABASE_URL", value="postgresql://a:b@c/d"), "password in its address"),
        (changed("services", "api", "depends_on", value={"redis": {"condition": "service_healthy"}}), "is not there"),
        (changed("services", "api", "secrets", value=["other"]), "is not defined"),
        (changed("secrets", "api_keys", value={"file": "./keys"}), "does not come from the environment"),
    ],
)  # fmt: skip
def test_a_compose_file_that_breaks_a_rule_is_told(compose: dict[str, Any], why: str) -> None:
    assert any(why in line for line in lint.check_compose(compose, SETTINGS))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("USER yunque", "USER root", "runs as root"),
        ("--require-hashes", "", "no hash pins"),
        ("python:3.11-slim AS", "localhost/python:3.11 AS", "names a registry"),
        ("COPY src ./src", "COPY source ./src", "source is not there"),
        ("EXPOSE 8000", "ENV DB_PASSWORD=x", "stay in the image"),
        ("--no-build-isolation", "--index-url https://example.com", "index or host"),
    ],
)
def test_a_dockerfile_that_breaks_a_rule_is_told(old: str, new: str, why: str) -> None:
    assert old in DOCKERFILE
    assert any(why in line for line in lint.check_dockerfile(DOCKERFILE.replace(old, new)))


def test_steps_are_done_as_in_an_image(tmp_path: Path) -> None:
    text = (
        "FROM a:1 AS build\nWORKDIR /w\nCOPY README.md ./\nRUN mkdir -p /opt/x && \\\n  wc -l README.md > /opt/x/lines\n"
        "FROM a:1\nRUN useradd someone\nCOPY --from=build /opt/x /opt/x\n"
    )
    told = list(lint.execute(text, tmp_path))
    assert [line.split(":")[0] for line in told] == ["3", "4", "7", "8"]
    assert "left out" in told[2]
    assert (tmp_path / "stage1" / "opt" / "x" / "lines").read_text().endswith("README.md\n")
