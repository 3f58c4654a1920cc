"""What the examples of the documentation name and do not define, made of parts that follow a script."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from vision_agents.core import Agent, User
from vision_agents.core.edge.loopback import Edge
from vision_agents.testing import ScriptedLLM, ScriptedSTT, ScriptedTTS

GREETING = "Hello there."


def _llm(model: str = "") -> ScriptedLLM:
    return ScriptedLLM([GREETING])


def _stt(**settings: Any) -> ScriptedSTT:
    return ScriptedSTT()


getstream = SimpleNamespace(Edge=Edge)
gemini = SimpleNamespace(LLM=_llm)
elevenlabs = SimpleNamespace(TTS=ScriptedTTS)
deepgram = SimpleNamespace(STT=_stt)
Realtime = _llm


async def create_agent(**kwargs: object) -> Agent:
    """A factory for examples that only name one."""
    return Agent(edge=Edge(), agent_user=User(id="agent", name="Assistant"))


async def join_call(agent: Agent, call_type: str, call_id: str, **kwargs: object) -> None:
    """An entry point for examples that only name one."""
    await asyncio.Event().wait()
