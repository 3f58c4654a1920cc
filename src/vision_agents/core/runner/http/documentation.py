"""The interactive documentation at /docs, without a word to the outside: Swagger UI is served from here."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, Response

_PAGES = Path(__file__).with_name("pages")
_CACHED = {"Cache-Control": "public, max-age=86400"}
_POLICY = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
    "X-Content-Type-Options": "nosniff",
}


def add_documentation(app: FastAPI) -> None:
    """Add the page and the files that it needs."""
    swagger = _swagger_files()
    files: dict[str, tuple[Path, dict[str, str]]] = {
        "/docs": (_PAGES / "docs.html", _POLICY),
        "/docs/docs.js": (_PAGES / "docs.js", {}),
        "/docs/swagger-ui.css": (swagger / "swagger-ui.css", _CACHED),
        "/docs/swagger-ui-bundle.js": (swagger / "swagger-ui-bundle.js", _CACHED),
    }
    for path, (file, headers) in files.items():
        app.add_route(path, _serve(file, headers), include_in_schema=False)


def _serve(file: Path, headers: dict[str, str]):  # noqa: ANN202 - a Starlette endpoint
    def send(request: Request) -> Response:
        return FileResponse(file, headers=headers)

    return send


def _swagger_files() -> Path:
    """Find the distribution of Swagger UI that comes with a dependency, which itself is not used."""
    spec = find_spec("fastapi_offline")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("The package fastapi-offline is missing: install open-vision-agents again.")
    return Path(spec.submodule_search_locations[0]) / "static"
