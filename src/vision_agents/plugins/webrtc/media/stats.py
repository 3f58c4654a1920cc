"""What a peer connection counted."""

from __future__ import annotations

from dataclasses import dataclass, field

from vision_agents.core.audio.pacer import PacerStats


@dataclass(slots=True)
class InboundStats:
    """Audio from the browser.

    `packets` arrived, of which `late` came after their place was played and `duplicates` twice. `concealed`
    frames stand in for lost ones; `skipped` are lost ones beyond that, in an outage.
    """

    packets: int = 0
    frames: int = 0
    concealed: int = 0
    late: int = 0
    duplicates: int = 0
    skipped: int = 0
    restarts: int = 0


@dataclass(slots=True)
class OutboundStats:
    """Audio to the browser.

    `underruns` are frames that left more than 40 ms late, and slots of 20 ms that were filled with silence
    in the midst of speech; `shortened` quiet frames were left out later to make up for the latter.
    `flushed` frames were dropped unplayed by a flush, `discarded` ones because nobody could hear them.
    `pace` tells how late frames left, against the output clock.
    """

    frames: int = 0
    silence: int = 0
    underruns: int = 0
    shortened: int = 0
    flushed: int = 0
    discarded: int = 0
    pace: PacerStats = field(default_factory=PacerStats)


@dataclass(slots=True)
class MessageStats:
    """Messages on the data channel; `refused` ones were no JSON object, `dropped` ones had no way out."""

    received: int = 0
    refused: int = 0
    sent: int = 0
    dropped: int = 0


@dataclass(slots=True)
class PeerStats:
    """Everything that a peer connection counted."""

    inbound: InboundStats = field(default_factory=InboundStats)
    outbound: OutboundStats = field(default_factory=OutboundStats)
    messages: MessageStats = field(default_factory=MessageStats)
    video_frames: int = 0
    errors: int = 0
