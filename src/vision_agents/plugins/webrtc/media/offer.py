"""Is this an offer that a browser would make for a call with us?"""

from __future__ import annotations

from vision_agents.core.errors import BadOffer
from vision_agents.plugins.webrtc.media.settings import PeerSettings

_MAX_VIDEO = 2
_CANDIDATE = "a=candidate:"
_END = "a=end-of-candidates"
_HIDDEN = ".local"


def checked_offer(sdp: str, settings: PeerSettings) -> str:
    """Give the offer as the connection may have it.

    Candidates under a ``.local`` name are left out: to look such a name up we would have to ask around in
    the network. The browser's own checks tell its address as well, so the end of the candidates stays open.

    Raises:
        BadOffer: too long, too many candidates, or not the media of a call.
    """
    if len(sdp.encode(errors="replace")) > settings.max_sdp_bytes:
        raise BadOffer(f"The offer is longer than {settings.max_sdp_bytes} bytes.")
    lines = sdp.splitlines()
    candidates = sum(line.startswith(_CANDIDATE) for line in lines)
    if candidates > settings.max_candidates:
        raise BadOffer(f"The offer has {candidates} candidates: at most {settings.max_candidates} are taken.")
    _check_media([line[2:].split(" ")[0] for line in lines if line.startswith("m=")])
    kept = [line for line in lines if not _is_hidden(line)]
    if len(kept) < len(lines):
        kept = [line for line in kept if line != _END]
    return "\r\n".join(kept) + "\r\n"


def _check_media(kinds: list[str]) -> None:
    if kinds.count("audio") != 1:
        raise BadOffer(f"The offer must have one audio line, not {kinds.count('audio')}.")
    if kinds.count("video") > _MAX_VIDEO:
        raise BadOffer(f"The offer may have {_MAX_VIDEO} video lines: the camera, then the screen.")
    if kinds.count("application") > 1:
        raise BadOffer("The offer may have one data channel line.")
    if unknown := set(kinds) - {"audio", "video", "application"}:
        raise BadOffer(f"The offer has {len(unknown)} unknown kinds of media.")


def _is_hidden(line: str) -> bool:
    if not line.startswith(_CANDIDATE):
        return False
    fields = line.split()
    return len(fields) > 4 and fields[4].endswith(_HIDDEN)
