"""R3's AutoML door: its documented body becomes a job of kind `train`, its words stand in the answers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from yunque.errors import NotFoundError
from yunque.runtime.jobs.queue_submit import Accepted
from yunque.services import jobs
from yunque.services.data_folder import PathError
from yunque.services.job_fields import FieldsError, WrongField, read_fields
from yunque.services.job_office import Office, named_upload

KIND = "train"
DOOR = "auto_ml"


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The documented body; `params` may also name what else a training can be told (`target`, `seed`, …)."""

    input_csv_path: str
    task_type: str = "auto"
    params: dict[str, Any] = {}


def submit_auto_ml(office: Office, asked: jobs.Request, document: Mapping[str, Any]) -> Accepted:
    """Submit a training as R3 documents it.

    Args:
        office: where to.
        asked: who asks, with key and request id; its payload is filled in here.
        document: the body: `input_csv_path` (a path below the data folder, or an upload's id), `task_type`,
            `params` with `models`, `hpo`, `budget`.

    Raises:
        FieldsError: a field cannot be used, with its place in this body; the path leads nowhere.
        ConflictError, FundsError, LimitError: as `jobs.submit`.
    """
    body = read_fields(document, Body)
    if "task" in body.params:
        raise FieldsError(
            [
                WrongField(
                    pointer="/params/task", code="unknown_field", detail="The task stands in 'task_type'."
                )
            ]
        )
    payload = {**body.params, "task": body.task_type}
    try:
        office.queue.kinds[KIND].check(payload)  # what is wrong is told before a large file is copied
        upload = named_upload(office, asked.tenant, body.input_csv_path)
        return jobs.submit(office, replace(asked, kind=KIND, payload=payload, upload=upload, door=DOOR))
    except FieldsError as error:
        raise _in_place(error) from error
    except (PathError, NotFoundError) as error:
        detail = f"{error.message} {error.hint}"
        raise FieldsError([WrongField(pointer="/input_csv_path", code=error.code, detail=detail)]) from error


def _in_place(error: FieldsError) -> FieldsError:
    """Name the places as they are called in R3's body."""
    return FieldsError(
        [replace(field, pointer=_pointer(field.pointer)) for field in error.fields], hint=error.hint
    )


def _pointer(pointer: str) -> str:
    if pointer == "/payload/task":
        return "/task_type"
    return pointer.replace("/payload/", "/params/", 1)
