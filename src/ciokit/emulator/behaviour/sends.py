"""The operations that send one message: each channel's fields under the names that templates have for them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from email.utils import getaddresses
from typing import Any, Literal

from ciokit.app_api.sends import CustomDevice, PushPayload, PushTo, Send, SendIdentifiers, Sent
from ciokit.emulator.behaviour.taking import take
from ciokit.emulator.routing import ApiFault, on
from ciokit.emulator.world import World
from ciokit.settings import Limits


@on(Send.email)
def email(
    world: World,
    *,
    to: str,
    identifiers: SendIdentifiers | None = None,
    transactional_message_id: int | str | None = None,
    message_data: dict[str, Any] | None = None,
    subject: str | None = None,
    body: str | None = None,
    body_plain: str | None = None,
    body_amp: str | None = None,
    preheader: str | None = None,
    from_: str | None = None,
    reply_to: str | None = None,
    cc: str | None = None,
    bcc: str | None = None,
    fake_bcc: bool | None = None,
    headers: str | None = None,
    attachments: dict[str, str] | None = None,
    language: str | None = None,
    send_at: int | None = None,
    tracked: bool = True,
    send_to_unsubscribed: bool = True,
    queue_draft: bool = False,
    auto_create: bool | None = None,
    disable_message_retention: bool = False,
    disable_css_preprocessing: bool = False,
    workspace_id: int | None = None,
) -> Sent:
    """Send an e-mail; styles stay as they are, and a workspace is the only one."""
    del disable_css_preprocessing, workspace_id
    _few_recipients(to, cc, bcc)
    _small_attachments(attachments or {})
    fields = {
        "subject": subject,
        "body": body,
        "body_plain": body_plain,
        "body_amp": body_amp,
        "preheader_text": preheader,
        "from": from_,
        "reply_to": reply_to,
        "cc": cc,
        "bcc": bcc,
        "fake_bcc": fake_bcc,
        "headers": headers,
        "attachments": sorted(attachments) if attachments else None,
    }
    return take(
        world,
        "email",
        template=transactional_message_id,
        identifiers=identifiers,
        data=message_data,
        fields=fields,
        to=to,
        language=language,
        send_at=send_at,
        tracked=tracked,
        send_to_unsubscribed=send_to_unsubscribed,
        draft=queue_draft,
        auto_create=auto_create,
        forget=disable_message_retention,
        attached=sum(map(len, (attachments or {}).values())),
    )


@on(Send.push)
def push(
    world: World,
    *,
    transactional_message_id: int | str,
    identifiers: SendIdentifiers,
    to: PushTo | str = "all",
    message_data: dict[str, Any] | None = None,
    title: str | None = None,
    message: str | None = None,
    image_url: str | None = None,
    link: str | None = None,
    sound: Literal["default", "none"] = "default",
    custom_data: dict[str, Any] | None = None,
    custom_device: CustomDevice | None = None,
    custom_payload: PushPayload | None = None,
    language: str | None = None,
    send_at: int | None = None,
    send_to_unsubscribed: bool = True,
    queue_draft: bool = False,
    auto_create: bool | None = None,
    disable_message_retention: bool = False,
    workspace_id: int | None = None,
) -> Sent:
    """Send a push; a device that comes along belongs to the person from then on."""
    del workspace_id
    fields = {
        "subject": title,
        "body": message,
        "image_url": image_url,
        "link": link,
        "sound": sound,
        "custom_data": custom_data,
        "custom_payload": custom_payload,
    }
    return take(
        world,
        "push",
        template=transactional_message_id,
        identifiers=identifiers,
        data=message_data,
        fields=fields,
        to=to,
        language=language,
        send_at=send_at,
        send_to_unsubscribed=send_to_unsubscribed,
        draft=queue_draft,
        auto_create=auto_create,
        forget=disable_message_retention,
        device=custom_device,
    )


@on(Send.sms)
def sms(
    world: World,
    *,
    transactional_message_id: int | str,
    to: str,
    identifiers: SendIdentifiers,
    message_data: dict[str, Any] | None = None,
    from_: str | None = None,
    language: str | None = None,
    send_at: int | None = None,
    tracked: bool | None = None,
    send_to_unsubscribed: bool = True,
    queue_draft: bool = False,
    auto_create: bool | None = None,
    disable_message_retention: bool = False,
    workspace_id: int | None = None,
) -> Sent:
    """Send an SMS."""
    del workspace_id
    return take(
        world,
        "twilio",
        template=transactional_message_id,
        identifiers=identifiers,
        data=message_data,
        fields={"from": from_},
        to=to,
        language=language,
        send_at=send_at,
        tracked=tracked,
        send_to_unsubscribed=send_to_unsubscribed,
        draft=queue_draft,
        auto_create=auto_create,
        forget=disable_message_retention,
    )


@on(Send.whatsapp)
def whatsapp(
    world: World,
    *,
    transactional_message_id: int | str,
    to: str,
    identifiers: SendIdentifiers,
    message_data: dict[str, Any] | None = None,
    from_: str | None = None,
    language: str | None = None,
    send_at: int | None = None,
    tracked: bool | None = None,
    send_to_unsubscribed: bool | None = None,
    queue_draft: bool = False,
    disable_message_retention: bool | None = None,
    workspace_id: int | None = None,
) -> Sent:
    """Send a WhatsApp message."""
    del workspace_id
    return take(
        world,
        "whatsapp",
        template=transactional_message_id,
        identifiers=identifiers,
        data=message_data,
        fields={"from": from_},
        to=to,
        language=language,
        send_at=send_at,
        tracked=tracked,
        send_to_unsubscribed=send_to_unsubscribed,
        draft=queue_draft,
        forget=disable_message_retention,
    )


@on(Send.in_app)
def in_app(
    world: World,
    *,
    transactional_message_id: int | str,
    identifiers: SendIdentifiers,
    message_data: dict[str, Any] | None = None,
    language: str | None = None,
    send_at: int | None = None,
    queue_draft: bool = False,
    auto_create: bool | None = None,
    workspace_id: int | None = None,
) -> Sent:
    """Send a message shown in the app."""
    del workspace_id
    return take(
        world,
        "in_app",
        template=transactional_message_id,
        identifiers=identifiers,
        data=message_data,
        fields={},
        language=language,
        send_at=send_at,
        draft=queue_draft,
        auto_create=auto_create,
    )


@on(Send.inbox_message)
def inbox_message(
    world: World,
    *,
    transactional_message_id: int | str,
    identifiers: SendIdentifiers,
    to: str | None = None,
    message_data: dict[str, Any] | None = None,
    language: str | None = None,
    send_at: int | None = None,
    queue_draft: bool = False,
    auto_create: bool | None = None,
    workspace_id: int | None = None,
) -> Sent:
    """Send a message to the inbox in the app."""
    del workspace_id
    return take(
        world,
        "inbox",
        template=transactional_message_id,
        identifiers=identifiers,
        data=message_data,
        fields={},
        to=to,
        language=language,
        send_at=send_at,
        draft=queue_draft,
        auto_create=auto_create,
    )


def _few_recipients(*fields: str | None) -> None:
    most = Limits().send_recipients
    if sum(len(getaddresses([field])) for field in fields if field) > most:
        raise ApiFault(400, f"to: at most {most} recipients with cc and bcc")


def _small_attachments(attachments: Mapping[str, Any]) -> None:
    total = 0
    for content in attachments.values():
        try:
            total += len(base64.b64decode(content, validate=True))
        except (ValueError, TypeError):
            raise ApiFault(400, "attachments: one is not base64 text") from None
    if total > Limits().attachment_bytes:
        raise ApiFault(413, f"attachments: are over {Limits().attachment_bytes:,} B")
