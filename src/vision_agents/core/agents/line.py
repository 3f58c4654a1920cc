"""The line of a session: the sounds behind the voices, the telephone, and who took the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vision_agents.core.agents.dialogue import Dialogue
from vision_agents.core.agents.feed import SessionFeed
from vision_agents.core.agents.sounds import BackgroundAudioHandlerConfig, Sounds
from vision_agents.core.agents.telephone import Telephone
from vision_agents.core.agents.transfer_desk import Desk
from vision_agents.core.agents.voicemail import AnswerWatch, VoiceMailDetector
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.transport import Connection
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.telephony.transfer import TransferMachine, TransferPatience
from vision_agents.core.telephony.transfer_steps import TransferKind, TransferResult
from vision_agents.core.telephony.transfer_target import TransferTarget
from vision_agents.core.types.people import Participant
from vision_agents.core.types.status import Reason

if TYPE_CHECKING:
    from vision_agents.core.agents.session import AgentSession


class Line:
    """What a session does with its call beside talking.

    Args:
        session: whose call it is.
        connection: the joined leg.
        dialogue: the talk.
        work: holds the tasks.
    """

    def __init__(
        self, session: AgentSession, connection: Connection, dialogue: Dialogue, work: TaskScope
    ) -> None:
        self._session = session
        self._dialogue = dialogue
        self._voicemail = False
        session.processing.open(connection, dialogue.output)
        self.sounds = Sounds(dialogue.output, session.events, session.agent.thinking_audio)
        self.telephone = Telephone(
            connection,
            dialogue.output,
            session.events,
            handler=session.dtmf_handler,
            interrupt=lambda: dialogue.interrupt(force=False),
            active=session.wake_ups.user_active,
        )
        SessionFeed.begin(session, connection)
        background = session.background_audio_config
        if background is not None or session.agent.thinking_audio is not None:
            work.start(self.sounds.begin(background), name="sounds")
        self._watch = self._watch_answer(session.voice_mail_detector, work)
        if self._watch is not None and connection.participants:
            self.answered()

    async def close(self) -> None:
        """Hear and begin nothing more."""
        if self._watch is not None:
            self._watch.close()
        self.sounds.close()
        await self.telephone.close()

    def answered(self) -> None:
        """Note that somebody is in the call: who calls in is a person."""
        if self._watch is not None and self._watch.wants(self.telephone.connection.participants_data):
            self._watch.answered()
        elif self._watch is not None:
            self._watch.close()

    def hear(self, participant: Participant, pcm: PcmData) -> bool:
        """Take a participant's audio; tells whether the models and the events may have it, too."""
        may_have_it = self.telephone.hear(participant, pcm)
        if self._watch is not None:
            self._watch.hear(pcm)
        return may_have_it and not self._voicemail

    async def transfer(
        self,
        target: TransferTarget,
        kind: TransferKind,
        *,
        patience: TransferPatience | None,
        summary: str | None,
        hold_audio: BackgroundAudioHandlerConfig | None,
    ) -> TransferResult:
        """Hand the call over, see `AgentSession.transfer`."""
        session = self._session
        assert session.pipeline is not None
        if kind is TransferKind.WARM and session.pipeline.tts is None:
            raise ConfigurationError("A warm transfer needs a tts: it speaks with the target.")
        desk = Desk(
            telephone=self.telephone,
            sounds=self.sounds,
            pipeline=session.pipeline,
            events=session.events,
            deadlines=session.agent.deadlines,
            history=tuple(session.history),
            summary=summary,
            hold_audio=hold_audio,
            leave=lambda: session.request_close(Reason.TRANSFERRED),
        )
        return await self.telephone.transfer(TransferMachine(target, kind, patience), desk)

    def _watch_answer(self, detector: VoiceMailDetector | None, work: TaskScope) -> AnswerWatch | None:
        if detector is None:
            return None
        pipeline = self._session.pipeline
        shared = pipeline is not None and detector.llm in pipeline.components
        watch = AnswerWatch(
            detector,
            self._dialogue.output.gate,
            self._session.events,
            scope=work,
            silence=self._stop_talking,
            leave_message=self._leave_message,
            model=None if shared else detector.llm,
        )
        work.start(watch.watch(), name="voicemail")
        return watch

    def _stop_talking(self) -> None:
        """Answer no machine."""
        self._voicemail = True
        self._dialogue.interrupt(force=True)

    async def _leave_message(self, message: str) -> None:
        await self._session.say(message, interruptible=False)
        self._session.request_close(Reason.VOICEMAIL)
