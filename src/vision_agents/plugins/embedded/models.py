"""The one instance of each speech model in this process."""

from threading import Event
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vision_agents.plugins.embedded.engines.hibari import HibariVoice
from vision_agents.plugins.embedded.engines.moonshine import Heard, Moonshine
from vision_agents.plugins.embedded.engines.silero import Silero
from vision_agents.plugins.embedded.engines.smart_turn import SmartTurn
from vision_agents.plugins.embedded.inference import Batcher
from vision_agents.plugins.embedded.shared import Shared
from vision_agents.plugins.embedded.weights.manifest import MOONSHINE, SILERO, SMART_TURN
from vision_agents.plugins.embedded.weights.store import obtain

Recogniser: TypeAlias = Batcher[npt.NDArray[np.float32], Heard]
"""Moonshine for all sessions: pieces of audio in, words out."""


def _load_silero(stop: Event) -> Silero:
    return Silero.load(obtain(SILERO.name, stop=stop)["model"])


def _load_smart_turn(stop: Event) -> SmartTurn:
    return SmartTurn.load(obtain(SMART_TURN.name, stop=stop)["model"])


def _load_moonshine(stop: Event) -> Recogniser:
    return Batcher(Moonshine.load(obtain(MOONSHINE.name, stop=stop)).transcribe, stage="stt")


silero = Shared(SILERO.name, _load_silero)
smart_turn = Shared(SMART_TURN.name, _load_smart_turn)
moonshine = Shared(MOONSHINE.name, _load_moonshine)
hibari = Shared("hibari", lambda _: HibariVoice.load())
