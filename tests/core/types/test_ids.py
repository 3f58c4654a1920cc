"""Ids are unique where they are minted and checked where they come from outside."""

import uuid

import pytest

from vision_agents.core.errors import ConfigurationError, InvalidCallId
from vision_agents.core.types.ids import new_id, parse_call_id, parse_call_type


class TestNewId:
    def test_without_a_prefix_is_a_uuid(self) -> None:
        assert str(uuid.UUID(new_id())) != str(uuid.UUID(new_id()))

    def test_with_a_prefix_is_short(self) -> None:
        prefix, digits = new_id("msg").split("_")

        assert prefix == "msg"
        assert len(digits) == 8
        assert int(digits, 16) >= 0


class TestParseCallId:
    @pytest.mark.parametrize("call_id", ["a", "my-call_1", "0", "-", "x" * 128])
    def test_lets_an_allowed_id_through(self, call_id: str) -> None:
        assert parse_call_id(call_id) == call_id

    @pytest.mark.parametrize(
        "call_id", ["", "x" * 129, "My-Call", "a b", "a/b", "../a", "a\n", "é", "１", "a:b", "{a}"]
    )
    def test_refuses_any_other(self, call_id: str) -> None:
        with pytest.raises(InvalidCallId, match="1 to 128 characters out of a-z, 0-9, _ and -"):
            parse_call_id(call_id)

    def test_the_error_is_a_value_error_and_shows_little_of_a_long_id(self) -> None:
        with pytest.raises(ValueError, match="Call id") as caught:
            parse_call_id("X" * 5000)

        assert isinstance(caught.value, ConfigurationError)
        assert len(str(caught.value)) < 200

    def test_another_pattern_counts_in_full(self) -> None:
        assert parse_call_id("SIP:100", pattern=r"[A-Z]+:\d+") == "SIP:100"
        with pytest.raises(InvalidCallId, match=r"must match \[A-Z\]\+:\\d\+ in full"):
            parse_call_id("SIP:100;x", pattern=r"[A-Z]+:\d+")


class TestParseCallType:
    @pytest.mark.parametrize("call_type", ["default", "audio_room", "x" * 64])
    def test_lets_an_allowed_type_through(self, call_type: str) -> None:
        assert parse_call_type(call_type) == call_type

    @pytest.mark.parametrize("call_type", ["", "x" * 65, "Default", "a b", "a\n"])
    def test_refuses_any_other(self, call_type: str) -> None:
        with pytest.raises(InvalidCallId, match="1 to 64 characters"):
            parse_call_type(call_type)
