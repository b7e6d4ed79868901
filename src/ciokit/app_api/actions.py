"""What the steps of campaigns and broadcasts hold: the content of messages and webhooks, to read and to change."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from ciokit.app_api.types import MailFrom

SendingState = Literal["automatic", "draft", "off"]
"""Whether a step sends by itself, makes drafts, or does nothing."""

WebhookMethod = Literal["get", "post", "put", "delete", "patch"]
"""How a webhook is called."""


class ActionFields(MailFrom):
    """One step; which fields are there depends on `type` (`twilio` is SMS).

    Times are in Unix seconds. `headers` is JSON text, a list of `{"name": ..., "value": ...}`. The `body` of a WhatsApp
    message is JSON text. `recipient` is empty for SMS and WhatsApp when it is Liquid. `url` and `method` are a
    webhook's.
    """

    id: int
    type: Literal["email", "in_app", "push", "twilio", "slack", "whatsapp", "webhook"]
    deduplicate_id: NotRequired[str]
    name: NotRequired[str]
    created: NotRequired[int]
    updated: NotRequired[int]
    sending_state: NotRequired[SendingState]
    layout: NotRequired[str]
    language: NotRequired[str]
    body: NotRequired[str]
    body_amp: NotRequired[str]
    body_json: NotRequired[str]
    from_id: NotRequired[int]
    reply_to: NotRequired[str]
    reply_to_id: NotRequired[int | None]
    preprocessor: NotRequired[Literal["premailer"]]
    recipient: NotRequired[str]
    subject: NotRequired[str]
    bcc: NotRequired[str]
    cc: NotRequired[str]
    fake_bcc: NotRequired[bool]
    preheader_text: NotRequired[str]
    headers: NotRequired[str]
    image_url: NotRequired[str]
    send_to_unsubscribed: NotRequired[bool]
    sender_identity_id: NotRequired[int]
    tracked: NotRequired[bool]
    url: NotRequired[str]
    method: NotRequired[WebhookMethod]


class ActionUpdate(TypedDict, total=False):
    """What of a step can be changed; what is left out stays. `ActionFields` says which fields fit which type."""

    sending_state: SendingState
    body: str
    body_amp: str
    body_json: str
    from_id: int
    reply_to_id: int | None
    recipient: str
    subject: str
    preheader_text: str
    headers: str
    image_url: str
    send_to_unsubscribed: bool
    sender_identity_id: int
    tracked: bool
    url: str
    method: WebhookMethod
