"""Which models are published, what they ask for, and how good they were."""

from typing import Any

from fastapi import APIRouter

from yunque.errors import NotFoundError
from yunque.models.registry_names import CHAMPION
from yunque.models.registry_rows import Version
from yunque.services.access import Scope
from yunque.services.score import OpenModel
from yunque.surfaces.http.field_schema import FieldSchemas, row_schema
from yunque.surfaces.http.needs import guarded_router
from yunque.surfaces.http.serving import Serving


def model_routes(serving: Serving) -> APIRouter:
    """Give the routes; all read the view that is in memory."""
    router = guarded_router(Scope.READ, prefix="/api/v1/models", tags=["Models"])

    @router.get("", summary="List the published models")
    async def list_models() -> dict[str, Any]:
        names = list(dict.fromkeys(version.name for version in serving.shelf.view.versions))
        return {"models": [_summary(serving, name) for name in names]}

    @router.get("/{name}", summary="Show a model: its versions, fields, scores and an example row")
    async def show_model(name: str) -> dict[str, Any]:
        view = serving.shelf.view
        versions = [version for version in view.versions if version.name == name]
        if not versions:
            raise NotFoundError.among("model", name[:64], sorted({v.name for v in view.versions}))
        champion = view.champions.get(name)
        return {
            **_summary(serving, name),
            "versions": [_version(version) for version in versions],
            **(_facts(champion) if champion else {}),
        }

    return router


def _summary(serving: Serving, name: str) -> dict[str, Any]:
    view = serving.shelf.view
    champion = view.champions.get(name)
    newest = max(version.version for version in view.versions if version.name == name)
    return {
        "name": name,
        "champion": champion.version if champion else None,
        "latest": newest,
        "ready": champion is not None and name not in view.troubles,
    }


def _version(version: Version) -> dict[str, Any]:
    facts = version.facts
    return {
        "version": version.version,
        "aliases": list(version.aliases),
        "published_at": version.created_at.isoformat(),
        "is_champion": CHAMPION in version.aliases,
        "metric": facts.get("metric"),
        "loss": facts.get("loss"),
    }


def _facts(model: OpenModel) -> dict[str, Any]:
    predictor = model.predictor
    manifest = predictor.bundle.manifest
    fields = FieldSchemas("#/$defs/")
    row = row_schema(predictor.contract, fields)
    return {
        "task": str(predictor.task.kind),
        "target": predictor.task.target,
        "classes": list(predictor.classes),
        "fields": {**row, "$defs": fields.texts},
        "example": predictor.example,
        "metrics": dict(manifest.champion.metrics),
        "held_out": manifest.champion.held_out,
        "baselines": [
            {"name": baseline.name, "column": baseline.column, "metrics": dict(baseline.metrics)}
            for baseline in manifest.baselines
        ],
    }
