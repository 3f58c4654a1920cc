"""From a VAD's probabilities to stretches of speech and silence."""

from vision_agents.core.turns.settings import VoiceGate
from vision_agents.core.types.units import Seconds


class SpeechGate:
    """Hysteresis over VAD windows, in audio time."""

    def __init__(self, settings: VoiceGate) -> None:
        self._settings = settings
        self._run_start: Seconds | None = None
        self.speech_start: Seconds | None = None
        """When the present speech began; None in silence."""
        self.speech_end: Seconds = 0.0
        """End of the last voiced window."""

    def hear(self, *, at: Seconds, duration: Seconds, probability: float) -> None:
        """Take one window that ends at `at`."""
        settings = self._settings
        threshold = settings.start if self.speech_start is None else settings.stop
        if probability < threshold:
            if self.speech_start is None:
                self._run_start = None
            return
        if self._run_start is None:
            self._run_start = at - duration
        if self.speech_start is None and at - self._run_start >= settings.min_speech:
            self.speech_start = self._run_start
        if self.speech_start is not None:
            self.speech_end = at

    @property
    def in_doubt_until(self) -> Seconds | None:
        """When voice that has just begun will have lasted long enough to count; None where there is none."""
        if self.speech_start is not None or self._run_start is None:
            return None
        return self._run_start + self._settings.min_speech

    def gap(self, at: Seconds) -> None:
        """Hear nothing until `at`: voice before it and voice after it are not one stretch."""
        if self.speech_start is None and at - self.speech_end > 0.06:
            self._run_start = None

    def silence(self, at: Seconds) -> Seconds:
        """Tell how long it has been silent by `at`."""
        return max(0.0, at - self.speech_end)

    def close(self) -> None:
        """Take the present speech as over."""
        self.speech_start = None
        self._run_start = None
