"""A contract as JSON schema: the typed fields that a request may carry, no more and no less."""

import re
from typing import Any

from yunque.data.contract import Contract
from yunque.data.parse_date import date_pattern
from yunque.data.parse_number import number_grammar
from yunque.data.parse_words import BLANKS, boolean_words, missing_words
from yunque.data.schema import Column, Kind, Role
from yunque.learning.task import Label, Task, TaskKind

Json = dict[str, Any]

TYPES: dict[Kind, Json] = {
    Kind.NUMBER: {"type": "number"},
    Kind.INTEGER: {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.CATEGORY: {"type": "string"},
    Kind.TEXT: {"type": "string"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.TIMESTAMP: {"type": "string", "format": "date-time"},
}
WORDS = {
    Kind.NUMBER: "A number as text, read as in the training table.",
    Kind.INTEGER: "A whole number as text, read as in the training table.",
    Kind.BOOLEAN: "A word for true or false, as in the training table.",
    Kind.DATE: "A date, ISO or as in the training table.",
    Kind.TIMESTAMP: "A date and time, ISO or as in the training table; without a zone it is UTC.",
}
SHOWN_LEVELS = 20


class FieldSchemas:
    """Writes the schemas of fields; what a text may be stands once for all fields that read alike.

    Attributes:
        texts: by name, what a text may be.
    """

    def __init__(self, prefix: str) -> None:
        """Refer to texts as `prefix` and their name."""
        self.texts: dict[str, Json] = {}
        self._prefix = prefix
        self._names: dict[str, str] = {}

    def field(self, column: Column) -> Json:
        """Give the schema of one field: its types, and what was seen in training."""
        forms = [dict(TYPES[column.kind])]
        if column.kind in (Kind.CATEGORY, Kind.TEXT):
            forms += [{"type": ["number", "boolean"]}]
            if not column.nullable:
                forms[0]["not"] = {"pattern": _whole(_missing(column))}
        else:
            text = {"$ref": f"{self._prefix}{self._text(column)}"}
            forms = [text] if column.kind in (Kind.DATE, Kind.TIMESTAMP) else [*forms, text]
            forms += [{"enum": [0, 1]}] if column.kind is Kind.BOOLEAN else []
        if column.nullable:
            forms.append({"type": "null"})
        notes = [_range(column), _levels(column)]
        description = " ".join(note for note in notes if note)
        return {"anyOf": forms, **({"description": description} if description else {})}

    def _text(self, column: Column) -> str:
        """Give the name of what a text of the column may be."""
        schema: Json = {"type": "string", "description": WORDS[column.kind]}
        if column.nullable:
            schema["pattern"] = _whole(f"{_grammar(column)}|{_missing(column)}")
            schema["description"] += " NA, null and the like mean missing."
        else:
            schema |= {"pattern": _whole(_grammar(column)), "not": {"pattern": _whole(_missing(column))}}
        if column.kind in (Kind.DATE, Kind.TIMESTAMP):
            schema["format"] = TYPES[column.kind]["format"]
        key = f"{column.kind} {schema['pattern']}"
        if key not in self._names:
            number = sum(name.startswith(f"{column.kind}_text") for name in self.texts) + 1
            self._names[key] = f"{column.kind}_text{number if number > 1 else ''}"
            self.texts[self._names[key]] = schema
        return self._names[key]


def row_schema(contract: Contract, fields: FieldSchemas) -> Json:
    """Give the schema of one row of named fields; unknown fields are refused."""
    features = contract.schema.features
    others = [column for column in contract.schema if column.role is not Role.FEATURE]
    return {
        "type": "object",
        "properties": {
            **{column.name: fields.field(column) for column in features},
            **{column.name: {"description": "Accepted and not used."} for column in others},
        },
        "required": [column.name for column in features if column.required],
        "additionalProperties": False,
    }


def list_schema(contract: Contract, fields: FieldSchemas) -> Json:
    """Give the schema of one row as a list of values in the order of the contract."""
    features = contract.schema.features
    return {
        "type": "array",
        "prefixItems": [{"title": column.name, **fields.field(column)} for column in features],
        "items": False,
        "minItems": len(features),
        "maxItems": len(features),
    }


def _whole(pattern: str) -> str:
    return f"^[{_escaped(BLANKS)}]*(?:{pattern})[{_escaped(BLANKS)}]*$"


def _escaped(characters: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in characters)


def _grammar(column: Column) -> str:
    """Give the pattern of readable texts, in the dialect of JSON schema."""
    if column.kind is Kind.BOOLEAN:
        return "|".join(_any_case(word) for words in boolean_words(column.reading) for word in sorted(words))
    if column.kind in (Kind.DATE, Kind.TIMESTAMP):
        return re.sub(r"\(\?P<\w+>", "(?:", date_pattern(column.reading.date_order))
    return number_grammar(column.reading, whole=column.kind is Kind.INTEGER).pattern


def _missing(column: Column) -> str:
    return "|".join(_any_case(word) for word in sorted(missing_words(column.kind, column.reading)))


def _any_case(word: str) -> str:
    """Match a word in any mixture of cases."""
    both = (
        f"[{c.lower()}{c.upper()}]" if c.isalpha() and len(c.upper()) == 1 else re.escape(c) for c in word
    )
    return "".join(both)


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


UNLABELLED: dict[TaskKind, Json] = {
    TaskKind.ANOMALY: {
        "score": {"type": "number", "description": "The higher, the more unusual."},
        "percentile": {
            "type": "number",
            "minimum": 0,
            "maximum": 100,
            "description": "Per cent of the training rows that score as high or lower.",
        },
    },
    TaskKind.CLUSTERS: {"distance": {"type": "number", "minimum": 0, "description": "To the cluster."}},
}


def answer_schema(task: Task, *, detailed: bool) -> Json:
    """Give the schema of the answer for one row."""
    properties: Json = {"prediction": _prediction(task)}
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
    elif not task.has_target:
        properties |= UNLABELLED[task.kind]
        required += list(UNLABELLED[task.kind])
    else:
        end = {"type": "number"}
        properties["interval"] = {
            "type": "object",
            "properties": {"low": end, "high": end},
            "required": ["low", "high"],
        }
    properties["model_version"] = {"type": "string"}
    return {"type": "object", "properties": properties, "required": required}


def _prediction(task: Task) -> Json:
    if task.kind is TaskKind.ANOMALY:
        return {"type": "boolean", "description": "Whether the row is unusual."}
    if task.kind is TaskKind.CLUSTERS:
        return {"type": "integer", "minimum": -1, "description": "Number of the cluster; -1 is none."}
    if not task.is_classification:
        return {"type": "number"}
    return {"type": _type_of(task.classes[0]), "enum": list(task.classes)}


def _type_of(label: Label) -> str:
    if isinstance(label, bool):
        return "boolean"
    return {int: "integer", float: "number"}.get(type(label), "string")
