"""The deployment keeps its rules, and each rule can fail."""

import copy
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import lint_deployment as lint  # noqa: E402

COMPOSE = yaml.safe_load(lint.COMPOSE.read_text())
DOCKERFILE = (lint.DEPLOYMENT / "Dockerfile").read_text()
SETTINGS = lint.known_settings()


def test_the_deployment_keeps_every_rule() -> None:
    assert lint.check_compose(COMPOSE, SETTINGS) == []
    assert lint.check_dockerfile(DOCKERFILE) == []


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
