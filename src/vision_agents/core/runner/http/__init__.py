"""The HTTP server's parts for an application of your own.

::

    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    runner = Runner(launcher, ServeOptions(fast_api=app))
"""

from vision_agents.core.runner.http.app import build_app, lifespan
from vision_agents.core.runner.http.routes import router

__all__ = ["build_app", "lifespan", "router"]
