"""What a session does on its telephone line."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from vision_agents.core.agents.dtmf import DTMFHandler
from vision_agents.core.agents.sounds import BackgroundAudioHandlerConfig
from vision_agents.core.agents.transfer_desk import HOLD_AUDIO
from vision_agents.core.agents.voicemail import VoiceMailDetector, VoicemailStatus
from vision_agents.core.errors import SessionNotStarted
from vision_agents.core.speech.utterance import UtteranceHandle
from vision_agents.core.telephony.gathering import GatherResult, GatherRules
from vision_agents.core.telephony.transfer import TransferPatience
from vision_agents.core.telephony.transfer_steps import TransferKind, TransferResult
from vision_agents.core.telephony.transfer_target import TransferTarget
from vision_agents.core.types.units import Seconds

if TYPE_CHECKING:
    from vision_agents.core.agents.line import Line


class SessionTelephone:
    """The part of a session that presses keys, asks for them, and hands the call over."""

    dtmf_handler: DTMFHandler | None
    voice_mail_detector: VoiceMailDetector | None

    @property
    def _present_line(self) -> Line | None:
        raise NotImplementedError

    def say(self, message: str) -> UtteranceHandle:
        """Speak a fixed text."""
        raise NotImplementedError

    @property
    def is_voicemail_detected(self) -> bool:
        """Whether a machine that records took the call; False as long as that is not known."""
        return self.voicemail_status is VoicemailStatus.VOICEMAIL

    @property
    def voicemail_status(self) -> VoicemailStatus:
        """What is known of who took the call."""
        detector = self.voice_mail_detector
        return detector.status if detector is not None else VoicemailStatus.UNKNOWN

    async def send_dtmf(self, digits: str, pause: Seconds = 0.3) -> None:
        """Press keys on this session's own leg, `pause` seconds apart; as tones where the edge has no keys.

        Raises:
            ValueError: something that is no key; nothing was pressed.
        """
        await self._line().telephone.send(digits, pause)

    async def gather_digits(
        self,
        num_digits: int | None = None,
        terminator: str | None = "#",
        inter_digit_timeout: Seconds = 4.0,
        *,
        timeout: Seconds = 10.0,  # noqa: ASYNC109 - documented
        validate: Callable[[str], bool] | None = None,
        sensitive: bool = False,
        prompt: str | None = None,
    ) -> GatherResult:
        """Ask the caller for digits; who asks second waits.

        With `sensitive`, nothing that comes from the line until shortly after the last digit reaches a
        model, an event, a log or a recording, and printing the result does not show them.

        Args:
            num_digits: so many are enough; None where only `terminator` or a pause ends them.
            terminator: the key that ends them and is not one of them; None for none.
            inter_digit_timeout: how long each further digit is waited for.
            timeout: how long the first is waited for, after the prompt.
            validate: tells whether digits are good.
            sensitive: whether they are a secret.
            prompt: what the agent says first; the first key cuts it.
        """
        rules = GatherRules(
            num_digits=num_digits,
            terminator=terminator,
            timeout=timeout,
            inter_digit_timeout=inter_digit_timeout,
            validate=validate,
            sensitive=sensitive,
        )

        def ask() -> UtteranceHandle | None:
            return self.say(prompt) if prompt else None

        return await self._line().telephone.gather(rules, ask)

    async def transfer(
        self,
        to: str,
        *,
        warm: bool = False,
        summary: str | None = None,
        hold_audio: BackgroundAudioHandlerConfig | None = HOLD_AUDIO,
        patience: TransferPatience | None = None,
    ) -> TransferResult:
        """Hand the call over; where nobody takes it, the agent goes on talking with the caller.

        On success the agent leaves the call to the others, and the session ends as ``transferred``.

        Args:
            to: a number with its country code, or a SIP address.
            warm: call the target first, tell what it is about, and join the two when they press 1.
            summary: what a warm target is told; None lets the model sum the call up.
            hold_audio: what the caller hears meanwhile, warm only.
            patience: how long each step may take.

        Raises:
            TransferError: `to` is neither a number nor an address.
            CapabilityMissing: the edge cannot do it.
            ConfigurationError: a warm one without a synthesiser, which speaks with the target.
        """
        target = TransferTarget.parse(to)
        kind = TransferKind.WARM if warm else TransferKind.COLD
        return await self._line().transfer(
            target, kind, patience=patience, summary=summary, hold_audio=hold_audio
        )

    async def call_transfer(self, token: str | None, transfer_to: str) -> TransferResult:
        """Hand the call over without a briefing; `token` is not used: the edge has its own credentials."""
        if token:
            warnings.warn(
                "call_transfer ignores its token: credentials belong to the edge.",
                DeprecationWarning,
                stacklevel=2,
            )
        return await self.transfer(transfer_to)

    def _line(self) -> Line:
        line = self._present_line
        if line is None:
            raise SessionNotStarted("The session has no line: it is not in its call, or not any more.")
        return line
