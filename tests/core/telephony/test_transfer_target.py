"""Whom a call can be handed to."""

import pytest

from vision_agents.core.errors import EdgeError, TransferError
from vision_agents.core.telephony.transfer_target import TransferTarget


@pytest.mark.parametrize(
    ("given", "uri"),
    [
        ("+15550100", "tel:+15550100"),
        (" +1 (555) 010-0999 ", "tel:+15550100999"),
        ("tel:+49.30.1234567", "tel:+49301234567"),
        ("sip:desk@example.org", "sip:desk@example.org"),
        ("sips:+15550100@10.0.0.1:5061;transport=tls", "sips:+15550100@10.0.0.1:5061;transport=tls"),
        ("sip:example.org", "sip:example.org"),
        ("sip:desk@[2001:db8::1]:5060", "sip:desk@[2001:db8::1]:5060"),
    ],
)
def test_numbers_and_addresses_are_read(given: str, uri: str) -> None:
    assert TransferTarget.parse(given) == TransferTarget(uri)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "5550100",
        "+0123456789",
        "+123",
        "+1234567890123456",
        "sip:",
        "sip:desk@",
        "sip:a b@example.org",
        "http://example.org",
        "sip:desk@example.org\r\nVia: x",
        "sip:désk@example.org",
        "+1555０100",
    ],
)
def test_defect_18_anything_else_is_refused_at_once(given: str) -> None:
    with pytest.raises(TransferError, match=r"\+15550100"):
        TransferTarget.parse(given)
    assert issubclass(TransferError, EdgeError)


def test_what_is_refused_is_not_shown() -> None:
    with pytest.raises(TransferError) as refused:
        TransferTarget.parse("secret-number")
    assert "secret" not in str(refused.value)
