"""How an error reads on the command line, and the exit code it gives."""

import json
import os
import sys
import traceback
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from yunque.errors import YunqueError

INTERNAL = 3
SHOWN = 10


def exit_code_of(error: BaseException) -> int:
    """Give 1 for usage, 2 for data, 3 for anything internal, 130 when a person stopped it."""
    if isinstance(error, YunqueError):
        return error.exit_code
    if isinstance(error, (typer.Abort, KeyboardInterrupt)):
        return 130
    return 1 if isinstance(error, typer.TyperException) else INTERNAL


def show_error(error: Exception, *, as_json: bool) -> None:
    """Write the error: one JSON object on stdout when the caller asked for JSON, else text on stderr."""
    facts = _facts(error)
    if as_json:
        typer.echo(json.dumps({"error": facts}, ensure_ascii=False, default=str))
        return
    lines = [f"Error: {facts['message']}"]
    if facts["place"]:
        lines.append("  at   " + ", ".join(f"{key} {value}" for key, value in facts["place"].items()))
    records: list[Any] = (
        [] if "\n" in facts["message"] else facts["records"]
    )  # a message of many lines lists them
    lines += [f"  - {_one_line(record)}" for record in records[:SHOWN]]
    if len(records) > SHOWN:
        lines.append(f"  … and {len(records) - SHOWN} more")
    if facts["hint"]:
        lines.append(f"Hint: {facts['hint']}")
    typer.echo("\n".join(lines), err=True)


def _facts(error: Exception) -> dict[str, Any]:
    if isinstance(error, YunqueError):
        return {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "place": error.place,
            "records": [_record(item) for item in _records(error)],
        }
    if isinstance(error, typer.TyperException):
        return {"code": "usage", "message": error.format_message(), "hint": _usage(error), **_NOWHERE}
    return {
        "code": "internal",
        "message": f"Yunque failed in a way nobody foresaw: {type(error).__name__}.",
        "hint": f"The details are in {_write_trace(error)}; set YUNQUE_DEBUG=1 to see them here.",
        **_NOWHERE,
    }


_NOWHERE: dict[str, Any] = {"place": {}, "records": []}


def _records(error: YunqueError) -> Sequence[Any]:
    for name in ("failures", "findings", "shortfalls"):
        records = getattr(error, name, ())
        if records:
            return tuple(records)
    return ()


def _record(item: Any) -> Any:
    fields = getattr(item, "__dataclass_fields__", None)
    return {name: getattr(item, name) for name in fields} if fields else item


def _one_line(record: Any) -> str:
    if not isinstance(record, dict):
        return str(record)
    text = str(record.get("message") or record)
    label = record.get("id") or record.get("check")
    return f"{label}: {text}" if label else text


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"`{context.command_path} --help` lists what it takes." if context else ""


def _write_trace(error: Exception) -> Path:
    """Keep the traceback under the home; settings may be what failed, so the home is read plainly."""
    folder = Path(os.environ.get("YUNQUE_HOME", ".yunque")) / "logs"
    name = f"error-{uuid.uuid4().hex[:8]}.log"
    text = "".join(traceback.format_exception(error))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{' '.join(sys.argv)}\n{text}", encoding="utf-8")
    except OSError:
        typer.echo(text, err=True)
    return folder / name
