"""A conversation keeps the order and tells what was said apart from what was done."""

from datetime import UTC, datetime

import pytest

from vision_agents.core.history.conversation import Conversation
from vision_agents.core.history.messages import FunctionCall, FunctionResult, Message, Role

QUESTION = Message(Role.USER, "What is the weather in Paris?", user_id="caller")
CALL = FunctionCall("call_1", "get_weather", {"city": "Paris"})
RESULT = FunctionResult("call_1", "get_weather", "sunny")
ANSWER = Message(Role.ASSISTANT, "It is", interrupted=True)


@pytest.fixture
def conversation() -> Conversation:
    conversation = Conversation()
    for item in (QUESTION, CALL, RESULT, ANSWER):
        conversation.add(item)
    return conversation


def test_items_are_everything_oldest_first(conversation: Conversation) -> None:
    assert conversation.items == (QUESTION, CALL, RESULT, ANSWER)
    assert list(conversation) == [QUESTION, CALL, RESULT, ANSWER]
    assert len(conversation) == 4


def test_messages_are_only_what_was_said(conversation: Conversation) -> None:
    assert conversation.messages == (QUESTION, ANSWER)


def test_the_last_message_of_a_role_is_the_newest(conversation: Conversation) -> None:
    correction = Message(Role.USER, "In Tokyo, I mean.")
    conversation.add(correction)

    assert conversation.last(Role.USER) is correction
    assert conversation.last(Role.ASSISTANT) is ANSWER
    assert conversation.last(Role.SYSTEM) is None


def test_what_was_read_does_not_change_later(conversation: Conversation) -> None:
    before = conversation.items
    seen = 0
    for _ in conversation:
        conversation.add(ANSWER)
        seen += 1

    assert seen == len(before) == 4


def test_every_message_has_its_own_id_and_time() -> None:
    began = datetime.now(UTC)
    first, second = Message(Role.USER, "Hello."), Message(Role.USER, "Hello.")

    assert first.id != second.id
    assert began <= first.created_at <= second.created_at
