"""Keeping secrets out of what is shown: those of the environment, and what looks like one."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote, urlsplit

_SHORTEST = 6
"""Hiding every shorter word would hide what a log is for."""

_SECRET_NAME = re.compile(r"KEY|SECRET|TOKEN|PASSW|CREDENTIAL|PRIVATE|_DSN$|_PAT$")
_MASK = "***"
_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic) [\w.~+/=-]+"), r"\1 ***"),
    (re.compile(r"(://[^/\s:@]*):[^/\s@]+@"), r"\1:***@"),
    (re.compile(r"(?i)([?&](?:[\w-]*(?:key|token|secret|password|signature))=)[^&\s\"']+"), r"\1***"),
    (re.compile(r"\bsk-[\w-]{8,}"), _MASK),
)


class Redaction:
    """Masks secrets in texts.

    Args:
        environment: variables named like secrets, and passwords in URLs, are secrets.
        others: more of them.
    """

    def __init__(self, environment: Mapping[str, str], others: Iterable[str] = ()) -> None:
        named = [value for name, value in environment.items() if _SECRET_NAME.search(name.upper())]
        in_urls = [_password(value) for value in environment.values()]
        written = {
            form
            for secret in (*named, *in_urls, *others)
            if len(secret) >= _SHORTEST
            for form in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], quote(secret, safe=""))
        }
        # Longer ones first: one secret may be the beginning of another.
        self._secrets = sorted(written, key=len, reverse=True)

    def mask(self, text: str) -> str:
        """Give the text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        for pattern, mask in _PATTERNS:
            text = pattern.sub(mask, text)
        return text


class RedactingFormatter(logging.Formatter):
    """Masks secrets in what another formatter makes, tracebacks included."""

    def __init__(self, inner: logging.Formatter, redaction: Redaction) -> None:
        super().__init__()
        self._inner = inner
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        """Make the text."""
        return self._redaction.mask(self._inner.format(record))


def _password(value: str) -> str:
    if "://" not in value:
        return ""
    try:
        return unquote(urlsplit(value).password or "")
    except ValueError:
        return ""
