"""What the command line says of a new job: its options and its table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from yunque.errors import UsageError

if TYPE_CHECKING:
    from yunque.runtime.jobs.uploads import Upload
    from yunque.services.job_office import Office


def upload_from(here: "Office", tenant: str, table: Path | None, upload: str | None) -> "Upload | None":
    """Give the upload that is named, or one made of the file.

    Raises:
        UsageError: both are given, or there is no such file.
    """
    from yunque.runtime.storage import chunks_of
    from yunque.services.job_office import find_upload, take_once

    if table is not None and upload is not None:
        raise UsageError("A table and --upload say two things.", hint="Give one of them.")
    if upload is not None:
        return find_upload(here, tenant, upload)
    if table is None:
        return None
    try:
        with table.open("rb") as file:
            return take_once(here, tenant, table.name, chunks_of(file))
    except FileNotFoundError as error:
        raise UsageError(f"There is no file {str(table)!r}.") from error


def payload_of(options: list[str]) -> dict[str, Any]:
    """Read NAME=VALUE options; values are JSON where they can be, lists are separated by commas.

    Raises:
        UsageError: one is not of that form.
    """
    import json

    lists = {"models", "ignore", "ids", "require", "accept"}
    found: dict[str, Any] = {}
    for text in options:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise UsageError(f"{text!r} is not NAME=VALUE.", hint="For example --set target=churn")
        if name in lists:
            found[name] = [word.strip() for word in value.split(",") if word.strip()]
            continue
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            found[name] = value
    return found
