"""The OpenAPI document: every published model with its own typed fields and a real row that works."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from yunque.models.predictor import Predictor
from yunque.services.score import OpenModel
from yunque.surfaces.http.answer import AnswerWriter
from yunque.surfaces.http.field_schema import FieldSchemas, answer_schema, list_schema, row_schema
from yunque.surfaces.http.problem import MEDIA_TYPE
from yunque.surfaces.http.serving import Serving

PROBLEM = "Problem"
Json = dict[str, Any]

PROBLEM_SCHEMA: Json = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer into the body."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "row": {"type": "integer"},
                },
                "required": ["pointer", "code", "detail"],
            },
        },
        "errors_total": {"type": "integer"},
        "request_id": {"type": "string"},
    },
    "required": ["type", "title", "status", "code", "detail"],
}
REFUSALS = {
    "422": "A field is missing, unknown or cannot be read; each with its place.",
    "default": "Any other refusal: the body is no JSON (400), too large (413) or of another type (415); "
    "no such model (404); several models and none named (409); model not loaded (503).",
}
EXPLAIN: Json = {
    "name": "explain",
    "in": "query",
    "description": "Say in `explanation` what every column adds to the score: base + contributions = score.",
    "schema": {"type": "boolean", "default": False},
}
SET: Json = {
    "name": "set",
    "in": "query",
    "description": "Give in `set` the classes that hold the truth as often as `set_level` says.",
    "schema": {"type": "boolean", "default": False},
}


def install(app: FastAPI, serving: Serving) -> None:
    """Make `app.openapi` describe the models that are served now."""
    made: dict[int, Json] = {}

    def openapi() -> Json:
        generation = serving.shelf.view.generation
        if generation not in made:
            made.clear()
            made[generation] = describe(app, serving)
        return made[generation]

    app.openapi = openapi  # type: ignore[method-assign]


def describe(app: FastAPI, serving: Serving) -> Json:
    """Give the whole document."""
    document: Json = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas[PROBLEM] = PROBLEM_SCHEMA
    if serving.keyring.current().asks or serving.tokens is not None:
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        document["security"] = [{"bearer": []}, {"header": []}]
    champions = serving.shelf.view.champions
    paths: Json = {}
    default = serving.default_model(serving.shelf.view)
    if default is not None:
        paths |= _model_paths(default, "/api/v1", schemas, "Prediction", detailed=False)
    for name, model in sorted(champions.items()):
        paths |= _model_paths(model, f"/api/v1/models/{name}", schemas, name, detailed=True)
        version = f"/api/v1/models/{name}/versions/{model.version}"
        paths |= _model_paths(model, version, schemas, name, detailed=True)
    document["paths"] = {**paths, **document.get("paths", {})}
    return document


def _model_paths(model: OpenModel, prefix: str, schemas: Json, tag: str, *, detailed: bool) -> Json:
    predictor = model.predictor
    row, answer = f"{model.name}.row", f"{model.name}.{'detailed_' if detailed else ''}answer"
    fields = FieldSchemas(f"#/components/schemas/{model.name}.")
    schemas[row] = {**row_schema(predictor.contract, fields), "example": predictor.example}
    listed = f"{model.name}.list"
    schemas[listed] = list_schema(predictor.contract, fields)
    schemas.update({f"{model.name}.{name}": text for name, text in fields.texts.items()})
    prediction = predictor.predict_row(predictor.example)
    example = AnswerWriter(predictor, detailed=detailed).one(prediction)
    schemas[answer] = {**answer_schema(predictor.task, detailed=detailed), "example": example}
    one = _one_request(predictor, _ref(row), _ref(listed))
    many = _many_request(predictor, _ref(row), _ref(listed))
    batch_answer = {
        "type": "object",
        "properties": {
            "predictions": {"type": "array", "items": _ref(answer)},
            "total_instances": {"type": "integer"},
        },
        "required": ["predictions", "total_instances"],
    }
    name = f"{model.name}@{model.version}"
    key = prefix.strip("/").replace("/", "_")
    return {
        f"{prefix}/predict": _operation(tag, f"Answer one row with {name}", f"{key}_one", one, _ref(answer)),
        f"{prefix}/predict/batch": _operation(
            tag, f"Answer many rows with {name}", f"{key}_many", many, batch_answer
        ),
    }


def _operation(tag: str, summary: str, key: str, request: Json, answer: Json) -> Json:
    refusals = {
        status: {"description": text, "content": {MEDIA_TYPE: {"schema": _ref(PROBLEM)}}}
        for status, text in REFUSALS.items()
    }
    answered = {"description": "The answer.", "content": {"application/json": {"schema": answer}}}
    return {
        "post": {
            "tags": [tag],
            "summary": summary,
            "operationId": key,
            "parameters": [EXPLAIN, SET],
            "requestBody": {"required": True, "content": {"application/json": request}},
            "responses": {"200": answered, **refusals},
        }
    }


def _one_request(predictor: Predictor, row: Json, listed: Json) -> Json:
    example = predictor.example
    return {
        "schema": {"anyOf": [row, _features(listed), _features(row)]},
        "examples": {
            "named": {"summary": "A real row by field names", "value": example},
            "features": {
                "summary": "The same row as a list in the order of the contract",
                "value": {"features": list(example.values())},
            },
        },
    }


def _many_request(predictor: Predictor, row: Json, listed: Json) -> Json:
    rows = [predictor.bundle.golden.record(i) for i in range(min(2, len(predictor.bundle.golden.rows)))]
    return {
        "schema": {
            "type": "object",
            "properties": {
                "instances": {
                    "type": "array",
                    "minItems": 1,
                    "items": {"anyOf": [row, listed, _features(listed), _features(row)]},
                }
            },
            "required": ["instances"],
            "additionalProperties": False,
        },
        "examples": {
            "named": {"summary": "Real rows by field names", "value": {"instances": rows}},
            "features": {
                "summary": "The same rows as lists",
                "value": {"instances": [list(record.values()) for record in rows]},
            },
        },
    }


def _features(schema: Json) -> Json:
    return {
        "type": "object",
        "properties": {"features": schema},
        "required": ["features"],
        "additionalProperties": False,
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
