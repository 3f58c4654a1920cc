"""Where did the word begin in which the audio was cut?"""

import numpy as np
import numpy.typing as npt

from vision_agents.core.types.units import Seconds

_LOOK_BACK: Seconds = 0.7
"""A word is rarely longer than this."""
_NOT_YET: Seconds = 0.12
"""A pause nearer to the cut than this was hardly followed by anything that was understood."""
_WINDOW: Seconds = 0.01
_QUIET = 0.15
"""Share of the usual loudness under which a window counts as a gap between words."""


def word_start(audio: npt.NDArray[np.int16], sample_rate: int) -> int:
    """Find the last gap between words before the end of `audio`, as a position in samples.

    Without a clear gap it is the quietest place of the last 0.7 s; of a short audio, its beginning.
    """
    window = round(_WINDOW * sample_rate)
    first = max(0, len(audio) - round(_LOOK_BACK * sample_rate))
    last = len(audio) - round(_NOT_YET * sample_rate)
    count = (last - first) // window
    if first == 0 or count < 1:
        return 0
    stretch = audio[first : first + count * window].astype(np.float32).reshape(count, window)
    loudness = np.sqrt((stretch**2).mean(axis=1))
    gaps = np.flatnonzero(loudness < _QUIET * loudness.max())
    quietest = int(gaps[-1]) if len(gaps) else int(loudness.argmin())
    return first + quietest * window
