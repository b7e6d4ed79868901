"""Semantic events of a live chat: conversations started and ended, messages sent and received.

Source: Pipelines spec of live chat events, as carried in `specs/semantic_events.json`.
"""

from __future__ import annotations

from typing import TypedDict

from ciokit.pipelines_api.semantic.event import event


class Conversation(TypedDict, total=False):
    """Properties of every live chat event."""

    agent_id: str
    agent_name: str
    agent_username: str
    conversation_id: str
    conversation_duration: int
    message_id: str


live_chat_conversation_started = event("Live Chat Conversation Started", Conversation)
live_chat_conversation_ended = event("Live Chat Conversation Ended", Conversation)
live_chat_message_sent = event("Live Chat Message Sent", Conversation)
live_chat_message_received = event("Live Chat Message Received", Conversation)
