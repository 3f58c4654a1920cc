"""Reading the body of a request: bounded in size and depth, JSON, checked against its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TypeVar, cast

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from vision_agents.core.runner.http.gate import too_large
from vision_agents.core.runner.http.problems import Problem, invalid_request
from vision_agents.core.runner.http.state import state_of

_Model = TypeVar("_Model", bound=BaseModel)
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[{]|[\]}]")
_JSON = re.compile(r"\s*application/(?:[\w.-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)


async def read_model(request: Request, model: type[_Model]) -> _Model:
    """Read the body as a model.

    Raises:
        Problem: it is not one; 413, 415, 400 or 422.
    """
    return as_model(model, await read_json(request))


def as_model(model: type[_Model], content: object) -> _Model:
    """Check what was read; the errors have FastAPI's form."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise invalid_request(
            [{**item, "loc": ["body", *item["loc"]]} for item in error.errors(include_url=False)]
        ) from error


async def read_json(request: Request) -> object:
    """Read the body as JSON."""
    options = state_of(request.scope).options
    body = await read(request, options.max_body_bytes)
    if not body:
        raise invalid_request([{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}])
    if not _JSON.fullmatch(request.headers.get("content-type", "")):
        raise Problem(415, "unsupported_media_type", "Send the body as application/json")
    if depth(body) > options.max_json_depth:
        raise Problem(400, "too_deep", f"JSON may be nested {options.max_json_depth} levels deep at most")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise invalid_request([_json_error(error)]) from error


async def read(request: Request, limit: int) -> bytes:
    """Read the body, and not more than the limit; it can be read again."""
    if hasattr(request, "_body"):
        return await request.body()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large(limit)
    request._body = bytes(body)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue] - where Request.body keeps it
    return bytes(body)


def depth(text: bytes) -> int:
    """Tell how deeply the brackets of a JSON text are nested, without recursion."""
    deepest = level = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", text)):
        level += 1 if bracket in b"[{" else -1
        deepest = max(deepest, level)
    return deepest


def _json_error(error: Exception) -> Mapping[str, object]:
    position = error.pos if isinstance(error, json.JSONDecodeError) else 0
    reason = error.msg if isinstance(error, json.JSONDecodeError) else "The text is not UTF-8"
    return {
        "type": "json_invalid",
        "loc": ["body", position],
        "msg": "JSON decode error",
        "input": cast("dict[str, object]", {}),
        "ctx": {"error": reason},
    }
