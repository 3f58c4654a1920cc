"""Which pages of other origins may use the server."""

from __future__ import annotations

import logging

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from vision_agents.core.runner.options import ServeOptions

logger = logging.getLogger("vision_agents.http")


def add_cors(app: FastAPI, options: ServeOptions) -> None:
    """Answer as the settings say; any origin never goes together with credentials."""
    any_origin = "*" in options.cors_allow_origins
    if any_origin and options.cors_allow_credentials and "cors_allow_credentials" in options.model_fields_set:
        logger.warning("Cookies are not allowed across origins: cors_allow_origins has to name the origins")
    app.add_middleware(
        _AnyOrigin if any_origin else CORSMiddleware,
        allow_origins=list(options.cors_allow_origins),
        allow_methods=list(options.cors_allow_methods),
        allow_headers=list(options.cors_allow_headers),
        allow_credentials=options.cors_allow_credentials and not any_origin,
        expose_headers=["Retry-After"],
    )


class _AnyOrigin(CORSMiddleware):
    """Leaves alone what comes from no page: the answer depends on the origin in nothing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer pages of other origins."""
        if scope["type"] == "http" and any(name == b"origin" for name, _ in scope["headers"]):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)
