"""How to use the model, with a row that it really answers: command line, Python, HTTP."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from yunque.models.report_facts import ReportFacts
from yunque.models.report_words import Words

MOST_FIELDS = 40


@dataclass(frozen=True, kw_only=True)
class Snippet:
    """A piece of code and what it is in."""

    title: str
    code: str


def snippets(facts: ReportFacts, words: Words) -> list[Snippet]:
    """Give the three ways to ask the model."""
    return [
        Snippet(title=words("usage.cli"), code=command_line(facts)),
        Snippet(title="Python", code=python_code(facts)),
        Snippet(title="HTTP", code=curl_command(facts)),
    ]


def command_line(facts: ReportFacts) -> str:
    """Give the commands that score a file and serve the model."""
    name = _shell(facts.name)
    return "\n".join(
        [
            f"yunque predict {name} new_rows.csv -o predictions.csv",
            f"yunque models show {name}",
            "yunque serve",
        ]
    )


def python_code(facts: ReportFacts) -> str:
    """Give Python that asks the model for one row."""
    row = [f"    {name!r}: {value!r}," for name, value in _example(facts).items()]
    more = _more(facts, "    # ")
    task = facts.leaderboard.task
    second = "predict_proba" if task.is_classification else "predict_interval"
    second = second if task.has_target else "predict_row"
    lines = [
        "import yunque",
        "",
        f"predictor = yunque.load({f'{facts.name}@champion'!r})",
        "row = {",
        *row,
        *more,
        "}",
        "predictor.predict(row)",
        f"predictor.{second}(row)",
        'predictor.predict("new_rows.csv")',
    ]
    return "\n".join(lines)


def curl_command(facts: ReportFacts) -> str:
    """Give a command that asks the running server for one row."""
    body = json.dumps(_example(facts), ensure_ascii=False, indent=2, allow_nan=False)
    return "\n".join(
        [
            *_more(facts, "# "),
            f"curl http://127.0.0.1:8000/api/v1/models/{_shell(facts.name)}/predict \\",
            "  -H 'Content-Type: application/json' \\",
            f"  -d {_shell(body, always=True)}",
        ]
    )


def _example(facts: ReportFacts) -> dict[str, Any]:
    return dict(list(_whole_example(facts).items())[:MOST_FIELDS])


def _whole_example(facts: ReportFacts) -> Mapping[str, Any]:
    found: Mapping[str, Any] = facts.example or facts.profile.get("example", {})
    return found


def _more(facts: ReportFacts, mark: str) -> list[str]:
    rest = len(_whole_example(facts)) - MOST_FIELDS
    return [f"{mark}… {rest} more fields: see /docs, or golden.json in the bundle"] if rest > 0 else []


def _shell(text: str, *, always: bool = False) -> str:
    plain = text.replace("-", "").replace("_", "").replace(".", "")
    if not always and plain.isascii() and plain.isalnum():
        return text
    return "'" + text.replace("'", "'\\''") + "'"
