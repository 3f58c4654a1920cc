"""What processors show and sound: their pictures and their sound, into the call."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from vision_agents.core.agents.output import Output
from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import Resampler
from vision_agents.core.audio.track import AudioTrack
from vision_agents.core.edge.transport import Capability, Connection
from vision_agents.core.processors.processor import AudioPublisher, Processor, VideoProcessor, VideoPublisher
from vision_agents.core.speech.playout import Int16
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import VideoFrame
from vision_agents.core.video.track import VideoTrack

logger = logging.getLogger("vision_agents.processors")

_MOST_WAITING: Seconds = 8.0


class Publishing:
    """Lets the first publisher of each kind be seen and heard.

    Args:
        connection: where pictures go.
        output: where sound goes.
    """

    def __init__(self, connection: Connection, output: Output) -> None:
        self._connection = connection
        self._output = output
        self._shower: VideoPublisher | None = None
        self._sounder: AudioPublisher | None = None
        self._video: VideoOut | None = None
        self._sound: PublishedSound | None = None

    def publish(self, processors: Sequence[Processor]) -> VideoTrack | None:
        """Let these publish; gives the track on which one draws what somebody shows, where there is one."""
        shower = next((one for one in processors if isinstance(one, VideoPublisher)), None)
        sounder = next((one for one in processors if isinstance(one, AudioPublisher)), None)
        if shower is not self._shower:
            self._shower = shower
            self._show(shower)
        if sounder is not self._sounder:
            self._sounder = sounder
            self._let_hear(sounder)
        draws = self._video is not None and isinstance(shower, VideoProcessor)
        return self._video.track if draws and self._video is not None else None

    def _show(self, publisher: VideoPublisher | None) -> None:
        if self._video is not None:
            self._video.close()
            self._video = None
        if publisher is not None:
            try:
                self._video = VideoOut(publisher.publish_video_track(), self._connection)
            except Exception as error:  # noqa: BLE001 - a processor is foreign code
                logger.error(
                    "A processor failed", extra={"processor": publisher.name, **failure_fields(error)}
                )

    def _let_hear(self, publisher: AudioPublisher | None) -> None:
        if self._sound is not None:
            self._sound.close()
            self._sound = None
        if publisher is not None:
            try:
                track = publisher.publish_audio_track()
            except Exception as error:  # noqa: BLE001 - a processor is foreign code
                logger.error(
                    "A processor failed", extra={"processor": publisher.name, **failure_fields(error)}
                )
                return
            self._sound = sound = PublishedSound(track, self._output.sample_rate)
            sound.wake = lambda: self._output.play_behind(sound)


class VideoOut:
    """Shows every picture of a track at once; where the edge cannot show any, that is told once.

    Args:
        track: what is shown.
        connection: where.
    """

    def __init__(self, track: VideoTrack, connection: Connection) -> None:
        self.track = track
        self.refused = 0
        """Pictures that the connection raised an error for."""
        self._connection = connection
        if Capability.VIDEO_OUT in connection.capabilities:
            track.watch(self._send)
        else:
            logger.warning("This edge shows no video of the agent")

    def close(self) -> None:
        """Show nothing more."""
        self.track.unwatch(self._send)

    def _send(self, frame: VideoFrame) -> None:
        try:
            self._connection.send_video(frame)
        except Exception as error:  # noqa: BLE001 - a connection is foreign code
            self.refused += 1
            if self.refused == 1:
                logger.error("The connection refused video", extra=failure_fields(error))


class PublishedSound:
    """A track as a sound for the mixer: what was pushed is heard once, in order, behind the voices.

    It keeps its loudness under a voice, and a recording of the agent holds it.

    Args:
        track: what is heard.
        sample_rate: of the mixer, in Hz.
    """

    def __init__(self, track: AudioTrack, sample_rate: int) -> None:
        self.recorded = True
        self.over = False
        self.wake: Callable[[], None] | None = None
        """Called when there is something to play."""
        self._track = track
        self._rate = sample_rate
        self._resampler = Resampler(sample_rate, sample_rate)
        self._samples: Int16 = np.zeros(0, np.int16)
        track.listen(self._take)

    @property
    def sounding(self) -> bool:
        """Whether there is something to hear."""
        return bool(len(self._samples))

    def read(self, count: int, *, under_voice: bool) -> npt.NDArray[np.float32] | None:
        """Give the next `count` samples, in the scale of int16; None where there is nothing to play."""
        if not self.sounding:
            return None
        part, self._samples = self._samples[:count], self._samples[count:]
        return np.pad(part, (0, count - len(part))).astype(np.float32)

    def close(self) -> None:
        """Play nothing more."""
        self.over = True
        self._track.unlisten(self._take)
        self._samples = self._samples[:0]

    def _take(self, pcm: PcmData) -> None:
        if pcm.sample_rate != self._resampler.source_rate:
            self._resampler = Resampler(pcm.sample_rate, self._rate)
        fresh = np.asarray(self._resampler.process(pcm).to_int16().samples, np.int16)
        most = round(_MOST_WAITING * self._rate)
        self._samples = np.concatenate([self._samples, fresh])[-most:]
        if self.wake is not None:
            self.wake()
