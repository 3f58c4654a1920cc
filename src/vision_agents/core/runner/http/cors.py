"""Which pages of other origins may use the server."""

from __future__ import annotations

import logging

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from vision_agents.core.runner.options import ServeOptions

logger = logging.getLogger("vision_agents.http")


def add_cors(app: FastAPI, options: ServeOptions) -> None:
    """Answer as the settings say; any origin never goes together with credentials."""
    any_origin = "*" in options.cors_allow_origins
    if any_origin and options.cors_allow_credentials and "cors_allow_credentials" in options.model_fields_set:
        logger.warning("Cookies are not allowed across origins: cors_allow_origins has to name the origins")
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(options.cors_allow_origins),
        allow_methods=list(options.cors_allow_methods),
        allow_headers=list(options.cors_allow_headers),
        allow_credentials=options.cors_allow_credentials and not any_origin,
        expose_headers=["Retry-After"],
    )
