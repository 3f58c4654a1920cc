"""The routes of the server in an application of your own."""

from fastapi import FastAPI

from vision_agents.core import AgentLauncher, Runner, ServeOptions
from vision_agents.core.runner.http import lifespan, router


def in_app(launcher: AgentLauncher) -> Runner:
    """Serve our routes below /agents, beside yours."""
    app = FastAPI(title="My Agent Server", lifespan=lifespan)
    app.include_router(router, prefix="/agents")

    @app.get("/custom")
    async def custom_endpoint() -> dict[str, str]:
        return {"message": "Custom endpoint"}

    return Runner(launcher, ServeOptions(fast_api=app))
