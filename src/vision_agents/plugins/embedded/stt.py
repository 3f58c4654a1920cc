"""Speech to text with Moonshine."""

import asyncio
from collections.abc import Sequence

import numpy as np

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.speech_buffer import SpeechBuffer
from vision_agents.core.stt import stt as port
from vision_agents.core.stt.stt import STTProfile, STTSink, STTStream, Transcript
from vision_agents.plugins.embedded import models
from vision_agents.plugins.embedded.engines.moonshine import SAMPLE_RATE, Heard
from vision_agents.plugins.embedded.engines.segments import split_at_quietest

_PRE_ROLL_S = 0.5
# Speech without any pause for longer than this is a detector that hears a voice in noise.
_LONGEST_S = 120.0


class STT(port.STT):
    """Moonshine tiny: English, about 40 ms of one processor a sentence.

    Words come when the speaker pauses; what sessions ask at the same time runs as one batch. Only audio
    from shortly before the VAD's first sign of speech is heard.
    """

    provider = "embedded"
    model = "moonshine-tiny-en"
    profile = STTProfile(sample_rate=SAMPLE_RATE, languages=("en",))

    def __init__(self) -> None:
        self._recogniser: models.Recogniser | None = None

    async def warmup(self) -> None:
        """Fetch the weights if they are missing, and load them once a process.

        Raises:
            WeightsError: in one sentence, what failed and what to do.
        """
        self._recogniser = await models.moonshine.get()

    async def start(self) -> None:
        """Load the model where `warmup` has not."""
        await self.warmup()

    def open(self, sink: STTSink) -> STTStream:
        """Begin to follow one speaker; the sink hears nothing, for each pause is asked about."""
        if self._recogniser is None:
            raise RuntimeError("The STT has not been started: await start() before open().")
        return _Stream(self._recogniser)


class _Stream(STTStream):
    def __init__(self, recogniser: models.Recogniser) -> None:
        self._recogniser = recogniser
        self._audio = SpeechBuffer(SAMPLE_RATE, pre_roll=_PRE_ROLL_S, limit=_LONGEST_S)
        self._pushed = 0
        # Pieces of a long turn that no later audio changes, and where in the stream they end.
        self._settled: list[Heard] = []
        self._settled_until = 0

    def push(self, pcm: PcmData) -> None:
        self._audio.push(pcm.samples)
        self._pushed += len(pcm)

    def speech_started(self) -> None:
        self._audio.open()

    async def flush(self) -> Transcript:
        if not self._audio.is_open:
            return Transcript("")
        clock = asyncio.get_running_loop().time
        asked, settled = clock(), self._settled
        audio = self._audio.read()
        begin = max(self._pushed - len(audio), self._settled_until)
        rest = PcmData(audio.samples[len(audio) - (self._pushed - begin) :], SAMPLE_RATE).to_float32()
        pieces = split_at_quietest(np.asarray(rest.samples, np.float32), sample_rate=SAMPLE_RATE)
        heard = await asyncio.gather(*(self._recogniser.submit(piece) for piece in pieces))
        if settled is self._settled:
            self._settled = [*settled, *heard[:-1]]
            self._settled_until = begin + sum(len(piece) for piece in pieces[:-1])
        return _joined([*settled, *heard], processing_time=clock() - asked)

    def reset(self) -> None:
        self._audio.close()
        self._settled = []
        self._settled_until = 0


def _joined(heard: Sequence[Heard], *, processing_time: float) -> Transcript:
    words = [piece for piece in heard if piece.text]
    return Transcript(
        text=" ".join(piece.text for piece in words),
        confidence=min((piece.confidence for piece in words), default=None),
        language="en",
        processing_time=processing_time,
    )
