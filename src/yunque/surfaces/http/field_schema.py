"""A contract as JSON schema: the typed fields that a request may carry."""

from typing import Any

from yunque.data.contract import Contract
from yunque.data.schema import Column, Kind, Role
from yunque.learning.task import Label, Task

TYPES: dict[Kind, dict[str, Any]] = {
    Kind.NUMBER: {"type": "number"},
    Kind.INTEGER: {"type": "integer"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.CATEGORY: {"type": "string"},
    Kind.TEXT: {"type": "string"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.TIMESTAMP: {"type": "string", "format": "date-time"},
}
SHOWN_LEVELS = 20


def row_schema(contract: Contract) -> dict[str, Any]:
    """Give the schema of one row of named fields; unknown fields are refused."""
    features = contract.schema.features
    others = [column for column in contract.schema if column.role is not Role.FEATURE]
    return {
        "type": "object",
        "properties": {
            **{column.name: field_schema(column) for column in features},
            **{column.name: {"description": "Accepted and not used."} for column in others},
        },
        "required": [column.name for column in features if column.required],
        "additionalProperties": False,
    }


def list_schema(contract: Contract) -> dict[str, Any]:
    """Give the schema of one row as a list of values in the order of the contract."""
    features = contract.schema.features
    return {
        "type": "array",
        "prefixItems": [{"title": column.name, **field_schema(column)} for column in features],
        "items": False,
        "minItems": len(features),
        "maxItems": len(features),
    }


def field_schema(column: Column) -> dict[str, Any]:
    """Give the schema of one field: its type, whether it may be null, and what was seen in training."""
    schema = dict(TYPES[column.kind])
    if column.nullable:
        schema["type"] = [schema["type"], "null"]
    notes = [_range(column), _levels(column)]
    description = " ".join(note for note in notes if note)
    return {**schema, "description": description} if description else schema


def _range(column: Column) -> str:
    if column.minimum is None or column.maximum is None:
        return ""
    return f"Seen in training: {column.minimum:g} to {column.maximum:g}."


def _levels(column: Column) -> str:
    if not column.levels:
        return ""
    shown = ", ".join(column.levels[:SHOWN_LEVELS])
    more = f" and {len(column.levels) - SHOWN_LEVELS} more" if len(column.levels) > SHOWN_LEVELS else ""
    return f"Seen in training: {shown}{more}."


def answer_schema(task: Task, *, detailed: bool) -> dict[str, Any]:
    """Give the schema of the answer for one row."""
    properties: dict[str, Any] = {"prediction": _prediction(task)}
    required = ["prediction", "model_version"]
    if task.is_classification:
        properties["confidence"] = {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "description": "Calibrated probability of the predicted class.",
        }
        required.append("confidence")
        if detailed:
            properties["probabilities"] = {"type": "object", "additionalProperties": {"type": "number"}}
            required.append("probabilities")
    else:
        end = {"type": "number"}
        properties["interval"] = {
            "type": "object",
            "properties": {"low": end, "high": end},
            "required": ["low", "high"],
        }
    properties["model_version"] = {"type": "string"}
    return {"type": "object", "properties": properties, "required": required}


def _prediction(task: Task) -> dict[str, Any]:
    if not task.is_classification:
        return {"type": "number"}
    return {"type": _type_of(task.classes[0]), "enum": list(task.classes)}


def _type_of(label: Label) -> str:
    if isinstance(label, bool):
        return "boolean"
    return {int: "integer", float: "number"}.get(type(label), "string")
