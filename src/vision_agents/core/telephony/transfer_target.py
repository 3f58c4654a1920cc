"""Whom a call can be handed to: a telephone number or a SIP address."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vision_agents.core.errors import TransferError

_SPACING = re.compile(r"[ ().\-]")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_SIP = re.compile(
    r"sips?:(?:[\w.!~*'()&=+$,;?/%-]+@)?"
    r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:;[\w.=%+-]+)*",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class TransferTarget:
    """Whom to hand a call to.

    Args:
        uri: ``tel:+15550100`` or ``sip:desk@example.org``.
    """

    uri: str

    @classmethod
    def parse(cls, text: str) -> TransferTarget:
        """Read a number with its country code ("+1 555 0100"), or an address that begins with ``sip:``.

        Raises:
            TransferError: it is neither.
        """
        plain = _SPACING.sub("", text.strip().removeprefix("tel:"))
        if _NUMBER.fullmatch(plain):
            return cls(f"tel:{plain}")
        if _SIP.fullmatch(text.strip()):
            return cls(text.strip())
        raise TransferError(
            "A call can be transferred to a number with its country code, like +15550100, or to an address "
            f"like sip:desk@example.org; what was given has {len(text)} characters and is neither."
        )
