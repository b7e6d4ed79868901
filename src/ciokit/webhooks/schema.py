"""What the bodies of reporting webhooks hold: object types, metrics, and the fields of each, declared once.

A field stands here with its type and what it means; `ciokit.webhooks.tables` makes its columns of these declarations.
A test holds them equal to the service's own description. The service adds types, metrics and fields as it likes, so
nothing here is a reason to refuse an event.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypedDict, get_args

ObjectType = Literal["customer", "email", "push", "sms", "in_app", "slack", "webhook", "whatsapp"]
"""What an event is about."""

# What can be subscribed to but has no schema of its own (email deferred, sms dropped ...) is listed too; what has a
# schema whose metric is misspelt (push drafted says `attempted`) goes by the name of the schema.
CustomerMetric = Literal["subscribed", "unsubscribed", "cio_subscription_preferences_changed"]
EmailMetric = Literal[
    "drafted",
    "attempted",
    "sent",
    "delivered",
    "opened",
    "clicked",
    "converted",
    "unsubscribed",
    "bounced",
    "dropped",
    "deferred",
    "spammed",
    "failed",
    "undeliverable",
]
PushMetric = Literal[
    "drafted",
    "attempted",
    "sent",
    "delivered",
    "opened",
    "clicked",
    "converted",
    "bounced",
    "dropped",
    "failed",
    "undeliverable",
]
SmsMetric = Literal[
    "drafted",
    "attempted",
    "sent",
    "delivered",
    "clicked",
    "converted",
    "bounced",
    "dropped",
    "failed",
    "undeliverable",
    "replied",
]
InAppMetric = Literal["drafted", "attempted", "sent", "opened", "clicked", "converted", "failed", "undeliverable"]
SlackMetric = Literal["drafted", "attempted", "sent", "clicked", "converted", "failed", "undeliverable"]
WebhookMetric = Literal["drafted", "attempted", "sent", "clicked", "converted", "failed", "undeliverable"]
WhatsAppMetric = Literal[
    "drafted",
    "attempted",
    "sent",
    "delivered",
    "opened",
    "clicked",
    "converted",
    "bounced",
    "dropped",
    "failed",
    "undeliverable",
    "replied",
]


class Identifiers(TypedDict, total=False):
    """The person an event is about; workspaces that know people by id only send nothing but `id`."""

    id: Annotated[str | None, "Id that the workspace gave the person."]
    email: Annotated[str | None, "E-mail address that identifies the person."]
    cio_id: Annotated[str, "Id that the service gave the person; it stays when the others change."]


class EventData(TypedDict, total=False):
    """What the `data` of every event may have: the person, the delivery, and what made it."""

    customer_id: Annotated[str, "Older name of `id`, deprecated by the service."]
    identifiers: Identifiers
    delivery_id: Annotated[str, "One message to one person."]
    campaign_id: Annotated[int | None, "Campaign that made the message."]
    broadcast_id: Annotated[int | None, "API-triggered broadcast that made the message."]
    newsletter_id: Annotated[int | None, "Newsletter that made the message."]
    # The only field without a documented type. Sends take a number or a trigger name for it, so text holds both.
    transactional_message_id: Annotated[str | int, "Transactional message that made the message: its number or name."]
    trigger_id: Annotated[int, "Which triggering of the broadcast."]
    content_id: Annotated[int, "Variant of the newsletter."]
    action_id: Annotated[int, "Action of the workflow that made the message."]
    parent_action_id: Annotated[int, "Action that holds this one, such as a split."]
    trigger_event_id: Annotated[str | None, "Event that triggered the campaign or action."]
    journey_id: Annotated[str, "One passage of one person through a workflow."]


class CustomerData(EventData, total=False):
    """`data` of a `customer` event."""

    email_address: Annotated[str | None, "E-mail address of the person."]
    content: Annotated[str, "Preferences after the change, as JSON text."]


class _Sent(EventData, total=False):
    recipient: Annotated[str, "Where the message went: an address, a number, a channel or a URL."]
    content: Annotated[str, "Body of the message, if the webhook asks for it; sent only."]
    failure_message: Annotated[str, "Why it failed."]


class _Clickable(_Sent, total=False):
    href: Annotated[str, "URL behind the link that was clicked."]
    link_id: Annotated[int, "Tracked link that was clicked."]


class EmailData(_Clickable, total=False):
    """`data` of an `email` event."""

    subject: Annotated[str, "Subject of the message."]
    headers: Annotated[dict[str, list[str]], "Headers of the message; sent only."]
    machine: Annotated[bool, "A program clicked, not a person."]
    prefetched: Annotated[bool, "A mail program fetched the picture ahead; nobody need have opened the message."]
    proxied: Annotated[bool, "The picture was fetched through a proxy."]
    synthetic: Annotated[bool, "The opening was inferred from a click."]


class PushRecipient(TypedDict, total=False):
    """One device."""

    device_id: str
    device_platform: Literal["ios", "android"]
    failure_message: str


class PushData(EventData, total=False):
    """`data` of a `push` event."""

    recipients: Annotated[list[PushRecipient], "Devices, with platform and failure."]
    content: Annotated[str, "Body of the message, if the webhook asks for it; sent only."]
    failure_message: Annotated[str, "Why it failed."]
    href: Annotated[str, "URL behind the link that was clicked."]
    link_id: Annotated[int, "Tracked link that was clicked."]


class _Answerable(_Clickable, total=False):
    inbound_event_id: Annotated[str, "The reply; it is attributed to a message of the last 72 hours."]
    to: Annotated[str, "Number that the reply went to."]


class SmsData(_Answerable, total=False):
    """`data` of an `sms` event."""


class WhatsAppData(_Answerable, total=False):
    """`data` of a `whatsapp` event."""


class InAppData(_Clickable, total=False):
    """`data` of an `in_app` event."""

    tracked_response: Annotated[str, "What the person answered, as the message names it."]


class SlackData(_Clickable, total=False):
    """`data` of a `slack` event."""


class WebhookData(_Clickable, total=False):
    """`data` of a `webhook` event: a webhook sent by a workflow."""


class _Envelope(TypedDict):
    event_id: str
    timestamp: int


class CustomerEvent(_Envelope):
    """A person's subscription changed."""

    object_type: Literal["customer"]
    metric: CustomerMetric
    data: CustomerData


