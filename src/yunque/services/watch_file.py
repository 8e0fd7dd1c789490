"""`monitoring.yaml`: which models are watched, how often, and what is done when a rule speaks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from yunque.errors import UsageError
from yunque.models.registry_names import read_reference
from yunque.monitoring.rules import FAMILIES, FIXED, Rule, is_measure
from yunque.services.data_folder import PathError, parts_of
from yunque.services.job_fields import FieldsError, WrongField, read_fields
from yunque.services.job_payloads import Origin, check_train

FORMAT = 1
LEAST_SECONDS = 60.0
_UNITS = {"m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 7 * 86_400.0}
EXAMPLE = """format: 1
watch:
  - model: late
    every: 1d
    days: 7
    rules:
      - name: inputs moved
        measure: drift.columns
        over: 0
"""


class Retrain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A training that a rule may start: `table` lies in the data folder, `payload` is a training's."""

    table: str
    payload: dict[str, Any]
    pause: str = "7d"


class RuleEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule as it is written; see `monitoring.rules.Rule`."""

    name: str
    measure: str
    over: float | None = None
    under: float | None = None
    least_rows: int = 100
    do: tuple[Literal["log", "webhook"], ...] = ("log", "webhook")
    retrain: Retrain | None = None

    def rule(self) -> Rule:
        """Give the rule as a value."""
        return Rule(
            name=self.name,
            measure=self.measure,
            over=self.over,
            under=self.under,
            least_rows=self.least_rows,
        )


class Watched(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model that is watched; also the payload of a job of the kind `drift`.

    `duel` compares the challenger with the champion on the outcomes that are known, and promotes the better.
    """

    model: str
    every: str | None = None
    days: float = 7.0
    together: bool = True
    duel: bool = False
    language: Literal["en", "es"] = "en"
    rules: list[RuleEntry] = []
    origin: Origin = Origin()


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    watch: list[Watched] = []


def seconds_of(text: str) -> float:
    """Read "30m", "6h", "1d" or "2w" as seconds.

    Raises:
        UsageError: it is none of these, or less than a minute.
    """
    number, unit = text.strip()[:-1], text.strip()[-1:]
    try:
        seconds = float(number) * _UNITS[unit]
    except (ValueError, KeyError) as error:
        raise UsageError(f"{text[:20]!r} is no stretch of time.", hint="Write 30m, 6h, 1d or 2w.") from error
    if not LEAST_SECONDS <= seconds < 1e9:
        raise UsageError(f"{text[:20]!r} is too short or too long.", hint="A minute is the least: 1m.")
    return seconds


def read_watch_file(path: Path) -> tuple[Watched, ...]:
    """Read the file; () where there is none.

    Raises:
        UsageError: it is no YAML, or of another format.
        FieldsError: an entry is unknown or cannot be used; each with its place.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} cannot be read.", hint="It must be a text file in UTF-8.") from error
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise UsageError(f"{path.name} is not YAML{where}.", hint=f"For example:\n{EXAMPLE}") from error
    if not isinstance(document, dict):
        raise UsageError(f"{path.name} holds no entries.", hint=f"For example:\n{EXAMPLE}")
    found = read_fields(document, _File)
    if found.format != FORMAT:
        raise UsageError(f"{path.name} has format {found.format}; this release reads {FORMAT}.")
    wrong = [fault for place, each in enumerate(found.watch) for fault in faults_of(each, f"/watch/{place}")]
    if wrong:
        raise FieldsError(wrong)
    return tuple(found.watch)


def check_drift(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the payload of a job of the kind `drift`.

    Raises:
        FieldsError: a field is unknown or cannot be used.
    """
    found = read_fields(payload, Watched, under="/payload")
    wrong = faults_of(found, "/payload")
    if wrong:
        raise FieldsError(wrong)
    document: dict[str, Any] = msgspec.to_builtins(found)
    return document


def faults_of(watched: Watched, place: str) -> list[WrongField]:
    """Give what is wrong with an entry beyond its types."""
    wrong: list[WrongField] = []
    _try(wrong, f"{place}/model", lambda: read_reference(watched.model))
    every = watched.every
    if every is not None:
        _try(wrong, f"{place}/every", lambda: seconds_of(every))
    if not 0 < watched.days <= 3_650:
        wrong.append(
            WrongField(pointer=f"{place}/days", code="range", detail="days is over 0, 3650 at most.")
        )
    names = [entry.name for entry in watched.rules]
    for number, entry in enumerate(watched.rules):
        here = f"{place}/rules/{number}"
        if names.count(entry.name) > 1 or not entry.name.strip():
            detail = f"The rule's name {entry.name[:40]!r} is empty or stands twice."
            wrong.append(WrongField(pointer=f"{here}/name", code="name", detail=detail))
        wrong += _rule_faults(entry, here)
    return wrong


def _rule_faults(entry: RuleEntry, place: str) -> list[WrongField]:
    wrong: list[WrongField] = []
    if not is_measure(entry.measure):
        known = ", ".join((*FIXED, *FAMILIES))
        detail = f"{entry.measure[:60]!r} is not measured; use one of: {known}."
        wrong.append(WrongField(pointer=f"{place}/measure", code="unknown_measure", detail=detail))
    if entry.over is None and entry.under is None:
        detail = "A rule needs a bound: over or under."
        wrong.append(WrongField(pointer=f"{place}/over", code="missing_field", detail=detail))
    retrain = entry.retrain
    if retrain is None:
        return wrong
    _try(wrong, f"{place}/retrain/pause", lambda: seconds_of(retrain.pause))
    try:
        parts_of(retrain.table)
    except PathError as error:
        wrong.append(WrongField(pointer=f"{place}/retrain/table", code="path", detail=error.message))
    try:
        check_train(retrain.payload)
    except FieldsError as error:
        wrong += [
            WrongField(pointer=f"{place}/retrain{fault.pointer}", code=fault.code, detail=fault.detail)
            for fault in error.fields
        ]
    return wrong


def _try(wrong: list[WrongField], pointer: str, check: Any) -> None:
    try:
        check()
    except UsageError as error:
        wrong.append(
            WrongField(pointer=pointer, code="value", detail=f"{error.message} {error.hint}".strip())
        )
