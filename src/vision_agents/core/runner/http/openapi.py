"""What OpenAPI tells of the routes: every status, and the shapes of bodies."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from vision_agents.core.runner.http.permissions import callback_of
from vision_agents.core.runner.http.schemas import (
    Closed,
    LauncherMetrics,
    SessionStarted,
    SessionStartedAlias,
    SessionViewAlias,
    StartSessionAliasRequest,
    StartSessionRequest,
)
from vision_agents.core.runner.options import ServeOptions
from vision_agents.core.types.status import SessionStatus

_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "What is wrong, after RFC 9457.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {
            "description": "The answer's status; of a session that ended within the last minute, its own.",
            "anyOf": [{"type": "integer"}, {"type": "string", "enum": [str(word) for word in SessionStatus]}],
        },
        "detail": {"description": "One sentence; permission callbacks may say anything."},
        "code": {"type": "string", "description": "One word for programs."},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_KEY_SCHEME = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
_ALWAYS = (413, 431, 503)
"""Any request may be too large, or one too many."""


def answers(status: int, model: type[BaseModel] | None, *problems: int) -> dict[str, Any]:
    """Say what a route answers: its success, and each of its problems."""
    return {
        "status_code": status,
        "response_model": model,
        "response_class": Response if model is None else JSONResponse,
        "responses": {code: _problem(code) for code in sorted({*problems, *_ALWAYS})},
    }


def _problem(status: int) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": _PROBLEM}},
    }
    return {**described, "headers": _RETRY_AFTER} if status in {409, 429, 503} else described


def _json_body(model: type[BaseModel]) -> dict[str, Any]:
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": model.model_json_schema()}},
        }
    }


_START_PROBLEMS = (400, 401, 403, 409, 413, 415, 422, 429, 500, 503, 504)
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again within a day, the same request gives the same session.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


def _start(started: type[BaseModel], asked: type[BaseModel]) -> dict[str, Any]:
    extra = {**_json_body(asked), "parameters": [_IDEMPOTENCY_KEY]}
    return {**answers(201, started, *_START_PROBLEMS), "openapi_extra": extra}


START = _start(SessionStarted, StartSessionRequest)
START_ALIAS = _start(SessionStartedAlias, StartSessionAliasRequest)
VIEW_ALIAS = answers(200, SessionViewAlias, 400, 401, 403, 404, 422)
CLOSE_ALIAS = answers(200, Closed, 400, 401, 403, 404, 422)

METRICS: dict[str, Any] = answers(200, LauncherMetrics, 401)
METRICS["responses"][200] = {
    "content": {
        "text/plain": {"schema": {"type": "string"}},
        "application/openmetrics-text": {"schema": {"type": "string"}},
    }
}


def describe(app: FastAPI, options: ServeOptions) -> Callable[[], dict[str, Any]]:
    """Make the application's `openapi`: what the permission callbacks ask for is a part of it."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes
            )
            schemes = schema.setdefault("components", {}).setdefault("securitySchemes", {})
            schemes["ApiKey"] = _KEY_SCHEME
            schema["security"] = [{}, {"ApiKey": []}]
            for route in app.routes:
                if isinstance(route, APIRoute) and (callback := callback_of(route, options)):
                    _add_callback(schema["paths"][route.path_format], schemes, route, callback)
            app.openapi_schema = schema
        return app.openapi_schema

    return openapi


def _add_callback(
    operations: dict[str, Any], schemes: dict[str, Any], route: APIRoute, callback: Callable[..., Any]
) -> None:
    """Tell what a route's callback and its dependencies ask for, as FastAPI tells it of a route with it."""
    shadow = FastAPI()
    shadow.add_api_route(route.path_format, lambda: None, dependencies=[Depends(callback)])
    schema = shadow.openapi()
    asked = schema["paths"][route.path_format]["get"]
    for method in route.methods or ():
        operation = operations[method.lower()]
        told = operation.setdefault("parameters", [])
        known = {(item["name"], item["in"]) for item in told}
        told.extend(item for item in asked.get("parameters", []) if (item["name"], item["in"]) not in known)
        if "security" in asked:
            operation["security"] = asked["security"]
    schemes.update(schema.get("components", {}).get("securitySchemes", {}))
