"""An outbound call: the agent speaks first, once a person has answered, and says goodbye at the end."""

from vision_agents.core import (
    Agent,
    AgentLauncher,
    AgentSession,
    DTMFHandler,
    Pipeline,
    Runner,
    User,
    VoiceMailDetector,
    function_tool,
)
from vision_agents.core.edge import loopback
from vision_agents.plugins import embedded


class Collector(Agent):
    def __init__(self) -> None:
        super().__init__(
            "Remind the customer about invoice 4411, politely.",
            edge=loopback.Edge(),
            agent_user=User(id="agent", name="Acme"),
        )

    async def on_enter(self) -> None:
        await self.session.say("Hello, this is Acme about your invoice.")

    async def on_exit(self) -> None:
        await self.session.say("Goodbye.")  # skipped if the line is already gone

    @function_tool
    async def to_human(self) -> str:
        """Hand the call to billing."""
        result = await self.session.transfer("+15550100")
        return "done" if result.ok else f"failed: {result.error}"

    @function_tool
    async def end_call(self) -> str:
        """End the call when the customer has agreed to pay."""
        await self.session.hangup("agreed")  # after the answer that this tool leads to
        return "The call ends after your next sentence: thank them."


async def join_call(agent: Agent, call_type: str, call_id: str, **kwargs) -> None:
    parts = Pipeline(
        stt=embedded.STT(),
        llm=embedded.LLM(),
        tts=embedded.TTS(),
        vad=embedded.VAD(),
        turn_detection=embedded.TurnDetector(),
    )
    session = AgentSession(
        agent,
        parts,
        wake_up=12,
        dtmf_handler=DTMFHandler(lambda digit: print("key", digit)),
        voice_mail_detector=VoiceMailDetector(embedded.LLM(), lambda: session.hangup("voicemail")),
    )
    session.on_wake_up = lambda: session.say("Are you still there?")
    await session.start(wait_for_participant=True, run_until_shutdown=True)


if __name__ == "__main__":
    launcher = AgentLauncher(
        create_agent=lambda **kwargs: Collector(), join_call=join_call, max_session_duration_seconds=600
    )
    Runner(launcher).cli()
