"""Settings and targets of a training from a file (R4: `configs/model_config.yaml`), declared before it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from yunque.errors import UsageError

MOST_BYTES = 1_000_000
TEXTS, NUMBERS, LISTS = (str,), (int, float), (list,)
# Section -> key -> (option of `yunque train`, types that it may have).
KEYS: Mapping[str, Mapping[str, tuple[str, tuple[type, ...]]]] = {
    "model": {"name": ("name", TEXTS), "description": ("description", TEXTS), "language": ("lang", TEXTS)},
    "data": {
        "target": ("target", TEXTS),
        "time_column": ("time_column", TEXTS),
        "group_column": ("group_column", TEXTS),
        "weight_column": ("weight_column", TEXTS),
        "ignore": ("ignore", LISTS),
        "ids": ("ids", LISTS),
        "sensitive": ("sensitive", LISTS),
    },
    "training": {
        "task": ("task", TEXTS),
        "metric": ("metric", TEXTS),
        "budget": ("budget", (str, int, float)),
        "seed": ("seed", (int,)),
        "algorithms": ("algorithms", LISTS),
        "holdout": ("holdout", NUMBERS),
        "test_from": ("test_from", (str,)),
        "folds": ("folds", (int,)),
        "memory": ("memory", TEXTS),
        "latency": ("latency", TEXTS),
    },
}
TARGETS = "targets"
_TARGET = re.compile(r"\s*(>=|<=|>|<|≥|≤)\s*([0-9.eE+-]+)\s*(%?)\s*")
_SIGNS = {"≥": ">=", "≤": "<="}


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """What a file asks for.

    Attributes:
        options: by the names of the options of `yunque train`.
        targets: requirements, "roc_auc>=0.85".
    """

    options: Mapping[str, Any]
    targets: tuple[str, ...]


def read_model_config(path: Path) -> ModelConfig:
    """Read a configuration.

    Raises:
        UsageError: it cannot be read, or a key is unknown or of the wrong type; `place` names file and key.
    """
    document = _load(path)
    options: dict[str, Any] = {}
    for section, content in document.items():
        if section == TARGETS:
            continue
        if section not in KEYS:
            raise _refuse(path, section, f"There is no section {section!r}", (*KEYS, TARGETS))
        if not isinstance(content, dict):
            raise _refuse(path, section, f"The section {section!r} holds no keys", tuple(KEYS[section]))
        for key, value in content.items():
            options |= _option(path, section, str(key), value)
    return ModelConfig(options=options, targets=_targets(path, document.get(TARGETS, {})))


def _load(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("it is too large")
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        if not isinstance(document, dict):
            raise TypeError("it holds no sections")
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else str(error).partition("\n")[0]
        raise UsageError(
            f"The configuration cannot be read: {told}.",
            place={"file": path.name},
            hint="docs/how-to/data.md shows one.",
        ) from error
    return {str(key): value for key, value in document.items()}


def _option(path: Path, section: str, key: str, value: Any) -> dict[str, Any]:
    known = KEYS[section].get(key)
    where = f"{section}.{key}"
    if known is None:
        raise _refuse(path, where, f"There is no key {where!r}", tuple(KEYS[section]))
    name, types = known
    if not isinstance(value, types) or isinstance(value, bool):
        wanted = " or ".join(kind.__name__ for kind in types)
        raise UsageError(f"{where} takes {wanted}, not {value!r}.", place={"file": path.name, "key": where})
    if isinstance(value, list):
        texts = [str(item) for item in value]
        return {name: ",".join(texts) if name == "algorithms" else texts}
    return {name: f"{value:g}s" if name == "budget" and isinstance(value, (int, float)) else value}


def _targets(path: Path, given: Any) -> tuple[str, ...]:
    """Read R4's form, metric: ">= 0.85", or a list of "metric>=0.85"; 10% is 0.1."""
    if isinstance(given, list):
        return tuple(str(item) for item in given)
    if not isinstance(given, dict):
        raise _refuse(path, TARGETS, "The targets are neither metrics with signs nor a list", ("accuracy",))
    found = []
    for metric, text in given.items():
        matched = _TARGET.fullmatch(str(text))
        if matched is None:
            raise UsageError(
                f"The target {metric}: {str(text)[:60]!r} is no sign with a number.",
                place={"file": path.name, "key": f"{TARGETS}.{metric}"},
                hint='Write accuracy: ">= 0.85", or mape: "< 10%".',
            )
        sign, number, percent = matched.groups()
        try:
            value = float(number) / 100.0 if percent else float(number)
        except ValueError as error:
            raise _refuse(path, f"{TARGETS}.{metric}", f"{number!r} is no number", (">= 0.85",)) from error
        found.append(f"{metric}{_SIGNS.get(sign, sign)}{value!r}")
    return tuple(found)


def _refuse(path: Path, where: str, what: str, known: tuple[str, ...]) -> UsageError:
    return UsageError(
        f"{what} in {path.name}.", place={"file": path.name, "key": where}, hint=f"Known: {', '.join(known)}."
    )
