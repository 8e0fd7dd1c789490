"""The documentation page at /docs, served whole from this machine: no script from elsewhere."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, FastAPI, Response
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse

from yunque.errors import NotFoundError
from yunque.services.access import Scope
from yunque.surfaces.http.needs import declare, guarded_router

# The package brings Swagger UI's own files; its Python code is not used.
ASSETS_PACKAGE = "fastapi_offline"
ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
CACHED = {"Cache-Control": "public, max-age=86400"}

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Yunque</title>
<link rel="icon" href="docs/assets/favicon.png">
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
<link rel="stylesheet" href="docs/assets/page.css">
</head>
<body>
<form id="key"><label>API key <input id="secret" type="password" autocomplete="off"></label>
<button>Use it</button></form>
<div id="page"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/assets/page.js"></script>
</body>
</html>
"""
STYLE = """body { margin: 0 }
#key { display: none; padding: 1rem; font: 1rem sans-serif }
.topbar { display: none }
"""
SCRIPT = """"use strict";
let secret = "";
const form = document.getElementById("key");
function show() {
  SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#page",
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    tryItOutEnabled: true,
    validatorUrl: null,
    requestInterceptor: (request) => {
      if (secret) { request.headers["X-API-Key"] = secret; }
      return request;
    },
    responseInterceptor: (response) => {
      if (response.status === 401) { form.style.display = "block"; }
      return response;
    },
  });
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  secret = document.getElementById("secret").value;
  form.style.display = "none";
  show();
});
show();
"""


def docs_routes(app: FastAPI) -> APIRouter:
    """Give the page, its files and the OpenAPI document."""
    router = guarded_router(Scope.OPEN, include_in_schema=False)
    folder = _assets_folder()

    @router.get("/", response_class=RedirectResponse)
    async def root() -> Response:
        return RedirectResponse("docs")

    @router.get("/docs")
    async def page() -> Response:
        return HTMLResponse(PAGE, headers=HEADERS)

    @router.get("/docs/assets/page.js")
    async def script() -> Response:
        return Response(SCRIPT, media_type="text/javascript", headers=CACHED)

    @router.get("/docs/assets/page.css")
    async def style() -> Response:
        return Response(STYLE, media_type="text/css", headers=CACHED)

    @router.get("/docs/assets/{name}")
    async def asset(name: str) -> Response:
        if name not in ASSETS:
            raise NotFoundError("There is nothing at this address.")
        return FileResponse(folder / name, media_type=ASSETS[name], headers=CACHED)

    @router.get("/openapi.json")
    @declare(Scope.READ)
    async def openapi() -> dict[str, object]:
        return app.openapi()

    return router


def _assets_folder() -> Path:
    spec = find_spec(ASSETS_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"The package {ASSETS_PACKAGE} is not installed.")
    return Path(spec.submodule_search_locations[0]) / "static"
