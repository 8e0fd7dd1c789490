#!/usr/bin/env python3
"""Check deployment/ without a container engine: by rules, and by doing the steps of its images in a folder.

    python scripts/lint_deployment.py              the rules
    python scripts/lint_deployment.py --execute    also each install step of the Dockerfiles (minutes, 3 GB)

What needs an image and root (apt-get, useradd) is named and not done.
"""

import argparse
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
DEPLOYMENT = ROOT / "deployment"
COMPOSE = DEPLOYMENT / "docker-compose.yaml"
SMALL = DEPLOYMENT / "docker-compose.small.yaml"
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|PRIVATE|ACCESS_KEY$|_KEY$")
SECRET_IN_URL = re.compile(r"\w+://[^/\s:@]*:[^/\s@$]+@")
ONLY_IN_AN_IMAGE = ("apt-get", "useradd", "chown")
NEEDED = {
    "api": "yunque serve",
    "worker": "yunque worker",
    "celery": "celery -A yunque.surfaces.celery worker -Q auto_ml",
    "postgres": "",
    "valkey": "",
    "storage": "",
    "mlflow": "mlflow server",
}
NEEDED_OF_SMALL = {"fastapi_service": "", "mlflow_service": ""}  # their images say what they run


@dataclass(frozen=True, kw_only=True)
class Step:
    """One instruction of a Dockerfile, its continued lines joined."""

    number: int
    word: str
    rest: str


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What stands below one FROM."""

    image: str
    name: str
    steps: list[Step] = field(default_factory=list)


def read_stages(text: str) -> list[Stage]:
    """Read a Dockerfile."""
    stages: list[Stage] = []
    for number, line in _joined(text):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            image, _, name = rest.partition(" AS ")
            stages.append(Stage(image=image.strip(), name=name.strip()))
        elif stages:
            stages[-1].steps.append(Step(number=number, word=word, rest=rest.strip()))
    return stages


def _joined(text: str) -> Iterator[tuple[int, str]]:
    whole, first = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        first = first or number
        if line.endswith("\\"):
            whole += line[:-1] + " "
            continue
        yield first, whole + line
        whole, first = "", 0


# -- the Dockerfile ---------------------------------------------------------------------------------------


def check_dockerfile(text: str, root: Path = ROOT) -> list[str]:
    """Give what is wrong with a Dockerfile."""
    stages = read_stages(text)
    if not stages:
        return ["there is no FROM"]
    wrong = [f"image {stage.image}: {why}" for stage in stages for why in check_image(stage.image)]
    for stage in stages:
        for step in stage.steps:
            wrong += [f"line {step.number}: {why}" for why in _check_step(step, root)]
    last = {step.word for step in stages[-1].steps}
    if not any(step.word == "USER" and step.rest not in ("root", "0") for step in stages[-1].steps):
        wrong.append("the last stage runs as root")
    wrong += [f"the last stage has no {word}" for word in ("ENTRYPOINT", "CMD") if word not in last]
    return wrong


def check_image(image: str) -> list[str]:
    """An image is named in short form, with a version: which registry serves it is no business of ours."""
    name, _, version = image.partition(":")
    first = name.split("/")[0]
    wrong = []
    if "/" in name and ("." in first or first == "localhost"):
        wrong.append("names a registry")
    if not version or version == "latest":
        wrong.append("names no version")
    return wrong


def _check_step(step: Step, root: Path) -> Iterator[str]:
    if step.word == "ADD":
        yield "ADD may fetch and unpack; use COPY"
    if step.word in ("ARG", "ENV") and SECRET_NAME.search(step.rest.partition("=")[0]):
        yield "a secret would stay in the image"
    if step.word == "COPY" and "--from=" not in step.rest:
        *sources, _ = [part for part in step.rest.split() if not part.startswith("--")]
        yield from (f"{source} is not there" for source in sources if not (root / source).exists())
    if step.word == "RUN":
        yield from _check_install(step.rest)


def _check_install(command: str) -> Iterator[str]:
    for part in command.split("&&"):
        if "pip install" in part and "--require-hashes" not in part and "--no-deps" not in part:
            yield "pip installs what no hash pins"
        if re.search(r"--(extra-)?index-url|--trusted-host|https?://", part):
            yield "an index or host is named"


# -- the compose file -------------------------------------------------------------------------------------


def check_compose(
    compose: dict[str, Any], settings: frozenset[str], needed: dict[str, str] = NEEDED
) -> list[str]:
    """Give what is wrong with a compose file.

    `settings` are the platform's environment variables; `needed` names services and what they run.
    """
    services = compose.get("services", {})
    wrong = [f"service {name} is missing" for name in needed if name not in services]
    for name, service in services.items():
        found = [
            *check_image(service.get("image", "")),
            *_check_life(service),
            *_check_build(service),
            *_check_needs(service, compose),
            *_check_mounts(service, compose),
            *_check_variables(service, settings),
        ]
        if needed.get(name, "") not in _words(service.get("command", "")):
            found.append(f"does not run {needed[name]!r}")
        wrong += [f"{name}: {why}" for why in found]
    for name, secret in compose.get("secrets", {}).items():
        if set(secret) != {"environment"}:
            wrong.append(f"secret {name} does not come from the environment")
    return wrong


def _words(command: Any) -> str:
    return command if isinstance(command, str) else " ".join(str(word) for word in command)


def _check_life(service: dict[str, Any]) -> Iterator[str]:
    is_once = service.get("restart") == "no"
    health = service.get("healthcheck", {})
    if not is_once and not health.get("test"):
        yield "has no health check"
    if not is_once and not {"interval", "timeout", "retries"} <= set(health):
        yield "its health check has no interval, timeout and retries"
    if "restart" not in service:
        yield "does not say whether it is restarted"
    if service.get("privileged") or service.get("network_mode") == "host":
        yield "has more rights than it needs"


def _check_build(service: dict[str, Any]) -> Iterator[str]:
    dockerfile = service.get("build", {}).get("dockerfile", "")
    if dockerfile and not (ROOT / dockerfile).is_file():
        yield f"{dockerfile} is not there"


def _check_needs(service: dict[str, Any], compose: dict[str, Any]) -> Iterator[str]:
    for other, condition in service.get("depends_on", {}).items():
        needed = compose["services"].get(other)
        if needed is None:
            yield f"depends on {other}, which is not there"
        elif condition.get("condition") == "service_healthy" and "healthcheck" not in needed:
            yield f"waits for the health of {other}, which has no check"
        elif condition.get("condition") == "service_completed_successfully" and needed["restart"] != "no":
            yield f"waits for the end of {other}, which never ends"


def _check_mounts(service: dict[str, Any], compose: dict[str, Any]) -> Iterator[str]:
    for secret in service.get("secrets", ()):
        if secret not in compose.get("secrets", {}):
            yield f"the secret {secret} is not defined"
    for volume in service.get("volumes", ()):
        source = volume.split(":")[0]
        if source.startswith("."):
            if not (DEPLOYMENT / source).exists():
                yield f"{source} is not there"
        elif source not in compose.get("volumes", {}):
            yield f"the volume {source} is not defined"


def _check_variables(service: dict[str, Any], settings: frozenset[str]) -> Iterator[str]:
    for name, value in service.get("environment", {}).items():
        if SECRET_NAME.search(name) and not name.endswith(("_FILE", "AWS_ACCESS_KEY_ID")):
            yield f"{name} would hold a secret"
        if name.startswith("YUNQUE_") and name not in settings:
            yield f"there is no setting {name}"
        if SECRET_IN_URL.search(str(value)):
            yield f"{name} holds a password in its address"
    told = _words(service.get("command", "")) + _words(service.get("entrypoint", ""))
    if SECRET_IN_URL.search(told):
        yield "its command holds a password in an address"


def known_settings() -> frozenset[str]:
    """Give the names of the platform's environment variables."""
    from yunque.settings import Settings

    return frozenset(f"YUNQUE_{name.upper()}" for name in Settings.model_fields)