class EmailEvent(_Envelope):
    """Something happened to an e-mail."""

    object_type: Literal["email"]
    metric: EmailMetric
    data: EmailData


class PushEvent(_Envelope):
    """Something happened to a push notification."""

    object_type: Literal["push"]
    metric: PushMetric
    data: PushData


class SmsEvent(_Envelope):
    """Something happened to a text message."""

    object_type: Literal["sms"]
    metric: SmsMetric
    data: SmsData


class InAppEvent(_Envelope):
    """Something happened to an in-app message."""

    object_type: Literal["in_app"]
    metric: InAppMetric
    data: InAppData


class SlackEvent(_Envelope):
    """Something happened to a Slack message."""

    object_type: Literal["slack"]
    metric: SlackMetric
    data: SlackData


class WebhookActionEvent(_Envelope):
    """Something happened to a webhook sent by a workflow."""

    object_type: Literal["webhook"]
    metric: WebhookMetric
    data: WebhookData


class WhatsAppEvent(_Envelope):
    """Something happened to a WhatsApp message."""

    object_type: Literal["whatsapp"]
    metric: WhatsAppMetric
    data: WhatsAppData


TypedEvent = (
    CustomerEvent | EmailEvent | PushEvent | SmsEvent | InAppEvent | SlackEvent | WebhookActionEvent | WhatsAppEvent
)
"""An event as its JSON has it; `object_type` tells type checkers which one it is."""

OBJECT_TYPES: Final[tuple[ObjectType, ...]] = get_args(ObjectType)

METRICS: Final[dict[str, tuple[str, ...]]] = {
    "customer": get_args(CustomerMetric),
    "email": get_args(EmailMetric),
    "push": get_args(PushMetric),
    "sms": get_args(SmsMetric),
    "in_app": get_args(InAppMetric),
    "slack": get_args(SlackMetric),
    "webhook": get_args(WebhookMetric),
    "whatsapp": get_args(WhatsAppMetric),
}
"""The known metrics of each object type."""

DATA: Final[dict[str, type]] = {
    "customer": CustomerData,
    "email": EmailData,
    "push": PushData,
    "sms": SmsData,
    "in_app": InAppData,
    "slack": SlackData,
    "webhook": WebhookData,
    "whatsapp": WhatsAppData,
}
"""The declaration of `data` of each object type."""
