"""Semantic events of e-mails sent by another service: delivered, opened, clicked, bounced, marked, unsubscribed.

They go to destinations; they are not what becomes of Customer.io's own e-mails (see `track_report_delivery_event`).
The context's `traits` say whose mailbox it was. Source: Pipelines spec of email events, as carried in
`specs/semantic_events.json`.
"""

from __future__ import annotations

from typing import Any, Required, TypedDict

from ciokit.pipelines_api.semantic.event import event


class EmailContext(TypedDict, total=False):
    """What the context of an e-mail event holds, besides anything else."""

    traits: dict[str, Any]


class Campaign(TypedDict, total=False):
    """Where an e-mail comes from."""

    email_subject: str
    campaign_id: str
    campaign_name: str


class Email(Campaign, total=False):
    """Properties of every e-mail event but two."""

    email_id: Required[str]


class EmailUnsubscribed(Email, total=False):
    """Properties of `Email Unsubscribed`."""

    list_id: str
    list_name: str


class EmailLinkClicked(Campaign, total=False):
    """Properties of `Email Link Clicked`: those of every e-mail event, and the link.

    The vendor's schema nests them one level too deep (`properties.properties`), so that none is defined where it
    counts and none is required. Read as meant, not as written.
    """

    email_id: str
    link_id: str
    link_url: str


email_bounced = event("Email Bounced", Email, context=EmailContext)
email_delivered = event("Email Delivered", Email, context=EmailContext)
email_link_clicked = event("Email Link Clicked", EmailLinkClicked, context=EmailContext)
email_marked_as_spam = event("Email Marked as Spam", Email, context=EmailContext)
email_opened = event("Email Opened", Email, context=EmailContext)
email_unsubscribed = event("Email Unsubscribed", EmailUnsubscribed, context=EmailContext)
