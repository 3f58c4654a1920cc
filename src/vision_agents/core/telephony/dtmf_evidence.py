"""Is it a key? Evidence for each of the sixteen, from half a dozen windows."""

from __future__ import annotations

import numpy as np

from vision_agents.core.telephony.dtmf_spectrum import ToneTraces
from vision_agents.core.telephony.narrowband import Floats

SPAN = 5
"""Windows that are judged together: a tone stays where it is, a voice does not."""

_ALONE_SHARE, _ALONE_DOMINANCE, _ALONE_DEVIATION = 0.7, 0.8, 0.016
_FARTHEST = 0.02
_USUAL_TWIST, _TWIST_MARGIN, _WIDEST_TWIST = 2.0, 5.0, 9.0
_QUIETEST = 10 ** (-45 / 10)
"""Each tone must reach -45 dB below a full-scale sine."""
_ENOUGH = 4.8
"""Where voices without tones never come, and voices with tones nearly always."""


def evidence(traces: ToneTraces) -> Floats:
    """Weigh each key, a row a span and a column a key: from 0 on it is one; shape ``(len - 4, 16)``.

    Tones that stand alone may be off by 1.6 %, as the standard for exchanges has it. Beneath a voice they
    must be exact, because nothing else tells them so well from its harmonics: all transmitters of today
    are. The weights were fitted to voices with and without tones, and rounded.
    """
    mean = traces.averaged(SPAN)
    low_level, high_level = _of_keys(mean.level)
    low_share, high_share = _of_keys(mean.share)
    low_dominance, high_dominance = _of_keys(mean.dominance)
    low_deviation, high_deviation = _of_keys(mean.deviation)
    twist = 10 * np.log10(high_level / low_level)
    uneven = np.abs(twist - _USUAL_TWIST)
    both = low_share + high_share
    beneath = (
        np.log(low_dominance + 0.02)
        + np.log(high_dominance + 0.02)
        + 1.2 * np.log(np.minimum(both, 0.7) + 0.02)
        - 0.7 * np.minimum(low_deviation / 0.004, 4)
        - 1.9 * np.minimum(high_deviation / 0.002, 5)
        - 0.7 * np.maximum(0, uneven - _TWIST_MARGIN)
        + _ENOUGH
    )
    alone = (
        (both > _ALONE_SHARE)
        & (np.minimum(low_dominance, high_dominance) > _ALONE_DOMINANCE)
        & (np.maximum(low_deviation, high_deviation) < _ALONE_DEVIATION)
        & (np.abs(twist) < _WIDEST_TWIST)
    )
    possible = (np.minimum(low_level, high_level) > _QUIETEST) & (low_deviation < _FARTHEST)
    proofs = np.where(alone, np.maximum(beneath, 0) + both, beneath)
    return np.where(possible, proofs, -np.inf).reshape(-1, 16)


def _of_keys(tones: Floats) -> tuple[Floats, Floats]:
    """Give each key's low tone, shape ``(n, 4, 1)``, and its high one, ``(n, 1, 4)``: rows and columns."""
    return tones[:, :4, None], tones[:, None, 4:]