# -- doing the steps --------------------------------------------------------------------------------------


def execute(text: str, folder: Path) -> Iterator[str]:
    """Do the COPY and RUN steps of each stage in `folder` as if it were the root; give a line for each.

    Raises:
        subprocess.CalledProcessError: a step failed.
    """
    places: dict[str, Path] = {}
    for number, stage in enumerate(read_stages(text)):
        root = folder / (stage.name or f"stage{number}")
        root.mkdir()
        places[stage.name] = root
        work = root
        for step in stage.steps:
            if step.word == "WORKDIR":
                work = root / step.rest.lstrip("/")
                work.mkdir(parents=True, exist_ok=True)
            elif step.word == "COPY":
                yield f"{step.number}: COPY {step.rest}"
                _copy(step.rest, root, work, places)
            elif step.word == "RUN" and any(word in step.rest for word in ONLY_IN_AN_IMAGE):
                yield f"{step.number}: left out, needs an image: {step.rest}"
            elif step.word == "RUN":
                yield f"{step.number}: RUN {step.rest}"
                command = step.rest.replace("/opt/", f"{root}/opt/")
                subprocess.run(["sh", "-euc", command], cwd=work, check=True)  # noqa: S603, S607


def _copy(rest: str, root: Path, work: Path, places: dict[str, Path]) -> None:
    options = dict(re.findall(r"--(\w+)=(\S+)", rest))
    *sources, target = [part for part in shlex.split(rest) if not part.startswith("--")]
    origin = places[options["from"]] if "from" in options else ROOT
    to = (root / target.lstrip("/")) if target.startswith("/") else work / target
    for source in sources:
        found = origin / source.lstrip("/")
        place = to / found.name if target.endswith("/") else to
        place.parent.mkdir(parents=True, exist_ok=True)
        if found.is_dir():
            shutil.copytree(found, to, dirs_exist_ok=True, symlinks=True)
        else:
            shutil.copy2(found, place)


def main() -> int:
    """Check, and do the steps if asked to; the exit code is the number of things that are wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--execute", action="store_true", help="do the install steps in a plain folder")
    options = parser.parse_args()
    settings = known_settings()
    wrong = check_compose(yaml.safe_load(COMPOSE.read_text(encoding="utf-8")), settings)
    wrong += check_compose(yaml.safe_load(SMALL.read_text(encoding="utf-8")), settings, NEEDED_OF_SMALL)
    dockerfiles = sorted(DEPLOYMENT.rglob("Dockerfile*"))
    for path in dockerfiles:
        wrong += [
            f"{path.relative_to(DEPLOYMENT)}: {why}"
            for why in check_dockerfile(path.read_text(encoding="utf-8"))
        ]
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    if options.execute and not wrong:
        for path in dockerfiles:
            with tempfile.TemporaryDirectory() as folder:
                for line in execute(path.read_text(encoding="utf-8"), Path(folder)):
                    sys.stdout.write(f"{path.relative_to(DEPLOYMENT)}:{line}\n")
                    sys.stdout.flush()
    sys.stdout.write(f"{len(dockerfiles) + 2} files checked, {len(wrong)} things wrong\n")
    return min(len(wrong), 100)


if __name__ == "__main__":
    sys.exit(main())
